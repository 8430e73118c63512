//! The compacted long table of a study, `observations.parquet`: one row a metric of a cell at a snapshot.

use crate::error::Error;
use crate::files;
use crate::rows::{batches, column, parquet_bytes};
use arrow::array::{Array, ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray};
use std::path::Path;
use std::sync::Arc;

/// One metric of one cell, or the reason why there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// Name of the benchmark in the manifest.
    pub benchmark: String,
    /// Pipeline name.
    pub pipeline: String,
    /// Run seed.
    pub seed: i64,
    /// Whether values are chosen on this run; reports leave it out.
    pub tuning: bool,
    /// Canonical JSON of the assignment of axes and swept parameters.
    pub point: String,
    /// Whether the assignment is the declared one.
    pub reference: bool,
    /// Updates of the last stage.
    pub update: i64,
    /// Whether this is the final snapshot.
    pub last: bool,
    /// Metric name; empty for a cell that has no value.
    pub metric: String,
    /// Value; none for a cell that has no value.
    pub value: Option<f64>,
    /// `ok`, `failed` or `skipped`.
    pub status: String,
    /// Why there is no value.
    pub reason: Option<String>,
    /// Run id of the evaluation: equal ids are one observation.
    pub evaluation_id: String,
}

/// Writes the table, replacing an older one in one step.
pub fn write_observations(path: &Path, rows: &[Observation]) -> Result<(), Error> {
    files::replace_file(path, &parquet_bytes(columns(rows))?)
}

/// Reads the table.
///
/// # Errors
/// A file that cannot be read, is not Parquet or lacks a column.
pub fn read_observations(path: &Path) -> Result<Vec<Observation>, Error> {
    let mut rows = Vec::new();
    for batch in batches(
        std::fs::read(path).map_err(Error::io("reading", path))?,
        path,
    )? {
        let text = |name: &str| column::<StringArray>(&batch, name, path);
        let int = |name: &str| column::<Int64Array>(&batch, name, path);
        let flag = |name: &str| column::<BooleanArray>(&batch, name, path);
        let (benchmark, pipeline, point) = (text("benchmark")?, text("pipeline")?, text("point")?);
        let (metric, status, reason) = (text("metric")?, text("status")?, text("reason")?);
        let (evaluation_id, seed, update) = (text("evaluation_id")?, int("seed")?, int("update")?);
        let (tuning, reference, last) = (flag("tuning")?, flag("reference")?, flag("last")?);
        let value: &Float64Array = column(&batch, "value", path)?;
        rows.extend((0..batch.num_rows()).map(|i| Observation {
            benchmark: benchmark.value(i).to_owned(),
            pipeline: pipeline.value(i).to_owned(),
            seed: seed.value(i),
            tuning: tuning.value(i),
            point: point.value(i).to_owned(),
            reference: reference.value(i),
            update: update.value(i),
            last: last.value(i),
            metric: metric.value(i).to_owned(),
            value: (!value.is_null(i)).then(|| value.value(i)),
            status: status.value(i).to_owned(),
            reason: (!reason.is_null(i)).then(|| reason.value(i).to_owned()),
            evaluation_id: evaluation_id.value(i).to_owned(),
        }));
    }
    Ok(rows)
}

/// The columns of the table.
pub(crate) fn columns(rows: &[Observation]) -> Vec<(&'static str, ArrayRef)> {
    let text = |pick: fn(&Observation) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(pick)))
    };
    let int = |pick: fn(&Observation) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(rows.iter().map(pick)))
    };
    let flag = |pick: fn(&Observation) -> bool| -> ArrayRef {
        Arc::new(BooleanArray::from(
            rows.iter().map(pick).collect::<Vec<bool>>(),
        ))
    };
    vec![
        ("benchmark", text(|r| &r.benchmark)),
        ("pipeline", text(|r| &r.pipeline)),
        ("seed", int(|r| r.seed)),
        ("tuning", flag(|r| r.tuning)),
        ("point", text(|r| &r.point)),
        ("reference", flag(|r| r.reference)),
        ("update", int(|r| r.update)),
        ("last", flag(|r| r.last)),
        ("metric", text(|r| &r.metric)),
        (
            "value",
            Arc::new(rows.iter().map(|r| r.value).collect::<Float64Array>()),
        ),
        ("status", text(|r| &r.status)),
        (
            "reason",
            Arc::new(
                rows.iter()
                    .map(|r| r.reason.as_deref())
                    .collect::<StringArray>(),
            ),
        ),
        ("evaluation_id", text(|r| &r.evaluation_id)),
    ]
}
