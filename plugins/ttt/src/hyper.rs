//! Hyperparameters of `ttt` with their defaults.

use plugin_api::{CriticNetwork, CriticReduce, Outcome, require};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When the policy goes back to the offline one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reset {
    /// Policy, optimiser and visited states are those of the running episode alone.
    Episode,
    /// They are carried over from episode to episode.
    Never,
}

/// Divisor of Q, so that the weights do not depend on the scale of the reward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum QNormalization {
    /// 1
    None,
    /// Mean of |Q(s, mu(s))| over the update's states.
    MeanAbsQ,
}

/// Hyperparameters of test-time training. An update uses as many states as a batch of the stage has rows.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hyper {
    /// Weight of the divergence from the offline policy.
    #[schemars(range(min = 0.0))]
    pub beta: f64,
    /// Step size of the policy's optimiser; 0 is the base policy.
    #[schemars(range(min = 0.0))]
    pub learning_rate: f64,
    /// Steps in the environment from one round of updates to the next.
    #[schemars(range(min = 1))]
    pub interval: u64,
    /// Policy updates in a round.
    #[schemars(range(min = 1))]
    pub updates_per_step: u64,
    /// Share of an update's states that come from the stage's data; the others are drawn from the visited states.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub data_share: f64,
    /// When the policy goes back to the offline one.
    pub reset: Reset,
    /// Visited states that are kept; the oldest go first.
    #[schemars(range(min = 1))]
    pub memory: usize,
    /// Divisor of Q.
    pub q_normalization: QNormalization,
    /// Which copy of the critic is ascended.
    pub critic_network: CriticNetwork,
    /// How the critic's members become one value.
    pub critic_reduce: CriticReduce,
}

impl Default for Hyper {
    fn default() -> Self {
        Self {
            beta: 1.0,
            learning_rate: 1e-4,
            interval: 1,
            updates_per_step: 1,
            data_share: 0.5,
            reset: Reset::Episode,
            memory: 10_000,
            q_normalization: QNormalization::None,
            critic_network: CriticNetwork::Online,
            critic_reduce: CriticReduce::Min,
        }
    }
}

impl Hyper {
    /// Errors naming the first hyperparameter that is out of range.
    pub(crate) fn check(&self) -> Outcome<()> {
        require("beta", &self.beta, 0.0..=f64::MAX)?;
        require("learning_rate", &self.learning_rate, 0.0..=f64::MAX)?;
        require("interval", &self.interval, 1..)?;
        require("updates_per_step", &self.updates_per_step, 1..)?;
        require("memory", &self.memory, 1..)?;
        require("data_share", &self.data_share, 0.0..=1.0)
    }
}
