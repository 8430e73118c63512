//! What is found when a published table is held against a study.

use serde::Serialize;

use super::decide::{Detail, Verdict};
use super::gap::Gap;
use super::outlook::Outlook;
use super::protocol::Reason;
use crate::published::Selection;

/// A table's cells, each with its verdict.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reproduction {
    /// Id of the table.
    pub table: String,
    /// Id of the study.
    pub study: String,
    /// The study's title; it names what an import cut.
    pub study_title: String,
    /// What was taken of each run, e.g. `normalized_score@last`.
    pub metric: Option<String>,
    /// The rule which evaluation of a run counts.
    pub selection: Selection,
    /// Equivalence margin.
    pub margin: f64,
    /// Whether runs count as comparable because a person says so.
    pub assumed_comparable: bool,
    /// Cells in the order of the table.
    pub cells: Vec<CellVerdict>,
    /// Verdicts by their own p.
    pub raw: Counts,
    /// Verdicts after Holm's adjustment.
    pub holm: Counts,
    /// Cells that were tested: the family of the adjustment.
    pub tested: usize,
    /// How many of them would be called not reproduced if every published mean were right for these runs.
    pub expected_false_alarms: f64,
    /// The study's pipelines that go with no algorithm of the table; none where only some algorithms are asked for.
    pub unpaired_pipelines: Vec<String>,
    /// The study's benchmarks that go with no dataset of the table; the same.
    pub unpaired_benchmarks: Vec<String>,
}

/// Cells by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Reproduced.
    pub reproduced: usize,
    /// Not reproduced.
    pub not_reproduced: usize,
    /// Inconclusive.
    pub inconclusive: usize,
    /// Not comparable.
    pub not_comparable: usize,
    /// Without runs.
    pub missing: usize,
}

impl Counts {
    pub(super) fn of(verdicts: impl Iterator<Item = Verdict>) -> Self {
        let mut counts = Self::default();
        for verdict in verdicts {
            *match verdict {
                Verdict::Reproduced => &mut counts.reproduced,
                Verdict::NotReproduced => &mut counts.not_reproduced,
                Verdict::Inconclusive => &mut counts.inconclusive,
                Verdict::NotComparable => &mut counts.not_comparable,
                Verdict::Missing => &mut counts.missing,
            } += 1;
        }
        counts
    }
}

/// One cell of a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CellVerdict {
    /// The score, counted from 1.
    pub row: usize,
    /// The table's algorithm.
    pub algorithm: String,
    /// The table's dataset as normalisers know it, e.g. `hopper-medium-v0`.
    pub dataset: String,
    /// The study's pipeline.
    pub pipeline: Option<String>,
    /// The study's benchmark.
    pub benchmark: Option<String>,
    /// What the table prints.
    pub published: Published,
    /// What the runs give; absent without any.
    pub own: Option<Own>,
    /// Own minus published.
    pub difference: Option<f64>,
    /// The tests; absent where a spread is unknown or there are fewer than two runs on a side.
    pub gap: Option<Gap>,
    /// By its own p.
    pub verdict: Verdict,
    /// After Holm's adjustment over all cells that were tested.
    pub verdict_holm: Verdict,
    /// What else is known of a decided cell.
    pub detail: Option<Detail>,
    /// Not reproduced because the runs are better than published by more than the margin: look for what is too good.
    pub investigate: bool,
    /// What further runs would bring an inconclusive cell.
    pub outlook: Option<Outlook>,
    /// What speaks against the comparison; assumptions where the verdict is given all the same.
    pub reasons: Vec<Reason>,
    /// Runs without a value, by reason.
    pub missing: Vec<String>,
}

/// A printed number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Published {
    /// Mean.
    pub mean: f64,
    /// Spread as printed.
    pub spread: Option<f64>,
    /// Standard deviation over runs with `ddof = 1`, as (least, greatest).
    pub sd: Option<(f64, f64)>,
    /// Runs.
    pub n: Option<u32>,
}

/// What runs give in a cell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Own {
    /// Arithmetic mean over runs.
    pub mean: f64,
    /// Standard deviation with `ddof = 1`; absent for one run.
    pub sd: Option<f64>,
    /// Runs: distinct evaluations.
    pub n: u32,
    /// Their seeds.
    pub seeds: Vec<i64>,
    /// Their evaluations.
    pub evaluation_ids: Vec<String>,
}
