//! Paired difference: `IQM(first) - IQM(second)` over the seeds that both cells have.
//!
//! Shape: a panel of 2 cells to a scalar. Whole seeds are resampled with both cells.
//! No common seed: none. One: no interval. Equal cells: 0 with the interval 0 to 0.

use super::bootstrap::{Resampler, Scale};
use super::{Estimate, Panel};

/// `cell 0 - cell 1` of a panel of two.
pub fn difference(resampler: &Resampler, panel: &Panel) -> Option<Estimate> {
    resampler.estimate(panel, Scale::Linear, |m| Some(m[0] - m[1]))
}
