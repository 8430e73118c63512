//! Hyperparameters of `auto-extract` with their defaults.

use nn::{
    Activation, ActorOptions, AdamOptions, CriticNetwork, CriticReduce, Init, LayerNorm, MeanKind,
    PolicyOptions, Schedule, StdKind,
};
use plugin_api::Problem;
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
        }
    }
}

impl Hyper {
    /// The part that describes the policy and its optimiser.
    pub(crate) fn actor(&self, problem: &Problem) -> ActorOptions {
        ActorOptions {
            policy: PolicyOptions {
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
            },
            adam: AdamOptions::new(self.learning_rate, self.schedule, problem.updates),
        }
    }
}
