//! Training a policy by interaction, from nothing: act with noise, append, update.

use super::kept::{Kept, Snapshot, Space};
use super::pupil::Pupil;
use super::{Collecting, rollout};
use crate::generate::GenerateRequest;
use crate::worker::environment::Simulator;
use crate::worker::failure::Stop;
use crate::worker::replay::{Replay, Step};
use crate::worker::transform::Transform;
use envs::Training;
use manifest::random::Family;
use std::cell::RefCell;
use std::rc::Rc;

/// A training under way.
pub(super) struct Run<'a> {
    training: &'a Training,
    pupil: Pupil,
    replay: Rc<RefCell<Replay>>,
    /// One for the interaction.
    simulator: Simulator,
    /// One per episode of a score.
    scorers: Vec<Simulator>,
    starts: Family,
    actions: Family,
    scores: Family,
    kept: Kept,
}

impl<'a> Run<'a> {
    pub(super) fn create(request: &'a GenerateRequest, name: &str) -> Result<Self, Stop> {
        let training = &request.recipe.trainings[name];
        let world = &request.worlds[&training.environment];
        let make = |count| Simulator::make(&training.environment, world, count);
        let simulator = make(1)?.remove(0);
        let spec = simulator.spec().clone();
        let replay = Replay::new(
            &Transform::identity(spec.observation_dim),
            spec.observation_dim,
            spec.action_dim,
        );
        let replay = Rc::new(RefCell::new(replay));
        let family = |name| Family::new(request.seed, &["training", name]);
        Ok(Self {
            training,
            pupil: Pupil::create(request, name, &simulator, &replay)?,
            replay,
            simulator,
            scorers: make(training.evaluation_episodes as usize)?,
            starts: family("episode"),
            actions: family("action"),
            scores: family("score"),
            kept: Kept::default(),
        })
    }

    /// What is observed and done.
    pub(super) fn space(&self) -> Space {
        Space::of(self.simulator.spec())
    }

    /// Takes over the state of an interrupted training.
    pub(super) fn resume(&mut self, kept: Kept) -> Result<(), Stop> {
        self.pupil.learner.load(&kept.learner)?;
        self.replay.borrow_mut().load(&kept.interaction)?;
        self.kept = kept;
        Ok(())
    }

    /// Interacts to the end of the budget. `keep` gets a resumable state now and then, between episodes.
    pub(super) fn finish(
        mut self,
        keep: &mut dyn FnMut(&Kept) -> Result<(), Stop>,
        progress: &mut dyn FnMut(Collecting),
    ) -> Result<Kept, Stop> {
        let training = self.training;
        let what = format!("training {} in {}", training.learner, training.environment);
        let mut kept_at = self.kept.step;
        if self.kept.step == 0 {
            self.snapshot()?;
        }
        let mut observation = self.begin()?;
        while self.kept.step < training.steps {
            let ended = self.step(&mut observation)?;
            self.kept.step += 1;
            let step = self.kept.step;
            if step > training.warmup_steps {
                self.pupil.learner.update(training.updates_per_step)?;
            }
            if step.is_multiple_of(training.snapshot_interval_steps) {
                self.snapshot()?;
            }
            if ended {
                self.kept.episode += 1;
                if step - kept_at >= training.snapshot_interval_steps && step < training.steps {
                    kept_at = step;
                    self.pack()?;
                    keep(&self.kept)?;
                }
                observation = self.begin()?;
            }
            progress(Collecting {
                what: what.clone(),
                position: step,
                total: training.steps,
                episode_return: self.kept.snapshots.last().map(|s| s.mean_return),
            });
        }
        self.pack()?;
        Ok(self.kept)
    }

    fn begin(&mut self) -> Result<Vec<f32>, Stop> {
        let mut observation = vec![0.0; self.simulator.spec().observation_dim];
        let seed = self.starts.at(self.kept.episode).next_u64();
        self.simulator.reset(seed, &mut observation)?;
        Ok(observation)
    }

    /// One step; whether the episode ended. The last step of the budget ends its episode.
    fn step(&mut self, observation: &mut [f32]) -> Result<bool, Stop> {
        let [low, high] = self.space().action_bounds;
        let half = 0.5 * f64::from(high - low);
        let mut random = self.actions.at(self.kept.step);
        let action = if self.kept.step < self.training.warmup_steps {
            let entries = self.simulator.spec().action_dim;
            let mut uniform = || random.uniform_in(f64::from(low), f64::from(high)) as f32;
            (0..entries).map(|_| uniform()).collect()
        } else {
            let mut action = self.pupil.act(observation)?;
            for a in &mut action {
                let noisy = f64::from(*a) + half * self.training.noise * random.normal();
                *a = (noisy as f32).clamp(low, high);
            }
            action
        };
        let before = observation.to_vec();
        let step = self.simulator.step(&action, observation)?;
        let last = self.kept.step + 1 == self.training.steps;
        let truncated = step.truncated || (last && !step.terminated);
        self.replay.borrow_mut().push(&Step {
            observation: &before,
            action: &action,
            reward: step.reward as f32,
            terminated: step.terminated,
            truncated,
            next_observation: observation,
        });
        Ok(step.terminated || truncated)
    }

    /// Keeps the learner as it is, with its score: the same starts for every snapshot.
    fn snapshot(&mut self) -> Result<(), Stop> {
        let starts = (0..self.scorers.len() as u64).map(|e| self.scores.at(e).next_u64());
        let starts: Vec<u64> = starts.collect();
        self.kept.snapshots.push(Snapshot {
            step: self.kept.step,
            mean_return: rollout::mean_return(&self.pupil, &mut self.scorers, &starts)?,
            state: self.pupil.learner.save()?,
        });
        Ok(())
    }

    /// Brings the state that is kept up to date.
    fn pack(&mut self) -> Result<(), Stop> {
        self.kept.learner = self.pupil.learner.save()?;
        self.kept.interaction = self.replay.borrow().save();
        Ok(())
    }
}
