//! Hyperparameters of `td3` with their defaults.

use nn::{ActorHyper, AdamOptions, Init, MlpOptions};
use plugin_api::{Outcome, Problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Hyperparameters of TD3.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hyper {
    /// Updates of the critic for one of the policy and the targets.
    #[schemars(range(min = 1))]
    pub policy_delay: u64,
    /// Standard deviation of the noise on the target policy's action, in halves of the action range.
    #[schemars(range(min = 0.0))]
    pub target_noise: f64,
    /// Largest absolute noise on the target policy's action, in halves of the action range.
    #[schemars(range(min = 0.0))]
    pub target_noise_clip: f64,
    /// Share of the online networks mixed into the targets whenever the policy is updated.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub target_rate: f64,
    /// Members of the critic.
    #[schemars(range(min = 1))]
    pub ensemble: i64,
    /// Step size of the critic's Adam.
    #[schemars(range(min = 0.0))]
    pub critic_learning_rate: f64,
    /// Those of the policy and its optimiser; the critic has the same hidden layers.
    #[serde(flatten)]
    pub actor: ActorHyper,
}

impl Default for Hyper {
    fn default() -> Self {
        Self {
            policy_delay: 2,
            target_noise: 0.2,
            target_noise_clip: 0.5,
            target_rate: 0.005,
            ensemble: 2,
            critic_learning_rate: 3e-4,
            actor: ActorHyper {
                init: Init::TorchLinear,
                output_scale: 1.0,
                ..ActorHyper::default()
            },
        }
    }
}

impl Hyper {
    /// Errors naming the first hyperparameter that is out of range.
    pub(crate) fn check(&self) -> Outcome<()> {
        nn::require("policy_delay", &self.policy_delay, 1..)?;
        nn::require("target_noise", &self.target_noise, 0.0..=f64::MAX)?;
        nn::require("target_noise_clip", &self.target_noise_clip, 0.0..=f64::MAX)?;
        nn::require("target_rate", &self.target_rate, 0.0..=1.0)?;
        nn::require("ensemble", &self.ensemble, 1..)?;
        let rate = &self.critic_learning_rate;
        nn::require("critic_learning_rate", rate, 0.0..=f64::MAX)
    }

    /// The form of the critic's members; the input is set by the critic.
    pub(crate) fn critic(&self) -> MlpOptions {
        MlpOptions {
            input: 0,
            hidden: self.actor.hidden.clone(),
            output: 1,
            activation: self.actor.activation,
            layer_norm: self.actor.layer_norm,
            init: self.actor.init,
            output_scale: 1.0,
            members: Some(self.ensemble),
        }
    }

    /// The critic's optimiser.
    pub(crate) fn critic_adam(&self, problem: &Problem) -> AdamOptions {
        AdamOptions::new(
            self.critic_learning_rate,
            self.actor.schedule,
            problem.updates,
        )
    }
}
