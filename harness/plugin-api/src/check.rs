//! Checks of arguments against the problem, for learners that do not hand them to a tensor library.

use crate::failure::{Failure, Outcome};
use crate::learner::{Precision, Problem};
use crate::tensor::{Dtype, View};

impl Problem {
    /// The number of rows `B`; errors unless `observation` is `[B, S]` and `goal` is `[B, G]` (absent where `G` is 0),
    /// both of the problem's precision.
    pub fn expect_state(&self, observation: View<'_>, goal: Option<View<'_>>) -> Outcome<usize> {
        observation.expect_shape("observation", &[-1, self.observation_dim as i64])?;
        self.expect_precision("observation", observation)?;
        let rows = observation.shape()[0];
        match (goal, self.goal_dim) {
            (None, 0) => {}
            (Some(goal), size) if size > 0 => {
                goal.expect_shape("goal", &[rows, size as i64])?;
                self.expect_precision("goal", goal)?;
            }
            (goal, size) => {
                return Err(Failure::invalid_argument(format!(
                    "the problem's goals have {size} dimensions, but a goal is {}",
                    if goal.is_some() { "given" } else { "missing" }
                )));
            }
        }
        Ok(rows as usize)
    }

    /// Errors when actions are discrete.
    pub fn expect_continuous(&self) -> Outcome<()> {
        if self.action_dim > 0 {
            return Ok(());
        }
        Err(Failure::invalid_argument(format!(
            "this learner needs continuous actions; the problem has {} discrete ones",
            self.action_count
        )))
    }

    /// Errors unless `view` has elements of the problem's precision; `name` names it in the message.
    pub fn expect_precision(&self, name: &str, view: View<'_>) -> Outcome<()> {
        let expected = match self.precision {
            Precision::F32 => Dtype::F32,
            Precision::F64 => Dtype::F64,
        };
        if view.dtype() == expected {
            return Ok(());
        }
        Err(Failure::invalid_argument(format!(
            "{name} has elements of type {:?}, expected {expected:?}",
            view.dtype()
        )))
    }
}
