//! The evaluations of a study one by one, and what gave no value.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::cell::MissingKind;
use crate::error::Result;
use crate::load::Results;
use crate::observation::Outcome;

/// One evaluation with a result. Pipelines and points that share it are one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Run {
    /// The benchmark.
    pub benchmark: String,
    /// Seed of the run.
    pub seed: i64,
}

/// The evaluations with a result, by id, tuning runs left out.
///
/// # Errors
/// `Observations` for a damaged file.
pub fn runs(results: &Results) -> Result<BTreeMap<String, Run>> {
    let frame = results.last_ok(["evaluation_id", "benchmark"])?;
    let wrap = |source| results.wrap(source);
    let text = |name: &str| frame.column(name).and_then(|c| c.str().cloned());
    let (ids, benchmarks) = (
        text("evaluation_id").map_err(wrap)?,
        text("benchmark").map_err(wrap)?,
    );
    let seeds = frame.column("seed").and_then(|c| c.i64().cloned());
    let seeds = seeds.map_err(wrap)?;
    let mut found: BTreeMap<String, Run> = BTreeMap::new();
    for row in 0..frame.height() {
        let run = Run {
            benchmark: benchmarks.get(row).unwrap_or_default().to_owned(),
            seed: seeds.get(row).unwrap_or_default(),
        };
        let id = ids.get(row).unwrap_or_default();
        match found.get_mut(id) {
            // Seeds can share an evaluation: the first of them names it, whatever the order of rows.
            Some(known) => *known = run.min(known.clone()),
            None => {
                found.insert(id.to_owned(), run);
            }
        }
    }
    Ok(found)
}

/// Runs without a result for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Absent {
    /// `Failed` or `Skipped`.
    pub kind: MissingKind,
    /// Why.
    pub reason: String,
    /// How many cells with their seeds.
    pub runs: usize,
    /// The pipelines.
    pub pipelines: BTreeSet<String>,
    /// The benchmarks.
    pub benchmarks: BTreeSet<String>,
    /// The seeds.
    pub seeds: BTreeSet<i64>,
    /// The evaluations, where they were planned.
    pub evaluation_ids: BTreeSet<String>,
}

/// Failed and skipped runs by reason, failed ones first.
///
/// # Errors
/// `Observations` and `Column` for a damaged file.
pub fn absent(results: &Results) -> Result<Vec<Absent>> {
    let mut found: BTreeMap<(MissingKind, String), Absent> = BTreeMap::new();
    for row in results.reasons()? {
        let (kind, reason) = match &row.outcome {
            Outcome::Failed(reason) => (MissingKind::Failed, reason),
            Outcome::Skipped(reason) => (MissingKind::Skipped, reason),
            Outcome::Value(_) | Outcome::NotFinite(_) => continue,
        };
        let key = (kind, reason.clone());
        let absent = found.entry(key).or_insert_with(|| Absent {
            kind,
            reason: reason.clone(),
            runs: 0,
            pipelines: BTreeSet::new(),
            benchmarks: BTreeSet::new(),
            seeds: BTreeSet::new(),
            evaluation_ids: BTreeSet::new(),
        });
        absent.runs += 1;
        absent.pipelines.insert(row.pipeline.to_string());
        absent.benchmarks.insert(row.benchmark.to_string());
        absent.seeds.insert(row.seed);
        if !row.evaluation_id.is_empty() {
            absent.evaluation_ids.insert(row.evaluation_id.to_string());
        }
    }
    Ok(found.into_values().collect())
}
