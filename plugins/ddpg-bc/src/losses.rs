//! The equations of DDPG+BC. Letters: `B` batch, `A` action dimension, `mu(s)` the policy's mean, `n` the divisor of Q.

use nn::{Actor, BcLoss};
use tch::Tensor;

/// `Q(s, mu(s))` as a function of the policy alone: its value is `q` and its derivative in `mu` is `dq_da`, so that
/// differentiating it is a vector-Jacobian product and nothing inside the critic is differentiated again.
/// `q: [B]`, `dq_da: [B, A]`, `mu: [B, A]` -> `[B]`
pub fn value_of_policy(q: &Tensor, dq_da: &Tensor, mu: &Tensor) -> Tensor {
    let around = dq_da * (mu - mu.detach()); // zero in value
    q + around.sum_dim_intlist([1i64].as_slice(), false, mu.kind())
}

/// `n = E|Q(s, mu(s))|`, without gradient.  `q: [B] -> []`
pub fn mean_abs_q(q: &Tensor) -> f64 {
    q.abs().mean(q.kind()).double_value(&[])
}

/// `L = -E[Q(s, mu(s))] / n + alpha L_BC`.  `q_pi: [B]`, `l_bc: []` -> `[]`
pub fn ddpg_bc(q_pi: &Tensor, n: f64, alpha: f64, l_bc: &Tensor) -> Tensor {
    q_pi.mean(q_pi.kind()) * (-1.0 / n) + alpha * l_bc
}

/// `L_BC = E[ -log pi(a|s) ]`, or one of the other forms of [`BcLoss`].  `mu: [B, A]`, `a: [B, A]` -> `[]`
pub fn bc(pi: &Actor, mu: &Tensor, a: &Tensor, form: BcLoss) -> Tensor {
    pi.policy.cloning(pi.params.live(), mu, a, form)
}
