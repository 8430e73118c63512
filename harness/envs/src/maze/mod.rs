#![doc = include_str!("../../docs/point-maze.md")]

mod controller;
mod grid;
mod image;
mod kept;
mod map;
mod mesh;
mod oracle;
mod solver;
mod task;

pub use controller::{Navigator, steer, waypoint_action};
pub use grid::Grid;
pub use image::{AHEAD, CHANNELS, Image};
pub use map::{Cell, LARGE, MEDIUM, Map, UMAZE, centre, map};
pub use mesh::{Mesh, Resolution};
pub use oracle::MazeOracle;
pub use task::{ACCELERATIONS, GOAL_DIM, TASKS, Task, task};

use manifest::random::Stream;

use crate::environment::{Environment, Spec, Step, check_length, narrow};
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

/// A point mass that must reach a goal.
#[derive(Debug)]
pub struct PointMaze {
    task: &'static Task,
    spec: Spec,
    state: [f64; STATE_DIM],
    goal: Cell,
    endless: bool,
    step: u32,
    running: bool,
}

impl PointMaze {
    /// The environment before its first episode.
    pub fn new(task: &'static Task) -> Self {
        Self {
            task,
            spec: task.spec(),
            state: [0.0; STATE_DIM],
            goal: task.map.goal_cell(),
            endless: false,
            step: 0,
            running: false,
        }
    }

    /// Starts at rest near the centre of a random free cell other than the goal's, which is drawn first where episodes have goals.
    pub(crate) fn reset_from(&mut self, stream: &mut Stream, observation: &mut [f32]) {
        let mut draw = |cells: &[Cell]| cells[stream.below(cells.len() as u64) as usize];
        let mut cells = self.task.map.free_cells();
        if self.task.goals {
            self.goal = draw(&cells);
        }
        cells.retain(|&cell| cell != self.goal);
        let middle = centre(draw(&cells));
        let position = middle.map(|x| round(x + stream.uniform_in(-START_JITTER, START_JITTER)));
        self.state = [position[0], position[1], 0.0, 0.0];
        self.endless = false;
        self.step = 0;
        self.running = true;
        self.task.observe(&self.state, observation);
    }

    /// Lets the running episode go on at the goal, for behaviours that do not pursue it.
    pub(crate) fn go_on_at_goal(&mut self) {
        self.endless = true;
    }

    /// The goal of the running episode.
    pub fn goal_cell(&self) -> Cell {
        self.goal
    }

    /// The state behind the last observation.
    pub fn state(&self) -> &[f64; STATE_DIM] {
        &self.state
    }
}

impl Environment for PointMaze {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn reset(&mut self, seed: u64, observation: &mut [f32]) -> Result<(), Error> {
        let id = self.task.id;
        check_length(
            id,
            "observation",
            self.spec.observation_dim,
            observation.len(),
        )?;
        let mut stream = Stream::new(seed, &["envs", self.task.streams(), "reset"]);
        self.reset_from(&mut stream, observation);
        Ok(())
    }

    fn step(&mut self, action: &[f32], observation: &mut [f32]) -> Result<Step, Error> {
        let environment = self.task.id;
        let acceleration = self.task.acceleration(action)?;
        let expected = self.spec.observation_dim;
        check_length(environment, "observation", expected, observation.len())?;
        if !self.running {
            return Err(Error::NoEpisode { environment });
        }
        self.state = dynamics(self.task.map, &self.state, &acceleration).state;
        self.step += 1;
        let reached = at_goal(centre(self.goal), [self.state[0], self.state[1]]);
        let terminated = reached && !self.endless;
        let truncated = !terminated && self.step == self.spec.horizon;
        self.running = !terminated && !truncated;
        self.task.observe(&self.state, observation);
        Ok(Step {
            reward: if reached { 0.0 } else { -1.0 },
            terminated,
            truncated,
        })
    }

    fn goal(&self, out: &mut [f32]) {
        if self.task.goals {
            narrow(&centre(self.goal), out);
        }
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
        let cell = map.cell_of([next[0], next[1]]);
        (next[i], next[2 + i], hit[i]) = slide(map, i, cell, next[i], state[2 + i], action[i]);
    }
    Moved { state: next, hit }
}

/// The next position and velocity along one axis for a mass in `cell`, and whether a wall stopped it.
fn slide(
    map: &Map,
    axis: usize,
    cell: Cell,
    position: f64,
    velocity: f64,
    acceleration: f64,
) -> (f64, f64, bool) {
    let velocity = MOMENTUM * velocity + (1.0 - MOMENTUM) * V_MAX * acceleration.clamp(-1.0, 1.0);
    let (ahead, behind, low) = if axis == 0 {
        ((cell.0 + 1, cell.1), (cell.0 - 1, cell.1), cell.0 as f64)
    } else {
        ((cell.0, cell.1 + 1), (cell.0, cell.1 - 1), cell.1 as f64)
    };
    let target = position + velocity;
    if target > low + 1.0 - WALL_GAP && !map.is_free(ahead) {
        (round(low + 1.0 - WALL_GAP), 0.0, true)
    } else if target < low + WALL_GAP && !map.is_free(behind) {
        (round(low + WALL_GAP), 0.0, true)
    } else {
        (round(target), round(velocity), false)
    }
}

/// Whether a state is at the map's own goal.
pub fn reached(map: &Map, state: &[f64; STATE_DIM]) -> bool {
    at_goal(map.goal(), [state[0], state[1]])
}

/// Whether a point is within [`GOAL_RADIUS`] of a goal.
pub fn at_goal(goal: [f64; 2], point: [f64; 2]) -> bool {
    let (dx, dy) = (point[0] - goal[0], point[1] - goal[1]);
    dx * dx + dy * dy <= GOAL_RADIUS * GOAL_RADIUS
}

fn round(x: f64) -> f64 {
    f64::from(x as f32)
}

#[cfg(test)]
mod tests;
