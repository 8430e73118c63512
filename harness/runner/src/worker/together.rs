//! Several learners in one node: what stages in turn and an online phase have in common.

use super::failure::Stop;
use super::stages::{Live, Stages};
use super::train::{node, unpack};
use crate::job::Job;
use store::{FailureKind, MetricRow, Provenance, Store, write_metrics};

/// States of the learners at `positions`, by position.
pub(crate) fn states(
    stages: &mut Stages,
    positions: &[usize],
) -> Result<Vec<(u64, Vec<u8>)>, Stop> {
    let state = |&position: &usize| Ok((position as u64, stages.learner(position)?.save()?));
    positions.iter().map(state).collect()
}

/// Loads states by the position of their stage.
pub(crate) fn load_states(stages: &mut Stages, states: &[(u64, Vec<u8>)]) -> Result<(), Stop> {
    for (position, state) in states {
        stages.learner(*position as usize)?.load(state)?;
    }
    Ok(())
}

/// Loads the learners that node `run_id` keeps together as they were after `update`: updates of stages in turn, or steps of an online phase.
pub(crate) fn load_together(
    stages: &mut Stages,
    store: &Store,
    run_id: &str,
    update: u64,
) -> Result<(), Stop> {
    let name = format!("snapshots/{update}.bin");
    let bytes = store
        .node(run_id)
        .and_then(|n| n.file(&name))
        .map_err(Stop::store)?;
    let states = unpack(&bytes)
        .ok_or_else(|| Stop::new(FailureKind::Failed, format!("{name} of {run_id} is cut")))?;
    load_states(stages, &states)
}

/// `before`, and what the learners at `positions` reported since they were created, under their roles.
pub(crate) fn metrics(
    stages: &mut Stages,
    job: &Job,
    positions: &[usize],
    before: &[MetricRow],
) -> Result<Vec<MetricRow>, Stop> {
    let mut all = before.to_vec();
    for &position in positions {
        let role = &job.stages[position].role;
        let Live::Plugin { services, .. } = stages.at(position)? else {
            continue;
        };
        let own = services.borrow().metrics.clone();
        all.extend(own.into_iter().map(|row| MetricRow {
            metric: format!("{role}_{}", row.metric),
            ..row
        }));
    }
    Ok(all)
}

/// Publishes the job's node with the states that were kept, by update or step.
pub(crate) fn publish(
    (job, kind): (&Job, &str),
    store: &Store,
    snapshots: &[(u64, Vec<u8>)],
    mut metrics: Vec<MetricRow>,
    provenance: Provenance,
) -> Result<(), Stop> {
    // Where the node was resumed must not show.
    metrics.sort_by(|a, b| (a.update, &a.metric).cmp(&(b.update, &b.metric)));
    let mut writer = store.writer(&job.run_id).map_err(Stop::store)?;
    let mut add = |name: &str, bytes: &[u8]| writer.add(name, bytes).map_err(Stop::store);
    for (at, states) in snapshots {
        add(&format!("snapshots/{at}.bin"), states)?;
    }
    let table = write_metrics(&metrics).map_err(Stop::store)?;
    add("metrics.parquet", &table)?;
    writer
        .publish(node(job, kind, provenance))
        .map_err(Stop::store)?;
    store.drop_partial(&job.run_id);
    Ok(())
}
