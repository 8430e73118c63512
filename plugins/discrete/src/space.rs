//! Sizes of a problem with discrete actions, and actions as indices.

use nn::{Dims, Minibatch};
use plugin_api::{Dtype, Failure, Outcome, Problem, View};
use tch::Tensor;

/// Sizes of a stage; an action is one number, its index.
#[derive(Clone, Copy, Debug)]
pub struct Space {
    /// Sizes of states; the action dimension is 1.
    pub dims: Dims,
    /// K
    pub actions: i64,
}

impl Space {
    /// The sizes of a problem with discrete actions; errors when its actions are continuous.
    pub fn of(problem: &Problem) -> Outcome<Self> {
        if problem.action_count == 0 {
            return Err(Failure::invalid_argument(format!(
                "this learner needs discrete actions; the problem has continuous ones of {} dimensions",
                problem.action_dim
            )));
        }
        Ok(Self {
            dims: Dims {
                observation: problem.observation_dim as i64,
                goal: problem.goal_dim as i64,
                action: 1,
                kind: nn::kind_of(problem.precision),
            },
            actions: problem.action_count as i64,
        })
    }

    /// Actions `[rows, 1]` as int64 indices `[rows]`; errors naming the first that is no index below `K`.
    pub fn indices(&self, action: View<'_>, rows: i64) -> Outcome<Tensor> {
        action.expect_shape("action", &[rows, 1])?;
        if (action.dtype() == Dtype::F64) != (self.dims.kind == tch::Kind::Double) {
            return Err(Failure::invalid_argument(format!(
                "action has elements of type {:?}, expected {:?}",
                action.dtype(),
                self.dims.kind
            )));
        }
        action.expect_finite("action")?;
        let numbers = action.to_f64()?;
        let fits = |x: &f64| (0.0..self.actions as f64).contains(x) && x.fract() == 0.0;
        if let Some(i) = numbers.iter().position(|x| !fits(x)) {
            return Err(Failure::invalid_argument(format!(
                "action {i} is {}, expected an index below {}",
                numbers[i], self.actions
            )));
        }
        let indices: Vec<i64> = numbers.iter().map(|x| *x as i64).collect();
        Ok(Tensor::from_slice(&indices))
    }

    /// The actions of a batch, `[B]` int64.
    pub fn taken(&self, batch: &Minibatch<'_>) -> Outcome<Tensor> {
        self.indices(batch.raw().action, batch.rows())
    }
}
