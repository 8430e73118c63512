//! Values chosen on the tuning seeds and what they give on the others.
//!
//! A sweep that is tuned runs all its values on both sets of seeds. The value with the best mean over the tuning runs is
//! chosen; ties go to the declared value, then to the lower one. What is reported is the metric of the chosen value on the
//! seeds of the report, beside that of the declared value there and the number of runs that the choice took. A value for
//! which a tuning run is missing is not chosen.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::budget::{Budget, budgets};
use crate::cell::Entry;
use crate::error::Result;
use crate::load::Results;
use crate::observation::{Observation, Outcome};
use crate::point::Level;
use crate::scaling::{ScalingOptions, Slices};
use crate::stats::bootstrap::Resampler;
use crate::stats::mean;
use crate::study::Better;

/// One tuned parameter of one pipeline on one benchmark.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tuned {
    /// The benchmark.
    pub benchmark: String,
    /// The pipeline.
    pub pipeline: String,
    /// The metric.
    pub metric: String,
    /// Which direction is good.
    pub better: Better,
    /// The parameter.
    pub parameter: String,
    /// The values tried, ascending, with their means over the tuning runs.
    pub tried: Vec<Tried>,
    /// Tuning runs in all: the budget of the choice.
    pub budget_runs: usize,
    /// What the report would be expected to be with fewer of the values tried; empty where some value cannot be ranked or
    /// has no run on the seeds of the report.
    pub budget: Vec<Budget>,
    /// The chosen value; none where a tuning run of every value is missing.
    pub chosen: Option<Level>,
    /// The declared value, where the study has one.
    pub declared: Option<Level>,
    /// The chosen value on the seeds of the report.
    pub report: Option<Entry>,
    /// The declared value on the seeds of the report.
    pub report_at_declared: Option<Entry>,
}

/// A value on the tuning seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tried {
    /// The value.
    pub level: Level,
    /// Mean of the metric over its runs; none where one has no value.
    pub mean: Option<f64>,
    /// Its runs.
    pub runs: usize,
}

/// Every tuned sweep of the study on every benchmark where it has tuning runs.
///
/// # Errors
/// What reading the observations gives.
pub fn tuned(
    results: &Results,
    resampler: &Resampler,
    options: &ScalingOptions,
) -> Result<Vec<Tuned>> {
    let (study, reference) = (results.study(), results.reference());
    let Some(tuning) = results.tuning() else {
        return Ok(Vec::new());
    };
    let chosen_pipelines = options.pipelines(study)?;
    let mut out = Vec::new();
    for benchmark in options.benchmarks(study)? {
        let metric = options.metric(study, benchmark)?;
        for sweep in study.sweeps.iter().filter(|s| s.tune) {
            let free = [sweep.parameter.as_str()];
            let trials = Slices::read(&tuning, &metric, benchmark, &free)?;
            let reports = Slices::read(results, &metric, benchmark, &free)?;
            let tuned = |name: &&String| chosen_pipelines.contains(&name.as_str());
            for pipeline in sweep.pipelines.iter().filter(tuned) {
                let Some(trials) = trials.0.get(pipeline) else {
                    continue;
                };
                let tried: Vec<Tried> = trials
                    .iter()
                    .filter_map(|(key, rows)| Some(Tried::of(key[0].clone()?, rows)))
                    .collect();
                let better = study.better(&metric);
                let declared = reference.0.get(&sweep.parameter).cloned();
                let chosen = choose(&tried, better, declared.as_ref());
                let ranked = ranked(&tried, better, declared.as_ref());
                let budget = smaller(resampler, &metric, ranked, reports.0.get(pipeline))?;
                let report = |level: &Option<Level>| -> Result<Option<Entry>> {
                    let rows = reports
                        .0
                        .get(pipeline)
                        .and_then(|s| s.get(&vec![level.clone()]));
                    let Some(rows) = rows.filter(|_| level.is_some()) else {
                        return Ok(None);
                    };
                    let rows: Vec<&Observation> = rows.iter().collect();
                    Entry::of(resampler, &metric, &[benchmark], &rows).map(Some)
                };
                out.push(Tuned {
                    benchmark: benchmark.to_owned(),
                    pipeline: pipeline.clone(),
                    metric: metric.clone(),
                    better,
                    parameter: sweep.parameter.clone(),
                    budget_runs: tried.iter().map(|t| t.runs).sum(),
                    tried,
                    budget,
                    report: report(&chosen)?,
                    report_at_declared: report(&declared)?,
                    chosen,
                    declared,
                });
            }
        }
    }
    Ok(out)
}

/// Observations by level.
type Reports = BTreeMap<Vec<Option<Level>>, Vec<Observation>>;

/// The report to expect with fewer values tried; empty without a ranking or where a value has no report.
fn smaller(
    resampler: &Resampler,
    metric: &str,
    ranked: Option<Vec<Level>>,
    reports: Option<&Reports>,
) -> Result<Vec<Budget>> {
    let of = |level: Level| reports?.get(&vec![Some(level)]).cloned();
    let runs = ranked.map(|levels| levels.into_iter().map(of).collect::<Option<Vec<_>>>());
    match runs.flatten() {
        Some(runs) => budgets(resampler, metric, &runs),
        None => Ok(Vec::new()),
    }
}

impl Tried {
    fn of(level: Level, rows: &[Observation]) -> Self {
        let value = |row: &Observation| match row.outcome {
            Outcome::Value(value) => Some(value),
            _ => None,
        };
        let values: Option<Vec<f64>> = rows.iter().map(value).collect();
        Self {
            level,
            mean: values.and_then(|values| mean::mean(&values)),
            runs: rows.len(),
        }
    }
}

/// The value that is chosen among those without a missing run.
fn choose(tried: &[Tried], better: Better, declared: Option<&Level>) -> Option<Level> {
    let measured: Vec<Tried> = tried.iter().filter(|t| t.mean.is_some()).cloned().collect();
    ranked(&measured, better, declared)?.into_iter().next()
}

/// All values, the one that is chosen first: by mean, ties by being declared, then ascending. None where a mean is missing.
fn ranked(tried: &[Tried], better: Better, declared: Option<&Level>) -> Option<Vec<Level>> {
    let score = |t: &Tried| {
        t.mean.map(|m| match better {
            Better::Lower => m,
            Better::Higher => -m,
        })
    };
    let mut keyed: Vec<(f64, bool, &Level)> = Vec::new();
    for one in tried {
        keyed.push((score(one)?, Some(&one.level) != declared, &one.level));
    }
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    Some(keyed.into_iter().map(|(.., level)| level.clone()).collect())
}
