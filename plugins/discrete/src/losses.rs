//! The equations. Letters: `B` batch, `K` actions, `M` members of the critic; `tau` expectile, `gamma` discount, `beta`
//! inverse temperature, `n` divisor of Q. Sums over actions are exact.

use tch::{Kind, Tensor};

/// The entry of the action that was taken.  `x: [.., B, K]`, `a: [B]` int64 `-> [.., B]`
pub fn taken(x: &Tensor, a: &Tensor) -> Tensor {
    let mut shape = x.size();
    if let Some(last) = shape.last_mut() {
        *last = 1;
    }
    let index = a.unsqueeze(-1).expand(&shape[..], false);
    x.gather(-1, &index, false).squeeze_dim(-1)
}

/// `L2_tau(u) = |tau - 1(u < 0)| u^2`.  `u: [B] -> [B]`
pub fn expectile(u: &Tensor, tau: f64) -> Tensor {
    let below = u.lt(0.0).to_kind(u.kind());
    (below - tau).abs() * u.square()
}

/// `L_V = E[ L2_tau(Q(s,a) - V(s)) ]`.  `q: [B]` frozen, `v: [B] -> []`
pub fn value_loss(q: &Tensor, v: &Tensor, tau: f64) -> Tensor {
    expectile(&(q - v), tau).mean(v.kind())
}

/// `y = r + gamma V(s')`, without the second term where the transition is terminal; truncation still bootstraps.
/// `r: [B]`, `terminated: [B]`, `next_v: [B] -> [B]`
pub fn target(r: &Tensor, terminated: &Tensor, next_v: &Tensor, gamma: f64) -> Tensor {
    // A fill, because V(s') may be anything where the row is terminal.
    r + gamma * next_v.masked_fill(&terminated.ne(0.0), 0.0)
}

/// `L_Q = sum_i E[ (y - Q_i(s,a))^2 ]`.  `y: [B]`, `q: [M, B] -> []`
pub fn critic_loss(y: &Tensor, q: &Tensor) -> Tensor {
    (q - y).square().mean(q.kind()) * q.size()[0] as f64
}

/// `w = min(exp(beta A), clip)` of one row, in float64 by a portable exponential.
pub fn weight(adv: f64, beta: f64, clip: f64) -> f64 {
    // `f64::min` would turn a NaN into the clip; it must reach the check of the loss instead.
    let w = libm::exp(beta * adv);
    if w > clip { clip } else { w }
}

/// `L = -E[ w log pi(a|s) ]`: cross-entropy, weighted.  `w: [B]`, `log_pi: [B, K]`, `a: [B] -> []`
pub fn weighted_cross_entropy(w: &Tensor, log_pi: &Tensor, a: &Tensor) -> Tensor {
    -(w * taken(log_pi, a)).mean(log_pi.kind())
}

/// `L_BC = -E[ log pi(a|s) ]`: cross-entropy.  `log_pi: [B, K]`, `a: [B] -> []`
pub fn cross_entropy(log_pi: &Tensor, a: &Tensor) -> Tensor {
    -taken(log_pi, a).mean(log_pi.kind())
}

/// `sum_a pi(a|s) Q(s,a)`.  `log_pi: [B, K]`, `q: [B, K] -> [B]`
pub fn expected_q(log_pi: &Tensor, q: &Tensor) -> Tensor {
    let kind: Kind = q.kind();
    (log_pi.exp() * q).sum_dim_intlist([-1i64].as_slice(), false, kind)
}

/// `L = -E[ sum_a pi(a|s) Q(s,a) ] / n + alpha L_BC`.  `q_pi: [B]`, `l_bc: [] -> []`
pub fn pg_bc(q_pi: &Tensor, n: f64, alpha: f64, l_bc: &Tensor) -> Tensor {
    q_pi.mean(q_pi.kind()) * (-1.0 / n) + alpha * l_bc
}
