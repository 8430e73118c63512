//! The equations of AWAC. Letters: `B` batch, `A` action dimension, `M` members of the critic; `gamma` discount; `'` marks the target
//! critic and the next state; `epsilon ~ N(0, 1)`.

use nn::{Actor, EnsembleCritic, Minibatch, ParamSet};
use plugin_api::{Outcome, Reduce};
use tch::Tensor;

/// Policy and critic with its target, and the discount.
pub struct Nets {
    /// `pi(a | s)` with its optimiser.
    pub actor: Actor,
    /// `Q_i(s, a)`
    pub critic: EnsembleCritic,
    /// Parameters of the online critic.
    pub q: ParamSet,
    /// Parameters of the target critic.
    pub q_target: ParamSet,
    /// Discount factor.
    pub discount: f64,
}

impl Nets {
    /// `min_i Q_i(s, a)` with the given parameters, without gradient.  `[B, S + G]`, `[B, A] -> [B]`
    fn least(&self, q: &ParamSet, s: &Tensor, a: &Tensor) -> Tensor {
        let members = self.critic.members(q.frozen(), s, a); // [M, B]
        EnsembleCritic::reduce(&members, Reduce::Min)
    }

    /// `a = clip( mu(s) + sigma epsilon )`, without gradient.  `[B, S + G]`, `[B, A] -> [B, A]`
    fn sample(&self, s: &Tensor, epsilon: &Tensor) -> Tensor {
        let (policy, weights) = (&self.actor.policy, self.actor.params.frozen());
        policy.clip(&(policy.mean(weights, s) + epsilon * policy.std(weights)))
    }
}

/// `y = r + gamma min_i Q'_i(s', a')`, `a' ~ pi(. | s')`; `y = r` where the transition is terminal.  `epsilon: [B, A]` -> `[B]`
pub fn target(n: &Nets, b: &Minibatch<'_>, epsilon: &Tensor) -> Outcome<Tensor> {
    let s2 = b.next_state()?;
    let next = n.least(&n.q_target, &s2, &n.sample(&s2, epsilon));
    let terminal = b.terminated()?.ne(0.0);
    Ok(&*b.reward()? + n.discount * next.masked_fill(&terminal, 0.0)) // a fill, because s' may be anything there
}

/// `L_Q = sum_i E[ (y - Q_i(s, a))^2 ]`.  `y: [B]` -> `[]`
pub fn critic_loss(n: &Nets, b: &Minibatch<'_>, y: &Tensor) -> Outcome<Tensor> {
    let q = n.critic.members(n.q.live(), &*b.state()?, &*b.action()?); // [M, B]
    let members = q.size()[0] as f64;
    Ok((q - y).square().mean(y.kind()) * members)
}

/// `w = min( exp( (min_i Q_i(s, a) - min_i Q_i(s, a~)) / lambda ), clip )`, `a~ ~ pi(. | s)`.  `epsilon: [B, A]` -> `[B]`
pub fn weights(
    n: &Nets,
    b: &Minibatch<'_>,
    epsilon: &Tensor,
    (lambda, clip): (f64, f64),
) -> Outcome<Tensor> {
    let s = b.state()?;
    let v = n.least(&n.q, &s, &n.sample(&s, epsilon));
    let advantage = n.least(&n.q, &s, &*b.action()?) - v;
    // A NaN stays one, and is met by the check of the loss.
    Ok((advantage / lambda).exp().clamp_max(clip))
}

/// `L_pi = -E[ w log pi(a | s) ]`.  `w: [B]` -> `[]`
pub fn actor_loss(n: &Nets, b: &Minibatch<'_>, w: &Tensor) -> Outcome<Tensor> {
    let mu = n.actor.mean(&*b.state()?);
    let log_pi = n
        .actor
        .policy
        .log_prob(n.actor.params.live(), &mu, &*b.action()?); // [B]
    Ok(-(w * log_pi).mean(mu.kind()))
}
