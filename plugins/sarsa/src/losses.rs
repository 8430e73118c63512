//! The equations of SARSA. Letters: `B` batch, `M` members of the critic; `gamma` discount. With goals, `s` and `s'` carry
//! the goal.

use crate::hyper::Hyper;
use nn::{EnsembleCritic, Minibatch, OverMembers, ValueNets};
use plugin_api::Outcome;
use tch::Tensor;

/// `L_V = 1/2 E[ (Q(s,a) - V(s))^2 ]`, Q frozen: the expectile regression of IQL at 1/2.  -> `[]`
pub fn value_loss(n: &ValueNets, b: &Minibatch<'_>, h: &Hyper) -> Outcome<Tensor> {
    let (s, a) = (b.state()?, b.action()?);
    let members = n
        .critic
        .members(n.weights(h.common.value_network).frozen(), &s, &a); // [M, B]
    let q = EnsembleCritic::reduce(&members, h.common.value_reduce.into()); // [B]
    let v = n.value.forward(n.v.live(), &s).squeeze_dim(-1); // [B]
    Ok((q - v).square().mean(s.kind()) * 0.5)
}

/// `y = r + gamma Q'(s',a')`, without the second term where the transition is terminal; `a'` is the action that the data
/// took in `s'`.  -> `[B]`
pub fn target(n: &ValueNets, b: &Minibatch<'_>, h: &Hyper, gamma: f64) -> Outcome<Tensor> {
    let r = b.reward()?;
    if b.all_terminated()? {
        return Ok(&*r * 1.0);
    }
    let members = n
        .critic
        .members(n.q_target.frozen(), &*b.next_state()?, &*b.next_action()?); // [M, B]
    let next_q = EnsembleCritic::reduce(&members, h.bootstrap_reduce.into()); // [B]
    let terminal = b.terminated()?.ne(0.0);
    Ok(&*r + gamma * next_q.masked_fill(&terminal, 0.0)) // a fill, because s' may be anything there
}

/// `L_Q = E[ (y - Q_i(s,a))^2 ]`, summed or averaged over members `i`.  -> `[]`
pub fn critic_loss(n: &ValueNets, b: &Minibatch<'_>, h: &Hyper, gamma: f64) -> Outcome<Tensor> {
    let (s, a) = (b.state()?, b.action()?);
    let y = target(n, b, h, gamma)?; // [B]
    let q = n.critic.members(n.q.live(), &s, &a); // [M, B]
    let mean = (q - y).square().mean(s.kind());
    Ok(match h.common.q_loss {
        OverMembers::Sum => mean * h.common.ensemble as f64,
        OverMembers::Mean => mean,
    })
}
