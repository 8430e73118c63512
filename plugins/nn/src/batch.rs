//! Minibatches as tensors, and the sizes that everything of a stage is checked against.

use crate::inputs::Inputs;
use crate::views::{Borrowed, borrow, kind_of, lend};
use plugin_api::{Batch, BatchRequest, Failure, Goals, Host, Outcome, Problem, View};
use std::cell::OnceCell;
use tch::{Kind, Tensor};

/// Sizes and element type of a stage.
#[derive(Clone, Copy, Debug)]
pub struct Dims {
    /// S
    pub observation: i64,
    /// G; 0 is no goal.
    pub goal: i64,
    /// A
    pub action: i64,
    /// Element type.
    pub kind: Kind,
}

impl Dims {
    /// The sizes of a problem with continuous actions; errors when its actions are discrete.
    pub fn continuous(problem: &Problem) -> Outcome<Self> {
        if problem.action_dim == 0 {
            return Err(Failure::invalid_argument(format!(
                "this learner needs continuous actions; the problem has {} discrete ones",
                problem.action_count
            )));
        }
        Ok(Self {
            observation: problem.observation_dim as i64,
            goal: problem.goal_dim as i64,
            action: problem.action_dim as i64,
            kind: kind_of(problem.precision),
        })
    }

    /// Inputs of a network of the state: S + G.
    pub fn state(&self) -> i64 {
        self.observation + self.goal
    }

    /// Inputs of a network of state and action: S + G + A.
    pub fn state_action(&self) -> i64 {
        self.state() + self.action
    }

    /// Observation and goal as one input `[B, S + G]`.
    pub fn join_state<'a>(
        &self,
        observation: View<'a>,
        goal: Option<View<'a>>,
    ) -> Outcome<Borrowed<'a>> {
        let observation = self.observation(observation)?;
        match self.goal(goal, observation.size()[0])? {
            None => Ok(observation),
            Some(goal) => Ok(Borrowed::owned(Tensor::cat(&[&*observation, &*goal], 1))),
        }
    }

    /// An observation argument `[rows, S]`.
    pub fn observation<'a>(&self, observation: View<'a>) -> Outcome<Borrowed<'a>> {
        observation.expect_shape("observation", &[-1, self.observation])?;
        borrow("observation", observation, self.kind)
    }

    /// A goal argument `[rows, G]`; errors when it is given without need or missing.
    pub fn goal<'a>(&self, goal: Option<View<'a>>, rows: i64) -> Outcome<Option<Borrowed<'a>>> {
        match (goal, self.goal) {
            (None, 0) => Ok(None),
            (Some(goal), size) if size > 0 => {
                goal.expect_shape("goal", &[rows, size])?;
                borrow("goal", goal, self.kind).map(Some)
            }
            (goal, size) => Err(Failure::invalid_argument(format!(
                "the problem's goals have {size} dimensions, but a goal is {}",
                if goal.is_some() { "given" } else { "missing" }
            ))),
        }
    }

    /// An action argument `[rows, A]`.
    pub fn action<'a>(&self, action: View<'a>, rows: i64) -> Outcome<Borrowed<'a>> {
        action.expect_shape("action", &[rows, self.action])?;
        borrow("action", action, self.kind)
    }
}

/// A minibatch whose arrays become tensors on demand.
pub struct Minibatch<'a> {
    raw: Batch<'a>,
    dims: Dims,
    rows: i64,
    coded: Option<Coded>,
}

/// States whose observations are codes of an earlier stage, each made once.
struct Coded {
    inputs: Inputs,
    state: OnceCell<Tensor>,
    next_state: OnceCell<Tensor>,
}

impl<'a> Minibatch<'a> {
    /// The batch of `stream` at `step` as recorded, without goals; valid until the next one of that stream is drawn.
    pub fn draw(host: &'a Host, dims: Dims, stream: &str, step: u64) -> Outcome<Self> {
        Self::draw_with(host, dims, stream, step, BatchRequest::default())
    }

    /// The batch of `stream` at `step` under the benchmark's rule `goals`, which is ignored where there are no goals.
    pub fn draw_for(
        host: &'a Host,
        dims: Dims,
        stream: &str,
        step: u64,
        goals: Goals,
    ) -> Outcome<Self> {
        let request = BatchRequest {
            goals,
            ..BatchRequest::default()
        };
        Self::draw_with(host, dims, stream, step, request)
    }

    /// As [`Minibatch::draw_for`], for any request.
    pub fn draw_with(
        host: &'a Host,
        dims: Dims,
        stream: &str,
        step: u64,
        mut request: BatchRequest,
    ) -> Outcome<Self> {
        if dims.goal == 0 {
            request.goals = Goals::None;
        }
        let raw = host.batch_with(stream, step, request)?;
        let rows = raw.reward.len() as i64;
        Ok(Self {
            raw,
            dims,
            rows,
            coded: None,
        })
    }

    /// The same batch as networks with these inputs take it in: `state` and `next_state` hold codes where an earlier stage
    /// makes them.
    pub fn seen_by(mut self, inputs: &Inputs) -> Self {
        self.coded = inputs.coded().then(|| Coded {
            inputs: inputs.clone(),
            state: OnceCell::new(),
            next_state: OnceCell::new(),
        });
        self
    }

    /// The arrays as the host gave them.
    pub fn raw(&self) -> &Batch<'a> {
        &self.raw
    }

    /// B
    pub fn rows(&self) -> i64 {
        self.rows
    }

    /// `s` alone: `[B, S]`.
    pub fn observation(&self) -> Outcome<Borrowed<'a>> {
        self.dims.observation(self.raw.observation)
    }

    /// `g`: `[B, G]`; errors where the batch has none.
    pub fn goal(&self) -> Outcome<Borrowed<'a>> {
        let goal = self.dims.goal(self.raw.goal, self.rows)?;
        goal.ok_or_else(|| Failure::invalid_argument("the problem has no goals"))
    }

    /// `s`, with the goal appended: `[B, S + G]`.
    pub fn state(&self) -> Outcome<Borrowed<'a>> {
        let Some(coded) = &self.coded else {
            return self.dims.join_state(self.raw.observation, self.raw.goal);
        };
        once(&coded.state, || {
            let state = coded.inputs.state(self.raw.observation, self.raw.goal)?;
            Ok(state.shallow_clone())
        })
    }

    /// `s'`, with the goal appended: `[B, S + G]`.
    pub fn next_state(&self) -> Outcome<Borrowed<'a>> {
        let (next, goal) = (self.raw.next_observation, self.raw.goal);
        let Some(coded) = &self.coded else {
            return self.dims.join_state(next, goal);
        };
        once(&coded.next_state, || {
            let terminal = self.terminated()?.ne(0.0).unsqueeze(-1);
            // A fill, because s' may be anything there, and an encoder may refuse it.
            let next = lend(&self.dims.observation(next)?.masked_fill(&terminal, 0.0));
            Ok(coded.inputs.state(next.view(), goal)?.shallow_clone())
        })
    }

    /// `a`: `[B, A]`.
    pub fn action(&self) -> Outcome<Borrowed<'a>> {
        self.dims.action(self.raw.action, self.rows)
    }

    /// `a'`, zeros where terminated: `[B, A]`; errors unless the batch was asked for with next actions.
    pub fn next_action(&self) -> Outcome<Borrowed<'a>> {
        let next = self.raw.next_action.ok_or_else(|| {
            Failure::invalid_argument("the batch has no next actions: it was asked for without")
        })?;
        next.expect_shape("next_action", &[self.rows, self.dims.action])?;
        borrow("next_action", next, self.dims.kind)
    }

    /// `r`: `[B]`.
    pub fn reward(&self) -> Outcome<Borrowed<'a>> {
        self.column("reward", self.raw.reward)
    }

    /// 1 where the episode ended in a terminal state, else 0: `[B]`.
    pub fn terminated(&self) -> Outcome<Borrowed<'a>> {
        self.column("terminated", self.raw.terminated)
    }

    /// Whether every row is terminal, so that nothing is bootstrapped.
    pub fn all_terminated(&self) -> Outcome<bool> {
        let column = self.raw.terminated;
        Ok(match self.dims.kind {
            Kind::Double => column.as_slice::<f64>()?.iter().all(|t| *t == 1.0),
            _ => column.as_slice::<f32>()?.iter().all(|t| *t == 1.0),
        })
    }

    /// Stable index of each transition: `[B]`.
    pub fn row(&self) -> Outcome<&'a [i64]> {
        self.raw.row.as_slice()
    }

    fn column(&self, name: &str, view: View<'a>) -> Outcome<Borrowed<'a>> {
        view.expect_shape(name, &[self.rows])?;
        borrow(name, view, self.dims.kind)
    }
}

/// What `cell` holds; `make` gives a tensor with memory of its own.
fn once<'a>(
    cell: &OnceCell<Tensor>,
    make: impl FnOnce() -> Outcome<Tensor>,
) -> Outcome<Borrowed<'a>> {
    let tensor = match cell.get() {
        Some(tensor) => tensor.shallow_clone(),
        None => {
            let tensor = make()?;
            // Empty, as was just seen.
            let _ = cell.set(tensor.shallow_clone());
            tensor
        }
    };
    Ok(Borrowed::owned(tensor))
}
