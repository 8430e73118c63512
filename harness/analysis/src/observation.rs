//! Rows of `observations.parquet` as [`Observation`]s.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use polars::prelude::*;

use crate::error::{Error, Result};
use crate::point::Point;

/// One row: a run's value of the metric, or why there is none.
#[derive(Clone, Debug)]
pub struct Observation {
    /// The benchmark.
    pub benchmark: Arc<str>,
    /// The pipeline.
    pub pipeline: Arc<str>,
    /// The seed.
    pub seed: i64,
    /// Where on the axes and sweeps.
    pub point: Arc<Point>,
    /// Whether every key is at the study's reference.
    pub reference: bool,
    /// Updates of the last stage at this snapshot.
    pub update: i64,
    /// Equal for rows that are one computation.
    pub evaluation_id: Arc<str>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A finite number.
    Value(f64),
    /// The metric is null, NaN or infinite.
    NotFinite(f64),
    /// The run failed, with its reason.
    Failed(String),
    /// The cell was skipped, with its reason.
    Skipped(String),
}

/// One copy of every distinct text.
#[derive(Default)]
struct Interned(BTreeMap<String, Arc<str>>);

impl Interned {
    fn get(&mut self, text: Option<&str>) -> Arc<str> {
        let text = text.unwrap_or_default();
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let fresh: Arc<str> = Arc::from(text);
        self.0.insert(text.to_owned(), Arc::clone(&fresh));
        fresh
    }
}

/// What [`decode`] needs of a frame.
pub(crate) fn columns() -> Vec<Expr> {
    let text = [
        "benchmark",
        "pipeline",
        "point",
        "status",
        "reason",
        "evaluation_id",
    ];
    let mut all: Vec<Expr> = text
        .iter()
        .map(|&name| col(name).cast(DataType::String))
        .collect();
    all.extend(
        ["seed", "update"]
            .iter()
            .map(|&name| col(name).cast(DataType::Int64)),
    );
    all.push(col("reference"));
    all.push(col("value").cast(DataType::Float64));
    all
}

/// The rows of a frame of [`columns`], in its order.
pub(crate) fn decode(frame: &DataFrame, path: &Path) -> Result<Vec<Observation>> {
    let wrap = |source| Error::Observations {
        path: path.to_owned(),
        source,
    };
    let text = |name: &str| {
        frame
            .column(name)
            .and_then(|c| c.str().cloned())
            .map_err(wrap)
    };
    let number = |name: &str| {
        frame
            .column(name)
            .and_then(|c| c.i64().cloned())
            .map_err(wrap)
    };
    let (benchmark, pipeline, point) = (text("benchmark")?, text("pipeline")?, text("point")?);
    let (status, reason, id) = (text("status")?, text("reason")?, text("evaluation_id")?);
    let (seed, update) = (number("seed")?, number("update")?);
    let reference = frame
        .column("reference")
        .and_then(|c| c.bool().cloned())
        .map_err(wrap)?;
    let value = frame
        .column("value")
        .and_then(|c| c.f64().cloned())
        .map_err(wrap)?;
    let mut names = Interned::default();
    let mut points: BTreeMap<String, Arc<Point>> = BTreeMap::new();
    let mut out = Vec::with_capacity(frame.height());
    for row in 0..frame.height() {
        let key = point.get(row).unwrap_or_default();
        let point = match points.get(key) {
            Some(known) => Arc::clone(known),
            None => {
                let parsed =
                    Point::parse(key).ok_or_else(|| bad(path, "point", "a JSON object", key))?;
                Arc::clone(
                    points
                        .entry(key.to_owned())
                        .or_insert_with(|| Arc::new(parsed)),
                )
            }
        };
        let why = || reason.get(row).unwrap_or("no reason recorded").to_owned();
        let outcome = match (status.get(row).unwrap_or_default(), value.get(row)) {
            ("ok", Some(x)) if x.is_finite() => Outcome::Value(x),
            ("ok", x) => Outcome::NotFinite(x.unwrap_or(f64::NAN)),
            ("failed", _) => Outcome::Failed(why()),
            ("skipped", _) => Outcome::Skipped(why()),
            (other, _) => return Err(bad(path, "status", "ok, failed or skipped", other)),
        };
        out.push(Observation {
            benchmark: names.get(benchmark.get(row)),
            pipeline: names.get(pipeline.get(row)),
            seed: seed
                .get(row)
                .ok_or_else(|| bad(path, "seed", "a number", "null"))?,
            point,
            reference: reference.get(row).unwrap_or(false),
            update: update.get(row).unwrap_or(0),
            evaluation_id: names.get(id.get(row)),
            outcome,
        });
    }
    Ok(out)
}

fn bad(path: &Path, column: &'static str, expected: &'static str, found: &str) -> Error {
    Error::Column {
        path: path.to_owned(),
        column,
        expected,
        found: format!("`{found}`"),
    }
}
