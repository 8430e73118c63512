//! The policy and the values that all methods of a benchmark are compared with.

use super::call::Form;
use super::states::States;
use crate::worker::failure::Stop;
use envs::{Functional, Oracle};
use std::sync::Arc;

/// The environment's exact solution, or a declared expert, which has actions only.
#[derive(Clone)]
pub(crate) struct Reference {
    oracle: Arc<dyn Oracle>,
}

/// What the reference says at the states of one set; the same for every policy, so computed once.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// Its actions `[n, A]`.
    pub(crate) action: Vec<f32>,
    /// V*(s) of some states, by index; of none for an expert.
    pub(crate) value: Vec<(usize, f64)>,
}

/// Goals are empty where there are none; the solution is told so.
fn given(goal: &[f32]) -> Option<&[f32]> {
    (!goal.is_empty()).then_some(goal)
}

impl Reference {
    pub(crate) fn new(oracle: Arc<dyn Oracle>) -> Self {
        Self { oracle }
    }

    /// Whether values are known, and not the actions alone.
    pub(crate) fn exact(&self) -> bool {
        self.oracle.exact()
    }

    /// Its action.
    pub(crate) fn action(&self, state: &[f32], goal: &[f32], out: &mut [f32]) -> Result<(), Stop> {
        Ok(self.oracle.optimal_action(state, given(goal), out)?)
    }

    /// V of `functional`.
    pub(crate) fn v(
        &self,
        functional: &Functional,
        state: &[f32],
        goal: &[f32],
    ) -> Result<f64, Stop> {
        Ok(self.oracle.v(functional, state, given(goal))?)
    }

    /// Q of `functional`; with `gradient`, also dQ/da.
    pub(crate) fn q(
        &self,
        functional: &Functional,
        state: &[f32],
        goal: &[f32],
        action: &[f32],
        gradient: Option<&mut [f32]>,
    ) -> Result<f64, Stop> {
        Ok(self
            .oracle
            .q(functional, state, given(goal), action, gradient)?)
    }

    /// Whether values of `functional` are known; `states` holds at least one state with an action, or nothing is known.
    pub(crate) fn knows(&self, functional: &Functional, form: &Form, states: &States) -> bool {
        self.exact()
            && states.len(form) > 0
            && self
                .q(
                    functional,
                    states.observation_at(form, 0),
                    states.goal_at(form, 0),
                    states.action_at(form, 0),
                    None,
                )
                .is_ok()
    }

    /// Its actions at `states`, and its values at `values` of them at most, evenly spaced.
    pub(crate) fn target(
        &self,
        form: &Form,
        states: &States,
        values: usize,
    ) -> Result<Target, Stop> {
        let n = states.len(form);
        let mut action = vec![0.0; n * form.action_dim];
        for (i, slot) in action.chunks_exact_mut(form.action_dim).enumerate() {
            self.action(
                states.observation_at(form, i),
                states.goal_at(form, i),
                slot,
            )?;
        }
        let count = if self.exact() { n.min(values) } else { 0 };
        let value = (0..count).map(|k| k * n / count).map(|i| {
            let (state, goal) = (states.observation_at(form, i), states.goal_at(form, i));
            Ok((i, self.v(&Functional::Optimal, state, goal)?))
        });
        Ok(Target {
            value: value.collect::<Result<_, Stop>>()?,
            action,
        })
    }
}
