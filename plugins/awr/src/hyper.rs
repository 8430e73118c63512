//! Hyperparameters of `awr` with their defaults.

use nn::{ActorHyper, CriticNetwork, CriticReduce};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Divisor of the advantage in the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AdvantageNormalization {
    /// 1
    None,
    /// Standard deviation of the advantage in the data, a constant of the stage.
    Std,
}

/// Hyperparameters of advantage-weighted regression.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hyper {
    /// Inverse temperature beta of the weights; 0 is behavioural cloning.
    #[schemars(range(min = 0.0))]
    pub temperature: f64,
    /// Largest weight.
    #[schemars(range(min = 0.0))]
    pub clip: f64,
    /// Divisor of the advantage.
    pub advantage_normalization: AdvantageNormalization,
    /// Which copy of the critic is asked.
    pub critic_network: CriticNetwork,
    /// How the critic's members become one value.
    pub critic_reduce: CriticReduce,
    /// Those of the policy and its optimiser.
    #[serde(flatten)]
    pub actor: ActorHyper,
}

impl Default for Hyper {
    fn default() -> Self {
        Self {
            temperature: 3.0,
            clip: 100.0,
            advantage_normalization: AdvantageNormalization::None,
            critic_network: CriticNetwork::Online,
            critic_reduce: CriticReduce::Min,
            actor: ActorHyper::default(),
        }
    }
}
