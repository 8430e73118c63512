//! Hyperparameters of `crl` with their defaults.

use nn::{Activation, AdamOptions, Init, LayerNorm, MlpOptions, Schedule};
use plugin_api::{Failure, Outcome, Problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a row's own goal is told apart from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Negatives {
    /// The goals of all other rows of the batch.
    Matrix,
    /// The goal of the row before.
    Single,
}

/// What becomes of the constant that the number of negatives adds to f.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Offset {
    /// Answers contain it: -log(B - 1) with `matrix`, 0 with `single`.
    Kept,
    /// It is subtracted from answers, so that exp f is a ratio of densities.
    Removed,
}

/// What `critic/1` and `state-value/1` answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// f, a log-ratio.
    F,
    /// exp f, a ratio.
    Exp,
}

/// Hyperparameters of contrastive reinforcement learning. The discount of futures belongs to the benchmark.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hyper {
    /// Members of the critic; extraction takes their minimum or their mean.
    #[schemars(range(min = 1))]
    pub ensemble: i64,
    /// Dimensions d of phi and psi.
    #[schemars(range(min = 1))]
    pub latent: i64,
    /// What a row's own goal is told apart from.
    pub negatives: Negatives,
    /// What becomes of the constant -log(B - 1).
    pub offset: Offset,
    /// What extraction sees.
    pub answer: Answer,
    /// Smallest exp f: f is answered as log(max(exp f, floor)), exp f as max(exp f, floor); 0 is no floor.
    #[schemars(range(min = 0.0))]
    pub floor: f64,
    /// Step size of both Adams.
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
    /// Factor on the initial weights of the last layers.
    #[schemars(range(min = 0.0))]
    pub output_scale: f64,
}

impl Default for Hyper {
    fn default() -> Self {
        Self {
            ensemble: 2,
            latent: 64,
            negatives: Negatives::Matrix,
            offset: Offset::Kept,
            answer: Answer::F,
            floor: 0.0,
            learning_rate: 3e-4,
            schedule: Schedule::Constant,
            hidden: vec![256, 256],
            activation: Activation::Relu,
            layer_norm: LayerNorm::None,
            init: Init::VarianceScaling,
            output_scale: 1.0,
        }
    }
}

impl Hyper {
    /// Errors naming the first hyperparameter that is out of range, and where the problem cannot be contrasted.
    pub(crate) fn check(&self, problem: &Problem) -> Outcome<()> {
        nn::require("ensemble", &self.ensemble, 1..)?;
        nn::require("latent", &self.latent, 1..)?;
        nn::require("floor", &self.floor, 0.0..=f64::MAX)?;
        nn::require("learning_rate", &self.learning_rate, 0.0..=f64::MAX)?;
        nn::require("output_scale", &self.output_scale, 0.0..=f64::MAX)?;
        nn::require_units("hidden", &self.hidden)?;
        if problem.goal_dim == 0 {
            return Err(Failure::invalid_argument(
                "this learner needs goals; the problem has none",
            ));
        }
        Ok(())
    }

    /// The constant that the optimal f contains: `-log(B - 1)`, or 0 with one negative a row (or none).
    pub(crate) fn constant(&self, batch_size: usize) -> f64 {
        match self.negatives {
            Negatives::Matrix => -libm::log((batch_size.max(2) - 1) as f64),
            Negatives::Single => 0.0,
        }
    }

    /// The form of a network from `input` numbers to a latent vector.
    pub(crate) fn mlp(&self, input: i64, members: Option<i64>) -> MlpOptions {
        MlpOptions {
            input,
            hidden: self.hidden.clone(),
            output: self.latent,
            activation: self.activation,
            layer_norm: self.layer_norm,
            init: self.init,
            output_scale: self.output_scale,
            members,
        }
    }

    /// The optimiser.
    pub(crate) fn adam(&self, problem: &Problem) -> AdamOptions {
        AdamOptions::new(self.learning_rate, self.schedule, problem.updates)
    }
}
