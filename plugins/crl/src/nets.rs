//! The functions that CRL learns: bilinear in a code of state (and action) and a code of the goal.

use crate::hyper::Hyper;
use nn::{Dims, Layout, Mlp, ParamSet};
use plugin_api::{Host, Outcome};
use tch::Tensor;

/// `f(x, g) = phi(x)^T psi(g) / sqrt(d)`, single or an ensemble. `x` is `[B, X]`, `g` is `[B, G]`; `[M]` is absent where
/// single.
pub struct Bilinear {
    phi: Mlp,
    psi: Mlp,
    scale: f64, // 1 / sqrt(d)
}

impl Bilinear {
    fn declare(
        layout: &mut Layout,
        name: &str,
        (x, g): (i64, i64),
        hyper: &Hyper,
        members: Option<i64>,
    ) -> Self {
        let mut net = |part: &str, input| {
            Mlp::declare(
                layout,
                &format!("{name}.{part}"),
                &hyper.mlp(input, members),
            )
        };
        Self {
            phi: net("phi", x),
            psi: net("psi", g),
            scale: 1.0 / (hyper.latent as f64).sqrt(),
        }
    }

    /// `f(x_i, g_j)` of all pairs: `[M, B, B]`.
    pub fn pairs(&self, weights: &[Tensor], x: &Tensor, g: &Tensor) -> Tensor {
        let (phi, psi) = (
            self.phi.forward(weights, x) * self.scale,
            self.psi.forward(weights, g),
        );
        phi.matmul(&psi.transpose(-1, -2))
    }

    /// `f(x_i, g_i)`: `[M, B]`.
    pub fn rows(&self, weights: &[Tensor], x: &Tensor, g: &Tensor) -> Tensor {
        let (phi, psi) = (self.phi.forward(weights, x), self.psi.forward(weights, g));
        (phi * psi).sum_dim_intlist([-1i64].as_slice(), false, x.kind()) * self.scale
    }
}

/// Structures and parameters.
pub struct Nets {
    /// `f_i(s, a, g)` of every member.
    pub critic: Bilinear,
    /// `f_V(s, g)`
    pub value: Bilinear,
    /// Parameters of the critic.
    pub q: ParamSet,
    /// Parameters of the state value.
    pub v: ParamSet,
}

impl Nets {
    /// Fresh networks.
    pub fn create(host: &Host, dims: Dims, hyper: &Hyper) -> Outcome<Self> {
        let (mut q, mut v) = (Layout::new(), Layout::new());
        let pair = (dims.observation + dims.action, dims.goal);
        let critic = Bilinear::declare(&mut q, "critic", pair, hyper, Some(hyper.ensemble));
        let state = (dims.observation, dims.goal);
        let value = Bilinear::declare(&mut v, "value", state, hyper, None);
        Ok(Self {
            critic,
            value,
            q: ParamSet::create(q, host, dims.kind)?,
            v: ParamSet::create(v, host, dims.kind)?,
        })
    }
}
