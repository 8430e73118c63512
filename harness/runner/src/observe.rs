//! From the store to a study's long table.

use crate::plan::{Cell, CellState, Plan};
use crate::pool::Report;
use store::{Error, Observation, Store, read_metrics};

/// A cell without a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// `failed` or `skipped`.
    pub status: &'static str,
    /// Why.
    pub reason: String,
}

/// The time that a policy takes for an action. No result is a function of it, and it differs from run to run.
pub const MS_PER_ACTION: &str = "ms_per_action";

/// Every observation of the plan's cells that the store holds, and a row with the reason for every other cell. With
/// `timings`, also [`MS_PER_ACTION`] from the records of how evaluations came about; without, equal runs give equal rows.
pub fn observe(
    plan: &Plan,
    store: &Store,
    report: &Report,
    timings: bool,
) -> Result<Vec<Observation>, Error> {
    let mut rows = Vec::new();
    for cell in &plan.cells {
        match &cell.state {
            CellState::Skipped { reason } => rows.push(hole(
                cell,
                "",
                &Hole {
                    status: "skipped",
                    reason: reason.clone(),
                },
            )),
            CellState::Planned { evaluation } if store.has(evaluation) => {
                values(cell, evaluation, store, timings, &mut rows)?
            }
            CellState::Planned { evaluation } => {
                rows.push(hole(cell, evaluation, &reason(evaluation, store, report)))
            }
        }
    }
    Ok(rows)
}

fn reason(evaluation: &str, store: &Store, report: &Report) -> Hole {
    let failure = report
        .failed
        .get(evaluation)
        .cloned()
        .or_else(|| store.failure(evaluation).map(|(f, _)| f));
    match failure {
        Some(failure) => Hole {
            status: "failed",
            reason: format!("{}: {}", failure.kind.name(), failure.message),
        },
        None => Hole {
            status: "skipped",
            reason: "not computed yet".into(),
        },
    }
}

fn values(
    cell: &Cell,
    evaluation: &str,
    store: &Store,
    timings: bool,
    rows: &mut Vec<Observation>,
) -> Result<(), Error> {
    let node = store.node(evaluation)?;
    let metrics = read_metrics(
        node.file("metrics.parquet")?,
        &node.folder.join("metrics.parquet"),
    )?;
    let last = metrics.iter().map(|m| m.update).max().unwrap_or_default();
    for metric in metrics {
        rows.push(Observation {
            update: metric.update as i64,
            last: metric.update == last,
            metric: metric.metric,
            value: Some(metric.value),
            ..base(cell, evaluation)
        });
    }
    if let Some(value) = node.provenance.ms_per_action.filter(|_| timings) {
        rows.push(Observation {
            update: last as i64,
            metric: MS_PER_ACTION.into(),
            value: Some(value),
            ..base(cell, evaluation)
        });
    }
    Ok(())
}

fn hole(cell: &Cell, evaluation: &str, hole: &Hole) -> Observation {
    Observation {
        status: hole.status.into(),
        reason: Some(hole.reason.clone()),
        update: cell.updates as i64,
        ..base(cell, evaluation)
    }
}

fn base(cell: &Cell, evaluation: &str) -> Observation {
    Observation {
        benchmark: cell.benchmark.clone(),
        pipeline: cell.pipeline.clone(),
        seed: cell.seed as i64,
        tuning: cell.tuning,
        point: cell.point.clone(),
        reference: cell.reference,
        update: 0,
        last: true,
        metric: String::new(),
        value: None,
        status: "ok".into(),
        reason: None,
        evaluation_id: evaluation.to_owned(),
    }
}
