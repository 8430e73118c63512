//! The equations of TD3, TD3+BC and ReBRAC. Letters: `B` batch, `A` action dimension, `M` members of the critic; `gamma`
//! discount; `'` marks the target networks and the next state.

use crate::common::{Common, Nets};
use nn::{EnsembleCritic, Minibatch};
use plugin_api::{Outcome, Reduce};
use tch::Tensor;

/// The smallest divisor of Q.
const SMALLEST_DIVISOR: f64 = 1e-8;

/// `a' = clip( mu'(s') + clip(epsilon, -c, c) )`; `epsilon` has the standard deviation `target_noise` halves of the action
/// range, `c` is `target_noise_clip` of them.  `standard`: N(0, 1) `[B, A]`  -> `[B, A]`
pub fn target_action(n: &Nets, s2: &Tensor, standard: &Tensor, h: &Common) -> Tensor {
    let c = h.target_noise_clip;
    let epsilon = (standard * h.target_noise).clamp(-c, c) * n.half_range;
    let policy = &n.actor.policy;
    policy.clip(&(policy.mean(n.mu_target.frozen(), s2) + epsilon))
}

/// `y = r + gamma ( min_i Q'_i(s', a') - p )`, without the second term where the transition is terminal. `p` is a penalty `[B]`.
///  -> `[B]`
pub fn target(n: &Nets, b: &Minibatch<'_>, a2: &Tensor, p: Option<Tensor>) -> Outcome<Tensor> {
    let s2 = b.next_state()?;
    let members = n.critic.members(n.q_target.frozen(), &s2, a2); // [M, B]
    let mut next = EnsembleCritic::reduce(&members, Reduce::Min); // [B]
    if let Some(p) = p {
        next -= p;
    }
    let terminal = b.terminated()?.ne(0.0);
    Ok(&*b.reward()? + n.discount * next.masked_fill(&terminal, 0.0)) // a fill, because s' may be anything there
}

/// `p = beta_2 |a' - a'_data|^2`, where `a'_data` is the action that the data took in `s'`.  `a2: [B, A]` -> `[B]`
pub fn critic_penalty(b: &Minibatch<'_>, a2: &Tensor, beta_2: f64) -> Outcome<Tensor> {
    Ok(squared_distance(a2, &*b.next_action()?) * beta_2)
}

/// `L_Q = sum_i E[ (y - Q_i(s, a))^2 ]`.  `y: [B]` -> `[]`
pub fn critic_loss(n: &Nets, b: &Minibatch<'_>, y: &Tensor) -> Outcome<Tensor> {
    let q = n.critic.members(n.q.live(), &*b.state()?, &*b.action()?); // [M, B]
    let members = q.size()[0] as f64;
    Ok((q - y).square().mean(y.kind()) * members)
}

/// `mu(s)` and `Q_i(s, mu(s))`, Q frozen.  -> `[B, A]`, `[M, B]`
pub fn value_of_policy(n: &Nets, b: &Minibatch<'_>) -> Outcome<(Tensor, Tensor)> {
    let s = b.state()?;
    let mu = n.actor.policy.proposal(&n.actor.mean(&s));
    let q = n.critic.members(n.q.frozen(), &s, &mu);
    Ok((mu, q))
}

/// TD3: `L_mu = -E[ Q_1(s, mu(s)) ]`.  `q: [M, B]` -> `[]`
pub fn td3(q: &Tensor) -> Tensor {
    -q.select(0, 0).mean(q.kind())
}

/// TD3+BC: `L_mu = -lambda E[ Q_1(s, mu(s)) ] + E[ |mu(s) - a|^2 / A ]`, `lambda = alpha / E|Q_1|` without gradient.
/// `q: [M, B]`, `mu, a: [B, A]` -> `[]`
pub fn td3_bc(q: &Tensor, mu: &Tensor, a: &Tensor, alpha: f64) -> Tensor {
    let q = q.select(0, 0);
    let lambda = alpha / mean_abs(&q);
    (mu - a).square().mean(q.kind()) - q.mean(q.kind()) * lambda
}

/// ReBRAC: `L_mu = E[ beta_1 |mu(s) - a|^2 - lambda min_i Q_i(s, mu(s)) ]`, `lambda = 1 / E|min_i Q_i|` without gradient where Q is
/// normalised, else 1.  `q: [M, B]`, `mu, a: [B, A]` -> `[]`
pub fn rebrac(q: &Tensor, mu: &Tensor, a: &Tensor, beta_1: f64, normalize: bool) -> Tensor {
    let q = EnsembleCritic::reduce(q, Reduce::Min);
    let lambda = if normalize { 1.0 / mean_abs(&q) } else { 1.0 };
    (squared_distance(mu, a) * beta_1 - q * lambda).mean(mu.kind())
}

/// `|x - y|^2` summed over action entries.  `[B, A]`, `[B, A] -> [B]`
fn squared_distance(x: &Tensor, y: &Tensor) -> Tensor {
    (x - y)
        .square()
        .sum_dim_intlist([1i64].as_slice(), false, x.kind())
}

/// `E|q|`, without gradient.  `[B] -> []`
fn mean_abs(q: &Tensor) -> f64 {
    q.abs()
        .mean(q.kind())
        .double_value(&[])
        .max(SMALLEST_DIVISOR)
}
