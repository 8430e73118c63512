//! Hyperparameters of `sarsa` with their defaults.

use nn::{CriticReduce, ValueHyper};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Hyperparameters of SARSA. The discount factor belongs to the benchmark.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hyper {
    /// How the target's members become the value of (s', a') that Q is bootstrapped from.
    pub bootstrap_reduce: CriticReduce,
    /// Those of networks and optimisers.
    #[serde(flatten)]
    pub common: ValueHyper,
}

impl Default for Hyper {
    fn default() -> Self {
        Self {
            bootstrap_reduce: CriticReduce::Mean,
            common: ValueHyper::default(),
        }
    }
}
