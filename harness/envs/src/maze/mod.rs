#![doc = include_str!("../../docs/point-maze.md")]

mod controller;
mod grid;
mod map;
mod oracle;

pub use controller::{Navigator, steer};
pub use grid::{Grid, Resolution};
pub use map::{Cell, LARGE, MEDIUM, Map, UMAZE, centre, map};
pub use oracle::MazeOracle;

use manifest::random::Stream;

use crate::environment::{Environment, Spec, Step, check_length, narrow, widen};
use crate::error::Error;

/// Length of a state: x, y, vx, vy.
pub const STATE_DIM: usize = 4;
/// Length of an action: acceleration along x and y.
pub const ACTION_DIM: usize = 2;
/// Largest speed along an axis, in cells a step.
pub const V_MAX: f64 = 0.2;
/// Share of the velocity kept in a step; the rest comes from the action.
pub const MOMENTUM: f64 = 0.8;
/// Distance from the goal's position, in cells, that counts as reached.
pub const GOAL_RADIUS: f64 = 0.45;
/// Half-width of the uniform start around a cell's centre.
pub const START_JITTER: f64 = 0.25;
/// Gap kept to a wall. A power of two well above the spacing of single precision, so that rounding never enters a wall.
pub const WALL_GAP: f64 = 1.0 / 65_536.0;
/// Discount of the task.
pub const DISCOUNT: f64 = 0.99;

/// A point mass that must reach a fixed goal.
#[derive(Debug)]
pub struct PointMaze {
    map: &'static Map,
    spec: Spec,
    state: [f64; STATE_DIM],
    step: u32,
    running: bool,
}

impl PointMaze {
    /// The environment before its first episode.
    pub fn new(map: &'static Map) -> Self {
        let spec = Spec {
            id: map.id.to_owned(),
            observation_dim: STATE_DIM,
            action_dim: ACTION_DIM,
            action_low: -1.0,
            action_high: 1.0,
            horizon: map.horizon,
            ..Spec::default()
        };
        Self {
            map,
            spec,
            state: [0.0; STATE_DIM],
            step: 0,
            running: false,
        }
    }

    /// Starts at rest near the centre of a random free cell other than the goal's.
    pub(crate) fn reset_from(&mut self, stream: &mut Stream, observation: &mut [f32]) {
        let goal = self.map.goal_cell();
        let cells: Vec<Cell> = self
            .map
            .free_cells()
            .into_iter()
            .filter(|&cell| cell != goal)
            .collect();
        let middle = centre(cells[stream.below(cells.len() as u64) as usize]);
        let position = middle.map(|x| round(x + stream.uniform_in(-START_JITTER, START_JITTER)));
        self.state = [position[0], position[1], 0.0, 0.0];
        self.step = 0;
        self.running = true;
        narrow(&self.state, observation);
    }
}

impl Environment for PointMaze {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn reset(&mut self, seed: u64, observation: &mut [f32]) -> Result<(), Error> {
        check_length(self.map.id, "observation", STATE_DIM, observation.len())?;
        self.reset_from(
            &mut Stream::new(seed, &["envs", self.map.id, "reset"]),
            observation,
        );
        Ok(())
    }

    fn step(&mut self, action: &[f32], observation: &mut [f32]) -> Result<Step, Error> {
        let action = widen(self.map.id, "action", action)?;
        check_length(self.map.id, "observation", STATE_DIM, observation.len())?;
        if !self.running {
            return Err(Error::NoEpisode {
                environment: self.map.id,
            });
        }
        self.state = dynamics(self.map, &self.state, &action).state;
        self.step += 1;
        let terminated = reached(self.map, &self.state);
        let truncated = !terminated && self.step == self.map.horizon;
        self.running = !terminated && !truncated;
        narrow(&self.state, observation);
        Ok(Step {
            reward: if terminated { 0.0 } else { -1.0 },
            terminated,
            truncated,
        })
    }
}

/// The result of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moved {
    /// The next state; every entry is a single-precision number.
    pub state: [f64; STATE_DIM],
    /// Which axes hit a wall.
    pub hit: [bool; 2],
}

/// `v' = 0.8 v + 0.2 V_MAX clip(a)`, then x moves by vx', then y by vy'. A move into a wall stops [`WALL_GAP`] before it
/// and sets that axis's velocity to zero. The state is rounded to single precision axis by axis.
pub fn dynamics(map: &Map, state: &[f64; STATE_DIM], action: &[f64; ACTION_DIM]) -> Moved {
    let mut next = *state;
    let mut hit = [false; 2];
    for i in 0..2 {
        let velocity =
            MOMENTUM * state[2 + i] + (1.0 - MOMENTUM) * V_MAX * action[i].clamp(-1.0, 1.0);
        let cell = map.cell_of([next[0], next[1]]);
        let (ahead, behind) = if i == 0 {
            ((cell.0 + 1, cell.1), (cell.0 - 1, cell.1))
        } else {
            ((cell.0, cell.1 + 1), (cell.0, cell.1 - 1))
        };
        let low = if i == 0 { cell.0 } else { cell.1 } as f64;
        let target = next[i] + velocity;
        let (position, velocity) = if target > low + 1.0 - WALL_GAP && !map.is_free(ahead) {
            (low + 1.0 - WALL_GAP, None)
        } else if target < low + WALL_GAP && !map.is_free(behind) {
            (low + WALL_GAP, None)
        } else {
            (target, Some(velocity))
        };
        hit[i] = velocity.is_none();
        next[i] = round(position);
        next[2 + i] = round(velocity.unwrap_or(0.0));
    }
    Moved { state: next, hit }
}

/// Whether a state is at the goal.
pub fn reached(map: &Map, state: &[f64; STATE_DIM]) -> bool {
    let goal = map.goal();
    let (dx, dy) = (state[0] - goal[0], state[1] - goal[1]);
    dx * dx + dy * dy <= GOAL_RADIUS * GOAL_RADIUS
}

fn round(x: f64) -> f64 {
    f64::from(x as f32)
}

#[cfg(test)]
mod tests;
