//! What is found when two studies are held against each other.

use serde::Serialize;

use super::unlike::Caveat;
use crate::stats::small_sample::LowN;
use crate::stats::{Estimate, Interval};
use crate::study::Better;

/// Two results against each other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// Id of the first study.
    pub first: String,
    /// Id of the second study.
    pub second: String,
    /// The metric.
    pub metric: String,
    /// Which direction is good.
    pub better: Better,
    /// One group for each pair of pipelines.
    pub groups: Vec<Group>,
    /// Rows that were tested: the family of the adjustment.
    pub tested: usize,
    /// Whether intervals of the probability of improvement are rliable's.
    pub rliable: bool,
}

/// A pipeline of each side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// Of the first study.
    pub first: String,
    /// Of the second study.
    pub second: String,
    /// One for each benchmark that both run on.
    pub rows: Vec<Row>,
    /// Over the rows that were compared; absent for fewer than two.
    pub together: Option<Together>,
}

/// One benchmark.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The benchmark.
    pub benchmark: String,
    /// The first side; absent without a value.
    pub first: Option<Score>,
    /// The second side; absent without a value.
    pub second: Option<Score>,
    /// Whether differences were taken seed by seed, because both sides have the same seeds.
    pub paired: bool,
    /// First minus second.
    pub difference: Option<Measured>,
    /// How likely a run of the first is better than one of the second.
    pub improvement: Option<Estimate>,
    /// By its own p.
    pub decision: Decision,
    /// After Holm's adjustment over all rows.
    pub decision_holm: Decision,
    /// In what the sides differ besides their methods.
    pub caveats: Vec<Caveat>,
    /// Runs of the first side without a value, by reason.
    pub first_missing: Vec<String>,
    /// Runs of the second side without a value, by reason.
    pub second_missing: Vec<String>,
}

/// A side's score on a benchmark.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    /// Arithmetic mean over resampling units.
    pub mean: f64,
    /// Standard deviation with `ddof = 1`; absent for one unit.
    pub sd: Option<f64>,
    /// 95 % interval of the mean by Student's t; absent for one unit.
    pub interval: Option<Interval>,
    /// Resampling units: seeds that share no evaluation.
    pub n: usize,
    /// How far to trust the interval.
    pub low_n: Option<LowN>,
    /// The seeds.
    pub seeds: Vec<i64>,
    /// The evaluations, sorted.
    pub evaluation_ids: Vec<String>,
}

/// A difference of means.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// The estimate.
    pub value: f64,
    /// 95 % interval; absent where a side has one unit.
    pub interval: Option<Interval>,
    /// Two-sided p of "there is no difference".
    pub p: Option<f64>,
}

/// All benchmarks of a group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Together {
    /// Benchmarks.
    pub benchmarks: usize,
    /// The mean of the differences; absent for metrics whose scale differs between benchmarks.
    pub difference: Option<Measured>,
    /// The mean of the probabilities of improvement.
    pub improvement: Estimate,
    /// What the mean of the differences says; where there is none, undecided.
    pub decision: Decision,
}

/// Who is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// The first, at .05.
    FirstBetter,
    /// The second, at .05.
    SecondBetter,
    /// Nobody is shown to be.
    Undecided,
    /// Every run has the same value.
    Equal,
    /// A side has one seed, so nothing can be said.
    OneSeed,
    /// A side has no value.
    Missing,
    /// Scores are on different scales.
    NotComparable,
}

impl Decision {
    /// Whether the row is settled.
    pub fn is_decided(self) -> bool {
        matches!(self, Self::FirstBetter | Self::SecondBetter | Self::Equal)
    }
}
