//! Ratios of paired cells: `IQM(numerator) / IQM(denominator)`, and ratios of two such ratios.
//!
//! It is the ratio that a reader gets by dividing two printed cells (ratio of interquartile means, not mean of
//! ratios: the latter is dominated by the smallest denominator). Shapes: a panel of 2 (or 4) cells to a scalar. Whole
//! seeds are resampled with all cells, so what a seed does to both sides cancels; the interval is widened on the
//! logarithmic scale. Reference: Efron and Tibshirani 1993, chapters 6 and 13.
//! No common seed: none. One: no interval. Equal cells: 1 with the interval 1 to 1. An interquartile mean that is zero or negative, on the
//! sample or in any resample: none, or no interval, because a ratio of signed quantities has no meaning here.

use super::bootstrap::{Resampler, Scale};
use super::{Estimate, Panel};

/// `cell 0 / cell 1` of a panel of two.
pub fn ratio(resampler: &Resampler, panel: &Panel) -> Option<Estimate> {
    resampler.estimate(panel, Scale::Log, |m| positive(m).then(|| m[0] / m[1]))
}

/// `(cell 0 / cell 1) / (cell 2 / cell 3)` of a panel of four.
pub fn ratio_of_ratios(resampler: &Resampler, panel: &Panel) -> Option<Estimate> {
    resampler.estimate(panel, Scale::Log, |m| {
        positive(m).then(|| (m[0] / m[1]) / (m[2] / m[3]))
    })
}

fn positive(means: &[f64]) -> bool {
    means.iter().all(|&m| m > 0.0)
}
