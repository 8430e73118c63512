//! Hyperparameters of `auto-extract` with their defaults.

use nn::{ActorHyper, CriticNetwork, CriticReduce};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Two policies, one by each loss; the one that scores higher on held-out states answers.
    Choose,
    /// One policy by the sum of both losses' terms.
    Sum,
}

/// Divisor of Q, so that alpha does not depend on the scale of the reward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum QNormalization {
    /// 1
    None,
    /// Mean of |Q(s, mu(s))| over the batch, without gradient.
    MeanAbsQ,
    /// Standard deviation of the advantage (of Q where no state value is bound) in the data, a constant of the stage.
    AdvantageStd,
}

/// Hyperparameters of the choice.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hyper {
    /// What is trained.
    pub mode: Mode,
    /// Inverse temperature beta of the advantage in the weights; 0 is plain cloning.
    #[schemars(range(min = 0.0))]
    pub temperature: f64,
    /// Largest weight of a row.
    #[schemars(range(min = 0.0))]
    pub clip: f64,
    /// Weight alpha of the cloning term beside Q; larger is closer to the data.
    #[schemars(range(min = 0.0))]
    pub alpha: f64,
    /// Divisor of Q.
    pub q_normalization: QNormalization,
    /// Standard deviations over the critic's members that the score of a policy subtracts.
    #[schemars(range(min = 0.0))]
    pub pessimism: f64,
    /// Batches of held-out states that policies are compared on.
    #[schemars(range(min = 1))]
    pub selection_batches: u64,
    /// Which copy of the critic is ascended.
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
            mode: Mode::Choose,
            temperature: 3.0,
            clip: 100.0,
            alpha: 1.0,
            q_normalization: QNormalization::MeanAbsQ,
            pessimism: 1.0,
            selection_batches: 8,
            critic_network: CriticNetwork::Online,
            critic_reduce: CriticReduce::Min,
            actor: ActorHyper::default(),
        }
    }
}
