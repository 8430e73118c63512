//! How far actions are from the reference policy, and what they lose.
//!
//! `action_mse = mean_s sum_k (a_k - pi*(s)_k)^2` and `regret = mean_s V*(s) - Q*(s, a)`, for one action `a` a state.
//! Indices of discrete actions have no distance, so `action_mse` is absent there; a declared expert has no values, so
//! `regret` is absent beside it.

use super::call::Form;
use super::reference::{Reference, Target};
use super::states::States;
use crate::worker::failure::Stop;
use envs::Functional;

/// Errors of actions on one set of states.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Errors {
    pub(crate) action_mse: Option<f64>,
    pub(crate) regret: Option<f64>,
}

/// The errors of `actions` `[n, A]`.
pub(crate) fn errors(
    form: &Form,
    reference: &Reference,
    states: &States,
    target: &Target,
    actions: &[f32],
) -> Result<Errors, Stop> {
    let n = states.len(form);
    if n == 0 {
        return Ok(Errors::default());
    }
    let pairs = actions
        .chunks_exact(form.action_dim)
        .zip(target.action.chunks_exact(form.action_dim));
    let squared: f64 = pairs.map(|(a, optimal)| squared_distance(a, optimal)).sum();
    let mut lost = 0.0;
    for &(i, value) in &target.value {
        let (state, goal) = (states.observation_at(form, i), states.goal_at(form, i));
        let action = &actions[i * form.action_dim..][..form.action_dim];
        lost += value - reference.q(&Functional::Optimal, state, goal, action, None)?;
    }
    let known = target.value.len();
    Ok(Errors {
        action_mse: (!form.discrete()).then_some(squared / n as f64),
        regret: (known > 0).then(|| lost / known as f64),
    })
}

fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(x, y)| f64::from(x - y) * f64::from(x - y))
        .sum()
}
