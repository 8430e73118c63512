//! Replaying recorded states and actions in the simulator they came from: are next states and rewards those of the physics?
//!
//! A row whose simulator state is recorded (side columns `qpos` and `qvel`, or `physics`) is set, its action is taken, and what
//! comes out is compared with what the dataset says one row before, at, and after the place where it belongs. The simulator is
//! a plugin, so this happens in a process that may die: [`physics_request`] is made by the parent, [`replay_physics`] runs in the child.

use crate::error::Error;
use crate::plan::{Places, Resolver, plugin_environment};
use crate::worker::EnvironmentServices;
use dataset::{Dataset, Transitions};
use plugin_host::{Environment, Library, Runtime};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Rows that are replayed, evenly spaced.
const ROWS: usize = 2_000;

/// What the child is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhysicsRequest {
    environment: String,
    library: (PathBuf, String),
    runtimes: Vec<Runtime>,
    model_dir: Option<PathBuf>,
    data: PathBuf,
}

/// What the replay says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhysicsReport {
    /// Rows replayed.
    pub rows: u64,
    /// Next observations, against the dataset's of the row before (-1), of the next row (0) and of the one after (1): the largest
    /// absolute difference over entries, each divided by that entry's standard deviation in the data.
    pub observation: Vec<Deviation>,
    /// Rewards, against those of the row before (-1), of the row (0) and of the row after (1), absolute; empty where the
    /// environment has goals, which the data do not record.
    pub reward: Vec<Deviation>,
    /// Rows of which one says terminated and the other does not.
    pub terminated_differs: Vec<u64>,
}

/// How far replay and data are apart at a shift.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deviation {
    /// Rows by which the data are read later.
    pub shift: i64,
    /// Half of the rows are nearer.
    pub median: f64,
    /// All but a hundredth are nearer.
    pub percentile_99: f64,
    /// None is farther.
    pub largest: f64,
}

impl PhysicsReport {
    /// The shift at which `deviations` are smallest by their 99th percentile.
    pub fn best(deviations: &[Deviation]) -> Option<Deviation> {
        let smallest = |a: &&Deviation, b: &&Deviation| {
            (a.percentile_99.total_cmp(&b.percentile_99)).then(a.shift.abs().cmp(&b.shift.abs()))
        };
        deviations.iter().min_by(smallest).copied()
    }
}

/// What to replay of `dataset`.
///
/// # Errors
/// Where the simulator is built in (its data carry no states), not installed, or the dataset holds no simulator states.
pub fn physics_request(
    dataset: &Dataset,
    places: &Places,
    resolver: &Resolver<'_>,
) -> Result<PhysicsRequest, Error> {
    let id = &dataset.metadata().description.environment;
    let refuse = |reason: String| Error::Physics {
        dataset: dataset.id().to_string(),
        reason,
    };
    if envs::info(id).is_ok() {
        return Err(refuse(format!(
            "environment `{id}` is built in and its data hold no simulator states"
        )));
    }
    let facts = plugin_environment(id, manifest::BenchmarkSpaces::default(), places, resolver)?;
    let library = facts
        .library
        .ok_or_else(|| refuse(format!("environment `{id}` has no library")))?;
    if state_columns(dataset).is_empty() {
        return Err(refuse(
            "it has no columns `qpos` and `qvel`, and none named `physics`".into(),
        ));
    }
    Ok(PhysicsRequest {
        environment: id.clone(),
        library,
        runtimes: facts.runtimes,
        model_dir: facts.model_dir,
        data: dataset.path().to_owned(),
    })
}

/// The side columns that make a state, in order.
fn state_columns(dataset: &Dataset) -> Vec<&str> {
    let columns = &dataset.metadata().columns;
    let has = |name: &str| columns.iter().any(|c| c.column.name == name);
    match (has("qpos") && has("qvel"), has("physics")) {
        (true, _) => vec!["qpos", "qvel"],
        (false, true) => vec!["physics"],
        _ => Vec::new(),
    }
}

/// Replays. Loads a plugin: call it in a process of its own.
pub fn replay_physics(request: &PhysicsRequest) -> Result<PhysicsReport, Error> {
    for runtime in &request.runtimes {
        plugin_host::load_runtime(runtime)?;
    }
    let library = Library::open(&request.library.0, Some(&request.library.1))?;
    let services = Rc::new(RefCell::new(EnvironmentServices));
    let model_dir = request.model_dir.as_deref().unwrap_or(Path::new(""));
    let mut environment = Environment::create(&library, &request.environment, services, model_dir)?;
    let dataset = Dataset::open_file(&request.data)?;
    let transitions = dataset.load()?;
    let states = States::read(&dataset)?;
    let refuse = |reason: String| Error::Physics {
        dataset: dataset.id().to_string(),
        reason,
    };
    let spec = *environment.spec();
    let mut observation = vec![0.0; spec.observation_dim];
    // States of environments with goals may end with the goal, which no dataset records; any will do.
    let mut goal = Vec::new();
    if spec.state_dim == states.width + spec.goal_dim {
        goal.resize(spec.goal_dim, 0.0);
        environment.reset(0, &mut observation)?;
        environment.goal(&mut goal)?;
    }
    let found = (
        states.width + goal.len(),
        transitions.observation_dim(),
        transitions.action_dim(),
    );
    let expected = (spec.state_dim, spec.observation_dim, spec.action_dim);
    if found != expected {
        return Err(refuse(format!(
            "(state, observation, action) have {found:?} entries, those of `{}` {expected:?}",
            request.environment
        )));
    }
    let mut replay = Replay::new(&transitions);
    for row in replayed_rows(&transitions) {
        environment.set_state(&[states.of(row), &goal].concat(), &mut observation)?;
        let step = environment.step(transitions.action_at(row), &mut observation)?;
        replay.compare(row, &observation);
        if goal.is_empty() {
            replay.compare_task(row, step.reward, step.terminated);
        }
    }
    Ok(replay.report())
}

/// The simulator state of each row.
struct States {
    width: usize,
    values: Vec<f64>,
}

impl States {
    fn read(dataset: &Dataset) -> Result<Self, Error> {
        let parts = state_columns(dataset)
            .into_iter()
            .map(|name| dataset.side_column(name))
            .collect::<Result<Vec<_>, _>>()?;
        let width = parts.iter().map(|(width, _)| width).sum();
        let rows = parts
            .first()
            .map_or(0, |(width, values)| values.len() / width);
        let mut values = Vec::with_capacity(rows * width);
        for row in 0..rows {
            for (width, part) in &parts {
                values.extend_from_slice(&part[row * width..(row + 1) * width]);
            }
        }
        Ok(Self { width, values })
    }

    fn of(&self, row: usize) -> &[f64] {
        &self.values[row * self.width..(row + 1) * self.width]
    }
}

/// Rows with a row of their episode before them and two after.
fn replayed_rows(transitions: &Transitions) -> Vec<usize> {
    let usable: Vec<usize> = transitions
        .episodes()
        .filter(|e| e.len() >= 4)
        .flat_map(|e| e.start + 1..e.end - 2)
        .collect();
    let every = usable.len().div_ceil(ROWS).max(1);
    usable.into_iter().step_by(every).collect()
}

const SHIFTS: [i64; 3] = [-1, 0, 1];

struct Replay<'a> {
    transitions: &'a Transitions,
    /// One over the standard deviation of each observation entry; 1 where it never changes.
    scale: Vec<f64>,
    observation: [Vec<f64>; 3],
    reward: [Vec<f64>; 3],
    terminated_differs: Vec<u64>,
}

impl<'a> Replay<'a> {
    fn new(transitions: &'a Transitions) -> Self {
        let (d, n) = (transitions.observation_dim(), transitions.len() as f64);
        let column = |i: usize| {
            transitions
                .observation()
                .iter()
                .skip(i)
                .step_by(d)
                .map(|x| f64::from(*x))
        };
        let scale = (0..d)
            .map(|i| {
                let mean = column(i).sum::<f64>() / n;
                let variance = column(i).map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
                if variance > 0.0 {
                    1.0 / variance.sqrt()
                } else {
                    1.0
                }
            })
            .collect();
        Self {
            transitions,
            scale,
            observation: Default::default(),
            reward: Default::default(),
            terminated_differs: Vec::new(),
        }
    }

    fn compare(&mut self, row: usize, next: &[f64]) {
        let data = self.transitions;
        for (k, shift) in SHIFTS.into_iter().enumerate() {
            let there = data.observation_at((row as i64 + 1 + shift) as usize);
            let distance = (next.iter().zip(there).zip(&self.scale))
                .map(|((x, y), scale)| (x - f64::from(*y)).abs() * scale)
                .fold(0.0, f64::max);
            self.observation[k].push(distance);
        }
    }

    /// Rewards and terminations, which are those of a task; with another goal they would be others.
    fn compare_task(&mut self, row: usize, reward: f64, terminated: bool) {
        let data = self.transitions;
        for (k, shift) in SHIFTS.into_iter().enumerate() {
            let stated = f64::from(data.reward()[(row as i64 + shift) as usize]);
            self.reward[k].push((reward - stated).abs());
        }
        if terminated != data.terminated()[row] {
            self.terminated_differs.push(row as u64);
        }
    }

    fn report(self) -> PhysicsReport {
        let rows = self.observation[0].len() as u64;
        let summary = |all: [Vec<f64>; 3]| {
            let pairs = SHIFTS.into_iter().zip(all);
            pairs
                .filter_map(|(shift, values)| deviation(shift, values))
                .collect()
        };
        PhysicsReport {
            rows,
            observation: summary(self.observation),
            reward: summary(self.reward),
            terminated_differs: self.terminated_differs,
        }
    }
}

fn deviation(shift: i64, mut values: Vec<f64>) -> Option<Deviation> {
    values.sort_by(f64::total_cmp);
    let at = |share: usize| {
        values
            .get((values.len() * share / 100).min(values.len().saturating_sub(1)))
            .copied()
    };
    Some(Deviation {
        shift,
        median: at(50)?,
        percentile_99: at(99)?,
        largest: *values.last()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviations_of_hand_computed_values() {
        let d = deviation(1, (0..200).map(f64::from).rev().collect());
        let d = d.unwrap_or_else(|| unreachable!("there are values"));
        assert_eq!(
            (d.median, d.percentile_99, d.largest),
            (100.0, 198.0, 199.0)
        );
        assert_eq!(deviation(0, Vec::new()), None);
        let other = Deviation {
            shift: 0,
            percentile_99: 1.0,
            ..d
        };
        assert_eq!(PhysicsReport::best(&[d, other]), Some(other));
    }
}
