//! Hyperparameters of `opex` with their defaults.

use plugin_api::{CriticNetwork, Outcome, require};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is ascended: how the critic's members become one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CriticReduce {
    /// The smallest member.
    Min,
    /// The mean over members.
    Mean,
    /// Mean minus `pessimism` standard deviations over members.
    LowerBound,
}

/// What the gradient is multiplied by before `beta`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Normalization {
    /// 1: the gradient as it is.
    None,
    /// Each component becomes its sign.
    Sign,
    /// Each state's gradient is divided by its length; a gradient of length 0 stays.
    L2,
    /// Divided by the standard deviation of Q(s, a) - V(s) in the data (of Q where no state value is bound).
    AdvantageStd,
}

/// Hyperparameters of on-the-fly policy extraction.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hyper {
    /// Step size along the gradient; 0 is the base policy.
    #[schemars(range(min = 0.0))]
    pub beta: f64,
    /// Gradient steps for each action.
    #[schemars(range(min = 1))]
    pub steps: u32,
    /// What the gradient is multiplied by before `beta`.
    pub normalization: Normalization,
    /// Which copy of the critic is ascended.
    pub critic_network: CriticNetwork,
    /// How the critic's members become one value.
    pub critic_reduce: CriticReduce,
    /// Standard deviations over members that `lower-bound` subtracts; unused otherwise.
    #[schemars(range(min = 0.0))]
    pub pessimism: f64,
}

impl Default for Hyper {
    fn default() -> Self {
        Self {
            beta: 0.1,
            steps: 1,
            normalization: Normalization::None,
            critic_network: CriticNetwork::Online,
            critic_reduce: CriticReduce::Min,
            pessimism: 1.0,
        }
    }
}

impl Hyper {
    /// Errors naming the first hyperparameter that is out of range.
    pub(crate) fn check(&self) -> Outcome<()> {
        require("steps", &self.steps, 1..)?;
        require("beta", &self.beta, 0.0..=f64::MAX)?;
        require("pessimism", &self.pessimism, 0.0..=f64::MAX)
    }
}
