//! How well a critic agrees with exact values.
//!
//! For each of at most 1,000 states of a set there are [`CANDIDATES`] actions: the state's own (the dataset's on its
//! states, the policy's on visited ones), three around it (Gaussian noise of a fifth of the action range, clipped) and
//! four uniform within the bounds; the draws are fixed. With learned `Q` and exact `Q°` of a functional:
//!
//! * `q_bias = mean_s Q(s, a) - Q°(s, a)` at the state's own action,
//! * `q_error`: root mean square of the same difference once `q_bias` is taken away,
//! * `q_rank_correlation`: mean over states of Spearman's rank correlation of `Q(s, .)` and `Q°(s, .)` over the
//!   candidates; states at which all candidates are equally good are left out, and a critic that is constant where
//!   `Q°` is not scores 0,
//! * `q_gradient_cosine`: mean over states of `cos(dQ/da, dQ°/da)` at the policy's action; states at which the exact
//!   gradient vanishes (below 1e-6 of the largest) are left out.
//!
//! Discrete actions have no neighbours and no gradient: the candidates are all actions, the state's own first.

use super::call::Form;
use super::reference::Reference;
use super::states::States;
use crate::worker::failure::Stop;
use envs::Functional;
use manifest::random::Stream;
use plugin_host::Bound;

/// States of a set on which values are compared, at most.
pub(crate) const VALUE_STATES: usize = 1_000;
/// Continuous actions per state.
const CANDIDATES: usize = 8;
/// Of these, so many are near the state's own action.
const NEAR: usize = 4;
/// Standard deviation of the near ones, in units of the action range.
const NEAR_SPREAD: f64 = 0.2;
/// Exact gradients below this share of the largest one have no direction.
const FLAT_GRADIENT: f64 = 1e-6;

/// A critic's answers on one set of states.
pub(crate) struct Learned<'a> {
    form: &'a Form,
    states: &'a States,
    /// `[n, K, A]`, the state's own action first.
    candidates: Vec<f32>,
    per_state: usize,
    /// `[n, K]`
    q: Vec<f64>,
    /// The policy's action `[n, A]` and dQ/da `[n, A]` there, where they are asked for.
    slope: Option<(&'a [f32], Vec<f64>)>,
}

/// Agreement with one exact functional on one set of states.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Agreement {
    pub(crate) error: f64,
    pub(crate) bias: f64,
    pub(crate) rank_correlation: Option<f64>,
    pub(crate) gradient_cosine: Option<f64>,
}

impl<'a> Learned<'a> {
    /// Asks a critic (`critic/1`, or `q-all/1` for discrete actions) about `states`, which have actions of their own, and
    /// about its gradient at the policy's `actions` `[n, A]`.
    pub(crate) fn ask(
        form: &'a Form,
        critic: &Bound,
        states: &'a States,
        actions: Option<&'a [f32]>,
    ) -> Result<Self, Stop> {
        let n = states.len(form);
        if form.discrete() {
            let (candidates, q) = every_action(form, states, &form.q_all(critic, states.rows())?);
            return Ok(Self {
                form,
                states,
                candidates,
                per_state: form.action_count,
                q,
                slope: None,
            });
        }
        let candidates = candidates(form, states);
        let mut repeated = States::default();
        for i in 0..n {
            for _ in 0..CANDIDATES {
                repeated
                    .observation
                    .extend_from_slice(states.observation_at(form, i));
                repeated.goal.extend_from_slice(states.goal_at(form, i));
            }
        }
        let q = form.q(critic, repeated.rows(), &candidates)?;
        let slope = actions
            .map(|a| Ok::<_, Stop>((a, form.q_gradient(critic, states.rows(), a)?)))
            .transpose()?;
        Ok(Self {
            form,
            states,
            candidates,
            per_state: CANDIDATES,
            q,
            slope,
        })
    }

    /// Compares with exact values of `functional`; none without states.
    pub(crate) fn compare(
        &self,
        reference: &Reference,
        functional: &Functional,
    ) -> Result<Option<Agreement>, Stop> {
        let n = self.states.len(self.form);
        if n == 0 {
            return Ok(None);
        }
        let exact = self.exact(reference, functional)?;
        let per_state = self.per_state;
        let difference: Vec<f64> = (0..n)
            .map(|i| self.q[i * per_state] - exact[i * per_state])
            .collect();
        let bias = difference.iter().sum::<f64>() / n as f64;
        let spread = difference.iter().map(|d| (d - bias) * (d - bias));
        let ranks: Vec<f64> = self
            .q
            .chunks_exact(per_state)
            .zip(exact.chunks_exact(per_state))
            .filter_map(|(learned, exact)| rank_correlation(learned, exact))
            .collect();
        Ok(Some(Agreement {
            error: libm::sqrt(spread.sum::<f64>() / n as f64),
            bias,
            rank_correlation: mean(&ranks),
            gradient_cosine: self.cosine(reference, functional)?,
        }))
    }

    fn exact(&self, reference: &Reference, functional: &Functional) -> Result<Vec<f64>, Stop> {
        let actions = self.candidates.chunks_exact(self.form.action_dim);
        let q = |(k, action): (usize, &[f32])| {
            let i = k / self.per_state;
            let state = self.states.observation_at(self.form, i);
            reference.q(
                functional,
                state,
                self.states.goal_at(self.form, i),
                action,
                None,
            )
        };
        actions.enumerate().map(q).collect()
    }

    fn cosine(&self, reference: &Reference, functional: &Functional) -> Result<Option<f64>, Stop> {
        let Some((actions, learned)) = &self.slope else {
            return Ok(None);
        };
        let width = self.form.action_dim;
        let mut exact = vec![0.0f32; learned.len()];
        for (i, gradient) in exact.chunks_exact_mut(width).enumerate() {
            let state = self.states.observation_at(self.form, i);
            let goal = self.states.goal_at(self.form, i);
            let action = &actions[i * width..][..width];
            reference.q(functional, state, goal, action, Some(gradient))?;
        }
        let exact: Vec<f64> = exact.into_iter().map(f64::from).collect();
        let largest = exact.chunks_exact(width).map(norm).fold(0.0, f64::max);
        let cosines: Vec<f64> = learned
            .chunks_exact(width)
            .zip(exact.chunks_exact(width))
            .filter(|(_, exact)| norm(exact) > FLAT_GRADIENT * largest)
            .map(|(learned, exact)| cosine(learned, exact))
            .collect();
        Ok(mean(&cosines))
    }
}

/// Every action of a finite set for each state, its own first, with the critic's values in the same order.
fn every_action(form: &Form, states: &States, q_all: &[f64]) -> (Vec<f32>, Vec<f64>) {
    let (mut candidates, mut q) = (Vec::new(), Vec::new());
    for (i, values) in q_all.chunks_exact(form.action_count).enumerate() {
        let own = states.action_at(form, i)[0] as usize;
        let others = (0..form.action_count).filter(|&k| k != own);
        for k in std::iter::once(own).chain(others) {
            candidates.push(k as f32);
            q.push(values[k]);
        }
    }
    (candidates, q)
}

/// `[n, K, A]`: the state's own action, some around it, the rest anywhere within the bounds.
fn candidates(form: &Form, states: &States) -> Vec<f32> {
    let mut stream = Stream::new(0, &["measure", "candidates"]);
    let (low, high) = (f64::from(form.action_low), f64::from(form.action_high));
    let mut all = Vec::with_capacity(states.action.len() * CANDIDATES);
    for own in states.action.chunks_exact(form.action_dim) {
        all.extend_from_slice(own);
        for k in 1..CANDIDATES {
            all.extend(own.iter().map(|&a| {
                let near = f64::from(a) + NEAR_SPREAD * (high - low) * stream.normal();
                let anywhere = stream.uniform_in(low, high);
                let drawn = if k < NEAR { near } else { anywhere };
                drawn.clamp(low, high) as f32
            }));
        }
    }
    all
}

/// Spearman's correlation with mean ranks for ties: none where `exact` is constant, 0 where only `learned` is.
fn rank_correlation(learned: &[f64], exact: &[f64]) -> Option<f64> {
    let (a, b) = (ranks(learned), ranks(exact));
    let spread = norm(&b);
    (spread > 0.0).then(|| cosine(&a, &b))
}

/// Ranks minus their mean.
fn ranks(values: &[f64]) -> Vec<f64> {
    let below = |x: f64| values.iter().filter(|&&y| y < x).count() as f64;
    let above = |x: f64| values.iter().filter(|&&y| y > x).count() as f64;
    values
        .iter()
        .map(|&x| 0.5 * (below(x) - above(x)))
        .collect()
}

/// 0 where one of both has no direction.
fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let norms = norm(a) * norm(b);
    if norms > 0.0 {
        a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>() / norms
    } else {
        0.0
    }
}

fn norm(a: &[f64]) -> f64 {
    libm::sqrt(a.iter().map(|x| x * x).sum())
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_of_ties_are_shared_and_constants_have_no_order() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [1.0, -1.5, 1.0, -0.5]);
        let exact = [1.0, 2.0, 3.0];
        let correlation = |learned: &[f64]| rank_correlation(learned, &exact).unwrap();
        assert!((correlation(&[-5.0, 0.0, 0.1]) - 1.0).abs() < 1e-12);
        assert!((correlation(&[9.0, 8.0, 7.0]) + 1.0).abs() < 1e-12);
        assert_eq!(correlation(&[4.0, 4.0, 4.0]), 0.0);
        assert_eq!(rank_correlation(&exact, &[2.0, 2.0, 2.0]), None);
    }
}
