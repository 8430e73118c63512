//! Datasets from recipes.

use manifest::random::{Family, Stream};

use crate::behaviour::BehaviourSpec;
use crate::catalog::{EnvironmentInfo, Simulator, info};
use crate::cbandit::{self, CBanditOracle};
use crate::discrete::Levels;
use crate::environment::{Functional, Oracle, narrow};
use crate::error::{Error, SinkError};
use crate::lqr::{self, LqrOracle};
use crate::maze::{self, Map, MazeOracle, Navigator};
use crate::recipe::{ActionLabel, Recipe};

/// A generated transition; the slices are valid during the call of the sink.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition<'a> {
    /// Index of the episode, from 0.
    pub episode: u64,
    /// Index of the step in its episode, from 0.
    pub step: u32,
    /// State before the step (`observation_dim` entries).
    pub observation: &'a [f32],
    /// Action taken, or by the recipe's `action_label` the one before noise; inside the bounds (`action_dim` entries).
    pub action: &'a [f32],
    /// Reward of the step.
    pub reward: f64,
    /// The episode ended by the task's rule.
    pub terminated: bool,
    /// The episode was cut: by the horizon, or because the dataset is complete.
    pub truncated: bool,
    /// State after the step (`observation_dim` entries).
    pub next_observation: &'a [f32],
}

/// Where transitions go, in order.
pub type Sink<'a> = dyn FnMut(Transition<'_>) -> Result<(), SinkError> + 'a;

/// Generates a dataset: a function of the recipe's content and `seed` alone, equal on every machine.
///
/// # Errors
/// A recipe that does not fit its environment, or the sink's own error.
pub fn generate(recipe: &Recipe, seed: u64, sink: &mut Sink<'_>) -> Result<(), Error> {
    let mut source = Episodes::new(recipe, seed)?;
    let mut left = recipe.transitions;
    let mut episode = 0;
    while left > 0 {
        left -= source.run(episode, left, sink)?;
        episode += 1;
    }
    Ok(())
}

/// The expected return of a behaviour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BehaviourValue {
    /// Undiscounted return of an episode, mean over starts and actions.
    pub mean_return: f64,
    /// Standard error of the mean; 0 where it is computed and not sampled.
    pub standard_error: f64,
    /// Whether it is computed (to an error of 1e-7) and not sampled.
    pub exact: bool,
}

/// Episodes behind a sampled [`BehaviourValue`].
const SAMPLE_EPISODES: u64 = 2_000;
/// Seed of that sample.
const SAMPLE_SEED: u64 = 0;

/// The mean return of the recipe's behaviour on the recipe's starts: exact for the bandit, else the mean of 2,000
/// episodes under a fixed seed.
///
/// # Errors
/// A recipe that does not fit its environment.
pub fn behaviour_value(recipe: &Recipe) -> Result<BehaviourValue, Error> {
    let exact = |mean_return| BehaviourValue {
        mean_return,
        standard_error: 0.0,
        exact: true,
    };
    if recipe.environment == cbandit::ID {
        let points = cbandit::QUADRATURE_POINTS;
        return cbandit::expected_return(&recipe.behaviour, &recipe.start, points).map(exact);
    }
    if recipe.environment == cbandit::DISCRETE_ID {
        let functional = Functional::Behaviour(recipe.behaviour.clone());
        return cbandit::discrete_expected_return(&functional, &recipe.start).map(exact);
    }
    let mut source = Episodes::new(recipe, SAMPLE_SEED)?;
    let mut returns = Vec::new();
    for episode in 0..SAMPLE_EPISODES {
        let mut total = 0.0;
        source.run(episode, u64::MAX, &mut |transition| {
            total += transition.reward;
            Ok(())
        })?;
        returns.push(total);
    }
    let (mean_return, standard_error) = mean_and_error(&returns);
    Ok(BehaviourValue {
        mean_return,
        standard_error,
        exact: false,
    })
}

pub(crate) fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
    (mean, libm::sqrt(variance / n))
}

/// Runs the episodes of one generation.
struct Episodes<'a> {
    recipe: &'a Recipe,
    environment: Simulator,
    optimum: Optimum,
    map: Option<&'static Map>,
    levels: Option<Levels>,
    /// Entries of a continuous action.
    entries: usize,
    starts: Family,
    actions: Family,
}

impl<'a> Episodes<'a> {
    fn new(recipe: &'a Recipe, seed: u64) -> Result<Self, Error> {
        recipe.check(&recipe.id)?;
        let entry: &EnvironmentInfo = info(&recipe.environment)?;
        let levels = entry.levels();
        // Recipes of one environment share their streams: those that differ in the behaviour alone see the same starts.
        let family = |name| Family::new(seed, &["envs", entry.streams, "generate", name]);
        Ok(Self {
            recipe,
            environment: Simulator::new(entry),
            optimum: Optimum::new(entry),
            map: entry.maze.map(|task| task.map),
            levels,
            entries: levels.map_or(entry.action_dim, |levels| levels.entries),
            starts: family("starts"),
            actions: family("actions"),
        })
    }

    /// One episode of at most `limit` steps; returns their number.
    fn run(&mut self, episode: u64, limit: u64, sink: &mut Sink<'_>) -> Result<u64, Error> {
        let spec = self.environment.get().spec().clone();
        let mut observation = vec![0.0f32; spec.observation_dim];
        let mut next = observation.clone();
        let (mut clean, mut noisy) = (vec![0.0f64; self.entries], vec![0.0f64; self.entries]);
        let mut executed = vec![0.0f32; spec.action_dim];
        let mut stored = executed.clone();
        self.environment.reset_from(
            &self.recipe.start,
            &mut self.starts.at(episode),
            &mut observation,
        );
        let mut stream = self.actions.at(episode);
        let mut actor = Actor::new(&self.recipe.behaviour, self.map, &mut stream);
        if spec.goal_dim > 0 && actor.wanders() {
            self.environment.go_on_at_goal();
        }
        let mut steps = 0;
        loop {
            let noise = match &mut actor {
                Actor::ScaledOptimal { gain, bias, noise } => {
                    self.optimum
                        .write(&self.environment, &observation, &mut clean)?;
                    clean.iter_mut().for_each(|a| *a = *gain * *a + *bias);
                    *noise
                }
                wanderer => wanderer.act(&self.environment, &mut stream, &mut clean),
            };
            for (a, mean) in noisy.iter_mut().zip(&clean) {
                *a = mean + noise * stream.normal();
            }
            self.write_action(&noisy, &mut executed);
            let label = match self.recipe.action_label {
                ActionLabel::Executed => &executed,
                ActionLabel::Clean => {
                    self.write_action(&clean, &mut stored);
                    &stored
                }
            };
            let step = self.environment.get_mut().step(&executed, &mut next)?;
            let last = steps + 1 == limit;
            let truncated = step.truncated || (last && !step.terminated);
            sink(Transition {
                episode,
                step: steps as u32,
                observation: &observation,
                action: label,
                reward: step.reward,
                terminated: step.terminated,
                truncated,
                next_observation: &next,
            })
            .map_err(Error::Sink)?;
            steps += 1;
            if step.terminated || truncated {
                return Ok(steps);
            }
            std::mem::swap(&mut observation, &mut next);
        }
    }

    /// The environment's action for a continuous one: clipped, or the index of the nearest of a finite set.
    fn write_action(&self, continuous: &[f64], out: &mut [f32]) {
        match self.levels {
            Some(levels) => out[0] = levels.nearest(continuous.iter().copied()) as f32,
            None => {
                for (slot, a) in out.iter_mut().zip(continuous) {
                    *slot = a.clamp(-1.0, 1.0) as f32;
                }
            }
        }
    }
}

/// The optimal continuous action behind a scaled-optimal behaviour; in a maze with discrete actions the best acceleration.
enum Optimum {
    CBandit,
    Lqr(LqrOracle),
    Maze(MazeOracle),
}

impl Optimum {
    fn new(entry: &EnvironmentInfo) -> Self {
        match (entry.maze, entry.id) {
            (Some(task), _) => Self::Maze(MazeOracle::new(task, entry.discount, None)),
            (None, lqr::ID) => Self::Lqr(LqrOracle::new(entry.discount)),
            (None, _) => Self::CBandit,
        }
    }

    /// Rounded to single precision, as an oracle hands it out.
    fn write(
        &self,
        simulator: &Simulator,
        observation: &[f32],
        out: &mut [f64],
    ) -> Result<(), Error> {
        let mut action = vec![0.0f32; out.len()];
        match (self, simulator) {
            (Self::Maze(oracle), Simulator::Maze(maze)) => {
                narrow(
                    &oracle.acceleration(maze.state(), maze.goal_cell()),
                    &mut action,
                );
            }
            (Self::Lqr(oracle), _) => oracle.optimal_action(observation, None, &mut action)?,
            _ => CBanditOracle.optimal_action(observation, None, &mut action)?,
        }
        for (slot, a) in out.iter_mut().zip(action) {
            *slot = f64::from(a);
        }
        Ok(())
    }
}

/// A behaviour during one episode.
enum Actor {
    ScaledOptimal {
        gain: f64,
        bias: f64,
        noise: f64,
    },
    Navigate {
        navigator: Navigator,
        noise: f64,
    },
    Explore {
        noise: f64,
        hold: u32,
        held: u32,
        direction: [f64; maze::ACTION_DIM],
    },
}

impl Actor {
    /// Draws the part of a mixture, and a controller's first target.
    fn new(behaviour: &BehaviourSpec, map: Option<&'static Map>, stream: &mut Stream) -> Self {
        // One uniform is spent also without a mixture, so that the later draws do not depend on the kind.
        let mut left = stream.uniform();
        let parts = behaviour.parts();
        let mut chosen = parts[parts.len() - 1].1;
        for (share, part) in &parts {
            if left < *share {
                chosen = part;
                break;
            }
            left -= share;
        }
        match (chosen, map) {
            (&BehaviourSpec::Navigate { noise }, Some(map)) => Self::Navigate {
                navigator: Navigator::new(map, stream),
                noise,
            },
            (&BehaviourSpec::Explore { noise, hold }, _) => Self::Explore {
                noise,
                hold,
                held: 0,
                direction: [0.0; 2],
            },
            (&BehaviourSpec::ScaledOptimal { gain, bias, noise }, _) => {
                Self::ScaledOptimal { gain, bias, noise }
            }
            (BehaviourSpec::Navigate { .. } | BehaviourSpec::Mixture { .. }, _) => {
                unreachable!("a checked recipe navigates in mazes only and does not nest mixtures")
            }
        }
    }

    /// Whether it pays no heed to an episode's goal.
    fn wanders(&self) -> bool {
        !matches!(self, Self::ScaledOptimal { .. })
    }

    /// Writes a wanderer's action before noise, and returns the noise's deviation.
    fn act(&mut self, simulator: &Simulator, stream: &mut Stream, out: &mut [f64]) -> f64 {
        let (action, noise) = match (self, simulator) {
            (Self::Navigate { navigator, noise }, Simulator::Maze(maze)) => {
                (navigator.action(maze.state(), stream), *noise)
            }
            (
                Self::Explore {
                    noise,
                    hold,
                    held,
                    direction,
                },
                _,
            ) => {
                if *held == 0 {
                    let angle = stream.uniform_in(0.0, std::f64::consts::TAU);
                    *direction = [libm::cos(angle), libm::sin(angle)];
                    *held = *hold;
                }
                *held -= 1;
                (*direction, *noise)
            }
            _ => unreachable!("a checked recipe wanders in mazes only"),
        };
        for (slot, a) in out.iter_mut().zip(action) {
            // The single precision in which actions are stored.
            *slot = f64::from(a as f32);
        }
        noise
    }
}

#[cfg(test)]
mod tests;
