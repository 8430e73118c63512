//! Score normalisers: versioned pairs of reference returns.
//!
//! `normalized_score = 100 (return - ref_min) / (ref_max - ref_min)`. The committed table `data/normalizers.csv` holds
//!
//! * `exact`, version 1: the built-in environments, computed by [`reference_returns`]. A row for a dataset's id has the
//!   dataset's behaviour at 0; a row for an environment has a fixed reference policy there. pi* is at 100.
//! * `d4rl`, version 1: the constants of D4RL's `infos.py` (and, for maze2d, of its dataset names).
//! * `ogbench`, version 1: the share of episodes that reach the goal. `exorl`, version 1: a return of 1000 is 100.
//!
//! Ids are matched with `/` read as `-`, so `hopper/d4rl-v4` matches the pattern `hopper-*`. The first row wins.

use std::sync::LazyLock;

use crate::behaviour::BehaviourSpec;
use crate::catalog::info;
use crate::cbandit;
use crate::environment::{Environment, Functional, Oracle};
use crate::error::Error;
use crate::generate::mean_and_error;
use crate::lqr::{self, LqrOracle};
use crate::maze::{self, MazeOracle, PointMaze, Task};
use crate::recipe::{Recipe, Start};

/// The committed table.
pub const FILE: &str = include_str!("../data/normalizers.csv");

/// The reference policy of the bandit outside any dataset: the suboptimal behaviour of its high-coverage dataset.
pub const CBANDIT_REFERENCE: BehaviourSpec = BehaviourSpec::ScaledOptimal {
    gain: 0.3,
    bias: 0.2,
    noise: 0.25,
};

/// Starts behind the sampled references of a maze.
const MAZE_STARTS: u64 = 500;

/// A row of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalizer {
    /// Family of references, e.g. `d4rl`.
    pub normalizer: String,
    /// Raised when a family's constants change.
    pub version: u32,
    /// Which ids the row serves; `*` stands for any text.
    pub pattern: String,
    /// Return that scores 0.
    pub ref_min: f64,
    /// Return that scores 100.
    pub ref_max: f64,
    /// Where the numbers come from.
    pub source: String,
}

impl Normalizer {
    /// `100 (value - ref_min) / (ref_max - ref_min)`.
    pub fn score(&self, value: f64) -> f64 {
        100.0 * (value - self.ref_min) / (self.ref_max - self.ref_min)
    }

    /// Whether the row serves `id`.
    pub fn matches(&self, id: &str) -> bool {
        let (pattern, id) = (self.pattern.replace('/', "-"), id.replace('/', "-"));
        match pattern.split_once('*') {
            None => pattern == id,
            Some((before, after)) => {
                id.len() >= before.len() + after.len()
                    && id.starts_with(before)
                    && id.ends_with(after)
            }
        }
    }
}

/// All rows, in order.
pub fn normalizers() -> &'static [Normalizer] {
    static TABLE: LazyLock<Vec<Normalizer>> = LazyLock::new(|| {
        FILE.lines()
            .skip(1)
            .map(|line| row(line).expect("the committed table has six columns"))
            .collect()
    });
    &TABLE
}

fn row(line: &str) -> Option<Normalizer> {
    let mut fields = line.splitn(6, ',');
    Some(Normalizer {
        normalizer: fields.next()?.to_owned(),
        version: fields.next()?.parse().ok()?,
        pattern: fields.next()?.to_owned(),
        ref_min: fields.next()?.parse().ok()?,
        ref_max: fields.next()?.parse().ok()?,
        source: fields.next()?.to_owned(),
    })
}

/// The first row of `normalizer` that serves `id`, an environment's or a dataset's.
///
/// # Errors
/// An unknown normaliser, or one without references for `id`.
pub fn lookup(normalizer: &str, id: &str) -> Result<&'static Normalizer, Error> {
    let mut family = normalizers()
        .iter()
        .filter(|row| row.normalizer == normalizer)
        .peekable();
    if family.peek().is_none() {
        let mut known: Vec<&str> = normalizers()
            .iter()
            .map(|row| row.normalizer.as_str())
            .collect();
        known.dedup();
        return Err(Error::UnknownNormalizer {
            name: normalizer.to_owned(),
            known: known.join(", "),
        });
    }
    family
        .find(|row| row.matches(id))
        .ok_or_else(|| Error::NoReferences {
            name: normalizer.to_owned(),
            id: id.to_owned(),
        })
}

/// Names of the normalisers with references for one of `ids`, in the order of the table.
pub fn serving(ids: &[&str]) -> Vec<&'static str> {
    let mut names: Vec<&str> = Vec::new();
    for row in normalizers() {
        let serves = ids.iter().any(|id| row.matches(id));
        if serves && !names.contains(&row.normalizer.as_str()) {
            names.push(&row.normalizer);
        }
    }
    names
}

/// Reference returns of a built-in environment.
#[derive(Clone, Debug, PartialEq)]
pub struct References {
    /// Return that scores 0.
    pub min: f64,
    /// Return that scores 100: that of pi*.
    pub max: f64,
    /// Standard error or numerical error of either.
    pub error: f64,
    /// How they come about, for the table's last column.
    pub source: String,
}

/// Computes the references of an environment on its own starts, undiscounted over an episode.
///
/// * `cbandit`: 0 is the recipe's behaviour (without a recipe [`CBANDIT_REFERENCE`]), by quadrature; 100 is a return of 0.
/// * `lqr-nav`: 0 is the zero action, 100 pi*, both in closed form; the recipe plays no part.
/// * `point-maze`: 0 never reaches the goal (minus the horizon), 100 is the mean of pi* over reset seeds 0 to 499.
///
/// # Errors
/// An unknown environment, or a recipe that does not fit it.
pub fn reference_returns(environment: &str, recipe: Option<&Recipe>) -> Result<References, Error> {
    let entry = info(environment)?;
    match entry.id {
        cbandit::ID => {
            let behaviour = recipe.map_or(&CBANDIT_REFERENCE, |recipe| &recipe.behaviour);
            let min =
                cbandit::expected_return(behaviour, &Start::default(), cbandit::QUADRATURE_POINTS)?;
            let source = "0 = behaviour on evaluation states by quadrature (error below 1e-7); 100 = optimal policy".to_owned();
            Ok(References {
                min,
                max: 0.0,
                error: 1e-7,
                source,
            })
        }
        lqr::ID => {
            let oracle = LqrOracle::new(entry.discount);
            let start = Start::default();
            Ok(References {
                min: lqr::expected_return(&oracle.linear_gaussian(0.0, 0.0, 0.0), &start),
                max: lqr::expected_return(&oracle.linear_gaussian(1.0, 0.0, 0.0), &start),
                error: 1e-12,
                source: "0 = zero action; 100 = optimal policy; both in closed form".to_owned(),
            })
        }
        cbandit::DISCRETE_ID => {
            let behaviour = recipe.map_or(&CBANDIT_REFERENCE, |recipe| &recipe.behaviour);
            let value =
                |functional| cbandit::discrete_expected_return(&functional, &Start::default());
            Ok(References {
                min: value(Functional::Behaviour(behaviour.clone()))?,
                max: value(Functional::Optimal)?,
                error: 1e-3,
                source: "0 = behaviour on evaluation states; 100 = best of the 64 actions; both by quadrature (error below 1e-3)".to_owned(),
            })
        }
        id => maze_references(maze::task(id)?, entry.discount),
    }
}

fn maze_references(task: &'static Task, discount: f64) -> Result<References, Error> {
    let oracle = MazeOracle::new(task, discount, None);
    let mut env = PointMaze::new(task);
    let mut observation = vec![0.0f32; task.observation_dim()];
    let (mut goal, mut action) = ([0.0f32; maze::GOAL_DIM], vec![0.0f32; task.action_dim()]);
    let mut returns = Vec::new();
    for seed in 0..MAZE_STARTS {
        env.reset(seed, &mut observation)?;
        env.goal(&mut goal);
        let mut total = 0.0;
        loop {
            oracle.optimal_action(&observation, Some(&goal), &mut action)?;
            let step = env.step(&action, &mut observation)?;
            total += step.reward;
            if step.terminated || step.truncated {
                break;
            }
        }
        returns.push(total);
    }
    let (max, error) = mean_and_error(&returns);
    let best = if task.solved() {
        "grid optimum"
    } else {
        "waypoint controller"
    };
    Ok(References {
        min: -f64::from(task.map.horizon),
        max,
        error,
        source: format!(
            "0 = goal never reached; 100 = {best} over reset seeds 0 to 499 (standard error {error:.2})"
        ),
    })
}

#[cfg(test)]
mod tests;
