//! One cell of a table, matrix or curve: its statistics, or why it is a hole.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::error::Result;
use crate::observation::{Observation, Outcome};
use crate::stats::bootstrap::{Resampler, Scale};
use crate::stats::small_sample::LowN;
use crate::stats::{Interval, Observed, Panel, mean, sd};
use crate::study::non_negative;

/// A place for a number: what was measured there, and what is missing. A place without `cell` is a hole.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// The statistics, where at least one run has a value.
    pub cell: Option<Cell>,
    /// Runs without a value.
    pub missing: Vec<Missing>,
}

/// Statistics over the distinct evaluations of a cell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// Arithmetic mean.
    pub mean: f64,
    /// Interquartile mean; the number that is shown.
    pub iqm: f64,
    /// Standard deviation with `ddof = 1`; absent for one value.
    pub sd: Option<f64>,
    /// 95 % interval of the interquartile mean, cut at zero for errors; absent for one resampling unit.
    pub interval: Option<Interval>,
    /// Distinct evaluations.
    pub n: usize,
    /// Resampling units: seeds that share no evaluation, over all benchmarks of the cell.
    pub units: usize,
    /// Benchmarks pooled in the cell.
    pub benchmarks: usize,
    /// Few units: how far to trust the interval.
    pub low_n: Option<LowN>,
    /// The seeds.
    pub seeds: Vec<i64>,
    /// The evaluations, sorted.
    pub evaluation_ids: Vec<String>,
}

/// A run, or a whole cell, without a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Missing {
    /// Why in one word.
    pub kind: MissingKind,
    /// Why in words.
    pub reason: String,
    /// The benchmark.
    pub benchmark: String,
    /// The seed; absent where no run exists.
    pub seed: Option<i64>,
}

/// Why a run has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissingKind {
    /// It crashed, timed out or broke a rule.
    Failed,
    /// It was skipped because the combination makes no sense.
    Skipped,
    /// The metric is NaN, infinite or null.
    NotFinite,
    /// There is no such run, or it does not report the metric.
    NotMeasured,
}

impl MissingKind {
    /// The word that tables show.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::NotFinite => "not finite",
            Self::NotMeasured => "not measured",
        }
    }
}

impl Entry {
    /// The distinct reasons for missing values, each with its number of runs, e.g. `failed: out of memory (2 runs)`.
    pub fn reasons(&self) -> Vec<String> {
        let mut counts: BTreeMap<(MissingKind, &str), usize> = BTreeMap::new();
        for missing in &self.missing {
            *counts
                .entry((missing.kind, missing.reason.as_str()))
                .or_default() += 1;
        }
        counts
            .into_iter()
            .map(|((kind, reason), runs)| match runs {
                1 => format!("{}: {reason}", kind.word()),
                _ => format!("{}: {reason} ({runs} runs)", kind.word()),
            })
            .collect()
    }

    /// Statistics of `rows`; each of `benchmarks` without any row counts as not measured.
    pub(crate) fn of(
        resampler: &Resampler,
        metric: &str,
        benchmarks: &[&str],
        rows: &[&Observation],
    ) -> Result<Self> {
        let mut missing: Vec<Missing> =
            rows.iter().filter_map(|row| absence(metric, row)).collect();
        for name in benchmarks {
            if !rows.iter().any(|row| &*row.benchmark == *name) {
                missing.push(Missing {
                    kind: MissingKind::NotMeasured,
                    reason: format!("no run with `{metric}`"),
                    benchmark: (*name).to_owned(),
                    seed: None,
                });
            }
        }
        missing.sort();
        missing.dedup();
        let panel = Panel::new(metric, &[observed(rows)])?;
        Ok(Self {
            cell: statistics(resampler, metric, panel),
            missing,
        })
    }
}

/// The measured numbers among `rows`.
pub(crate) fn observed(rows: &[&Observation]) -> Vec<Observed> {
    let measured = rows.iter().filter_map(|row| match row.outcome {
        Outcome::Value(value) => Some(Observed {
            stratum: row.benchmark.to_string(),
            seed: row.seed,
            evaluation_id: row.evaluation_id.to_string(),
            value,
        }),
        _ => None,
    });
    measured.collect()
}

pub(crate) fn absence(metric: &str, row: &Observation) -> Option<Missing> {
    let (kind, reason) = match &row.outcome {
        Outcome::Value(_) => return None,
        Outcome::NotFinite(x) => (MissingKind::NotFinite, format!("`{metric}` is {x}")),
        Outcome::Failed(reason) => (MissingKind::Failed, reason.clone()),
        Outcome::Skipped(reason) => (MissingKind::Skipped, reason.clone()),
    };
    Some(Missing {
        kind,
        reason,
        benchmark: row.benchmark.to_string(),
        seed: Some(row.seed),
    })
}

fn statistics(resampler: &Resampler, metric: &str, panel: Panel) -> Option<Cell> {
    let estimate = resampler.estimate(&panel, Scale::Linear, |means| means.first().copied())?;
    let values = panel.values(0);
    let benchmarks = panel.units_by_stratum().len();
    Some(Cell {
        mean: mean::mean(&values)?,
        iqm: estimate.value,
        sd: sd::sd(&values),
        interval: estimate.interval.map(|i| {
            if non_negative(metric) {
                i.at_least_zero()
            } else {
                i
            }
        }),
        n: values.len(),
        units: estimate.n,
        benchmarks,
        low_n: estimate.low_n,
        seeds: panel.seeds,
        evaluation_ids: panel.evaluation_ids.into_iter().flatten().collect(),
    })
}
