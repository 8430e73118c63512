//! Hyperparameters of `self-predictive` with their defaults.

use nn::{Activation, AdamOptions, ImageEncoder, Init, LayerNorm, MlpOptions, Schedule};
use plugin_api::{Outcome, Problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Hyperparameters of latent self-prediction.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hyper {
    /// Dimensions E of a code.
    #[schemars(range(min = 1))]
    pub latent: i64,
    /// Share of the online encoder mixed into the target encoder at each update.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub target_rate: f64,
    /// Weight of the term that keeps the deviation of every dimension at 1 or above.
    #[schemars(range(min = 0.0))]
    pub variance_weight: f64,
    /// Weight of the term that keeps dimensions uncorrelated.
    #[schemars(range(min = 0.0))]
    pub covariance_weight: f64,
    /// Weight of the prediction of the reward; 0 learns without rewards.
    #[schemars(range(min = 0.0))]
    pub reward_weight: f64,
    /// Step size of Adam.
    #[schemars(range(min = 0.0))]
    pub learning_rate: f64,
    /// Course of the learning rate over the stage's budget.
    pub schedule: Schedule,
    /// Units of each hidden layer of the encoder; none is a linear encoder.
    pub hidden: Vec<i64>,
    /// Units of each hidden layer of the predictions; none is a linear prediction.
    pub predictor_hidden: Vec<i64>,
    /// Nonlinearity of the hidden layers.
    pub activation: Activation,
    /// Where hidden layers are normalised.
    pub layer_norm: LayerNorm,
    /// Distribution of the initial weights.
    pub init: Init,
    /// What reads images; without effect where observations are none.
    pub image_encoder: ImageEncoder,
    /// Channels of each convolution (3 x 3, stride 2).
    pub image_channels: Vec<i64>,
}

impl Default for Hyper {
    fn default() -> Self {
        Self {
            latent: 32,
            target_rate: 0.01,
            variance_weight: 1.0,
            covariance_weight: 0.04,
            reward_weight: 0.0,
            learning_rate: 3e-4,
            schedule: Schedule::Constant,
            hidden: vec![256, 256],
            predictor_hidden: vec![256],
            activation: Activation::Relu,
            layer_norm: LayerNorm::None,
            init: Init::VarianceScaling,
            image_encoder: ImageEncoder::Conv,
            image_channels: vec![16, 32, 32],
        }
    }
}

impl Hyper {
    /// Errors naming the first hyperparameter that is out of range.
    pub(crate) fn check(&self) -> Outcome<()> {
        nn::require("latent", &self.latent, 1..)?;
        nn::require("target_rate", &self.target_rate, 0.0..=1.0)?;
        for (name, value) in [
            ("variance_weight", self.variance_weight),
            ("covariance_weight", self.covariance_weight),
            ("reward_weight", self.reward_weight),
            ("learning_rate", self.learning_rate),
        ] {
            nn::require(name, &value, 0.0..=f64::MAX)?;
        }
        nn::require_units("hidden", &self.hidden)?;
        nn::require_units("predictor_hidden", &self.predictor_hidden)
    }

    /// The form of the encoder; its inputs are those of observations.
    pub(crate) fn encoder(&self) -> MlpOptions {
        MlpOptions {
            input: 0,
            hidden: self.hidden.clone(),
            output: self.latent,
            activation: self.activation,
            layer_norm: self.layer_norm,
            init: self.init,
            output_scale: 1.0,
            members: None,
        }
    }

    /// The form of a prediction from a code and an action of `action` dimensions. It starts near zero.
    pub(crate) fn prediction(&self, action: i64, output: i64) -> MlpOptions {
        MlpOptions {
            input: self.latent + action,
            hidden: self.predictor_hidden.clone(),
            output,
            output_scale: 0.01,
            ..self.encoder()
        }
    }

    /// The optimiser.
    pub(crate) fn adam(&self, problem: &Problem) -> AdamOptions {
        AdamOptions::new(self.learning_rate, self.schedule, problem.updates)
    }
}
