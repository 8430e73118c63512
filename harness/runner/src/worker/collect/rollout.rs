//! Episodes under the behaviours of a recipe.

use super::kept::{Space, Trained};
use super::output::Tally;
use super::pupil::Pupil;
use crate::generate::GenerateRequest;
use crate::policy_file::PolicyFile;
use crate::worker::environment::Simulator;
use crate::worker::failure::Stop;
use crate::worker::replay::Replay;
use crate::worker::transform::Transform;
use dataset::Transition;
use envs::{ActionLabel, SimulatedBehaviour};
use manifest::random::{Family, Stream};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use store::FailureKind;

/// Takes the rows of an episode.
pub(super) type Sink<'a> = dyn FnMut(Transition<'_>) -> Result<(), Stop> + 'a;

/// A behaviour that can act.
enum Actor {
    Uniform {
        hold: u32,
    },
    Trained {
        pupil: Box<Pupil>,
        noise: f64,
    },
    File {
        policy: PolicyFile,
        noise: f64,
    },
    Scripted {
        name: String,
        params: String,
        noise: f64,
    },
}

/// A part of the recipe's behaviour, with what it gave so far.
struct Part {
    share: f64,
    actor: Actor,
    words: String,
    episodes: u64,
    total_return: f64,
}

/// Plays the episodes of one recipe.
pub(super) struct Rollout<'a> {
    request: &'a GenerateRequest,
    simulator: Simulator,
    parts: Vec<Part>,
    starts: Family,
    actions: Family,
}

impl<'a> Rollout<'a> {
    pub(super) fn create(
        request: &'a GenerateRequest,
        trained: &BTreeMap<&str, Trained>,
    ) -> Result<Self, Stop> {
        let recipe = &request.recipe;
        let world = &request.worlds[&recipe.environment];
        let simulator = Simulator::make(&recipe.environment, world, 1)?.remove(0);
        let mut parts = Vec::new();
        for (share, behaviour) in recipe.behaviour.parts() {
            parts.push(Part {
                share,
                actor: Actor::create(request, behaviour, trained, &simulator)?,
                words: behaviour.to_string(),
                episodes: 0,
                total_return: 0.0,
            });
        }
        // Recipes of one environment share their streams: those that differ in the behaviour alone see the same starts.
        let family = |name| Family::new(request.seed, &["collect", &recipe.environment, name]);
        Ok(Self {
            request,
            simulator,
            parts,
            starts: family("starts"),
            actions: family("actions"),
        })
    }

    /// What is observed and done.
    pub(super) fn space(&self) -> Space {
        Space::of(self.simulator.spec())
    }

    /// Behaviours with their episodes and mean returns.
    pub(super) fn tally(&self) -> Vec<Tally> {
        let told = |p: &Part| {
            let mean = (p.episodes > 0).then(|| (p.episodes, p.total_return / p.episodes as f64));
            (p.words.clone(), mean)
        };
        self.parts.iter().map(told).collect()
    }

    /// One episode of at most `limit` steps.
    pub(super) fn episode(
        &mut self,
        episode: u64,
        limit: u64,
        sink: &mut Sink<'_>,
    ) -> Result<(), Stop> {
        let recipe = &self.request.recipe;
        let limit = limit.min(recipe.episode_steps.map_or(u64::MAX, u64::from));
        let Space {
            observation_dim,
            action_dim,
            action_bounds: [low, high],
        } = self.space();
        let half = 0.5 * f64::from(high - low);
        let mut stream = self.actions.at(episode);
        let index = drawn(&self.parts, stream.uniform());
        let part = &mut self.parts[index];
        let mut observation = vec![0.0f32; observation_dim];
        let mut next = observation.clone();
        let seed = self.starts.at(episode).next_u64();
        part.actor
            .begin(&mut self.simulator, seed, &mut observation)?;
        let mut clean = vec![0.0f32; action_dim];
        let mut steps = 0;
        loop {
            let bounds = [low, high];
            let noise = part.actor.act(
                &mut self.simulator,
                &observation,
                steps,
                bounds,
                &mut stream,
                &mut clean,
            )?;
            let executed: Vec<f32> = clean
                .iter()
                .map(|&a| ((f64::from(a) + half * noise * stream.normal()) as f32).clamp(low, high))
                .collect();
            let step = self.simulator.step(&executed, &mut next)?;
            steps += 1;
            let truncated = step.truncated || (steps == limit && !step.terminated);
            let ended = step.terminated || truncated;
            part.total_return += step.reward;
            sink(Transition {
                episode: episode as u32,
                observation: &observation,
                action: match recipe.action_label {
                    ActionLabel::Executed => &executed,
                    ActionLabel::Clean => &clean,
                },
                reward: step.reward as f32,
                terminated: step.terminated,
                truncated,
                final_observation: ended.then_some(&next),
            })?;
            if ended {
                part.episodes += 1;
                return Ok(());
            }
            std::mem::swap(&mut observation, &mut next);
        }
    }
}

/// The part at a uniform number in [0, 1).
fn drawn(parts: &[Part], mut left: f64) -> usize {
    for (i, part) in parts.iter().enumerate() {
        if left < part.share {
            return i;
        }
        left -= part.share;
    }
    parts.len() - 1
}

impl Actor {
    fn create(
        request: &GenerateRequest,
        behaviour: &SimulatedBehaviour,
        trained: &BTreeMap<&str, Trained>,
        simulator: &Simulator,
    ) -> Result<Self, Stop> {
        Ok(match behaviour {
            SimulatedBehaviour::Uniform { hold } => Self::Uniform { hold: *hold },
            SimulatedBehaviour::Trained {
                training,
                at,
                noise,
            } => {
                let trained = &trained[training.as_str()];
                // It acts and never learns here, so its interaction stays empty.
                let spec = simulator.spec();
                let replay = Replay::new(
                    &Transform::identity(spec.observation_dim),
                    spec.observation_dim,
                    spec.action_dim,
                );
                let replay = Rc::new(RefCell::new(replay));
                let mut pupil = Pupil::create(request, training, simulator, &replay)?;
                pupil.learner.load(&trained.snapshot(*at)?.state)?;
                Self::Trained {
                    pupil: Box::new(pupil),
                    noise: *noise,
                }
            }
            SimulatedBehaviour::Scripted {
                name,
                params,
                noise,
            } => Self::Scripted {
                name: name.clone(),
                params: serde_json::json!(params).to_string(),
                noise: *noise,
            },
            SimulatedBehaviour::File { noise, .. } => Self::File {
                policy: policy_of(request, simulator)?,
                noise: *noise,
            },
            SimulatedBehaviour::Replay { .. } | SimulatedBehaviour::Mixture { .. } => {
                unreachable!("a checked recipe replays alone and does not nest mixtures")
            }
        })
    }

    /// Starts an episode and writes its observation.
    fn begin(
        &self,
        simulator: &mut Simulator,
        seed: u64,
        observation: &mut [f32],
    ) -> Result<(), Stop> {
        match self {
            Self::Scripted { name, params, .. } => {
                simulator.begin_behaviour(name, params, seed, observation)
            }
            _ => simulator.reset(seed, observation),
        }
    }

    /// Writes the action before noise; returns the noise.
    fn act(
        &self,
        simulator: &mut Simulator,
        observation: &[f32],
        step: u64,
        [low, high]: [f32; 2],
        stream: &mut Stream,
        action: &mut [f32],
    ) -> Result<f64, Stop> {
        match self {
            Self::Uniform { hold } => {
                if step.is_multiple_of(u64::from(*hold)) {
                    for a in action {
                        *a = stream.uniform_in(f64::from(low), f64::from(high)) as f32;
                    }
                }
                Ok(0.0)
            }
            Self::Trained { pupil, noise } => {
                action.copy_from_slice(&pupil.act(observation)?);
                Ok(*noise)
            }
            Self::File { policy, noise } => {
                policy.act(observation, [low, high], action);
                Ok(*noise)
            }
            Self::Scripted { noise, .. } => {
                simulator.behaviour_action(action)?;
                Ok(*noise)
            }
        }
    }
}

/// The policy of the request's file, for this environment.
fn policy_of(request: &GenerateRequest, simulator: &Simulator) -> Result<PolicyFile, Stop> {
    let refused = |reason: String| Stop::new(FailureKind::Refused, reason);
    let path = request.policy_file.as_ref();
    let path = path.ok_or_else(|| refused("no policy file is given".into()))?;
    let policy = PolicyFile::read(path).map_err(|e| refused(e.to_string()))?;
    let (found, spec) = (policy.dims(), simulator.spec());
    let expected = (spec.observation_dim, spec.action_dim);
    if found != expected {
        return Err(refused(format!(
            "{}: its policy has (observation, action) of {found:?} entries, environment `{}` {expected:?}",
            path.display(),
            spec.id
        )));
    }
    Ok(policy)
}

/// The mean return of a policy over one episode from each start, one simulator per episode.
pub(super) fn mean_return(
    pupil: &Pupil,
    simulators: &mut [Simulator],
    starts: &[u64],
) -> Result<f64, Stop> {
    let mut running = Vec::new();
    for (index, (simulator, seed)) in simulators.iter_mut().zip(starts).enumerate() {
        let mut observation = vec![0.0; simulator.spec().observation_dim];
        simulator.reset(*seed, &mut observation)?;
        running.push((index, observation));
    }
    let mut total = 0.0;
    while !running.is_empty() {
        let observations: Vec<f32> = running.iter().flat_map(|(_, o)| o.clone()).collect();
        let actions = pupil.act(&observations)?;
        let entries = actions.len() / running.len();
        let mut going = Vec::new();
        for ((index, mut observation), action) in
            running.drain(..).zip(actions.chunks_exact(entries))
        {
            let step = simulators[index].step(action, &mut observation)?;
            total += step.reward;
            if !step.terminated && !step.truncated {
                going.push((index, observation));
            }
        }
        running = going;
    }
    Ok(total / starts.len() as f64)
}
