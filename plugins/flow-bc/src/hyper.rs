//! Hyperparameters of `flow-bc` with their defaults.

use nn::{Activation, AdamOptions, Init, LayerNorm, MlpOptions, Schedule};
use plugin_api::{Outcome, Problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Hyperparameters of behavioural cloning by flow matching.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hyper {
    /// Euler steps from noise to an action.
    #[schemars(range(min = 1))]
    pub flow_steps: u64,
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
}

impl Default for Hyper {
    fn default() -> Self {
        Self {
            flow_steps: 10,
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
    /// Errors naming the first hyperparameter that is out of range.
    pub(crate) fn check(&self) -> Outcome<()> {
        nn::require("flow_steps", &self.flow_steps, 1..)?;
        nn::require("learning_rate", &self.learning_rate, 0.0..=f64::MAX)?;
        nn::require("output_scale", &self.output_scale, 0.0..=f64::MAX)?;
        nn::require_units("hidden", &self.hidden)
    }

    /// The form of the velocity's network.
    pub(crate) fn mlp(&self, input: i64, output: i64) -> MlpOptions {
        MlpOptions {
            input,
            hidden: self.hidden.clone(),
            output,
            activation: self.activation,
            layer_norm: self.layer_norm,
            init: self.init,
            output_scale: self.output_scale,
            members: None,
        }
    }

    /// The optimiser.
    pub(crate) fn adam(&self, problem: &Problem) -> AdamOptions {
        AdamOptions::new(self.learning_rate, self.schedule, problem.updates)
    }
}
