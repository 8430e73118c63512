//! A Gaussian squashed into the action bounds: `a = m + h tanh(u)`, `u ~ N(mu(s), diag(sigma(s)^2))`, with `m` the middle of the bounds and `h` half
//! their width.

use nn::{Inputs, Layout, MlpOptions, Slot, StateNet};
use plugin_api::Problem;
use tch::Tensor;

/// Nearest to a bound that an action's density is taken at, in units of `h`: the spacing of float32 at 1, as in torch's TanhTransform.
const EDGE: f64 = f32::EPSILON as f64;

/// The policy's structure; deviations depend on the state.
pub struct SquashedGaussian {
    net: StateNet,
    scale: Slot,
    offset: Slot,
    actions: i64,
    log_std: (f64, f64),
    middle: f64,
    half: f64,
}

/// `mu` and `log sigma`, `[B, A]` each.
pub struct Gaussian {
    /// `mu(s)`
    pub mu: Tensor,
    /// `log sigma(s)`, bounded.
    pub log_std: Tensor,
}

impl Gaussian {
    /// The same, once for each of `n` samples of a state.  `[B, A] -> [B, n, A]`
    pub fn repeat(&self, n: i64) -> Self {
        let each = |x: &Tensor| x.unsqueeze(1).expand([-1, n, -1], false);
        Self {
            mu: each(&self.mu),
            log_std: each(&self.log_std),
        }
    }
}

impl SquashedGaussian {
    /// Declares the parameters `<name>.<layer>...`, `<name>.log_std_scale` and `<name>.log_std_offset`; the last layer has `2 A` outputs.
    pub fn declare(
        layout: &mut Layout,
        name: &str,
        inputs: &Inputs,
        problem: &Problem,
        (options, log_std): (MlpOptions, (f64, f64)),
    ) -> Self {
        let actions = inputs.dims().action;
        let options = MlpOptions {
            output: 2 * actions,
            ..options
        };
        Self {
            net: StateNet::declare(layout, name, inputs, &options),
            scale: layout.scalar(format!("{name}.log_std_scale"), 1.0),
            offset: layout.scalar(format!("{name}.log_std_offset"), -1.0),
            actions,
            log_std,
            middle: 0.5 * (problem.action_high + problem.action_low),
            half: 0.5 * (problem.action_high - problem.action_low),
        }
    }

    /// `mu(s)` and `log sigma(s) = clip( scale o(s) + offset )` of the network's outputs.  `[B, S + G]`
    pub fn distribution(&self, weights: &[Tensor], state: &Tensor) -> Gaussian {
        let out = self.net.forward(weights, state); // [B, 2 A]
        let mu = out.narrow(1, 0, self.actions);
        let raw = out.narrow(1, self.actions, self.actions);
        let log_std = raw * &weights[self.scale] + &weights[self.offset];
        let (low, high) = self.log_std;
        Gaussian {
            mu,
            log_std: log_std.clamp(low, high),
        }
    }

    /// `a = m + h tanh(mu)`: the policy without noise.
    pub fn mode(&self, g: &Gaussian) -> Tensor {
        self.squash(&g.mu)
    }

    /// `u = mu + sigma epsilon`, `a = m + h tanh(u)` and `log pi(a | s)`.  `epsilon: [.., A]` -> `[.., A]`, `[..]`
    pub fn sample(&self, g: &Gaussian, epsilon: &Tensor) -> (Tensor, Tensor) {
        let u = &g.mu + g.log_std.exp() * epsilon;
        (self.squash(&u), self.density(g, &u))
    }

    /// `log pi(a | s)` of given actions; those at the bounds count as float32's spacing within.  `a: [B, A]` -> `[B]`
    pub fn log_prob(&self, g: &Gaussian, action: &Tensor) -> Tensor {
        let unit = (action - self.middle) / self.half;
        self.density(g, &unit.clamp(EDGE - 1.0, 1.0 - EDGE).atanh())
    }

    /// Log density of a uniform action.
    pub fn uniform_log_prob(&self) -> f64 {
        -(self.actions as f64) * libm::log(2.0 * self.half)
    }

    /// From numbers in `[0, 1)` to actions.
    pub fn uniform(&self, unit: &Tensor) -> Tensor {
        (unit * 2.0 - 1.0) * self.half + self.middle
    }

    fn squash(&self, u: &Tensor) -> Tensor {
        if self.half == 1.0 && self.middle == 0.0 {
            return u.tanh();
        }
        u.tanh() * self.half + self.middle
    }

    /// `sum_A [ log N(u; mu, sigma^2) - log( 1 - tanh(u)^2 ) - log h ]`, with `log(1 - tanh^2 u) = 2 (log 2 - u - softplus(-2 u))`.
    fn density(&self, g: &Gaussian, u: &Tensor) -> Tensor {
        let z = (u - &g.mu) / g.log_std.exp();
        let slope = ((u * -2.0).softplus() + u - std::f64::consts::LN_2) * -2.0;
        let constant = 0.5 * libm::log(std::f64::consts::TAU) + libm::log(self.half);
        let each = z.square() * -0.5 - &g.log_std - slope;
        let sum = each.sum_dim_intlist([-1i64].as_slice(), false, u.kind());
        sum - constant * self.actions as f64
    }
}
