//! The policy and the values that all methods of a benchmark are compared with.

use super::call::{Form, Rows};
use super::states::States;
use crate::worker::failure::Stop;
use envs::{Functional, Oracle};
use plugin_host::Bound;
use std::sync::Arc;
use store::FailureKind;

/// The environment's own solution (exact, or a controller that has actions only), or a declared expert that was trained.
#[derive(Clone)]
pub(crate) struct Reference {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Solution(Arc<dyn Oracle>),
    /// Its greedy actions; its stage outlives the reference.
    Expert(Box<(Form, Bound)>),
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
        Self {
            kind: Kind::Solution(oracle),
        }
    }

    /// A trained expert's `policy/1`, called with states of the environment.
    pub(crate) fn expert(form: Form, policy: Bound) -> Self {
        Self {
            kind: Kind::Expert(Box::new((form, policy))),
        }
    }

    /// Who knows values.
    fn solution(&self) -> Result<&dyn Oracle, Stop> {
        match &self.kind {
            Kind::Solution(oracle) => Ok(&**oracle),
            Kind::Expert(_) => Err(Stop::new(
                FailureKind::Failed,
                "a declared expert has no values",
            )),
        }
    }

    /// Whether values are known, and not the actions alone.
    pub(crate) fn exact(&self) -> bool {
        matches!(&self.kind, Kind::Solution(oracle) if oracle.exact())
    }

    /// Its action.
    pub(crate) fn action(&self, state: &[f32], goal: &[f32], out: &mut [f32]) -> Result<(), Stop> {
        match &self.kind {
            Kind::Solution(oracle) => Ok(oracle.optimal_action(state, given(goal), out)?),
            Kind::Expert(expert) => {
                let rows = Rows {
                    observation: state,
                    goal,
                };
                out.copy_from_slice(&expert.0.greedy(&expert.1, rows)?);
                Ok(())
            }
        }
    }

    /// V of `functional`.
    pub(crate) fn v(
        &self,
        functional: &Functional,
        state: &[f32],
        goal: &[f32],
    ) -> Result<f64, Stop> {
        Ok(self.solution()?.v(functional, state, given(goal))?)
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
        let solution = self.solution()?;
        Ok(solution.q(functional, state, given(goal), action, gradient)?)
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

    /// Its actions `[n, A]`.
    fn actions(&self, form: &Form, states: &States) -> Result<Vec<f32>, Stop> {
        // A network is asked for many states at once.
        if let Kind::Expert(expert) = &self.kind {
            return expert.0.greedy(&expert.1, states.rows());
        }
        let mut action = vec![0.0; states.len(form) * form.action_dim];
        for (i, slot) in action.chunks_exact_mut(form.action_dim).enumerate() {
            let (state, goal) = (states.observation_at(form, i), states.goal_at(form, i));
            self.action(state, goal, slot)?;
        }
        Ok(action)
    }

    /// Its actions at `states`, and its values at `values` of them at most, evenly spaced.
    pub(crate) fn target(
        &self,
        form: &Form,
        states: &States,
        values: usize,
    ) -> Result<Target, Stop> {
        let n = states.len(form);
        let action = self.actions(form, states)?;
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
