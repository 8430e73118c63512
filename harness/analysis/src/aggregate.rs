//! Every pipeline over all benchmarks: mean, median, interquartile mean, optimality gap and performance profile.

use serde::Serialize;

use crate::cell::{Missing, absence, observed};
use crate::error::{Error, Result};
use crate::load::{NORMALIZED_SCORE, Query, Results};
use crate::observation::Observation;
use crate::selection::split;
use crate::stats::bootstrap::{Resampler, Scale};
use crate::stats::tasks::{Aggregate, Tasks};
use crate::stats::{Estimate, Observed, Panel};
use crate::study::{Better, Study};

/// What is aggregated.
#[derive(Clone, Debug)]
pub struct AggregateOptions {
    /// The metric, with or without a selection rule.
    pub metric: String,
    /// Benchmarks; none: all of the study.
    pub benchmarks: Vec<String>,
    /// Pipelines; none: all of the study.
    pub pipelines: Vec<String>,
    /// Plain percentile intervals, as rliable gives them, in place of those widened for few runs.
    pub rliable: bool,
    /// Whether performance profiles are made, too.
    pub profiles: bool,
}

impl Default for AggregateOptions {
    fn default() -> Self {
        Self {
            metric: NORMALIZED_SCORE.to_owned(),
            benchmarks: Vec::new(),
            pipelines: Vec::new(),
            rliable: false,
            profiles: false,
        }
    }
}

/// The aggregates of a study.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Aggregates {
    /// The metric.
    pub metric: String,
    /// Which direction is good.
    pub better: Better,
    /// The benchmarks, which every row has.
    pub benchmarks: Vec<String>,
    /// Whether intervals are plain percentile intervals.
    pub rliable: bool,
    /// Pipelines with a value on every benchmark, in the order of the study.
    pub rows: Vec<AggregateRow>,
    /// Pipelines without.
    pub left_out: Vec<LeftOutPipeline>,
}

/// One pipeline over all benchmarks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AggregateRow {
    /// The pipeline.
    pub pipeline: String,
    /// Distinct evaluations.
    pub runs: usize,
    /// Interquartile mean over runs and benchmarks.
    pub iqm: Estimate,
    /// Median over benchmarks of the means over runs.
    pub median: Estimate,
    /// Mean over benchmarks of the means over runs.
    pub mean: Estimate,
    /// Shortfall from 100 points; of normalised scores only.
    pub optimality_gap: Option<Estimate>,
    /// Share of runs above a score; empty unless profiles were asked for.
    pub profile: Vec<ProfilePoint>,
    /// Runs without a value: the aggregates leave them out.
    pub missing: Vec<Missing>,
}

/// A point of a performance profile.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ProfilePoint {
    /// The score.
    pub tau: f64,
    /// Share of runs above it.
    pub share: Estimate,
}

/// A pipeline that cannot be compared over these benchmarks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOutPipeline {
    /// The pipeline.
    pub pipeline: String,
    /// Benchmarks on which it has no value.
    pub lacks: Vec<String>,
}

/// The target of normalised scores' optimality gap.
const TARGET: f64 = 100.0;
/// Points of a performance profile.
const TAUS: u32 = 101;
/// Replicates of a profile's band, as in rliable.
const BAND_REPLICATES: u32 = 2_000;

/// Aggregates over benchmarks, at the study's reference point and its final snapshots.
///
/// Only pipelines with a value on every benchmark are compared: a mean over other benchmarks is another question.
///
/// # Errors
/// `UnknownName` for a benchmark or pipeline that the study lacks; `NothingMeasured` where no pipeline has a value on every benchmark;
/// what reading the observations gives.
pub fn aggregates(
    results: &Results,
    resampler: &Resampler,
    options: &AggregateOptions,
) -> Result<Aggregates> {
    let study = results.study();
    let (metric, _) = split(&options.metric)?;
    let Gathered {
        benchmarks,
        candidates,
        left_out,
    } = gather(results, options)?;
    let taus = if options.profiles {
        taus(&candidates)
    } else {
        Vec::new()
    };
    let measure = Measure {
        resampler,
        band: Resampler::new(0, BAND_REPLICATES),
        rliable: options.rliable,
        scored: metric == NORMALIZED_SCORE,
        taus: &taus,
    };
    let rows: Option<Vec<AggregateRow>> = candidates.into_iter().map(|c| measure.row(c)).collect();
    let rows = rows.filter(|rows| !rows.is_empty());
    Ok(Aggregates {
        metric: options.metric.clone(),
        better: study.better(metric),
        rliable: options.rliable,
        rows: rows.ok_or_else(|| nothing(study, "any pipeline", &benchmarks))?,
        benchmarks,
        left_out,
    })
}

/// The error of a study in which too few pipelines have a value on every one of `benchmarks`; `who` says how many are wanted.
pub(crate) fn nothing(study: &Study, who: &str, benchmarks: &[String]) -> Error {
    Error::NothingMeasured {
        study: study.study.clone(),
        what: Some(match benchmarks {
            [only] => format!("{who} on {only}"),
            all => format!(
                "{who} on all {} benchmarks; choose benchmarks that a pipeline has",
                all.len()
            ),
        }),
    }
}

/// Pipelines to compare over the same benchmarks.
pub(crate) struct Gathered {
    pub(crate) benchmarks: Vec<String>,
    /// Those with a value on every benchmark, in the order of the study.
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) left_out: Vec<LeftOutPipeline>,
}

/// A pipeline with a value on every benchmark.
pub(crate) struct Candidate {
    pub(crate) pipeline: String,
    /// Its values on all benchmarks.
    pub(crate) observed: Vec<Observed>,
    missing: Vec<Missing>,
    panel: Panel,
}

/// The pipelines that `options` choose, at the study's reference point and its final snapshots.
pub(crate) fn gather(results: &Results, options: &AggregateOptions) -> Result<Gathered> {
    let study = results.study();
    let benchmarks: Vec<&str> = match options.benchmarks.as_slice() {
        [] => study.benchmarks.iter().map(|b| b.id.as_str()).collect(),
        chosen => chosen
            .iter()
            .map(|id| Ok(study.benchmark(id)?.id.as_str()))
            .collect::<Result<_>>()?,
    };
    let pipelines: Vec<&str> = match options.pipelines.as_slice() {
        [] => study.pipelines.iter().map(|p| p.name.as_str()).collect(),
        chosen => chosen
            .iter()
            .map(|name| Ok(study.pipeline(name)?.name.as_str()))
            .collect::<Result<_>>()?,
    };
    let query = Query {
        metric: &options.metric,
        benchmark: None,
        last_only: true,
    };
    let observations = results.observations(&query)?;
    let (mut candidates, mut left_out) = (Vec::new(), Vec::new());
    for pipeline in pipelines {
        let own = |o: &&Observation| {
            o.reference && &*o.pipeline == pipeline && benchmarks.contains(&&*o.benchmark)
        };
        let rows: Vec<&Observation> = observations.iter().filter(own).collect();
        let observed = observed(&rows);
        let panel = Panel::new(&options.metric, std::slice::from_ref(&observed))?;
        let has = |id: &&&str| panel.strata.iter().any(|s| s.name == **id);
        let lacks: Vec<String> = benchmarks
            .iter()
            .filter(|id| !has(id))
            .map(|&id| id.to_owned())
            .collect();
        let pipeline = pipeline.to_owned();
        if lacks.is_empty() {
            let absent = rows.iter().filter_map(|row| absence(&options.metric, row));
            let mut missing: Vec<Missing> = absent.collect();
            missing.sort();
            candidates.push(Candidate {
                pipeline,
                observed,
                missing,
                panel,
            });
        } else {
            left_out.push(LeftOutPipeline { pipeline, lacks });
        }
    }
    Ok(Gathered {
        benchmarks: benchmarks.iter().map(|&id| id.to_owned()).collect(),
        candidates,
        left_out,
    })
}

/// Evenly spaced scores from the least to the greatest of all runs.
fn taus(candidates: &[Candidate]) -> Vec<f64> {
    let values = candidates.iter().flat_map(|c| c.panel.values(0));
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| {
        (l.min(x), h.max(x))
    });
    if low > high {
        return Vec::new();
    }
    let at = |i: u32| low + (high - low) * f64::from(i) / f64::from(TAUS - 1);
    (0..TAUS).map(at).collect()
}

/// How rows are made.
struct Measure<'a> {
    resampler: &'a Resampler,
    band: Resampler,
    rliable: bool,
    /// Whether the metric has a target.
    scored: bool,
    taus: &'a [f64],
}

impl Measure<'_> {
    fn row(&self, candidate: Candidate) -> Option<AggregateRow> {
        let panel = &candidate.panel;
        let tasks = Tasks::of(panel, 0);
        let of = |what| self.estimate(self.resampler, panel, &tasks, what);
        let point = |&tau: &f64| {
            let share = self.estimate(&self.band, panel, &tasks, Aggregate::ShareAbove(tau))?;
            Some(ProfilePoint { tau, share })
        };
        Some(AggregateRow {
            runs: tasks.runs(),
            iqm: of(Aggregate::Iqm)?,
            median: of(Aggregate::Median)?,
            mean: of(Aggregate::Mean)?,
            optimality_gap: if self.scored {
                of(Aggregate::OptimalityGap(TARGET))
            } else {
                None
            },
            profile: self.taus.iter().map(point).collect::<Option<_>>()?,
            pipeline: candidate.pipeline,
            missing: candidate.missing,
        })
    }

    fn estimate(
        &self,
        resampler: &Resampler,
        panel: &Panel,
        tasks: &Tasks,
        what: Aggregate,
    ) -> Option<Estimate> {
        let statistic = |counts: &[u16]| tasks.aggregate(what, counts);
        let mut estimate = if self.rliable {
            resampler.plain_estimate_of(panel, statistic)?
        } else {
            resampler.estimate_of(panel, Scale::Linear, statistic)?
        };
        if let (Aggregate::ShareAbove(_), Some(interval)) = (what, &mut estimate.interval) {
            interval.low = interval.low.max(0.0);
            interval.high = interval.high.min(1.0);
        }
        Some(estimate)
    }
}
