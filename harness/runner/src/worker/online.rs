//! Interaction after offline training: act, append, update, in turn.
//!
//! The policy acts greedily with Gaussian noise. After every step the stages that go on learning are updated in pipeline
//! order, on batches of which a share is drawn from the interaction; stages that do not go on learning are frozen. A
//! resumable state holds every learner and the whole interaction; it is taken between episodes, because simulators have
//! no state that could be saved.

use super::Reporter;
use super::environment::Simulator;
use super::evaluate::{check_spec, form};
use super::failure::Stop;
use super::measure::call::{Form, Rows};
use super::replay::{Replay, Step};
use super::stages::{Data, Stages};
use super::together::{load_states, metrics, publish, states};
use super::train::{pack, unpack};
use crate::clock::Stopwatch;
use crate::job::{Job, OnlineJob};
use crate::machine;
use manifest::random::Family;
use plugin_api::ActMode;
use plugin_host::Bound;
use std::cell::RefCell;
use std::rc::Rc;
use store::{FailureKind, MetricRow, Partial, Store};

/// Runs the job's online phase and publishes its node.
pub(crate) fn online(
    job: &Job,
    online: &OnlineJob,
    store: &Store,
    reporter: &mut Reporter,
) -> Result<(), Stop> {
    let watch = Stopwatch::start();
    let data = Data::load(&job.data)?;
    let spec = data.transitions.as_ref();
    let replay = Replay::new(&data.transform, spec.observation_dim(), spec.action_dim());
    let replay = Rc::new(RefCell::new(replay.rewarded(data.rewards)));
    let mut stages =
        Stages::create_online(job, &data, store, (&replay, online.rules.replay_share))?;
    let libraries = stages.libraries.clone();
    let mut simulators = Simulator::make(&job.data.environment, &online.world, 1)?;
    check_spec(&simulators[0], job, &data.transitions)?;
    let last = job.stages.len() - 1;
    let form = form(job, &data, &job.stages[last], &simulators[0]);
    let policy = stages.bind(last, &job.stages[last].role, "policy/1");
    let policy = policy
        .ok_or_else(|| Stop::new(FailureKind::Failed, "the last stage offers no policy/1"))?;
    let mut run = Interaction {
        job,
        online,
        store,
        form,
        policy,
        replay,
        starts: Family::new(online.seed, &["online", "episode"]),
        noise: Family::new(online.seed, &["online", "noise"]),
        metrics: Vec::new(),
        snapshots: Vec::new(),
        step: 0,
        episode: 0,
    };
    let resumed = run.resume(&mut stages)?;
    let acting = Stopwatch::start();
    run.interact(&mut stages, &mut simulators[0], reporter)?;
    let rate = (online.rules.steps - resumed) as f64 / acting.seconds().max(1e-9);
    let mut provenance = machine::provenance(watch.seconds(), rate, libraries);
    provenance.resumed_from_update = resumed;
    run.publish(&mut stages, provenance)
}

struct Interaction<'a> {
    job: &'a Job,
    online: &'a OnlineJob,
    store: &'a Store,
    form: Form,
    policy: Bound,
    replay: Rc<RefCell<Replay>>,
    starts: Family,
    noise: Family,
    metrics: Vec<MetricRow>,
    snapshots: Vec<(u64, Vec<u8>)>,
    step: u64,
    episode: u64,
}

/// The running episode.
struct Episode {
    observation: Vec<f32>,
    goal: Vec<f32>,
    episode_return: f64,
}

impl Interaction<'_> {
    fn interact(
        &mut self,
        stages: &mut Stages,
        simulator: &mut Simulator,
        reporter: &mut Reporter,
    ) -> Result<(), Stop> {
        let rules = &self.online.rules;
        let watch = Stopwatch::start();
        let (first, mut kept) = (self.step, self.step);
        if self.step == 0 {
            self.keep_snapshot(stages)?;
        }
        let mut episode = self.begin(simulator)?;
        while self.step < rules.steps {
            let ended = self.act(simulator, &mut episode)?;
            self.step += 1;
            if self.step > rules.warmup_steps {
                for &index in &self.online.continued {
                    stages.learner(index)?.update(rules.updates_per_step)?;
                }
            }
            self.keep_snapshot(stages)?;
            if ended {
                self.note("interaction_return", episode.episode_return);
                self.episode += 1;
                let due = self.step - kept >= self.job.resume_interval_updates;
                if due && self.step < rules.steps {
                    self.keep_partial(stages)?;
                    kept = self.step;
                }
                episode = self.begin(simulator)?;
            }
            let rate = (self.step - first) as f64 / watch.seconds().max(1e-9);
            reporter.progress(self.step, rules.steps, rate);
        }
        Ok(())
    }

    fn begin(&self, simulator: &mut Simulator) -> Result<Episode, Stop> {
        let mut episode = Episode {
            observation: vec![0.0; self.form.observation_dim],
            goal: vec![0.0; self.form.goal_dim],
            episode_return: 0.0,
        };
        let seed = self.starts.at(self.episode).next_u64();
        simulator.reset(seed, &mut episode.observation)?;
        simulator.goal(&mut episode.goal)?;
        Ok(episode)
    }

    /// One step; whether the episode ended.
    fn act(&self, simulator: &mut Simulator, episode: &mut Episode) -> Result<bool, Stop> {
        let rows = Rows {
            observation: &episode.observation,
            goal: &episode.goal,
        };
        let mut action = self.form.act(&self.policy, rows, ActMode::Greedy)?;
        let mut random = self.noise.at(self.step);
        let (low, high) = (self.form.action_low, self.form.action_high);
        for a in &mut action {
            let noisy = f64::from(*a) + self.online.rules.noise * random.normal();
            *a = (noisy as f32).clamp(low, high);
        }
        let before = episode.observation.clone();
        let step = simulator.step(&action, &mut episode.observation)?;
        episode.episode_return += step.reward;
        self.replay.borrow_mut().push(&Step {
            observation: &before,
            action: &action,
            reward: step.reward as f32,
            terminated: step.terminated,
            truncated: step.truncated,
            next_observation: &episode.observation,
        });
        Ok(step.terminated || step.truncated)
    }

    fn note(&mut self, metric: &str, value: f64) {
        self.metrics.push(MetricRow {
            update: self.step,
            metric: metric.into(),
            value,
        });
    }

    fn keep_snapshot(&mut self, stages: &mut Stages) -> Result<(), Stop> {
        if self.online.snapshots.contains(&self.step) {
            let states = states(stages, &self.online.continued)?;
            self.snapshots.push((self.step, pack(&states)));
        }
        Ok(())
    }

    /// Learners, interaction and snapshots so far, as one state.
    fn keep_partial(&self, stages: &mut Stages) -> Result<(), Stop> {
        let parts = [
            (self.episode, pack(&states(stages, &self.online.continued)?)),
            (0, self.replay.borrow().save()),
            (0, pack(&self.snapshots)),
        ];
        let partial = Partial {
            update: self.step,
            state_sha256: String::new(),
            metrics: self.all_metrics(stages)?,
        };
        self.store
            .save_partial(&self.job.run_id, &pack(&parts), partial)
            .map_err(Stop::store)
    }

    /// Takes over the state of an interrupted worker; returns its step, or 0.
    fn resume(&mut self, stages: &mut Stages) -> Result<u64, Stop> {
        let found = self.store.partial(&self.job.run_id);
        let parts = found.and_then(|(partial, bytes)| Some((partial, unpack(&bytes)?)));
        let Some((partial, parts)) = parts else {
            return Ok(0);
        };
        let [(episode, states), (_, replay), (_, snapshots)] = parts.as_slice() else {
            return Ok(0);
        };
        let (Some(states), Some(snapshots)) = (unpack(states), unpack(snapshots)) else {
            return Ok(0);
        };
        load_states(stages, &states)?;
        self.replay.borrow_mut().load(replay)?;
        self.snapshots = snapshots;
        self.metrics = partial.metrics;
        self.episode = *episode;
        self.step = partial.update;
        Ok(partial.update)
    }

    /// What the interaction gave and what the learners reported since the last resumption, by stage.
    fn all_metrics(&self, stages: &mut Stages) -> Result<Vec<MetricRow>, Stop> {
        metrics(stages, self.job, &self.online.continued, &self.metrics)
    }

    fn publish(self, stages: &mut Stages, provenance: store::Provenance) -> Result<(), Stop> {
        let metrics = self.all_metrics(stages)?;
        let what = (self.job, "online");
        publish(what, self.store, &self.snapshots, metrics, provenance)
    }
}
