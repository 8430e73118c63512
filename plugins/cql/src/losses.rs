//! The equations of CQL(H). Letters: `B` batch, `A` action dimension, `M` members of the critic, `n` actions drawn in a state from each
//! distribution; `gamma` discount, `alpha` temperature of the entropy, `tau` that of the soft maximum; `'` marks the target critic and the next state.

use crate::policy::{Gaussian, SquashedGaussian};
use nn::{EnsembleCritic, Minibatch, ParamSet};
use plugin_api::{Outcome, Reduce};
use tch::Tensor;

/// Policy, critic with its target, temperature, and the discount.
pub struct Nets {
    /// `pi(a | s)`
    pub policy: SquashedGaussian,
    /// Parameters of the policy.
    pub pi: ParamSet,
    /// `Q_i(s, a)`
    pub critic: EnsembleCritic,
    /// Parameters of the online critic.
    pub q: ParamSet,
    /// Parameters of the target critic.
    pub q_target: ParamSet,
    /// `log alpha`, `[1]`.
    pub log_alpha: ParamSet,
    /// Discount factor.
    pub discount: f64,
}

/// What an update draws.
pub struct Noise {
    /// N(0, 1) behind the action that the policy's loss asks about, `[B, A]`.
    pub policy: Tensor,
    /// N(0, 1) behind the action that the target asks about, `[B, A]`.
    pub target: Tensor,
    /// Uniform between 0 and 1, `[B, n, A]`.
    pub uniform: Tensor,
    /// N(0, 1) behind the policy's actions in the states, `[B, n, A]`.
    pub current: Tensor,
    /// N(0, 1) behind the policy's actions in the next states, `[B, n, A]`.
    pub next: Tensor,
}

/// How values outside the data are held down.
#[derive(Clone, Copy)]
pub struct Conservatism {
    /// Weight of the term.
    pub cql_alpha: f64,
    /// `tau`
    pub temperature: f64,
    /// Whether drawn actions are weighted by their densities.
    pub importance_sampling: bool,
}

impl Nets {
    fn gaussian(&self, s: &Tensor) -> Gaussian {
        self.policy.distribution(self.pi.frozen(), s)
    }
}

/// `y = r + gamma min_i Q'_i(s', a')`, `a' ~ pi(. | s')`; `y = r` where the transition is terminal.  `epsilon: [B, A]` -> `[B]`
pub fn target(n: &Nets, b: &Minibatch<'_>, epsilon: &Tensor) -> Outcome<Tensor> {
    let s2 = b.next_state()?;
    let (a2, _) = n.policy.sample(&n.gaussian(&s2), epsilon);
    let members = n.critic.members(n.q_target.frozen(), &s2, &a2); // [M, B]
    let next = EnsembleCritic::reduce(&members, Reduce::Min);
    let terminal = b.terminated()?.ne(0.0);
    Ok(&*b.reward()? + n.discount * next.masked_fill(&terminal, 0.0)) // a fill, because s' may be anything there
}

/// Actions that the conservative term asks about, and their log densities: uniform, the policy's in s', the policy's in s. Where the transition is
/// terminal, s stands for s', which may be anything there.  `[B, 3 n, A]`, `[B, 3 n]`
pub fn drawn(n: &Nets, b: &Minibatch<'_>, noise: &Noise) -> Outcome<(Tensor, Tensor)> {
    let count = noise.uniform.size()[1];
    let at = |s: &Tensor, epsilon: &Tensor| {
        let gaussian = n.gaussian(s).repeat(count);
        n.policy.sample(&gaussian, epsilon)
    };
    let uniform = n.policy.uniform(&noise.uniform);
    let s = b.state()?;
    let terminal = b.terminated()?.ne(0.0).unsqueeze(1); // [B, 1]
    let s2 = s.where_self(&terminal, &*b.next_state()?);
    let (next, log_next) = at(&s2, &noise.next);
    let (current, log_current) = at(&s, &noise.current);
    let log_uniform = log_next.full_like(n.policy.uniform_log_prob());
    Ok((
        Tensor::cat(&[uniform, next, current], 1),
        Tensor::cat(&[log_uniform, log_next, log_current], 1),
    ))
}

/// `L_Q = sum_i E[ (y - Q_i(s, a))^2 ] + cql_alpha R`, `R = sum_i E[ tau log sum_j exp( Q_i(s, a_j) / tau ) - Q_i(s, a) ]`, and R; with importance
/// sampling `Q_i(s, a_j) - log p_j` in place of `Q_i(s, a_j)`.  `y: [B]`, `a_j: [B, 3 n, A]`, `log p: [B, 3 n]` -> `[]`, `[]`
pub fn critic_loss(
    n: &Nets,
    b: &Minibatch<'_>,
    y: &Tensor,
    (actions, log_p): (&Tensor, &Tensor),
    how: Conservatism,
) -> Outcome<(Tensor, Tensor)> {
    let (s, kind) = (b.state()?, y.kind());
    let q = n.critic.members(n.q.live(), &s, &*b.action()?); // [M, B]
    let (members, rows, each) = (q.size()[0], q.size()[1], log_p.size()[1]);

    let states = s.unsqueeze(1).expand([-1, each, -1], false); // [B, 3 n, S + G]
    let states = states.reshape([rows * each, -1]);
    let actions = actions.reshape([rows * each, -1]);
    let outside = n.critic.members(n.q.live(), &states, &actions);
    let outside = outside.view([members, rows, each]);
    let outside = if how.importance_sampling {
        outside - log_p
    } else {
        outside
    };
    let soft = (outside / how.temperature).logsumexp([-1i64].as_slice(), false) * how.temperature; // [M, B]

    let r = (soft - &q).mean(kind) * members as f64;
    let td = (q - y).square().mean(kind) * members as f64;
    Ok((td + how.cql_alpha * &r, r))
}

/// `L_pi = E[ alpha log pi(a~ | s) - min_i Q_i(s, a~) ]`, `a~ ~ pi(. | s)`, and `log pi(a~ | s)`.  `epsilon: [B, A]` -> `[]`, `[B]`
pub fn actor_loss(n: &Nets, b: &Minibatch<'_>, epsilon: &Tensor) -> Outcome<(Tensor, Tensor)> {
    let s = b.state()?;
    let gaussian = n.policy.distribution(n.pi.live(), &s);
    let (a, log_pi) = n.policy.sample(&gaussian, epsilon);
    let members = n.critic.members(n.q.frozen(), &s, &a); // [M, B]
    let q = EnsembleCritic::reduce(&members, Reduce::Min);
    let alpha = n.log_alpha.frozen()[0].exp();
    Ok(((alpha * &log_pi - q).mean(log_pi.kind()), log_pi.detach()))
}

/// `L_alpha = -log alpha E[ log pi(a~ | s) + H ]`, with `H` the entropy that is aimed at.  `log_pi: [B]` -> `[]`
pub fn temperature_loss(n: &Nets, log_pi: &Tensor, entropy: f64) -> Tensor {
    let excess = (log_pi + entropy).mean(log_pi.kind());
    -(&n.log_alpha.live()[0] * excess).sum(log_pi.kind())
}
