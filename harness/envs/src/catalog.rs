//! Which environments there are.

use std::path::Path;
use std::sync::Arc;

use manifest::random::Stream;

use crate::cbandit::{self, CBandit, CBanditDiscreteOracle, CBanditOracle};
use crate::discrete::Levels;
use crate::environment::{Environment, Oracle};
use crate::error::Error;
use crate::lqr::{self, LqrNav, LqrOracle};
use crate::maze::{self, PointMaze, Task};
use crate::recipe::Start;

/// A built-in environment, without building it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EnvironmentInfo {
    /// `family/name-vN`.
    pub id: &'static str,
    /// One line for listings.
    pub description: &'static str,
    /// Length of an observation.
    pub observation_dim: usize,
    /// Length of an action: entries in [-1, 1], or one index.
    pub action_dim: usize,
    /// Size of a finite action set; 0 where actions are continuous.
    pub action_count: usize,
    /// Length of a goal; 0 where there is none.
    pub goal_dim: usize,
    /// Channels, height and width where an observation is an image; zeros otherwise.
    pub observation_shape: [usize; 3],
    /// Steps after which an episode is truncated.
    pub horizon: u32,
    /// The discount that the task is published with.
    pub discount: f64,
    /// Values of pi* are exact to rounding (else: to a stated discretisation error).
    pub exact: bool,
    /// The reference policy is a solution; otherwise it is a declared expert without values.
    pub solved: bool,
    /// Values of scaled-optimal behaviours are available.
    pub behaviour_values: bool,
    /// pi* is the only optimal policy, so that an action error against it is meaningful everywhere.
    pub unique_optimum: bool,
    pub(crate) maze: Option<&'static Task>,
    /// Name of the random streams behind generated datasets.
    pub(crate) streams: &'static str,
}

const CBANDIT: EnvironmentInfo = EnvironmentInfo {
    id: cbandit::ID,
    description: "continuous contextual bandit, 4 state and 6 action entries",
    observation_dim: cbandit::STATE_DIM,
    action_dim: cbandit::ACTION_DIM,
    action_count: 0,
    goal_dim: 0,
    observation_shape: [0; 3],
    horizon: 1,
    discount: 0.0,
    exact: true,
    solved: true,
    behaviour_values: true,
    unique_optimum: true,
    maze: None,
    streams: cbandit::ID,
};

static CATALOG: [EnvironmentInfo; 11] = [
    CBANDIT,
    EnvironmentInfo {
        id: cbandit::DISCRETE_ID,
        description: "contextual bandit, 4 state entries and 64 actions",
        action_dim: 1,
        action_count: cbandit::LEVELS.count(),
        ..CBANDIT
    },
    EnvironmentInfo {
        id: lqr::ID,
        description: "point mass with momentum, quadratic costs, exact linear optimum",
        observation_dim: lqr::STATE_DIM,
        action_dim: lqr::AXES,
        horizon: lqr::HORIZON,
        discount: lqr::DISCOUNT,
        streams: lqr::ID,
        ..CBANDIT
    },
    maze_info(&maze::TASKS[0]),
    maze_info(&maze::TASKS[1]),
    maze_info(&maze::TASKS[2]),
    maze_info(&maze::TASKS[3]),
    maze_info(&maze::TASKS[4]),
    maze_info(&maze::TASKS[5]),
    maze_info(&maze::TASKS[6]),
    maze_info(&maze::TASKS[7]),
];

const fn maze_info(task: &'static Task) -> EnvironmentInfo {
    EnvironmentInfo {
        id: task.id,
        description: task.description,
        observation_dim: task.observation_dim(),
        action_dim: task.action_dim(),
        action_count: task.action_count(),
        goal_dim: task.goal_dim(),
        observation_shape: task.observation_shape(),
        horizon: task.map.horizon,
        discount: maze::DISCOUNT,
        exact: false,
        solved: task.solved(),
        behaviour_values: task.discrete,
        unique_optimum: false,
        maze: Some(task),
        streams: task.streams(),
    }
}

/// All built-in environments.
pub fn catalog() -> &'static [EnvironmentInfo] {
    &CATALOG
}

/// The catalog's entry for `id`.
///
/// # Errors
/// An unknown id, with the nearest known one.
pub fn info(id: &str) -> Result<&'static EnvironmentInfo, Error> {
    CATALOG
        .iter()
        .find(|info| info.id == id)
        .ok_or_else(|| Error::UnknownEnvironment {
            id: id.to_owned(),
            nearest: nearest(id),
        })
}

fn nearest(id: &str) -> Option<&'static str> {
    CATALOG
        .iter()
        .map(|info| (strsim::normalized_damerau_levenshtein(id, info.id), info.id))
        .filter(|(similarity, _)| *similarity > 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, id)| id)
}

/// Builds an environment.
///
/// # Errors
/// An unknown id.
pub fn make(id: &str) -> Result<Box<dyn Environment>, Error> {
    let entry = info(id)?;
    Ok(match Simulator::new(entry) {
        Simulator::CBandit(environment) => Box::new(environment),
        Simulator::Lqr(environment) => Box::new(environment),
        Simulator::Maze(environment) => Box::new(environment),
    })
}

/// A built-in environment that can start episodes elsewhere than at its own starts.
pub(crate) enum Simulator {
    CBandit(CBandit),
    Lqr(LqrNav),
    Maze(PointMaze),
}

impl Simulator {
    pub(crate) fn new(entry: &EnvironmentInfo) -> Self {
        match (entry.maze, entry.id) {
            (Some(task), _) => Self::Maze(PointMaze::new(task)),
            (None, lqr::ID) => Self::Lqr(LqrNav::new()),
            (None, cbandit::DISCRETE_ID) => Self::CBandit(CBandit::discrete()),
            (None, _) => Self::CBandit(CBandit::new()),
        }
    }

    pub(crate) fn get(&self) -> &dyn Environment {
        match self {
            Self::CBandit(env) => env,
            Self::Lqr(env) => env,
            Self::Maze(env) => env,
        }
    }

    pub(crate) fn get_mut(&mut self) -> &mut dyn Environment {
        match self {
            Self::CBandit(env) => env,
            Self::Lqr(env) => env,
            Self::Maze(env) => env,
        }
    }

    /// Lets the running episode go on at its goal.
    pub(crate) fn go_on_at_goal(&mut self) {
        if let Self::Maze(environment) = self {
            environment.go_on_at_goal();
        }
    }

    /// Starts an episode; a maze has its own starts only.
    pub(crate) fn reset_from(
        &mut self,
        start: &Start,
        stream: &mut Stream,
        observation: &mut [f32],
    ) {
        match self {
            Self::CBandit(env) => env.reset_from(start, stream, observation),
            Self::Lqr(env) => env.reset_from(start, stream, observation),
            Self::Maze(env) => env.reset_from(stream, observation),
        }
    }
}

/// The solution of an environment at `discount`; `None` where there is none. A maze's is computed at its first use, or read from the
/// folder `kept`, where it is also written.
///
/// # Errors
/// An unknown id, or a discount outside `[0, 1)`.
pub fn oracle(
    id: &str,
    discount: f64,
    kept: Option<&Path>,
) -> Result<Option<Arc<dyn Oracle>>, Error> {
    let entry = info(id)?;
    if !(0.0..1.0).contains(&discount) {
        return Err(Error::Discount { found: discount });
    }
    Ok(Some(match (entry.maze, entry.id) {
        (Some(task), _) => Arc::new(maze::MazeOracle::new(
            task,
            discount,
            kept.map(Path::to_owned),
        )),
        (None, lqr::ID) => Arc::new(LqrOracle::new(discount)),
        (None, cbandit::DISCRETE_ID) => Arc::new(CBanditDiscreteOracle),
        (None, _) => Arc::new(CBanditOracle),
    }))
}

impl EnvironmentInfo {
    /// The finite action set, where there is one.
    pub fn levels(&self) -> Option<Levels> {
        match (self.action_count, self.maze) {
            (0, _) => None,
            (_, Some(_)) => Some(maze::ACCELERATIONS),
            (_, None) => Some(cbandit::LEVELS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_describes_the_environment_that_is_built() {
        for info in catalog() {
            let spec = make(info.id).unwrap().spec().clone();
            let found = (spec.id.as_str(), spec.observation_dim, spec.action_dim);
            assert_eq!(found, (info.id, info.observation_dim, info.action_dim));
            let found = (spec.action_count, spec.goal_dim, spec.observation_shape);
            let expected = (info.action_count, info.goal_dim, info.observation_shape);
            assert_eq!((found, spec.horizon), (expected, info.horizon));
            let bounds = match info.action_count {
                0 => (-1.0, 1.0),
                n => (0.0, (n - 1) as f32),
            };
            assert_eq!((spec.action_low, spec.action_high), bounds);
            assert_eq!(info.levels().map_or(0, |l| l.count()), info.action_count);
            assert!(oracle(info.id, info.discount, None).unwrap().is_some());
        }
    }

    #[test]
    fn unknown_ids_and_discounts_are_refused() {
        let error = make("lqr-nav/defualt-v0").err().unwrap();
        assert_eq!(
            error.to_string(),
            "unknown environment `lqr-nav/defualt-v0`, nearest is `lqr-nav/default-v0`"
        );
        assert!(error.hint().unwrap().contains("point-maze/umaze-v0"));
        assert!(matches!(
            oracle("cbandit/default-v0", 1.0, None),
            Err(Error::Discount { .. })
        ));
    }
}
