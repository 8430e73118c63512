//! Hyperparameters of `sarsa` with their defaults.

use nn::{
    Activation, AdamOptions, CriticNetwork, CriticReduce, Init, LayerNorm, MlpOptions, Schedule,
};
use plugin_api::{Outcome, Problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Sum or mean over the members of the critic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OverMembers {
    /// Sum of the members' squared errors.
    Sum,
    /// Mean of the members' squared errors.
    Mean,
}

/// Hyperparameters of SARSA. The discount factor belongs to the benchmark.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hyper {
    /// Share of the online critic mixed into the target critic at each update.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub target_rate: f64,
    /// Members of the critic.
    #[schemars(range(min = 1))]
    pub ensemble: i64,
    /// How the target's members become the value of (s', a') that Q is bootstrapped from.
    pub bootstrap_reduce: CriticReduce,
    /// Which copy of the critic V is fitted to.
    pub value_network: CriticNetwork,
    /// How the members become the value that V is fitted to.
    pub value_reduce: CriticReduce,
    /// Sum or mean of the squared errors over members.
    pub q_loss: OverMembers,
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
    /// Factor on the initial weights of the last layer.
    #[schemars(range(min = 0.0))]
    pub output_scale: f64,
}

impl Default for Hyper {
    fn default() -> Self {
        Self {
            target_rate: 0.005,
            ensemble: 2,
            bootstrap_reduce: CriticReduce::Mean,
            value_network: CriticNetwork::Target,
            value_reduce: CriticReduce::Min,
            q_loss: OverMembers::Sum,
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
        nn::require("target_rate", &self.target_rate, 0.0..=1.0)?;
        nn::require("ensemble", &self.ensemble, 1..)?;
        nn::require("learning_rate", &self.learning_rate, 0.0..=f64::MAX)?;
        nn::require("output_scale", &self.output_scale, 0.0..=f64::MAX)?;
        nn::require_units("hidden", &self.hidden)
    }

    /// The form of the networks; inputs and members are those of each.
    pub(crate) fn mlp(&self) -> MlpOptions {
        MlpOptions {
            input: 0,
            hidden: self.hidden.clone(),
            output: 1,
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
