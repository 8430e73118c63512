//! Hyperparameters of `awac` with their defaults.

use nn::{ActorHyper, Init, LayerNorm, MeanKind, MlpOptions, StdKind};
use plugin_api::Outcome;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Hyperparameters of AWAC. The discount factor belongs to the benchmark.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hyper {
    /// Temperature lambda of the advantage; smaller is farther from cloning.
    #[schemars(range(min = 1e-6))]
    pub lambda: f64,
    /// Largest weight of a transition.
    #[schemars(range(min = 0.0))]
    pub clip: f64,
    /// Share of the online critic mixed into the target critic at each update.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub target_rate: f64,
    /// Members of the critic.
    #[schemars(range(min = 1))]
    pub ensemble: i64,
    /// Step size of the critic's Adam.
    #[schemars(range(min = 0.0))]
    pub critic_learning_rate: f64,
    /// Where the critic's hidden layers are normalised.
    pub critic_layer_norm: LayerNorm,
    /// Those of the policy and its optimiser; the critic has the same hidden layers.
    #[serde(flatten)]
    pub actor: ActorHyper,
}

impl Default for Hyper {
    fn default() -> Self {
        Self {
            lambda: 1.0,
            clip: 100.0,
            target_rate: 0.005,
            ensemble: 2,
            critic_learning_rate: 3e-4,
            critic_layer_norm: LayerNorm::None,
            actor: ActorHyper {
                hidden: vec![256, 256, 256],
                init: Init::TorchLinear,
                output_scale: 1.0,
                mean: MeanKind::Unsquashed,
                std: StdKind::Learned,
                log_std_min: -20.0,
                ..ActorHyper::default()
            },
        }
    }
}

impl Hyper {
    /// Errors naming the first hyperparameter that is out of range.
    pub(crate) fn check(&self) -> Outcome<()> {
        nn::require("lambda", &self.lambda, 1e-6..=f64::MAX)?;
        nn::require("clip", &self.clip, 0.0..=f64::MAX)?;
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
            layer_norm: self.critic_layer_norm,
            init: self.actor.init,
            output_scale: 1.0,
            members: Some(self.ensemble),
        }
    }
}
