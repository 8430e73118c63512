//! What tuning would be expected to give with a smaller budget.
//!
//! Of m values ranked on the tuning seeds, k are tried, each k of them equally likely. The best ranked of the k is chosen:
//! the one of rank j (0 is best) with probability C(m - 1 - j, k - 1) / C(m, k). The expectation of its metric on the seeds of
//! the report, over these choices, is exact; its interval comes from resampling the seeds of the report, the ranking as it
//! is. After Dodge et al. 2019 ("Show Your Work"), who estimate the same on one set of seeds.

use serde::Serialize;

use crate::cell::observed;
use crate::error::Result;
use crate::observation::Observation;
use crate::stats::bootstrap::{Resampler, Scale};
use crate::stats::{Estimate, Panel};

/// The report to expect with so many values tried.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Budget {
    /// Values tried.
    pub candidates: usize,
    /// Expected interquartile mean of the metric on the seeds of the report.
    pub expected: Estimate,
}

/// One point for each number of values tried. `ranked` are the runs of the report at each value, best value first; none
/// where some value has no run there.
pub(crate) fn budgets(
    resampler: &Resampler,
    metric: &str,
    ranked: &[Vec<Observation>],
) -> Result<Vec<Budget>> {
    let cells: Vec<_> = ranked
        .iter()
        .map(|rows| observed(&rows.iter().collect::<Vec<_>>()))
        .collect();
    let panel = Panel::new(metric, &cells)?;
    let each = |candidates: usize| {
        let weights = chances(ranked.len(), candidates);
        let mean = |means: &[f64]| Some(means.iter().zip(&weights).map(|(m, w)| m * w).sum());
        let expected = resampler.estimate(&panel, Scale::Linear, mean)?;
        Some(Budget {
            candidates,
            expected,
        })
    };
    Ok((1..=ranked.len()).filter_map(each).collect())
}

/// Probability of each rank to be chosen when `tried` of `all` are tried.
fn chances(all: usize, tried: usize) -> Vec<f64> {
    let mut left = 1.0;
    let mut out = Vec::with_capacity(all);
    for rank in 0..all {
        // Tried, given that no better one is: all of the tried ones are among the remaining.
        let remaining = all - rank;
        let chance = (tried as f64 / remaining as f64).min(1.0);
        out.push(left * chance);
        left *= 1.0 - chance;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C(m - 1 - j, k - 1) / C(m, k), with m = 4 written out.
    #[test]
    fn chances_are_those_of_the_best_of_a_draw_without_replacement() {
        for (tried, expected) in [
            (1, [1.0 / 4.0, 1.0 / 4.0, 1.0 / 4.0, 1.0 / 4.0]),
            (2, [3.0 / 6.0, 2.0 / 6.0, 1.0 / 6.0, 0.0]),
            (3, [3.0 / 4.0, 1.0 / 4.0, 0.0, 0.0]),
            (4, [1.0, 0.0, 0.0, 0.0]),
        ] {
            for (found, expected) in chances(4, tried).iter().zip(expected) {
                assert!(
                    (found - expected).abs() < 1e-12,
                    "{tried}: {found} {expected}"
                );
            }
        }
    }
}
