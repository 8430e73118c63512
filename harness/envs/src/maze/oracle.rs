//! Near-exact values of a maze.

use std::sync::OnceLock;

use super::{ACTION_DIM, Grid, Map, Resolution, STATE_DIM, reached};
use crate::environment::{Functional, Oracle, check_length, narrow, widen};
use crate::error::Error;

/// Actions an axis that the optimal action is chosen from.
const ACTION_STEPS: usize = 5;

/// V* by value iteration, computed at the first use (seconds).
#[derive(Debug)]
pub struct MazeOracle {
    map: &'static Map,
    discount: f64,
    grid: OnceLock<Grid>,
}

impl MazeOracle {
    /// An oracle that has not computed anything yet.
    pub fn new(map: &'static Map, discount: f64) -> Self {
        Self {
            map,
            discount,
            grid: OnceLock::new(),
        }
    }

    /// The solution.
    pub fn grid(&self) -> &Grid {
        self.grid
            .get_or_init(|| Grid::solve(self.map, self.discount, Resolution::DEFAULT))
    }

    fn optimal_only(&self, functional: &Functional) -> Result<(), Error> {
        match functional {
            Functional::Optimal => Ok(()),
            Functional::Behaviour(other) => Err(Error::no_solution(
                self.map.id,
                other.name(),
                "its hidden targets are not part of the state",
            )),
            Functional::Expectile { expectile, .. } => Err(Error::no_solution(
                self.map.id,
                format!("expectile {expectile}"),
                "the behaviour's hidden targets are not part of the state",
            )),
        }
    }

    fn state(&self, observation: &[f32]) -> Result<[f64; STATE_DIM], Error> {
        widen(self.map.id, "observation", observation)
    }
}

impl Oracle for MazeOracle {
    fn optimal_action(
        &self,
        observation: &[f32],
        _goal: Option<&[f32]>,
        out: &mut [f32],
    ) -> Result<(), Error> {
        check_length(self.map.id, "action", ACTION_DIM, out.len())?;
        narrow(
            &self
                .grid()
                .greedy(&self.state(observation)?, ACTION_STEPS)
                .0,
            out,
        );
        Ok(())
    }

    fn q(
        &self,
        functional: &Functional,
        observation: &[f32],
        _goal: Option<&[f32]>,
        action: &[f32],
        grad: Option<&mut [f32]>,
    ) -> Result<f64, Error> {
        self.optimal_only(functional)?;
        let action = widen(self.map.id, "action", action)?;
        let (value, gradient) = self.grid().q(&self.state(observation)?, &action);
        if let Some(out) = grad {
            check_length(self.map.id, "gradient", ACTION_DIM, out.len())?;
            narrow(&gradient, out);
        }
        Ok(value)
    }

    /// The value of the best of the actions that `optimal_action` chooses from, so that the regret is never negative there.
    fn v(
        &self,
        functional: &Functional,
        observation: &[f32],
        _goal: Option<&[f32]>,
    ) -> Result<f64, Error> {
        self.optimal_only(functional)?;
        let state = self.state(observation)?;
        if reached(self.map, &state) {
            Ok(0.0)
        } else {
            Ok(self.grid().greedy(&state, ACTION_STEPS).1)
        }
    }
}
