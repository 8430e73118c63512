//! Hyperparameters of the learners with their defaults.

use nn::{
    Activation, AdamOptions, CriticNetwork, CriticReduce, Init, LayerNorm, MlpOptions, Schedule,
};
use plugin_api::{Outcome, Problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Divisor of Q, so that alpha does not depend on the scale of the reward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum QNormalization {
    /// 1
    None,
    /// Mean over the batch of |sum_a pi(a|s) Q(s, a)|, without gradient.
    MeanAbsQ,
    /// Standard deviation of the advantage (of Q where no state value is bound) in the data, a constant of the stage.
    AdvantageStd,
}

/// Networks and optimiser of a set of hyperparameters.
pub trait Form {
    /// The form of a network; inputs, outputs and members are those of each. Errors naming what is out of range.
    fn mlp(&self) -> Outcome<MlpOptions>;
    /// The optimiser. Errors when the step size is out of range.
    fn adam(&self, problem: &Problem) -> Outcome<AdamOptions>;
}

/// A set of hyperparameters that ends with those of networks and optimiser, which all learners share.
macro_rules! hyper {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty = $value:expr,)* }
     output_scale = $output_scale:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $kind,)*
            /// Step size of Adam.
            #[schemars(range(min = 0.0))]
            pub learning_rate: f64,
            /// Course of the learning rate over the stage's budget.
            pub schedule: Schedule,
            /// Units of each hidden layer; none is a linear model.
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
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    $($field: $value,)*
                    learning_rate: 3e-4,
                    schedule: Schedule::Constant,
                    hidden: vec![256, 256],
                    activation: Activation::Relu,
                    layer_norm: LayerNorm::None,
                    init: Init::VarianceScaling,
                    output_scale: $output_scale,
                }
            }
        }

        impl Form for $name {
            fn mlp(&self) -> Outcome<MlpOptions> {
                nn::require_units("hidden", &self.hidden)?;
                nn::require("output_scale", &self.output_scale, 0.0..=f64::MAX)?;
                Ok(MlpOptions {
                    input: 0,
                    hidden: self.hidden.clone(),
                    output: 0,
                    activation: self.activation,
                    layer_norm: self.layer_norm,
                    init: self.init,
                    output_scale: self.output_scale,
                    members: None,
                })
            }

            fn adam(&self, problem: &Problem) -> Outcome<AdamOptions> {
                nn::require("learning_rate", &self.learning_rate, 0.0..=f64::MAX)?;
                Ok(AdamOptions::new(self.learning_rate, self.schedule, problem.updates))
            }
        }
    };
}

hyper! {
    /// Hyperparameters of `discrete-iql`. The discount factor belongs to the benchmark.
    IqlHyper {
        /// Expectile tau of V; 0.5 gives the value of the behaviour policy.
        #[schemars(range(min = 0.0, max = 1.0))]
        expectile: f64 = 0.7,
        /// Share of the online critic mixed into the target critic at each update.
        #[schemars(range(min = 0.0, max = 1.0))]
        target_rate: f64 = 0.005,
        /// Members of the critic.
        #[schemars(range(min = 1))]
        ensemble: i64 = 2,
        /// Which copy of the critic V is fitted to.
        value_network: CriticNetwork = CriticNetwork::Target,
        /// How the members become the value that V is fitted to.
        value_reduce: CriticReduce = CriticReduce::Min,
    }
    output_scale = 1.0
}

hyper! {
    /// Hyperparameters of `discrete-awr`.
    AwrHyper {
        /// Inverse temperature beta of the advantage; 0 is cloning.
        #[schemars(range(min = 0.0))]
        temperature: f64 = 3.0,
        /// Largest weight of a row.
        #[schemars(range(min = 0.0))]
        clip: f64 = 100.0,
        /// Which copy of the critic is asked.
        critic_network: CriticNetwork = CriticNetwork::Online,
        /// How the critic's members become one value.
        critic_reduce: CriticReduce = CriticReduce::Min,
    }
    output_scale = 0.01
}

hyper! {
    /// Hyperparameters of `discrete-pg-bc`.
    PgBcHyper {
        /// Weight alpha of the cloning term; larger is closer to the data.
        #[schemars(range(min = 0.0))]
        alpha: f64 = 1.0,
        /// Divisor of Q.
        q_normalization: QNormalization = QNormalization::MeanAbsQ,
        /// Which copy of the critic is ascended.
        critic_network: CriticNetwork = CriticNetwork::Online,
        /// How the critic's members become one value.
        critic_reduce: CriticReduce = CriticReduce::Min,
    }
    output_scale = 0.01
}

hyper! {
    /// Hyperparameters of `discrete-bc`.
    BcHyper {}
    output_scale = 0.01
}
