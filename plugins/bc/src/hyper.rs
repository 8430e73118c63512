//! Hyperparameters of `bc` with their defaults.

use nn::{
    Activation, ActorOptions, AdamOptions, BcLoss, Init, LayerNorm, MeanKind, PolicyOptions,
    Schedule, StdKind,
};
use plugin_api::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Hyperparameters of behavioural cloning.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hyper {
    /// Form of the loss.
    pub loss: BcLoss,
    /// Step size of Adam.
    #[schemars(range(min = 0.0))]
    pub learning_rate: f64,
    /// Course of the learning rate over the stage's budget.
    pub schedule: Schedule,
    /// Units of each hidden layer.
    pub hidden: Vec<i64>,
    /// Nonlinearity of the hidden layers.
    pub activation: Activation,
    /// Where hidden layers are normalised.
    pub layer_norm: LayerNorm,
    /// Distribution of the initial weights.
    pub init: Init,
    /// Factor on the initial weights of the last layer.
    #[schemars(range(min = 0.0))]
    pub output_scale: f64,
    /// How the policy's mean is bounded.
    pub mean: MeanKind,
    /// Where the policy's standard deviation comes from.
    pub std: StdKind,
    /// The constant standard deviation sigma, or the initial one where it is learned.
    #[schemars(range(min = 1e-6))]
    pub std_value: f64,
    /// Lower bound of a learned log sigma.
    pub log_std_min: f64,
    /// Upper bound of a learned log sigma.
    pub log_std_max: f64,
}

impl Default for Hyper {
    fn default() -> Self {
        Self {
            loss: BcLoss::LogProb,
            learning_rate: 3e-4,
            schedule: Schedule::Constant,
            hidden: vec![256, 256],
            activation: Activation::Relu,
            layer_norm: LayerNorm::None,
            init: Init::VarianceScaling,
            output_scale: 0.01,
            mean: MeanKind::Tanh,
            std: StdKind::Constant,
            std_value: 1.0,
            log_std_min: -5.0,
            log_std_max: 2.0,
        }
    }
}

impl Hyper {
    /// The part that describes the policy and its optimiser.
    pub(crate) fn actor(&self, problem: &Problem) -> ActorOptions {
        ActorOptions {
            policy: PolicyOptions {
                hidden: self.hidden.clone(),
                activation: self.activation,
                layer_norm: self.layer_norm,
                init: self.init,
                output_scale: self.output_scale,
                mean: self.mean,
                std: self.std,
                std_value: self.std_value,
                log_std_min: self.log_std_min,
                log_std_max: self.log_std_max,
            },
            adam: AdamOptions::new(self.learning_rate, self.schedule, problem.updates),
        }
    }
}
