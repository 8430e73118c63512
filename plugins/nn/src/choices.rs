//! Named choices that hyperparameters offer, and the check that a number lies in its range.

use plugin_api::Outcome;
pub use plugin_api::{CriticNetwork, CriticReduce, require};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        #[schemars(crate = "schemars")]
        pub enum $name { $($(#[$vdoc])* $variant),+ }
    };
}

choice!(
    /// Nonlinearity of the hidden layers.
    Activation {
        /// max(x, 0)
        Relu,
        /// x Phi(x), exact.
        Gelu,
        /// GELU in its tanh approximation, as in JAX.
        GeluTanh,
        /// x sigmoid(x)
        Silu,
        /// x tanh(softplus(x))
        Mish,
        /// tanh(x)
        Tanh,
        /// x, or exp(x) - 1 below 0.
        Elu,
    }
);

impl Activation {
    /// Applies the nonlinearity element by element.
    pub fn apply(self, x: &Tensor) -> Tensor {
        match self {
            Self::Relu => x.relu(),
            Self::Gelu => x.gelu("none"),
            Self::GeluTanh => x.gelu("tanh"),
            Self::Silu => x.silu(),
            Self::Mish => x.mish(),
            Self::Tanh => x.tanh(),
            Self::Elu => x.elu(),
        }
    }
}

choice!(
    /// Where a hidden layer is normalised.
    LayerNorm {
        /// Nowhere.
        None,
        /// Linear, LayerNorm, activation.
        BeforeActivation,
        /// Linear, activation, LayerNorm.
        AfterActivation,
    }
);

choice!(
    /// Distribution of the initial weights.
    Init {
        /// U(+-1/sqrt(fan_in)) for weights and biases, as `torch.nn.Linear`.
        TorchLinear,
        /// U(+-sqrt(6 / (fan_in + fan_out))), biases 0, as JAX's variance scaling (1, fan_avg, uniform).
        VarianceScaling,
        /// Orthogonal with gain sqrt(2) (1 in the last layer), biases 0.
        Orthogonal,
    }
);

choice!(
    /// Course of the learning rate over the stage's budget.
    Schedule {
        /// The learning rate throughout.
        Constant,
        /// Half a cosine from the learning rate to 0.
        Cosine,
    }
);

choice!(
    /// How a policy's mean is bounded.
    MeanKind {
        /// tanh, scaled to the action bounds.
        Tanh,
        /// Unbounded; clipped to the action bounds where an action is needed.
        Unsquashed,
    }
);

choice!(
    /// Where a policy's standard deviation comes from.
    StdKind {
        /// `std_value`, not trained.
        Constant,
        /// One trained number per action dimension, the same in every state.
        Learned,
    }
);

choice!(
    /// Form of a behavioural-cloning term; the form decides what its weight means.
    BcLoss {
        /// Negative log-likelihood of the data's actions, summed over action dimensions as densities are.
        LogProb,
        /// The same, averaged over action dimensions; with unit deviation half of `mean-mse`, up to a constant.
        LogProbMean,
        /// Squared error summed over action dimensions.
        SumMse,
        /// Squared error averaged over action dimensions.
        MeanMse,
    }
);

choice!(
    /// What reads images.
    ImageEncoder {
        /// The first hidden layer: pixels are numbers like any other.
        None,
        /// Convolutions of a network's own, trained with it.
        Conv,
    }
);

choice!(
    /// Sum or mean over the members of a critic.
    OverMembers {
        /// Sum of the members' squared errors.
        Sum,
        /// Mean of the members' squared errors.
        Mean,
    }
);

/// Errors unless every hidden layer has a unit; no hidden layer is a linear model.
pub fn require_units(name: &str, units: &[i64]) -> Outcome<()> {
    units.iter().try_for_each(|n| require(name, n, 1..))
}
