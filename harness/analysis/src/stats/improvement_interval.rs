//! Interval of the probability of improvement: [`super::improvement`] with a bootstrap over whole seeds.
//!
//! Replicate r draws the units of either side of each task with replacement and counts the pairs of runs won among them; sides
//! that share their seeds are drawn together. Percentiles 2.5 and 97.5, widened as [`super::small_sample`] says over the
//! sides that are drawn apart, cut to 0..=1. The mean over tasks is taken within each replicate.
//!
//! Shape: tasks with units of runs, `[T][U_t][..]` a side, to an estimate each and one of their mean. No task: none. A unit alone
//! on a side: no interval. Ties count one half. Where every run of one side wins, no resample says otherwise, and the interval has no
//! width: the truth is only likely to be near.

use super::bootstrap::{Resampler, Scale, widen};
use super::percentile::percentile;
use super::small_sample::{LowN, factor};
use super::{Estimate, Interval, Observed, Panel};
use crate::error::Result;
use crate::study::Better;
use std::collections::BTreeSet;

/// The runs of two sides on one task, by resampling unit (usually one run each).
#[derive(Clone, Debug, PartialEq)]
pub struct Duel {
    /// The task; tasks of one name and size share their draws.
    pub task: String,
    /// Runs of the side whose wins are counted, larger is better.
    pub first: Vec<Vec<f64>>,
    /// Runs of the other side.
    pub second: Vec<Vec<f64>>,
    /// Whether unit u is the same seed on both sides.
    pub paired: bool,
}

/// The values of each resampling unit.
pub(crate) type Units = Vec<Vec<f64>>;

/// The values of two sides by common unit, where both have the same seeds and at least two units; else none.
///
/// # Errors
/// `Conflict` when one evaluation of a side has two values of `metric`.
pub(crate) fn paired(
    metric: &str,
    first: &[Observed],
    second: &[Observed],
) -> Result<Option<[Units; 2]>> {
    let seeds = |side: &[Observed]| -> BTreeSet<i64> { side.iter().map(|o| o.seed).collect() };
    if seeds(first) != seeds(second) {
        return Ok(None);
    }
    // An evaluation that stands on both sides need not be equal on both, and is a run of each.
    let named = |name: &str, side: &[Observed]| -> Vec<Observed> {
        let named = side.iter().cloned().map(|o| Observed {
            evaluation_id: format!("{name}/{}", o.evaluation_id),
            ..o
        });
        named.collect()
    };
    let panel = Panel::new(metric, &[named("first", first), named("second", second)])?;
    let sides = [panel.by_unit(0), panel.by_unit(1)];
    let whole = sides.iter().flatten().all(|unit| !unit.is_empty());
    Ok((whole && panel.units() > 1).then_some(sides))
}

impl Duel {
    /// The duel of two sides, values turned so that larger is better.
    pub(crate) fn new(task: &str, better: Better, sides: [&Units; 2], paired: bool) -> Self {
        let sign = match better {
            Better::Higher => 1.0,
            Better::Lower => -1.0,
        };
        let upwards = |units: &Units| -> Units {
            let turned = |unit: &Vec<f64>| unit.iter().map(|x| sign * x).collect();
            units.iter().map(turned).collect()
        };
        Self {
            task: task.to_owned(),
            first: upwards(sides[0]),
            second: upwards(sides[1]),
            paired,
        }
    }
}

/// Wins by pairs of units, and runs by unit.
struct Counts {
    /// `[U][V]`, row-major.
    wins: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Counts {
    fn of(duel: &Duel) -> Self {
        let row =
            |xs: &Vec<f64>| -> Vec<f64> { duel.second.iter().map(|ys| won(xs, ys)).collect() };
        let sizes = |units: &[Vec<f64>]| units.iter().map(|u| u.len() as f64).collect();
        Self {
            wins: duel.first.iter().flat_map(row).collect(),
            first: sizes(&duel.first),
            second: sizes(&duel.second),
        }
    }

    /// The share of pairs won when units are taken so many times; none without pairs.
    fn share(&self, first: &[u16], second: &[u16]) -> Option<f64> {
        let total = |counts: &[u16], sizes: &[f64]| -> f64 {
            let runs = counts.iter().zip(sizes);
            runs.map(|(&c, size)| f64::from(c) * size).sum()
        };
        let pairs = total(first, &self.first) * total(second, &self.second);
        if pairs <= 0.0 {
            return None;
        }
        let rows = self.wins.chunks_exact(second.len().max(1));
        let won: f64 = rows
            .zip(first)
            .filter(|(_, times)| **times > 0)
            .map(|(row, &times)| f64::from(times) * total(second, row))
            .sum();
        Some(won / pairs)
    }
}

/// Pairs of runs that the first side wins; ties count one half.
fn won(first: &[f64], second: &[f64]) -> f64 {
    let points = |x: f64, y: f64| match x.partial_cmp(&y) {
        Some(std::cmp::Ordering::Greater) => 1.0,
        Some(std::cmp::Ordering::Equal) => 0.5,
        _ => 0.0,
    };
    let over = |&x: &f64| -> f64 { second.iter().map(|&y| points(x, y)).sum() };
    first.iter().map(over).sum()
}

/// The estimate of every task, and that of their mean.
pub fn improvements(resampler: &Resampler, duels: &[Duel]) -> Option<(Vec<Estimate>, Estimate)> {
    estimates(resampler, duels, estimate)
}

/// As [`improvements`] with the plain percentile interval, as rliable gives it; rliable draws sides apart.
pub fn plain_improvements(
    resampler: &Resampler,
    duels: &[Duel],
) -> Option<(Vec<Estimate>, Estimate)> {
    estimates(resampler, duels, plain_estimate)
}

/// An estimate from its value, its replicates and the units of each side that is drawn apart.
type Conclude = fn(f64, Vec<f64>, &[usize]) -> Estimate;

fn estimates(
    resampler: &Resampler,
    duels: &[Duel],
    conclude: Conclude,
) -> Option<(Vec<Estimate>, Estimate)> {
    let counts: Vec<Counts> = duels.iter().map(Counts::of).collect();
    let once = |units: &[Vec<f64>]| vec![1u16; units.len()];
    let values: Option<Vec<f64>> = duels
        .iter()
        .zip(&counts)
        .map(|(duel, c)| c.share(&once(&duel.first), &once(&duel.second)))
        .collect();
    let values = values?;
    let replicates = resampler.replicate_count();
    let mut together = vec![0.0; replicates];
    let (mut each, mut sides) = (Vec::new(), Vec::new());
    for ((duel, c), &value) in duels.iter().zip(&counts).zip(&values) {
        let drawn = shares(resampler, duel, c);
        for (sum, share) in together.iter_mut().zip(&drawn) {
            *sum += share / duels.len() as f64;
        }
        let own = drawn_apart(duel);
        each.push(conclude(value, drawn, &own));
        sides.extend(own);
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (!duels.is_empty()).then(|| (each, conclude(mean, together, &sides)))
}

/// Units of each side that is drawn on its own.
fn drawn_apart(duel: &Duel) -> Vec<usize> {
    if duel.paired {
        vec![duel.first.len()]
    } else {
        vec![duel.first.len(), duel.second.len()]
    }
}

/// The share won in each replicate; not a number where a replicate has no pair.
fn shares(resampler: &Resampler, duel: &Duel, counts: &Counts) -> Vec<f64> {
    let (n, m) = (duel.first.len(), duel.second.len());
    let first = resampler.draws(&duel.task, n);
    let second = if duel.paired {
        std::sync::Arc::clone(&first)
    } else {
        resampler.draws(&format!("{} (second)", duel.task), m)
    };
    let share = |r| counts.share(first.row(r), second.row(r));
    (0..resampler.replicate_count())
        .map(|r| share(r).unwrap_or(f64::NAN))
        .collect()
}

/// The percentiles, widened for few units and cut to what a probability can be.
fn estimate(value: f64, drawn: Vec<f64>, sides: &[usize]) -> Estimate {
    let plain = plain_estimate(value, drawn, sides);
    let widened = plain.interval.zip(factor(sides)).map(|(plain, factor)| {
        let wide = widen(value, plain.low, plain.high, factor, Scale::Linear);
        Interval {
            low: wide.low.max(0.0),
            high: wide.high.min(1.0),
        }
    });
    Estimate {
        interval: widened,
        ..plain
    }
}

fn plain_estimate(value: f64, drawn: Vec<f64>, sides: &[usize]) -> Estimate {
    let least = sides.iter().copied().min().unwrap_or(0);
    let mut sorted: Vec<(f64, u32)> = drawn.into_iter().map(|x| (x, 1)).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let whole = least >= 2 && sorted.iter().all(|(x, _)| x.is_finite());
    let percentiles = || {
        Some(Interval {
            low: percentile(&sorted, 0.025)?,
            high: percentile(&sorted, 0.975)?,
        })
    };
    Estimate {
        value,
        interval: if whole { percentiles() } else { None },
        n: sides.iter().sum(),
        low_n: LowN::of(least),
    }
}

#[cfg(test)]
mod tests {
    use super::super::improvement::probability_of_improvement;
    use super::*;

    fn duel(first: &[f64], second: &[f64], paired: bool) -> Duel {
        let units = |values: &[f64]| values.iter().map(|&x| vec![x]).collect();
        Duel {
            task: "b".into(),
            first: units(first),
            second: units(second),
            paired,
        }
    }

    #[test]
    fn points_are_those_of_the_statistic_and_intervals_hold_them() {
        let resampler = Resampler::new(0, 2000);
        let (x, y) = ([3.0, 1.0, 2.0, 5.0, 2.5], [2.0, 2.0, 1.5, 0.5, 4.0]);
        for paired in [false, true] {
            let duels = [duel(&x, &y, paired), duel(&y, &x, paired)];
            let (each, mean) = improvements(&resampler, &duels).unwrap();
            let expected = probability_of_improvement(&[&x], &[&y]).unwrap();
            assert!((each[0].value - expected).abs() < 1e-12);
            assert!((mean.value - 0.5).abs() < 1e-12);
            let interval = each[0].interval.unwrap();
            assert!(
                interval.low < expected && expected < interval.high,
                "{interval:?}"
            );
        }
    }

    #[test]
    fn one_run_has_no_interval_and_no_run_no_estimate() {
        let resampler = Resampler::new(0, 100);
        let (each, _) = improvements(&resampler, &[duel(&[1.0], &[0.0, 2.0], false)]).unwrap();
        assert!((each[0].value - 0.5).abs() < 1e-12 && each[0].interval.is_none());
        assert_eq!(improvements(&resampler, &[duel(&[], &[0.0], false)]), None);
        assert_eq!(improvements(&resampler, &[]), None);
    }
}
