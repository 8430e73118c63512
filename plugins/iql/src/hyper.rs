//! Hyperparameters of `iql` with their defaults.

use nn::ValueHyper;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Order of the two gradient steps of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UpdateOrder {
    /// V first; Q then bootstraps from the new V.
    ValueFirst,
    /// Both from the parameters before the update.
    Simultaneous,
}

/// Hyperparameters of implicit Q-learning. The discount factor belongs to the benchmark.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hyper {
    /// Expectile tau of V; 0.5 gives the value of the behaviour policy.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub expectile: f64,
    /// Order of the two gradient steps.
    pub update_order: UpdateOrder,
    /// Those of networks and optimisers.
    #[serde(flatten)]
    pub common: ValueHyper,
}

impl Default for Hyper {
    fn default() -> Self {
        Self {
            expectile: 0.7,
            update_order: UpdateOrder::ValueFirst,
            common: ValueHyper::default(),
        }
    }
}
