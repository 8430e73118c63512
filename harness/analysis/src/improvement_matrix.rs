//! How likely a run of one pipeline beats a run of another on the same benchmark, for every pair over all benchmarks.

use serde::Serialize;

use crate::aggregate::{AggregateOptions, Candidate, Gathered, LeftOutPipeline, gather, nothing};
use crate::error::Result;
use crate::load::Results;
use crate::selection::split;
use crate::stats::bootstrap::Resampler;
use crate::stats::improvement_interval::{Duel, Units, improvements, paired, plain_improvements};
use crate::stats::{Estimate, Interval, Observed, Panel};
use crate::study::Better;

/// Replicates of an interval, as in rliable.
pub const IMPROVEMENT_REPLICATES: u32 = 2_000;

/// The probability of improvement of every pipeline over every other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ImprovementMatrix {
    /// The metric.
    pub metric: String,
    /// Which direction is good.
    pub better: Better,
    /// The benchmarks, whose probabilities are averaged.
    pub benchmarks: Vec<String>,
    /// Whether intervals are plain percentiles with both sides drawn apart.
    pub rliable: bool,
    /// Pipelines with a value on every benchmark, in the order of the study.
    pub pipelines: Vec<String>,
    /// `[first][second]`: how likely a run of `first` is better than one of `second`; absent on the diagonal.
    pub cells: Vec<Vec<Option<Estimate>>>,
    /// Pipelines without.
    pub left_out: Vec<LeftOutPipeline>,
}

/// The matrix over benchmarks, at the study's reference point and its final snapshots. Pairs whose seeds are the same on a benchmark are resampled
/// together there.
///
/// # Errors
/// As [`crate::aggregates`]; `NothingMeasured` with fewer than two pipelines to compare, too.
pub fn improvement_matrix(
    results: &Results,
    resampler: &Resampler,
    options: &AggregateOptions,
) -> Result<ImprovementMatrix> {
    let study = results.study();
    let (metric, _) = split(&options.metric)?;
    let Gathered {
        benchmarks,
        candidates,
        left_out,
    } = gather(results, options)?;
    if candidates.len() < 2 {
        return Err(nothing(study, "two pipelines to compare", &benchmarks));
    }
    let better = study.better(metric);
    let mut cells = vec![vec![None; candidates.len()]; candidates.len()];
    for (i, first) in candidates.iter().enumerate() {
        for (j, second) in candidates.iter().enumerate().skip(i + 1) {
            let duels: Vec<Duel> = benchmarks
                .iter()
                .map(|benchmark| duel(options, better, benchmark, first, second))
                .collect::<Result<_>>()?;
            let found = if options.rliable {
                plain_improvements(resampler, &duels)
            } else {
                improvements(resampler, &duels)
            };
            cells[i][j] = found.map(|(_, mean)| mean);
            cells[j][i] = cells[i][j].map(turned);
        }
    }
    Ok(ImprovementMatrix {
        metric: options.metric.clone(),
        better,
        benchmarks,
        rliable: options.rliable,
        pipelines: candidates.into_iter().map(|c| c.pipeline).collect(),
        cells,
        left_out,
    })
}

/// The runs of two pipelines on a benchmark.
fn duel(
    options: &AggregateOptions,
    better: Better,
    benchmark: &str,
    first: &Candidate,
    second: &Candidate,
) -> Result<Duel> {
    let of = |candidate: &Candidate| -> Vec<Observed> {
        let own = candidate.observed.iter().filter(|o| o.stratum == benchmark);
        own.cloned().collect()
    };
    let (a, b) = (of(first), of(second));
    let pairs = if options.rliable {
        None
    } else {
        paired(&options.metric, &a, &b)?
    };
    let is_paired = pairs.is_some();
    let units = |side| -> Result<Units> { Ok(Panel::new(&options.metric, &[side])?.by_unit(0)) };
    let sides = match pairs {
        Some(sides) => sides,
        None => [units(a)?, units(b)?],
    };
    Ok(Duel::new(
        benchmark,
        better,
        [&sides[0], &sides[1]],
        is_paired,
    ))
}

/// The same seen from the other side.
fn turned(estimate: Estimate) -> Estimate {
    Estimate {
        value: 1.0 - estimate.value,
        interval: estimate.interval.map(|i| Interval {
            low: 1.0 - i.high,
            high: 1.0 - i.low,
        }),
        ..estimate
    }
}
