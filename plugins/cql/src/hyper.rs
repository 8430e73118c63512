//! Hyperparameters of `cql` with their defaults.

use nn::{Activation, ActorHyper, ImageEncoder, Init, LayerNorm, MlpOptions, Schedule};
use plugin_api::Outcome;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Hyperparameters of CQL. The discount factor belongs to the benchmark.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hyper {
    /// Weight of the conservative term; 0 is soft actor-critic on the data.
    #[schemars(range(min = 0.0))]
    pub cql_alpha: f64,
    /// Temperature tau of the soft maximum over actions.
    #[schemars(range(min = 1e-6))]
    pub cql_temperature: f64,
    /// Actions drawn in each state from each of three distributions.
    #[schemars(range(min = 1))]
    pub cql_actions: i64,
    /// Whether values of drawn actions are corrected by the density that they were drawn with.
    pub importance_sampling: bool,
    /// Entropy that the policy is held at, per action dimension.
    pub target_entropy: f64,
    /// Share of the online critic mixed into the target critic at each update.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub target_rate: f64,
    /// Members of the critic.
    #[schemars(range(min = 1))]
    pub ensemble: i64,
    /// Step size of the policy's Adam and of the temperature's.
    #[schemars(range(min = 0.0))]
    pub learning_rate: f64,
    /// Step size of the critic's Adam.
    #[schemars(range(min = 0.0))]
    pub critic_learning_rate: f64,
    /// Course of the learning rates over the stage's budget.
    pub schedule: Schedule,
    /// Units of each hidden layer, of policy and critic.
    pub hidden: Vec<i64>,
    /// Nonlinearity of the hidden layers.
    pub activation: Activation,
    /// Where the policy's hidden layers are normalised.
    pub layer_norm: LayerNorm,
    /// Where the critic's hidden layers are normalised.
    pub critic_layer_norm: LayerNorm,
    /// Distribution of the policy's initial weights.
    pub init: Init,
    /// Distribution of the critic's initial weights.
    pub critic_init: Init,
    /// Factor on the initial weights of the last layer, of policy and critic.
    #[schemars(range(min = 0.0))]
    pub output_scale: f64,
    /// Lower bound of log sigma.
    pub log_std_min: f64,
    /// Upper bound of log sigma.
    pub log_std_max: f64,
    /// What reads images; without effect where observations are none, or where an earlier stage encodes them.
    pub image_encoder: ImageEncoder,
    /// Channels of each convolution (3 x 3, stride 2).
    pub image_channels: Vec<i64>,
}

impl Default for Hyper {
    fn default() -> Self {
        Self {
            cql_alpha: 10.0,
            cql_temperature: 1.0,
            cql_actions: 10,
            importance_sampling: true,
            target_entropy: -1.0,
            target_rate: 0.005,
            ensemble: 2,
            learning_rate: 3e-5,
            critic_learning_rate: 3e-4,
            schedule: Schedule::Constant,
            hidden: vec![256, 256, 256],
            activation: Activation::Relu,
            layer_norm: LayerNorm::None,
            critic_layer_norm: LayerNorm::None,
            init: Init::TorchLinear,
            critic_init: Init::Orthogonal,
            output_scale: 0.01,
            log_std_min: -20.0,
            log_std_max: 2.0,
            image_encoder: ImageEncoder::Conv,
            image_channels: ActorHyper::default().image_channels,
        }
    }
}

impl Hyper {
    /// Errors naming the first hyperparameter that is out of range.
    pub(crate) fn check(&self) -> Outcome<()> {
        nn::require("cql_alpha", &self.cql_alpha, 0.0..=f64::MAX)?;
        nn::require("cql_temperature", &self.cql_temperature, 1e-6..=f64::MAX)?;
        nn::require("cql_actions", &self.cql_actions, 1..)?;
        nn::require("target_entropy", &self.target_entropy, -f64::MAX..=f64::MAX)?;
        nn::require("target_rate", &self.target_rate, 0.0..=1.0)?;
        nn::require("ensemble", &self.ensemble, 1..)?;
        nn::require("learning_rate", &self.learning_rate, 0.0..=f64::MAX)?;
        let rate = &self.critic_learning_rate;
        nn::require("critic_learning_rate", rate, 0.0..=f64::MAX)?;
        nn::require("output_scale", &self.output_scale, 0.0..=f64::MAX)?;
        let least = self.log_std_min;
        nn::require("log_std_max", &self.log_std_max, least..=f64::MAX)?;
        nn::require_units("hidden", &self.hidden)
    }

    /// The form of the policy's network; input and output are set by the policy.
    pub(crate) fn policy(&self) -> MlpOptions {
        MlpOptions {
            input: 0,
            hidden: self.hidden.clone(),
            output: 0,
            activation: self.activation,
            layer_norm: self.layer_norm,
            init: self.init,
            output_scale: self.output_scale,
            members: None,
        }
    }

    /// The form of the critic's members; the input is set by the critic.
    pub(crate) fn critic(&self) -> MlpOptions {
        MlpOptions {
            output: 1,
            layer_norm: self.critic_layer_norm,
            init: self.critic_init,
            members: Some(self.ensemble),
            ..self.policy()
        }
    }
}
