//! The equations. Letters: `B` batch, `A` action dimension, `M` members of the critic, `mu(s)` the policy's mean, `beta`
//! inverse temperature, `n` divisor of Q, `k` pessimism. The first four are those of `awr` and `ddpg-bc`.

use nn::Actor;
use tch::Tensor;

/// `w = min(exp(beta (Q(s,a) - V(s))), clip)` of one row, in float64 by a portable exponential.
pub fn weight(adv: f64, beta: f64, clip: f64) -> f64 {
    // `f64::min` would turn a NaN into the clip; it must reach the check of the loss instead.
    let w = libm::exp(beta * adv);
    if w > clip { clip } else { w }
}

/// `-E[ w log pi(a|s) ]`, or plain cloning without weights.  `w: [B]`, `mu: [B, A]`, `a: [B, A]` -> `[]`
pub fn cloning(pi: &Actor, w: Option<&Tensor>, mu: &Tensor, a: &Tensor) -> Tensor {
    let log_pi = pi.policy.log_prob(pi.params.live(), mu, a); // [B]
    match w {
        Some(w) => -(w * log_pi).mean(mu.kind()),
        None => -log_pi.mean(mu.kind()),
    }
}

/// `Q(s, mu(s))` as a function of the policy alone: its value is `q` and its derivative in `mu` is `dq_da`.
/// `q: [B]`, `dq_da: [B, A]`, `mu: [B, A]` -> `[B]`
pub fn value_of_policy(q: &Tensor, dq_da: &Tensor, mu: &Tensor) -> Tensor {
    let around = dq_da * (mu - mu.detach()); // zero in value
    q + around.sum_dim_intlist([1i64].as_slice(), false, mu.kind())
}

/// `-E[ Q(s, mu(s)) ] / n + alpha L_clone`: with plain cloning DDPG+BC, with weighted cloning the sum of both
/// extractions.  `q_pi: [B]`, `l_clone: []` -> `[]`
pub fn ascent(q_pi: &Tensor, n: f64, alpha: f64, l_clone: &Tensor) -> Tensor {
    q_pi.mean(q_pi.kind()) * (-1.0 / n) + alpha * l_clone
}

/// `mean_i Q_i - k sd_i Q_i`, with the deviation of a population (divisor `M`).  `q: [M, B] -> [B]`
pub fn lower_bound(q: &Tensor, k: f64) -> Tensor {
    let kind = q.kind();
    let mean = q.mean_dim([0i64].as_slice(), false, kind);
    let variance = (q - &mean)
        .square()
        .mean_dim([0i64].as_slice(), false, kind);
    mean - variance.sqrt() * k
}
