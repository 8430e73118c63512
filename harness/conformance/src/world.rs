//! The kinds of problems that learners are tried on. A learner refuses those it does not solve; every check runs on all
//! the others.

use crate::problem::{BUDGET, ROWS};
use plugin_api::{Precision, Problem};

/// S
pub(crate) const OBSERVATION_DIM: usize = 3;
/// A of continuous actions.
pub(crate) const ACTION_DIM: usize = 2;
/// K of discrete actions.
pub(crate) const ACTION_COUNT: usize = 4;
/// G where there are goals: the first entries of an observation.
pub(crate) const GOAL_DIM: usize = 2;

/// A kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum World {
    Continuous,
    Goals,
    Discrete,
    DiscreteGoals,
}

impl World {
    pub(crate) const ALL: [Self; 4] = [
        Self::Continuous,
        Self::Goals,
        Self::Discrete,
        Self::DiscreteGoals,
    ];

    /// What the problem has, in words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Continuous => "continuous actions",
            Self::Goals => "continuous actions and goals",
            Self::Discrete => "discrete actions",
            Self::DiscreteGoals => "discrete actions and goals",
        }
    }

    pub(crate) fn is_discrete(self) -> bool {
        matches!(self, Self::Discrete | Self::DiscreteGoals)
    }

    pub(crate) fn has_goals(self) -> bool {
        matches!(self, Self::Goals | Self::DiscreteGoals)
    }

    /// Numbers in a row of actions: A, or 1 for an index.
    pub(crate) fn action_width(self) -> usize {
        if self.is_discrete() { 1 } else { ACTION_DIM }
    }

    /// What a learner is created for.
    pub(crate) fn problem(self, batch_size: usize, precision: Precision) -> Problem {
        let discrete = self.is_discrete();
        Problem {
            precision,
            observation_dim: OBSERVATION_DIM,
            action_dim: if discrete { 0 } else { ACTION_DIM },
            action_count: if discrete { ACTION_COUNT } else { 0 },
            goal_dim: if self.has_goals() { GOAL_DIM } else { 0 },
            action_low: if discrete { 0.0 } else { -1.0 },
            action_high: if discrete {
                (ACTION_COUNT - 1) as f64
            } else {
                1.0
            },
            discount: 0.99,
            batch_size,
            updates: BUDGET,
            row_count: ROWS,
            observation_shape: [0; 3],
        }
    }
}
