//! Training several stages in turn: one update each, in pipeline order, each on what the earlier ones are by then. A resumable state holds every
//! learner.

use super::Reporter;
use super::failure::Stop;
use super::stages::{Data, Stages};
use super::together::{load_states, metrics, publish, states};
use super::train::{pack, unpack};
use crate::clock::Stopwatch;
use crate::job::{Job, JointJob};
use crate::machine;
use store::{MetricRow, Partial, Store};

/// Updates between two reports of progress.
const CHUNK_UPDATES: u64 = 50;

/// Trains the job's stages in turn and publishes their node.
pub(crate) fn joint(
    job: &Job,
    joint: &JointJob,
    store: &Store,
    reporter: &mut Reporter,
) -> Result<(), Stop> {
    let watch = Stopwatch::start();
    let data = Data::load(&job.data)?;
    let mut stages = Stages::create(job, &data, store)?;
    let libraries = stages.libraries.clone();
    let mut run = Turns {
        job,
        joint,
        store,
        snapshots: Vec::new(),
        metrics: Vec::new(),
        update: 0,
    };
    let resumed = run.resume(&mut stages)?;
    let training = Stopwatch::start();
    while run.update < joint.updates {
        run.turn(&mut stages)?;
        if run.update.is_multiple_of(CHUNK_UPDATES) || run.update == joint.updates {
            let rate = (run.update - resumed) as f64 / training.seconds().max(1e-9);
            reporter.progress(run.update, joint.updates, rate);
        }
    }
    let rate = (joint.updates - resumed) as f64 / training.seconds().max(1e-9);
    let mut provenance = machine::provenance(watch.seconds(), rate, libraries);
    provenance.resumed_from_update = resumed;
    run.publish(&mut stages, provenance)
}

struct Turns<'a> {
    job: &'a Job,
    joint: &'a JointJob,
    store: &'a Store,
    snapshots: Vec<(u64, Vec<u8>)>,
    /// Those before the last resumption.
    metrics: Vec<MetricRow>,
    update: u64,
}

impl Turns<'_> {
    /// One update of every stage, and what is kept after it.
    fn turn(&mut self, stages: &mut Stages) -> Result<(), Stop> {
        for &index in &self.joint.trained {
            stages.learner(index)?.update(1).map_err(|error| {
                let mut stop = Stop::from(error);
                stop.message = format!("stage `{}`: {}", self.job.stages[index].role, stop.message);
                stop
            })?;
        }
        self.update += 1;
        if self.joint.snapshots.contains(&self.update) {
            let states = states(stages, &self.joint.trained)?;
            self.snapshots.push((self.update, pack(&states)));
        }
        let due = self.update.is_multiple_of(self.job.resume_interval_updates);
        if due && self.update < self.joint.updates {
            self.keep_partial(stages)?;
        }
        Ok(())
    }

    /// Learners and snapshots so far, as one state.
    fn keep_partial(&self, stages: &mut Stages) -> Result<(), Stop> {
        let parts = [
            (0, pack(&states(stages, &self.joint.trained)?)),
            (0, pack(&self.snapshots)),
        ];
        let partial = Partial {
            update: self.update,
            state_sha256: String::new(),
            metrics: self.all_metrics(stages)?,
        };
        self.store
            .save_partial(&self.job.run_id, &pack(&parts), partial)
            .map_err(Stop::store)
    }

    /// Takes over the state of an interrupted worker; returns its update, or 0.
    fn resume(&mut self, stages: &mut Stages) -> Result<u64, Stop> {
        let found = self.store.partial(&self.job.run_id);
        let parts = found.and_then(|(partial, bytes)| Some((partial, unpack(&bytes)?)));
        let Some((partial, parts)) = parts else {
            return Ok(0);
        };
        let [(_, states), (_, snapshots)] = parts.as_slice() else {
            return Ok(0);
        };
        let (Some(states), Some(snapshots)) = (unpack(states), unpack(snapshots)) else {
            return Ok(0);
        };
        load_states(stages, &states)?;
        self.snapshots = snapshots;
        self.metrics = partial.metrics;
        self.update = partial.update;
        Ok(partial.update)
    }

    /// What the learners reported, by stage.
    fn all_metrics(&self, stages: &mut Stages) -> Result<Vec<MetricRow>, Stop> {
        metrics(stages, self.job, &self.joint.trained, &self.metrics)
    }

    fn publish(self, stages: &mut Stages, provenance: store::Provenance) -> Result<(), Stop> {
        let metrics = self.all_metrics(stages)?;
        let what = (self.job, "joint");
        publish(what, self.store, &self.snapshots, metrics, provenance)
    }
}
