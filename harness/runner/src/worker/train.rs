//! Training one stage: update, keep resumable states and snapshots, publish.

use super::Reporter;
use super::failure::Stop;
use super::services::StageServices;
use super::stages::{Data, Live, Stages};
use crate::clock::Stopwatch;
use crate::job::{Job, StageJob};
use crate::machine;
use plugin_host::Learner;
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use store::{FailureKind, Node, Partial, Store, write_metrics};

/// Updates between two looks at clock and interval; a divisor of nothing in particular, small against both.
const CHUNK_UPDATES: u64 = 50;

/// Trains the last stage of the job and publishes its node.
pub(crate) fn train(job: &Job, store: &Store, reporter: &mut Reporter) -> Result<(), Stop> {
    let watch = Stopwatch::start();
    let data = Data::load(&job.data)?;
    let mut stages = Stages::create(job, &data, store)?;
    let libraries = stages.libraries.clone();
    let stage = job
        .stages
        .last()
        .ok_or_else(|| Stop::new(FailureKind::Failed, "the job has no stages"))?;
    let Live::Plugin { learner, services } = stages.last()? else {
        return Err(Stop::new(FailureKind::Failed, "the oracle is not trained"));
    };
    let mut run = Training {
        job,
        stage,
        store,
        learner,
        services: services.clone(),
        snapshots: Vec::new(),
        update: 0,
        kept_at: None,
    };
    let resumed = run.resume()?;
    let training = Stopwatch::start();
    run.train(reporter, &training)?;
    let rate = (stage.updates - resumed) as f64 / training.seconds().max(1e-9);
    let mut provenance = machine::provenance(watch.seconds(), rate, libraries);
    provenance.resumed_from_update = resumed;
    run.publish(provenance)
}

struct Training<'a> {
    job: &'a Job,
    stage: &'a StageJob,
    store: &'a Store,
    learner: &'a mut Learner,
    services: Rc<RefCell<StageServices>>,
    snapshots: Vec<(u64, Vec<u8>)>,
    update: u64,
    /// Update of the newest resumable state in the store.
    kept_at: Option<u64>,
}

impl Training<'_> {
    /// Takes over the state of an interrupted worker; returns its update, or 0.
    fn resume(&mut self) -> Result<u64, Stop> {
        let Some((partial, bytes)) = self.store.partial(&self.job.run_id) else {
            return Ok(0);
        };
        let Some(states) = unpack(&bytes) else {
            return Ok(0);
        };
        let Some(((at, state), snapshots)) = states.split_last() else {
            return Ok(0);
        };
        if *at != partial.update {
            return Ok(0);
        }
        self.learner.load(state)?;
        self.services.borrow_mut().metrics = partial.metrics;
        self.snapshots = snapshots.to_vec();
        self.update = partial.update;
        self.kept_at = Some(partial.update);
        Ok(partial.update)
    }

    fn train(&mut self, reporter: &mut Reporter, watch: &Stopwatch) -> Result<(), Stop> {
        let total = self.stage.updates;
        let start = self.update;
        // A snapshot at update 0 is the fresh instance.
        self.keep_snapshot()?;
        while self.update < total {
            let stop = self.next_stop(total);
            let count = (stop - self.update).min(CHUNK_UPDATES);
            self.learner.update(count).map_err(|e| self.explain(e))?;
            self.update += count;
            self.keep_snapshot()?;
            if self.update.is_multiple_of(self.job.resume_interval_updates) && self.update < total {
                self.keep_partial()?;
            }
            let rate = (self.update - start) as f64 / watch.seconds().max(1e-9);
            reporter.progress(self.update, total, rate);
        }
        Ok(())
    }

    /// A value that is not finite says where the last good state is: the learner names update and term.
    fn explain(&self, error: plugin_host::Error) -> Stop {
        let mut stop = Stop::from(error);
        if stop.kind == FailureKind::NonFinite {
            stop.message += &match self.kept_at {
                Some(update) => format!(
                    "; the last good checkpoint is that of update {update}, in store/partial/{}",
                    self.job.run_id
                ),
                None => format!(
                    "; no checkpoint was kept before, the first is due at update {}",
                    self.job.resume_interval_updates
                ),
            };
        }
        stop
    }

    /// The next update at which something is kept.
    fn next_stop(&self, total: u64) -> u64 {
        let interval = self.job.resume_interval_updates;
        let next_partial = (self.update / interval + 1) * interval;
        let next_snapshot = self
            .stage
            .snapshots
            .iter()
            .copied()
            .find(|&s| s > self.update)
            .unwrap_or(total);
        next_partial.min(next_snapshot).min(total)
    }

    fn keep_snapshot(&mut self) -> Result<(), Stop> {
        let wanted =
            self.stage.snapshots.contains(&self.update) && self.update < self.stage.updates;
        if wanted
            && self
                .snapshots
                .last()
                .is_none_or(|(at, _)| *at < self.update)
        {
            let state = self.learner.save()?;
            self.snapshots.push((self.update, state));
        }
        Ok(())
    }

    fn keep_partial(&mut self) -> Result<(), Stop> {
        let state = self.learner.save()?;
        let mut states = self.snapshots.clone();
        states.push((self.update, state));
        let metrics = self.services.borrow().metrics.clone();
        let partial = Partial {
            update: self.update,
            state_sha256: String::new(),
            metrics,
        };
        self.store
            .save_partial(&self.job.run_id, &pack(&states), partial)
            .map_err(Stop::store)?;
        self.kept_at = Some(self.update);
        Ok(())
    }

    fn publish(self, provenance: store::Provenance) -> Result<(), Stop> {
        let checkpoint = self.learner.save()?;
        let services = self.services.borrow();
        let mut writer = self.store.writer(&self.job.run_id).map_err(Stop::store)?;
        let mut add = |name: &str, bytes: &[u8]| writer.add(name, bytes).map_err(Stop::store);
        for (update, state) in &self.snapshots {
            add(&format!("snapshots/{update}.bin"), state)?;
        }
        add("checkpoint.bin", &checkpoint)?;
        add(
            "metrics.parquet",
            &write_metrics(&services.metrics).map_err(Stop::store)?,
        )?;
        add("log.txt", services.log.as_bytes())?;
        writer
            .publish(node(self.job, "stage", provenance))
            .map_err(Stop::store)?;
        self.store.drop_partial(&self.job.run_id);
        Ok(())
    }
}

/// The record of a node, but for its files.
pub(crate) fn node(job: &Job, kind: &str, provenance: store::Provenance) -> Node {
    Node {
        format: 0,
        kind: kind.into(),
        run_id: job.run_id.clone(),
        spec_id: job.spec_id.clone(),
        identity: job.identity.clone(),
        upstream: job.upstream.clone(),
        files: Default::default(),
        provenance,
        folder: PathBuf::new(),
    }
}

/// States of several updates as one run of bytes: (update, length, bytes)*.
pub(crate) fn pack(states: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (update, state) in states {
        bytes.extend(update.to_le_bytes());
        bytes.extend((state.len() as u64).to_le_bytes());
        bytes.extend(state);
    }
    bytes
}

pub(crate) fn unpack(mut bytes: &[u8]) -> Option<Vec<(u64, Vec<u8>)>> {
    let mut states = Vec::new();
    while !bytes.is_empty() {
        let (update, rest) = bytes.split_first_chunk::<8>()?;
        let (size, rest) = rest.split_first_chunk::<8>()?;
        let (state, rest) = rest.split_at_checked(u64::from_le_bytes(*size) as usize)?;
        states.push((u64::from_le_bytes(*update), state.to_vec()));
        bytes = rest;
    }
    Some(states)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_states_come_back_and_cut_ones_are_refused() {
        let states = vec![(0, vec![]), (7, vec![1, 2, 3])];
        let bytes = pack(&states);
        assert_eq!(unpack(&bytes), Some(states));
        assert_eq!(unpack(&bytes[..bytes.len() - 1]), None);
    }
}
