//! The equations of flow matching. Letters: `B` batch, `A` action dimension; `x_0` noise, `x_1` an action, `t` in [0, 1).
//! With goals, `s` carries the goal.

use nn::Mlp;
use tch::{Kind, Tensor};

/// `v(s, x, t)`.  `s: [B, S]`, `x: [B, A]`, `t: [B, 1]` -> `[B, A]`
pub fn velocity(v: &Mlp, weights: &[Tensor], s: &Tensor, x: &Tensor, t: &Tensor) -> Tensor {
    v.forward(weights, &Tensor::cat(&[s, x, t], 1))
}

/// `L = E|v(s, x_t, t) - (a - x_0)|^2 / A` with `x_t = (1 - t) x_0 + t a`.
/// `s: [B, S]`, `a: [B, A]`, `x_0: [B, A]`, `t: [B, 1]` -> `[]`
pub fn flow_matching(
    v: &Mlp,
    weights: &[Tensor],
    s: &Tensor,
    a: &Tensor,
    x_0: &Tensor,
    t: &Tensor,
) -> Tensor {
    let x_t = (1.0 - t) * x_0 + t * a; // [B, A]
    let straight = a - x_0;
    (velocity(v, weights, s, &x_t, t) - straight)
        .square()
        .mean(a.kind())
}

/// `x_{k+1} = x_k + v(s, x_k, k / n) / n` for `k = 0 .. n - 1`.  `s: [B, S]`, `x_0: [B, A]` -> `[B, A]`
pub fn euler(v: &Mlp, weights: &[Tensor], s: &Tensor, x_0: &Tensor, n: u64) -> Tensor {
    let (rows, kind): (i64, Kind) = (s.size()[0], s.kind());
    let mut x = x_0.shallow_clone();
    for k in 0..n {
        let t = Tensor::full([rows, 1], k as f64 / n as f64, (kind, tch::Device::Cpu));
        x = &x + velocity(v, weights, s, &x, &t) / n as f64;
    }
    x
}
