//! The equations of advantage-weighted regression. Letters: `B` batch, `A` action dimension, `beta` inverse temperature.

use nn::Actor;
use tch::Tensor;

/// `w = min(exp(beta (Q(s,a) - V(s))), clip)` of one row, in float64 by a portable exponential.
pub fn weight(adv: f64, beta: f64, clip: f64) -> f64 {
    // `f64::min` would turn a NaN into the clip; it must reach the check of the loss instead.
    let w = libm::exp(beta * adv);
    if w > clip { clip } else { w }
}

/// `L = -E[ w log pi(a|s) ]`.  `w: [B]`, `mu: [B, A]`, `a: [B, A]` -> `[]`
pub fn awr(pi: &Actor, w: &Tensor, mu: &Tensor, a: &Tensor) -> Tensor {
    let log_pi = pi.policy.log_prob(pi.params.live(), mu, a); // [B]
    -(w * log_pi).mean(mu.kind())
}
