//! What scores a run can have at all.

use super::References;
use crate::published::table::{Measure, Score, Table};

/// Scores that no run leaves, as (least, greatest).
pub(super) type Range = (f64, f64);

/// Points of D4RL's normaliser that returns cannot leave or that nobody has come near, by the start of a dataset's id.
/// Where rewards cannot be negative the lower end is the score of a return of 0, whatever is written here.
const POINTS: [(&str, f64, f64); 11] = [
    ("halfcheetah-", -10.0, 140.0),
    ("hopper-", -5.0, 140.0),
    ("walker2d-", -5.0, 160.0),
    ("ant-", -100.0, 180.0),
    ("antmaze-", 0.0, 100.0),
    ("kitchen-", 0.0, 100.0),
    ("maze2d-", -60.0, 300.0),
    ("pen-", -15.0, 200.0),
    ("hammer-", -10.0, 180.0),
    ("door-", -10.0, 140.0),
    ("relocate-", -10.0, 140.0),
];

/// Normalised scores of anything else.
const OTHERS: Range = (-100.0, 300.0);

/// Rewards that are 0 or positive.
const NON_NEGATIVE: [&str; 3] = ["antmaze-", "kitchen-", "maze2d-"];

/// The range of a score; none for returns.
pub(super) fn of(table: &Table, score: &Score, references: References<'_>) -> Option<Range> {
    match table.measure {
        Measure::SuccessPercent => Some((0.0, 100.0)),
        Measure::SuccessFraction | Measure::RegretFraction => Some((0.0, 1.0)),
        Measure::Return => None,
        Measure::NormalizedScore => {
            let id = score.benchmark();
            let known = POINTS.iter().find(|(start, ..)| id.starts_with(start));
            let (mut low, high) = known.map_or(OTHERS, |&(_, low, high)| (low, high));
            if NON_NEGATIVE.iter().any(|start| id.starts_with(start)) {
                let normalizer = table.normalizer.as_deref().unwrap_or_default();
                if let Some((zero, hundred)) = references(normalizer, &id) {
                    low = -100.0 * zero / (hundred - zero);
                }
            }
            Some((low, high))
        }
    }
}
