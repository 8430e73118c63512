//! Datasets from recipes.

use std::sync::Arc;

use manifest::random::{Family, Stream};

use crate::behaviour::BehaviourSpec;
use crate::catalog::{EnvironmentInfo, Simulator, info, oracle};
use crate::cbandit;
use crate::environment::{Oracle, narrow};
use crate::error::{Error, SinkError};
use crate::maze::{self, Map, Navigator};
use crate::recipe::Recipe;

/// A generated transition; the slices are valid during the call of the sink.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition<'a> {
    /// Index of the episode, from 0.
    pub episode: u64,
    /// Index of the step in its episode, from 0.
    pub step: u32,
    /// State before the step (`observation_dim` entries).
    pub observation: &'a [f32],
    /// Action taken, inside the bounds (`action_dim` entries).
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
    if recipe.environment == cbandit::ID {
        let mean_return =
            cbandit::expected_return(&recipe.behaviour, &recipe.start, cbandit::QUADRATURE_POINTS)?;
        return Ok(BehaviourValue {
            mean_return,
            standard_error: 0.0,
            exact: true,
        });
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
    oracle: Arc<dyn Oracle>,
    map: Option<&'static Map>,
    starts: Family,
    actions: Family,
}

impl<'a> Episodes<'a> {
    fn new(recipe: &'a Recipe, seed: u64) -> Result<Self, Error> {
        recipe.check(&recipe.id)?;
        let entry: &EnvironmentInfo = info(&recipe.environment)?;
        // Recipes of one environment share their streams: those that differ in the behaviour alone see the same starts.
        let family = |name| Family::new(seed, &["envs", entry.id, "generate", name]);
        Ok(Self {
            recipe,
            environment: Simulator::new(entry)?,
            oracle: oracle(entry.id, entry.discount)?.ok_or(Error::NoExactSolution {
                environment: entry.id,
                functional: "optimal".to_owned(),
                reason: "the environment has no oracle",
            })?,
            map: if entry.maze {
                Some(maze::map(entry.id)?)
            } else {
                None
            },
            starts: family("starts"),
            actions: family("actions"),
        })
    }

    /// One episode of at most `limit` steps; returns their number.
    fn run(&mut self, episode: u64, limit: u64, sink: &mut Sink<'_>) -> Result<u64, Error> {
        let spec = self.environment.get().spec().clone();
        let mut observation = vec![0.0f32; spec.observation_dim];
        let mut next = observation.clone();
        let mut action = vec![0.0f32; spec.action_dim];
        self.environment.reset_from(
            &self.recipe.start,
            &mut self.starts.at(episode),
            &mut observation,
        );
        let mut stream = self.actions.at(episode);
        let mut actor = Actor::new(&self.recipe.behaviour, self.map, &mut stream);
        let mut steps = 0;
        loop {
            actor.act(self.oracle.as_ref(), &observation, &mut stream, &mut action)?;
            let step = self.environment.get_mut().step(&action, &mut next)?;
            let last = steps + 1 == limit;
            let truncated = step.truncated || (last && !step.terminated);
            sink(Transition {
                episode,
                step: steps as u32,
                observation: &observation,
                action: &action,
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

    fn act(
        &mut self,
        oracle: &dyn Oracle,
        observation: &[f32],
        stream: &mut Stream,
        action: &mut [f32],
    ) -> Result<(), Error> {
        let noise = match self {
            Self::ScaledOptimal { gain, bias, noise } => {
                oracle.optimal_action(observation, None, action)?;
                for a in action.iter_mut() {
                    *a = (*gain * f64::from(*a) + *bias + *noise * stream.normal()).clamp(-1.0, 1.0)
                        as f32;
                }
                return Ok(());
            }
            Self::Navigate { navigator, noise } => {
                let state = std::array::from_fn(|i| f64::from(observation[i]));
                narrow(&navigator.action(&state, stream), action);
                *noise
            }
            Self::Explore {
                noise,
                hold,
                held,
                direction,
            } => {
                if *held == 0 {
                    let angle = stream.uniform_in(0.0, std::f64::consts::TAU);
                    *direction = [libm::cos(angle), libm::sin(angle)];
                    *held = *hold;
                }
                *held -= 1;
                narrow(direction, action);
                *noise
            }
        };
        for a in action {
            *a = (f64::from(*a) + noise * stream.normal()).clamp(-1.0, 1.0) as f32;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
