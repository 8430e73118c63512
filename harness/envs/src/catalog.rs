//! Which environments there are.

use std::sync::Arc;

use manifest::random::Stream;

use crate::cbandit::{self, CBandit, CBanditOracle};
use crate::environment::{Environment, Oracle};
use crate::error::Error;
use crate::lqr::{self, LqrNav, LqrOracle};
use crate::maze::{self, Map, PointMaze};
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
    /// Length of an action; actions are in [-1, 1].
    pub action_dim: usize,
    /// Steps after which an episode is truncated.
    pub horizon: u32,
    /// The discount that the task is published with.
    pub discount: f64,
    /// Values of pi* are exact to rounding (else: to a stated discretisation error).
    pub exact: bool,
    /// Values of scaled-optimal behaviours are available.
    pub behaviour_values: bool,
    /// pi* is the only optimal policy, so that an action error against it is meaningful everywhere.
    pub unique_optimum: bool,
    pub(crate) maze: bool,
}

const CATALOG: [EnvironmentInfo; 5] = [
    EnvironmentInfo {
        id: cbandit::ID,
        description: "continuous contextual bandit, 4 state and 6 action entries",
        observation_dim: cbandit::STATE_DIM,
        action_dim: cbandit::ACTION_DIM,
        horizon: 1,
        discount: 0.0,
        exact: true,
        behaviour_values: true,
        unique_optimum: true,
        maze: false,
    },
    EnvironmentInfo {
        id: lqr::ID,
        description: "point mass with momentum, quadratic costs, exact linear optimum",
        observation_dim: lqr::STATE_DIM,
        action_dim: lqr::AXES,
        horizon: lqr::HORIZON,
        discount: lqr::DISCOUNT,
        exact: true,
        behaviour_values: true,
        unique_optimum: true,
        maze: false,
    },
    maze_info(&maze::UMAZE),
    maze_info(&maze::MEDIUM),
    maze_info(&maze::LARGE),
];

const fn maze_info(map: &'static Map) -> EnvironmentInfo {
    EnvironmentInfo {
        id: map.id,
        description: "point mass in a maze, sparse reward, fixed goal",
        observation_dim: maze::STATE_DIM,
        action_dim: maze::ACTION_DIM,
        horizon: map.horizon,
        discount: maze::DISCOUNT,
        exact: false,
        behaviour_values: false,
        unique_optimum: false,
        maze: true,
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
    Ok(match entry.id {
        cbandit::ID => Box::new(CBandit::new()),
        lqr::ID => Box::new(LqrNav::new()),
        _ => Box::new(PointMaze::new(maze::map(entry.id)?)),
    })
}

/// A built-in environment that can start episodes elsewhere than at its own starts.
pub(crate) enum Simulator {
    CBandit(CBandit),
    Lqr(LqrNav),
    Maze(PointMaze),
}

impl Simulator {
    pub(crate) fn new(entry: &EnvironmentInfo) -> Result<Self, Error> {
        Ok(match entry.id {
            cbandit::ID => Self::CBandit(CBandit::new()),
            lqr::ID => Self::Lqr(LqrNav::new()),
            _ => Self::Maze(PointMaze::new(maze::map(entry.id)?)),
        })
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

/// The solution of an environment at `discount`; `None` where there is none. A maze's is computed at its first use.
///
/// # Errors
/// An unknown id, or a discount outside `[0, 1)`.
pub fn oracle(id: &str, discount: f64) -> Result<Option<Arc<dyn Oracle>>, Error> {
    let entry = info(id)?;
    if !(0.0..1.0).contains(&discount) {
        return Err(Error::Discount { found: discount });
    }
    Ok(Some(match entry.id {
        cbandit::ID => Arc::new(CBanditOracle),
        lqr::ID => Arc::new(LqrOracle::new(discount)),
        _ => Arc::new(maze::MazeOracle::new(maze::map(entry.id)?, discount)),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_describes_the_environment_that_is_built() {
        for info in catalog() {
            let spec = make(info.id).unwrap().spec().clone();
            let found = (
                spec.id.as_str(),
                spec.observation_dim,
                spec.action_dim,
                spec.horizon,
            );
            assert_eq!(
                found,
                (info.id, info.observation_dim, info.action_dim, info.horizon)
            );
            assert_eq!((spec.action_low, spec.action_high), (-1.0, 1.0));
            assert!(oracle(info.id, info.discount).unwrap().is_some());
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
            oracle("cbandit/default-v0", 1.0),
            Err(Error::Discount { .. })
        ));
    }
}
