//! Environments of an evaluation: built-ins natively, plugins through `environment/1`, behind one trait.

use super::failure::Stop;
use crate::job::World;
use envs::{Environment, Spec, Step};
use manifest::random::Family;
use plugin_api::{Failure, Outcome};
use plugin_host::{BatchBuffers, BatchRequest, Library, Random, Services};
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use store::FailureKind;

/// Random numbers for environment plugins; they see nothing else of the harness.
pub(crate) struct EnvironmentServices;

impl Services for EnvironmentServices {
    fn batch(
        &mut self,
        _stream: &str,
        _step: u64,
        _request: BatchRequest,
        _out: &mut BatchBuffers,
    ) -> Outcome<()> {
        Err(Failure::invalid_argument("environments see no data"))
    }

    fn random(
        &mut self,
        stream: &str,
        position: u64,
        kind: Random,
        out: &mut [f64],
    ) -> Outcome<()> {
        let mut random = Family::new(0, &["environment", stream]).at(position);
        for x in out {
            *x = match kind {
                Random::Uniform => random.uniform(),
                Random::Normal => random.normal(),
            };
        }
        Ok(())
    }

    fn log(&mut self, _warning: bool, _text: &str) {}

    fn metric(&mut self, _name: &str, _update: u64, _value: f64) -> Outcome<()> {
        Err(Failure::invalid_argument("environments report no metrics"))
    }

    fn cancelled(&mut self) -> bool {
        false
    }
}

/// One simulator of an evaluation.
pub(crate) enum Simulator {
    BuiltIn(Box<dyn Environment>),
    Plugin {
        environment: Box<plugin_host::Environment>,
        spec: Spec,
        observation: Vec<f64>,
    },
}

impl Simulator {
    /// Makes `count` simulators of the environment `id`.
    pub(crate) fn make(id: &str, world: &World, count: usize) -> Result<Vec<Self>, Stop> {
        let Some((path, sha256)) = &world.library else {
            return (0..count)
                .map(|_| Ok(Self::BuiltIn(envs::make(id)?)))
                .collect();
        };
        let library = Library::open(path, Some(sha256))?;
        let model_dir = world.model_dir.as_deref().unwrap_or(Path::new(""));
        let make = |_| -> Result<Self, Stop> {
            let services = Rc::new(RefCell::new(EnvironmentServices));
            let environment = plugin_host::Environment::create(&library, id, services, model_dir)?;
            let s = environment.spec();
            let spec = Spec {
                id: id.to_owned(),
                observation_dim: s.observation_dim,
                action_dim: s.action_dim,
                action_low: s.action_low as f32,
                action_high: s.action_high as f32,
                horizon: s.horizon,
                action_count: s.action_count,
                goal_dim: s.goal_dim,
                observation_shape: s.observation_shape,
            };
            let observation = vec![0.0; s.observation_dim];
            Ok(Self::Plugin {
                environment: Box::new(environment),
                spec,
                observation,
            })
        };
        (0..count).map(make).collect()
    }

    pub(crate) fn spec(&self) -> &Spec {
        match self {
            Self::BuiltIn(environment) => environment.spec(),
            Self::Plugin { spec, .. } => spec,
        }
    }

    /// Writes the goal of the running episode; nothing where there are no goals.
    pub(crate) fn goal(&mut self, out: &mut [f32]) -> Result<(), Stop> {
        match self {
            Self::BuiltIn(environment) => environment.goal(out),
            Self::Plugin { environment, .. } => {
                let mut goal = vec![0.0; out.len()];
                environment.goal(&mut goal)?;
                narrow(&goal, out);
            }
        }
        Ok(())
    }

    pub(crate) fn reset(&mut self, seed: u64, out: &mut [f32]) -> Result<(), Stop> {
        match self {
            Self::BuiltIn(environment) => Ok(environment.reset(seed, out)?),
            Self::Plugin {
                environment,
                observation,
                ..
            } => {
                environment.reset(seed, observation)?;
                narrow(observation, out);
                Ok(())
            }
        }
    }

    /// Starts an episode of a scripted behaviour and writes its observation.
    pub(crate) fn begin_behaviour(
        &mut self,
        name: &str,
        params: &str,
        seed: u64,
        out: &mut [f32],
    ) -> Result<(), Stop> {
        match self {
            Self::BuiltIn(_) => Err(scriptless()),
            Self::Plugin {
                environment,
                observation,
                ..
            } => {
                environment.begin_behaviour(name, params, seed, observation)?;
                narrow(observation, out);
                Ok(())
            }
        }
    }

    /// Writes the action of the running scripted behaviour, without noise and not clipped.
    pub(crate) fn behaviour_action(&mut self, out: &mut [f32]) -> Result<(), Stop> {
        match self {
            Self::BuiltIn(_) => Err(scriptless()),
            Self::Plugin { environment, .. } => Ok(environment.behaviour_action(out)?),
        }
    }

    pub(crate) fn step(&mut self, action: &[f32], out: &mut [f32]) -> Result<Step, Stop> {
        match self {
            Self::BuiltIn(environment) => Ok(environment.step(action, out)?),
            Self::Plugin {
                environment,
                observation,
                ..
            } => {
                let step = environment.step(action, observation)?;
                narrow(observation, out);
                Ok(Step {
                    reward: step.reward,
                    terminated: step.terminated,
                    truncated: step.truncated,
                })
            }
        }
    }
}

fn scriptless() -> Stop {
    Stop::new(
        FailureKind::Refused,
        "built-in environments have no scripts",
    )
}

/// Policies see observations in the single precision in which datasets hold them.
fn narrow(from: &[f64], to: &mut [f32]) {
    for (x, y) in from.iter().zip(to) {
        *y = *x as f32;
    }
}
