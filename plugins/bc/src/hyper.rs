//! Hyperparameters of `bc` with their defaults.

use nn::{ActorHyper, BcLoss};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Hyperparameters of behavioural cloning.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hyper {
    /// Form of the loss.
    pub loss: BcLoss,
    /// Those of the policy and its optimiser.
    #[serde(flatten)]
    pub actor: ActorHyper,
}

impl Default for Hyper {
    fn default() -> Self {
        Self {
            loss: BcLoss::LogProb,
            actor: ActorHyper::default(),
        }
    }
}
