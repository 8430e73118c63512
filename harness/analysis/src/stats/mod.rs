//! One file per statistic. Each says in words and in a formula what it is, its shapes, where it comes from, and what
//! it gives for no value, one value and ties.

use serde::Serialize;

pub mod bootstrap;
pub mod difference;
mod draws;
pub mod holm;
pub mod improvement;
pub mod improvement_interval;
pub mod iqm;
pub mod mean;
pub mod panel;
pub mod percentile;
pub mod power_law;
pub mod ratio;
pub mod sd;
pub mod slopes;
pub mod small_sample;
pub(crate) mod student;
pub mod tasks;
pub mod welch;

pub use panel::{Observed, Panel};

/// A two-sided 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

impl Interval {
    /// The part of the interval that a quantity which cannot be negative can take: widening may pass zero.
    pub fn at_least_zero(self) -> Self {
        Self {
            low: self.low.max(0.0),
            high: self.high.max(0.0),
        }
    }
}

/// A point estimate over resampling units, with its interval where one can be had.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Absent with fewer than two units, or where some resample leaves the statistic undefined.
    pub interval: Option<Interval>,
    /// Resampling units (seeds that share no evaluation), over all strata.
    pub n: usize,
    /// How far to trust the interval.
    pub low_n: Option<small_sample::LowN>,
}
