//! Hyperparameters that several learners share, to be flattened into theirs: the keys stand beside the learner's own.

use crate::actor::{Actor, ActorOptions};
use crate::adam::AdamOptions;
use crate::choices::{
    Activation, CriticNetwork, CriticReduce, ImageEncoder, Init, LayerNorm, MeanKind, OverMembers,
    Schedule, StdKind, require, require_units,
};
use crate::inputs::Inputs;
use crate::mlp::MlpOptions;
use crate::policy::PolicyOptions;
use plugin_api::{Host, Outcome, Problem, Upstream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Channels of the convolutions by default: 16 x 16 pixels become 2 x 2 x 32 features.
const CHANNELS: [i64; 3] = [16, 32, 32];

/// Hyperparameters of a Gaussian policy and its optimiser.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ActorHyper {
    /// Step size of Adam.
    #[schemars(range(min = 0.0))]
    pub learning_rate: f64,
    /// Course of the learning rate over the stage's budget.
    pub schedule: Schedule,
    /// Units of each hidden layer.
    pub hidden: Vec<i64>,
    /// Nonlinearity of the hidden layers.
    pub activation: Activation,
    /// Where hidden layers are normalised.
    pub layer_norm: LayerNorm,
    /// Distribution of the initial weights.
    pub init: Init,
    /// Factor on the initial weights of the last layer.
    #[schemars(range(min = 0.0))]
    pub output_scale: f64,
    /// How the policy's mean is bounded.
    pub mean: MeanKind,
    /// Where the policy's standard deviation comes from.
    pub std: StdKind,
    /// The constant standard deviation sigma, or the initial one where it is learned.
    #[schemars(range(min = 1e-6))]
    pub std_value: f64,
    /// Lower bound of a learned log sigma.
    pub log_std_min: f64,
    /// Upper bound of a learned log sigma.
    pub log_std_max: f64,
    /// What reads images; without effect where observations are none, or where an earlier stage encodes them.
    pub image_encoder: ImageEncoder,
    /// Channels of each convolution (3 x 3, stride 2).
    pub image_channels: Vec<i64>,
}

impl Default for ActorHyper {
    fn default() -> Self {
        Self {
            learning_rate: 3e-4,
            schedule: Schedule::Constant,
            hidden: vec![256, 256],
            activation: Activation::Relu,
            layer_norm: LayerNorm::None,
            init: Init::VarianceScaling,
            output_scale: 0.01,
            mean: MeanKind::Tanh,
            std: StdKind::Constant,
            std_value: 1.0,
            log_std_min: -5.0,
            log_std_max: 2.0,
            image_encoder: ImageEncoder::Conv,
            image_channels: CHANNELS.to_vec(),
        }
    }
}

impl ActorHyper {
    /// What the policy takes in.
    pub fn inputs(&self, problem: &Problem, upstream: &Upstream) -> Outcome<Inputs> {
        Inputs::create(problem, upstream, self.image_encoder, &self.image_channels)
    }

    /// A fresh actor; errors naming the first hyperparameter that is out of range.
    pub fn create(&self, host: Host, problem: &Problem, inputs: &Inputs) -> Outcome<Actor> {
        let policy = PolicyOptions {
            hidden: self.hidden.clone(),
            activation: self.activation,
            layer_norm: self.layer_norm,
            init: self.init,
            output_scale: self.output_scale,
            mean: self.mean,
            std: self.std,
            std_value: self.std_value,
            log_std_min: self.log_std_min,
            log_std_max: self.log_std_max,
        };
        let adam = AdamOptions::new(self.learning_rate, self.schedule, problem.updates);
        Actor::with_inputs(host, problem, inputs, ActorOptions { policy, adam })
    }
}

/// Hyperparameters of a critic with a target copy, a state value and their optimisers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ValueHyper {
    /// Share of the online critic mixed into the target critic at each update.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub target_rate: f64,
    /// Members of the critic.
    #[schemars(range(min = 1))]
    pub ensemble: i64,
    /// Which copy of the critic V is fitted to.
    pub value_network: CriticNetwork,
    /// How the members become the value that V is fitted to.
    pub value_reduce: CriticReduce,
    /// Sum or mean of the squared errors over members.
    pub q_loss: OverMembers,
    /// Step size of both Adams.
    #[schemars(range(min = 0.0))]
    pub learning_rate: f64,
    /// Course of the learning rate over the stage's budget.
    pub schedule: Schedule,
    /// Units of each hidden layer.
    pub hidden: Vec<i64>,
    /// Nonlinearity of the hidden layers.
    pub activation: Activation,
    /// Where hidden layers are normalised.
    pub layer_norm: LayerNorm,
    /// Distribution of the initial weights.
    pub init: Init,
    /// Factor on the initial weights of the last layer.
    #[schemars(range(min = 0.0))]
    pub output_scale: f64,
    /// What reads images; without effect where observations are none, or where an earlier stage encodes them.
    pub image_encoder: ImageEncoder,
    /// Channels of each convolution (3 x 3, stride 2), which the critic's members share.
    pub image_channels: Vec<i64>,
}

impl Default for ValueHyper {
    fn default() -> Self {
        Self {
            target_rate: 0.005,
            ensemble: 2,
            value_network: CriticNetwork::Target,
            value_reduce: CriticReduce::Min,
            q_loss: OverMembers::Sum,
            learning_rate: 3e-4,
            schedule: Schedule::Constant,
            hidden: vec![256, 256],
            activation: Activation::Relu,
            layer_norm: LayerNorm::None,
            init: Init::VarianceScaling,
            output_scale: 1.0,
            image_encoder: ImageEncoder::Conv,
            image_channels: CHANNELS.to_vec(),
        }
    }
}

impl ValueHyper {
    /// Errors naming the first hyperparameter that is out of range.
    pub(crate) fn check(&self) -> Outcome<()> {
        require("target_rate", &self.target_rate, 0.0..=1.0)?;
        require("ensemble", &self.ensemble, 1..)?;
        require("learning_rate", &self.learning_rate, 0.0..=f64::MAX)?;
        require("output_scale", &self.output_scale, 0.0..=f64::MAX)?;
        require_units("hidden", &self.hidden)
    }

    /// What the networks take in.
    pub(crate) fn inputs(&self, problem: &Problem, upstream: &Upstream) -> Outcome<Inputs> {
        Inputs::create(problem, upstream, self.image_encoder, &self.image_channels)
    }

    /// The form of the networks; inputs and members are those of each.
    pub(crate) fn mlp(&self) -> MlpOptions {
        MlpOptions {
            input: 0,
            hidden: self.hidden.clone(),
            output: 1,
            activation: self.activation,
            layer_norm: self.layer_norm,
            init: self.init,
            output_scale: self.output_scale,
            members: None,
        }
    }

    /// The optimisers.
    pub(crate) fn adam(&self, problem: &Problem) -> AdamOptions {
        AdamOptions::new(self.learning_rate, self.schedule, problem.updates)
    }
}
