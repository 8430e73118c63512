//! Spreads that were normalised as if they were returns.
//!
//! A score is `100 (return - ref_min) / (ref_max - ref_min)`, a spread of scores `100 sd / (ref_max - ref_min)`. Where the first
//! formula was applied to a standard deviation, every printed spread is too large by `-100 ref_min / (ref_max - ref_min)`.
//! Nothing can be smaller than that offset then, and quiet cells lie just above it. One environment with such a floor may
//! be chance; a column with the right floor in two environments, at two different heights, is not.

use std::collections::BTreeMap;

use super::{Code, Found, References, by_algorithm};
use crate::published::spread::SpreadKind;
use crate::published::table::Score;

/// Environments that must show the floor.
const ENVIRONMENTS: usize = 2;

/// Scores of an environment before its floor counts.
const FEWEST: usize = 3;

/// How far the smallest spread may lie above the floor, in offsets.
const NEAR: f64 = 0.5;

/// Offsets below so many units of the last digit cannot be told from rounding.
const VISIBLE_STEPS: f64 = 10.0;

pub(super) fn check(found: &mut Found<'_>, references: References<'_>) {
    let table = found.table;
    let (Some(normalizer), Some(spread)) = (&table.normalizer, table.spread) else {
        return;
    };
    if matches!(spread.kind, SpreadKind::SdOverEvaluations) {
        return;
    }
    let offset = |score: &Score| {
        let (zero, hundred) = references(normalizer, &score.benchmark())?;
        Some(-100.0 * zero / (hundred - zero))
    };
    for (algorithm, column) in by_algorithm(table) {
        let Some(floors) = floors(&column, &offset, table.step()) else {
            continue;
        };
        for (index, score) in &column {
            if let (Some(printed), Some(offset)) = (score.spread, offset(score)) {
                let message = format!(
                    "the spread {printed} holds the normaliser's offset {offset:.2}, {:.2} without it: no spread of {algorithm} is below {floors}",
                    printed - offset
                );
                found.cell(Code::SpreadOffset, *index, message);
            }
        }
    }
}

/// The floors of a column in words; none where some environment contradicts them, or too few show one.
fn floors(
    column: &[(usize, &Score)],
    offset: &dyn Fn(&Score) -> Option<f64>,
    step: f64,
) -> Option<String> {
    let mut environments: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for (_, score) in column {
        if let (Some(printed), Some(offset)) = (score.spread, offset(score))
            && offset >= VISIBLE_STEPS * step
        {
            let of = environments.entry(&score.environment).or_default();
            of.push((printed, offset));
        }
    }
    let mut shown = Vec::new();
    for (environment, spreads) in &environments {
        let excess = spreads.iter().map(|(printed, offset)| printed - offset);
        let least = excess.fold(f64::INFINITY, f64::min);
        if least < -step {
            return None;
        }
        let (_, offset) = spreads.first()?;
        if spreads.len() >= FEWEST {
            if least > NEAR * offset {
                return None;
            }
            shown.push(format!("{offset:.2} on {environment}"));
        }
    }
    (shown.len() >= ENVIRONMENTS).then(|| shown.join(" or "))
}
