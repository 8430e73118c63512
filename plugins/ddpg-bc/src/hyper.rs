//! Hyperparameters of `ddpg-bc` with their defaults.

use nn::{ActorHyper, BcLoss, CriticNetwork, CriticReduce};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// Hyperparameters of DDPG+BC.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hyper {
    /// Weight alpha of the cloning term; larger is closer to the data.
    #[schemars(range(min = 0.0))]
    pub alpha: f64,
    /// Divisor of Q.
    pub q_normalization: QNormalization,
    /// Form of the cloning term.
    pub bc_loss: BcLoss,
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
            alpha: 1.0,
            q_normalization: QNormalization::MeanAbsQ,
            bc_loss: BcLoss::LogProb,
            critic_network: CriticNetwork::Online,
            critic_reduce: CriticReduce::Min,
            actor: ActorHyper::default(),
        }
    }
}
