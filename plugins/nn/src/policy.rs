//! Gaussian policies `pi(a | s) = N(mu(s), diag(sigma^2))`.

use crate::batch::Dims;
use crate::choices::{Activation, BcLoss, Init, LayerNorm, MeanKind, StdKind};
use crate::image::StateNet;
use crate::init::Fill;
use crate::inputs::Inputs;
use crate::mlp::MlpOptions;
use crate::params::{Layout, Slot};
use plugin_api::Problem;
use tch::Tensor;

/// The form of a Gaussian policy.
#[derive(Clone, Debug)]
pub struct PolicyOptions {
    /// Units of each hidden layer.
    pub hidden: Vec<i64>,
    /// Nonlinearity of the hidden layers.
    pub activation: Activation,
    /// Where hidden layers are normalised.
    pub layer_norm: LayerNorm,
    /// Distribution of the initial weights.
    pub init: Init,
    /// Factor on the initial weights of the last layer.
    pub output_scale: f64,
    /// How the mean is bounded.
    pub mean: MeanKind,
    /// Where the standard deviation comes from.
    pub std: StdKind,
    /// The constant standard deviation, and the initial one where it is learned.
    pub std_value: f64,
    /// Lower bound of a learned log standard deviation.
    pub log_std_min: f64,
    /// Upper bound of a learned log standard deviation.
    pub log_std_max: f64,
}

/// A policy's structure; the standard deviation does not depend on the state.
pub struct GaussianPolicy {
    net: StateNet,
    log_std: Option<Slot>,
    options: PolicyOptions,
    dims: Dims,
    low: f64,
    high: f64,
}

impl GaussianPolicy {
    /// Declares the parameters `<name>.image.<layer>...` (for images), `<name>.<layer>...` and, where learned, `<name>.log_std` `[A]`.
    pub fn declare(
        layout: &mut Layout,
        name: &str,
        inputs: &Inputs,
        problem: &Problem,
        options: PolicyOptions,
    ) -> Self {
        let dims = inputs.dims();
        let mlp = MlpOptions {
            input: 0, // set by the network
            hidden: options.hidden.clone(),
            output: dims.action,
            activation: options.activation,
            layer_norm: options.layer_norm,
            init: options.init,
            output_scale: options.output_scale,
            members: None,
        };
        let net = StateNet::declare(layout, name, inputs, &mlp);
        let log_std = (options.std == StdKind::Learned).then(|| {
            let start = Fill::Constant(libm::log(options.std_value));
            layout.declare(format!("{name}.log_std"), &[dims.action], start)
        });
        Self {
            net,
            log_std,
            options,
            dims,
            low: problem.action_low,
            high: problem.action_high,
        }
    }

    /// `mu(s)`: `[B, S + G] -> [B, A]`.
    pub fn mean(&self, weights: &[Tensor], state: &Tensor) -> Tensor {
        let out = self.net.forward(weights, state);
        match self.options.mean {
            MeanKind::Unsquashed => out,
            MeanKind::Tanh if self.low == -1.0 && self.high == 1.0 => out.tanh(),
            MeanKind::Tanh => {
                out.tanh() * (0.5 * (self.high - self.low)) + 0.5 * (self.high + self.low)
            }
        }
    }

    /// An action from a mean or a sample: clipped to the action bounds.
    pub fn clip(&self, action: &Tensor) -> Tensor {
        action.clamp(self.low, self.high)
    }

    /// The action that a critic is asked about: the mean, clipped if it is unbounded; differentiable.
    pub fn proposal(&self, mean: &Tensor) -> Tensor {
        match self.options.mean {
            MeanKind::Tanh => mean.shallow_clone(),
            MeanKind::Unsquashed => self.clip(mean),
        }
    }

    /// `sigma`: `[A]`.
    pub fn std(&self, weights: &[Tensor]) -> Tensor {
        match self.log_std {
            Some(slot) => self.bounded(&weights[slot]).exp(),
            None => {
                let options = (self.dims.kind, tch::Device::Cpu);
                Tensor::full([self.dims.action], self.options.std_value, options)
            }
        }
    }

    fn bounded(&self, log_std: &Tensor) -> Tensor {
        log_std.clamp(self.options.log_std_min, self.options.log_std_max)
    }

    /// `log N(a; mu, sigma^2)` summed over action dimensions: `[B, A]`, `[B, A] -> [B]`. No correction for a tanh: the
    /// mean is squashed, not the sample.
    pub fn log_prob(&self, weights: &[Tensor], mean: &Tensor, action: &Tensor) -> Tensor {
        let half_log_tau = 0.5 * libm::log(std::f64::consts::TAU);
        let (kind, actions) = (self.dims.kind, self.dims.action as f64);
        let sum = |x: &Tensor| x.sum_dim_intlist([1i64].as_slice(), false, kind);
        match self.log_std {
            None => {
                let std = self.options.std_value;
                let constant = actions * (libm::log(std) + half_log_tau);
                sum(&(action - mean).square()) * (-0.5 / (std * std)) - constant
            }
            Some(slot) => {
                let log_std = self.bounded(&weights[slot]);
                let z = (action - mean) / log_std.exp();
                sum(&z.square()) * -0.5 - log_std.sum(kind) - actions * half_log_tau
            }
        }
    }

    /// A behavioural-cloning term: `E[-log pi(a|s)]` or `E[|mu(s) - a|^2]`, summed or averaged over action dimensions.
    /// `[B, A]`, `[B, A] -> []`
    pub fn cloning(
        &self,
        weights: &[Tensor],
        mean: &Tensor,
        action: &Tensor,
        form: BcLoss,
    ) -> Tensor {
        let (kind, actions) = (self.dims.kind, self.dims.action as f64);
        let nll = || -self.log_prob(weights, mean, action).mean(kind);
        let mse = || (mean - action).square().mean(kind);
        match form {
            BcLoss::LogProb => nll(),
            BcLoss::LogProbMean => nll() / actions,
            BcLoss::SumMse => mse() * actions,
            BcLoss::MeanMse => mse(),
        }
    }
}
