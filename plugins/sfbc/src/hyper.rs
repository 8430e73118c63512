//! Hyperparameters of `sfbc` with their defaults.

use plugin_api::{CriticNetwork, CriticReduce, Outcome, require};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How one candidate is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Selection {
    /// The candidate of the largest value; the first of equal ones.
    Argmax,
    /// Candidate i with probability proportional to exp(inverse_temperature Q(s, a_i)).
    Softmax,
}

/// Hyperparameters of selection from behaviour candidates.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hyper {
    /// Actions N drawn from the behaviour policy in each state; 1 is the behaviour policy.
    #[schemars(range(min = 1))]
    pub candidates: usize,
    /// How one candidate is chosen.
    pub selection: Selection,
    /// Inverse temperature of `softmax`; unused by `argmax`.
    #[schemars(range(min = 0.0))]
    pub inverse_temperature: f64,
    /// Which copy of the critic is asked.
    pub critic_network: CriticNetwork,
    /// How the critic's members become one value.
    pub critic_reduce: CriticReduce,
}

impl Default for Hyper {
    fn default() -> Self {
        Self {
            candidates: 32,
            selection: Selection::Argmax,
            inverse_temperature: 100.0,
            critic_network: CriticNetwork::Online,
            critic_reduce: CriticReduce::Min,
        }
    }
}

impl Hyper {
    /// Errors naming the first hyperparameter that is out of range.
    pub(crate) fn check(&self) -> Outcome<()> {
        require("candidates", &self.candidates, 1..)?;
        require(
            "inverse_temperature",
            &self.inverse_temperature,
            0.0..=f64::MAX,
        )
    }
}
