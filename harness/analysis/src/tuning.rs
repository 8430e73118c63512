//! Values chosen on the tuning seeds and what they give on the others.
//!
//! A sweep that is tuned runs all its values on both sets of seeds. The value with the best mean over the tuning runs is
//! chosen; ties go to the declared value, then to the lower one. What is reported is the metric of the chosen value on the
//! seeds of the report, beside that of the declared value there and the number of runs that the choice took. A value for
//! which a tuning run is missing is not chosen.

use serde::Serialize;

use crate::cell::Entry;
use crate::error::Result;
use crate::load::{Observation, Outcome, Results};
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
    let mut out = Vec::new();
    for benchmark in options.benchmarks(study)? {
        let metric = options.metric(study, benchmark)?;
        for sweep in study.sweeps.iter().filter(|s| s.tune) {
            let free = [sweep.parameter.as_str()];
            let trials = Slices::read(&tuning, &metric, benchmark, &free)?;
            let reports = Slices::read(results, &metric, benchmark, &free)?;
            for pipeline in &sweep.pipelines {
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

fn choose(tried: &[Tried], better: Better, declared: Option<&Level>) -> Option<Level> {
    let score = |t: &Tried| {
        t.mean.map(|m| match better {
            Better::Lower => -m,
            Better::Higher => m,
        })
    };
    let best = tried
        .iter()
        .filter_map(score)
        .fold(None, |best, s| Some(best.map_or(s, |b: f64| b.max(s))))?;
    let mut winners = tried.iter().filter(|t| score(t) == Some(best));
    let first = winners.clone().next().map(|t| t.level.clone());
    winners
        .find(|t| Some(&t.level) == declared)
        .map(|t| t.level.clone())
        .or(first)
}
