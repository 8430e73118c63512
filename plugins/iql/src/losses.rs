//! The equations of IQL. Letters: `B` batch, `M` members of the critic; `tau` expectile, `gamma` discount. With goals,
//! `s` and `s'` carry the goal.

use crate::hyper::Hyper;
use nn::{EnsembleCritic, Minibatch, OverMembers, ValueNets};
use plugin_api::Outcome;
use tch::Tensor;

/// `L2_tau(u) = |tau - 1(u < 0)| u^2`.  `u: [B] -> [B]`
pub fn expectile(u: &Tensor, tau: f64) -> Tensor {
    let below = u.lt(0.0).to_kind(u.kind());
    (below - tau).abs() * u.square()
}

/// `L_V = E[ L2_tau(Q(s,a) - V(s)) ]`, Q frozen.  -> `[]`
pub fn value_loss(n: &ValueNets, b: &Minibatch<'_>, h: &Hyper) -> Outcome<Tensor> {
    let (s, a) = (b.state()?, b.action()?);
    let members = n
        .critic
        .members(n.weights(h.common.value_network).frozen(), &s, &a); // [M, B]
    let q = EnsembleCritic::reduce(&members, h.common.value_reduce.into()); // [B]
    let v = n.value.forward(n.v.live(), &s).squeeze_dim(-1); // [B]
    Ok(expectile(&(q - v), h.expectile).mean(s.kind()))
}

/// `y = r + gamma V(s')`, without the second term where the transition is terminal; truncation still bootstraps.  -> `[B]`
pub fn target(n: &ValueNets, b: &Minibatch<'_>, gamma: f64) -> Outcome<Tensor> {
    let r = b.reward()?;
    if b.all_terminated()? {
        return Ok(&*r * 1.0);
    }
    let next_v = n
        .value
        .forward(n.v.frozen(), &*b.next_state()?)
        .squeeze_dim(-1); // [B]
    let terminal = b.terminated()?.ne(0.0);
    Ok(&*r + gamma * next_v.masked_fill(&terminal, 0.0)) // a fill, because s' may be anything there
}

/// `L_Q = E[ (y - Q_i(s,a))^2 ]`, summed or averaged over members `i`.  -> `[]`
pub fn critic_loss(n: &ValueNets, b: &Minibatch<'_>, h: &Hyper, gamma: f64) -> Outcome<Tensor> {
    let (s, a) = (b.state()?, b.action()?);
    let y = target(n, b, gamma)?; // [B]
    let q = n.critic.members(n.q.live(), &s, &a); // [M, B]
    let mean = (q - y).square().mean(s.kind());
    Ok(match h.common.q_loss {
        OverMembers::Sum => mean * h.common.ensemble as f64,
        OverMembers::Mean => mean,
    })
}
