//! Near-exact values of a maze, or a declared expert.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::solver::Noise;
use super::{
    ACCELERATIONS, ACTION_DIM, Cell, Grid, Mesh, Resolution, STATE_DIM, Task, centre,
    waypoint_action,
};
use crate::behaviour::BehaviourSpec;
use crate::environment::{Functional, Oracle, check_expectile, check_length, narrow};
use crate::error::Error;

/// Actions an axis that the optimal action is chosen from where actions are continuous.
const ACTION_STEPS: usize = 5;

/// V* by value iteration, computed at the first use of a goal cell (seconds); the waypoint controller where there are too many goals.
#[derive(Debug)]
pub struct MazeOracle {
    task: &'static Task,
    discount: f64,
    /// Where solutions are kept between processes.
    kept: Option<PathBuf>,
    mesh: OnceLock<Arc<Mesh>>,
    /// By cell.
    grids: Vec<OnceLock<Grid>>,
    noisy: Mutex<Vec<Noisy>>,
}

/// Values of a stochastic policy over discrete actions.
#[derive(Clone, Debug)]
struct Noisy {
    goal: Cell,
    noise: Noise,
    expectile: f64,
    grid: Arc<Grid>,
}

impl MazeOracle {
    /// An oracle that has not computed anything yet. With `kept`, it shares solutions with other processes through that folder.
    pub fn new(task: &'static Task, discount: f64, kept: Option<PathBuf>) -> Self {
        let cells = task.map.width() * task.map.height();
        Self {
            task,
            discount,
            kept,
            mesh: OnceLock::new(),
            grids: (0..cells).map(|_| OnceLock::new()).collect(),
            noisy: Mutex::default(),
        }
    }

    /// The solution towards a free cell.
    pub fn grid(&self, goal: Cell) -> &Grid {
        let resolution = self.task.resolution.unwrap_or(Resolution::DEFAULT);
        self.grids[self.task.map.index(goal)].get_or_init(|| {
            let mesh = self
                .mesh
                .get_or_init(|| Arc::new(Mesh::new(self.task.map, resolution)));
            Grid::towards(mesh.clone(), goal, self.discount, self.kept.as_deref())
        })
    }

    fn steps(&self) -> usize {
        if self.task.discrete { 3 } else { ACTION_STEPS }
    }

    /// The best acceleration of the task's own action set.
    pub(crate) fn acceleration(&self, state: &[f64; STATE_DIM], goal: Cell) -> [f64; ACTION_DIM] {
        if self.exact() {
            return self.grid(goal).greedy(state, self.steps()).0;
        }
        let distances = self.task.map.distances(goal);
        waypoint_action(self.task.map, &distances, centre(goal), state)
    }

    /// The probabilities of a behaviour whose action is a function of the state and of noise.
    fn noise(&self, behaviour: &BehaviourSpec) -> Result<Noise, Error> {
        match behaviour {
            &BehaviourSpec::ScaledOptimal { gain, bias, noise } if self.task.discrete => {
                Ok(Noise::new(gain, bias, noise))
            }
            other => Err(Error::no_solution(
                self.task.id,
                other.name(),
                "values of behaviours are computed where actions are discrete and follow from the state alone",
            )),
        }
    }

    fn noisy(&self, goal: Cell, noise: Noise, expectile: f64) -> Noisy {
        let mut known = self.noisy.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |n: &&Noisy| n.goal == goal && n.expectile == expectile && n.noise == noise;
        if let Some(found) = known.iter().find(same) {
            return found.clone();
        }
        let grid = Arc::new(self.grid(goal).noisy(&noise, expectile));
        known.push(Noisy {
            goal,
            noise,
            expectile,
            grid,
        });
        known[known.len() - 1].clone()
    }

    /// The values of a functional: none for the optimal one.
    fn other(&self, functional: &Functional, goal: Cell) -> Result<Option<Noisy>, Error> {
        if !self.exact() {
            return Err(Error::no_solution(
                self.task.id,
                functional.name(),
                "the reference is a declared expert without values",
            ));
        }
        match functional {
            Functional::Optimal => Ok(None),
            Functional::Behaviour(behaviour) => {
                Ok(Some(self.noisy(goal, self.noise(behaviour)?, 0.5)))
            }
            Functional::Expectile {
                expectile,
                behaviour,
            } => {
                check_expectile(self.task.id, *expectile)?;
                Ok(Some(self.noisy(goal, self.noise(behaviour)?, *expectile)))
            }
        }
    }
}

impl Oracle for MazeOracle {
    fn exact(&self) -> bool {
        self.task.solved()
    }

    fn optimal_action(
        &self,
        observation: &[f32],
        goal: Option<&[f32]>,
        out: &mut [f32],
    ) -> Result<(), Error> {
        check_length(self.task.id, "action", self.task.action_dim(), out.len())?;
        let goal = self.task.goal_cell(goal)?;
        let acceleration = self.acceleration(&self.task.state(observation)?, goal);
        self.task.write_action(&acceleration, out);
        Ok(())
    }

    fn q(
        &self,
        functional: &Functional,
        observation: &[f32],
        goal: Option<&[f32]>,
        action: &[f32],
        grad: Option<&mut [f32]>,
    ) -> Result<f64, Error> {
        let goal = self.task.goal_cell(goal)?;
        let other = self.other(functional, goal)?;
        let grid = other.as_ref().map_or_else(|| self.grid(goal), |o| &*o.grid);
        let acceleration = self.task.acceleration(action)?;
        let (value, gradient) = grid.q(&self.task.state(observation)?, &acceleration);
        if let Some(out) = grad {
            if self.task.discrete {
                return Err(Error::no_gradient(self.task.id));
            }
            check_length(self.task.id, "gradient", ACTION_DIM, out.len())?;
            narrow(&gradient, out);
        }
        Ok(value)
    }

    /// The value of the best of the actions that `optimal_action` chooses from, so that the regret is never negative there.
    fn v(
        &self,
        functional: &Functional,
        observation: &[f32],
        goal: Option<&[f32]>,
    ) -> Result<f64, Error> {
        let goal = self.task.goal_cell(goal)?;
        let other = self.other(functional, goal)?;
        let state = self.task.state(observation)?;
        let optimal = self.grid(goal);
        if optimal.reached(&state) {
            return Ok(0.0);
        }
        let (best, value) = optimal.greedy(&state, self.steps());
        Ok(match other {
            None => value,
            Some(other) => other.grid.noisy_value(
                &state,
                ACCELERATIONS.nearest(best.into_iter()),
                &other.noise,
                other.expectile,
            ),
        })
    }
}
