//! The equations of TD3. Letters: `B` batch, `A` action dimension, `M` members of the critic; `gamma` discount; `'` marks
//! the target networks and the next state.

use crate::Td3;
use nn::{EnsembleCritic, Minibatch};
use plugin_api::{Outcome, Reduce};
use tch::Tensor;

/// `a' = clip( mu'(s') + clip(epsilon, -c, c) )`; `epsilon` has the standard deviation `target_noise` halves of the action
/// range, `c` is `target_noise_clip` of them.  `standard`: N(0, 1) `[B, A]`  -> `[B, A]`
pub fn target_action(n: &Td3, s2: &Tensor, standard: &Tensor) -> Tensor {
    let (sigma, c) = (n.hyper.target_noise, n.hyper.target_noise_clip);
    let epsilon = (standard * sigma).clamp(-c, c) * n.half_range;
    let policy = &n.actor.policy;
    policy.clip(&(policy.mean(n.mu_target.frozen(), s2) + epsilon))
}

/// `y = r + gamma min_i Q'_i(s', a')`, without the second term where the transition is terminal.  -> `[B]`
pub fn target(n: &Td3, b: &Minibatch<'_>, standard: &Tensor) -> Outcome<Tensor> {
    let s2 = b.next_state()?;
    let a2 = target_action(n, &s2, standard);
    let members = n.critic.members(n.q_target.frozen(), &s2, &a2); // [M, B]
    let next_q = EnsembleCritic::reduce(&members, Reduce::Min); // [B]
    let terminal = b.terminated()?.ne(0.0);
    Ok(&*b.reward()? + n.discount * next_q.masked_fill(&terminal, 0.0)) // a fill, because s' may be anything there
}

/// `L_Q = sum_i E[ (y - Q_i(s, a))^2 ]`.  `y: [B]` -> `[]`
pub fn critic_loss(n: &Td3, b: &Minibatch<'_>, y: &Tensor) -> Outcome<Tensor> {
    let q = n.critic.members(n.q.live(), &*b.state()?, &*b.action()?); // [M, B]
    Ok((q - y).square().mean(y.kind()) * n.hyper.ensemble as f64)
}

/// `L_mu = -E[ Q_1(s, mu(s)) ]`, Q frozen.  -> `[]`
pub fn actor_loss(n: &Td3, b: &Minibatch<'_>) -> Outcome<Tensor> {
    let s = b.state()?;
    let action = n.actor.policy.proposal(&n.actor.mean(&s)); // [B, A]
    let q = n.critic.members(n.q.frozen(), &s, &action); // [M, B]
    Ok(-q.select(0, 0).mean(q.kind()))
}
