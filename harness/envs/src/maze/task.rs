//! The environments of this family: a map, who chooses the goal, what is seen and how one acts.

use super::{ACTION_DIM, Cell, Image, LARGE, MEDIUM, Map, Resolution, STATE_DIM, UMAZE};
use crate::discrete::Levels;
use crate::environment::{Spec, narrow, widen};
use crate::error::Error;

/// Length of a goal: x, y.
pub const GOAL_DIM: usize = 2;

/// The nine accelerations of the discrete environments: index `(ax + 1) + 3 (ay + 1)`.
pub const ACCELERATIONS: Levels = Levels {
    entries: ACTION_DIM,
    values: &[-1.0, 0.0, 1.0],
};

/// An environment of this family.
#[derive(Debug, PartialEq)]
pub struct Task {
    /// The environment's id.
    pub id: &'static str,
    /// Walls and dynamics.
    pub map: &'static Map,
    /// Every episode has a goal cell of its own; otherwise it is the map's.
    pub goals: bool,
    /// The grid behind the values; `None`: there are too many goals to solve, and the waypoint controller is a declared expert.
    pub resolution: Option<Resolution>,
    /// Actions are the nine [`ACCELERATIONS`].
    pub discrete: bool,
    /// Observations are images.
    pub image: Option<Image>,
    /// One line for listings.
    pub description: &'static str,
}

const fn with_own_goal(map: &'static Map) -> Task {
    Task {
        id: map.id,
        map,
        goals: false,
        resolution: Some(Resolution::DEFAULT),
        discrete: false,
        image: None,
        description: "point mass in a maze, sparse reward, fixed goal",
    }
}

const fn with_goals(id: &'static str, map: &'static Map, resolution: Option<Resolution>) -> Task {
    Task {
        id,
        goals: true,
        resolution,
        description: "point mass in a maze, sparse reward, random start and goal cells",
        ..with_own_goal(map)
    }
}

/// All of them.
pub static TASKS: [Task; 8] = [
    with_own_goal(&UMAZE),
    with_own_goal(&MEDIUM),
    with_own_goal(&LARGE),
    with_goals(
        "point-maze/umaze-goals-v0",
        &UMAZE,
        Some(Resolution::DEFAULT),
    ),
    with_goals(
        "point-maze/medium-goals-v0",
        &MEDIUM,
        Some(Resolution::COARSE),
    ),
    with_goals("point-maze/large-goals-v0", &LARGE, None),
    Task {
        id: "point-maze/umaze-discrete-v0",
        discrete: true,
        description: "point mass in a maze, sparse reward, fixed goal, nine accelerations",
        ..with_own_goal(&UMAZE)
    },
    Task {
        id: "point-maze/umaze-pixels-v0",
        image: Some(Image {
            height: 16,
            width: 16,
        }),
        description: "point mass in a maze, sparse reward, fixed goal, seen as an image",
        ..with_own_goal(&UMAZE)
    },
];

/// The environment of this family with this id.
///
/// # Errors
/// An id that is not a point maze.
pub fn task(id: &str) -> Result<&'static Task, Error> {
    TASKS
        .iter()
        .find(|task| task.id == id)
        .ok_or_else(|| Error::UnknownEnvironment {
            id: id.to_owned(),
            nearest: None,
        })
}

impl Task {
    /// Whether values are computed.
    pub const fn solved(&self) -> bool {
        self.resolution.is_some()
    }

    /// Length of an observation.
    pub const fn observation_dim(&self) -> usize {
        match self.image {
            Some(image) => image.len(),
            None => STATE_DIM,
        }
    }

    /// Channels, height and width of an image; zeros otherwise.
    pub const fn observation_shape(&self) -> [usize; 3] {
        match self.image {
            Some(image) => image.shape(),
            None => [0; 3],
        }
    }

    /// Length of an action: an index where actions are discrete.
    pub const fn action_dim(&self) -> usize {
        if self.discrete { 1 } else { ACTION_DIM }
    }

    /// Size of the action set, 0 where actions are continuous.
    pub const fn action_count(&self) -> usize {
        if self.discrete {
            ACCELERATIONS.count()
        } else {
            0
        }
    }

    /// Length of a goal.
    pub const fn goal_dim(&self) -> usize {
        if self.goals { GOAL_DIM } else { 0 }
    }

    /// Name of the random streams behind starts and datasets. Environments that differ in what is seen or done alone share
    /// them, so that they play from the same starts.
    pub const fn streams(&self) -> &'static str {
        if self.goals { self.id } else { self.map.id }
    }

    pub(crate) fn spec(&self) -> Spec {
        let (action_low, action_high) = if self.discrete {
            (0.0, (self.action_count() - 1) as f32)
        } else {
            (-1.0, 1.0)
        };
        Spec {
            id: self.id.to_owned(),
            observation_dim: self.observation_dim(),
            action_dim: self.action_dim(),
            action_count: self.action_count(),
            goal_dim: self.goal_dim(),
            observation_shape: self.observation_shape(),
            action_low,
            action_high,
            horizon: self.map.horizon,
        }
    }

    /// The acceleration behind an action.
    ///
    /// # Errors
    /// A wrong length, an entry that is not finite, or a number that is no index.
    pub fn acceleration(&self, action: &[f32]) -> Result<[f64; ACTION_DIM], Error> {
        if !self.discrete {
            return widen(self.id, "action", action);
        }
        let mut acceleration = [0.0; ACTION_DIM];
        ACCELERATIONS.write(ACCELERATIONS.read(self.id, action)?, &mut acceleration);
        Ok(acceleration)
    }

    /// Writes the action nearest to an acceleration (`action_dim` entries).
    pub fn write_action(&self, acceleration: &[f64; ACTION_DIM], out: &mut [f32]) {
        if self.discrete {
            out[0] = ACCELERATIONS.nearest(acceleration.iter().copied()) as f32;
        } else {
            narrow(acceleration, out);
        }
    }

    /// Writes what is seen in a state (`observation_dim` entries).
    pub fn observe(&self, state: &[f64; STATE_DIM], out: &mut [f32]) {
        match &self.image {
            Some(image) => image.render(self.map, state, out),
            None => narrow(state, out),
        }
    }

    /// The state behind an observation: exact, or within [`Image`]'s error.
    ///
    /// # Errors
    /// A wrong length, an entry that is not finite, or an image without a mass.
    pub fn state(&self, observation: &[f32]) -> Result<[f64; STATE_DIM], Error> {
        match &self.image {
            Some(image) => image.state(self.id, self.map, observation),
            None => widen(self.id, "observation", observation),
        }
    }

    /// The goal's cell: `goal`'s where episodes have goals, the map's otherwise.
    ///
    /// # Errors
    /// A goal that is missing, of a wrong length, or not in a free cell.
    pub fn goal_cell(&self, goal: Option<&[f32]>) -> Result<Cell, Error> {
        if !self.goals {
            return Ok(self.map.goal_cell());
        }
        let Some(goal) = goal else {
            return Err(Error::Goal {
                environment: self.id,
                found: "no goal".to_owned(),
            });
        };
        let goal: [f64; GOAL_DIM] = widen(self.id, "goal", goal)?;
        let cell = self.map.cell_of(goal);
        if self.map.is_free(cell) {
            return Ok(cell);
        }
        Err(Error::Goal {
            environment: self.id,
            found: format!("goal {goal:?}"),
        })
    }
}
