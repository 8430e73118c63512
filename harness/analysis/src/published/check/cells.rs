//! Rules that look at one score.

use std::collections::BTreeMap;

use super::range::{self, Range};
use super::{Code, Found, References};
use crate::published::spread::SpreadKind;
use crate::published::table::{Score, Table};

/// More runs than anybody has trained for one cell.
const MOST_RUNS: u32 = 1000;

pub(super) fn check(found: &mut Found<'_>, references: References<'_>) {
    let table = found.table;
    let mut seen = BTreeMap::new();
    for (index, score) in table.scores.iter().enumerate() {
        let key = (&score.algorithm, score.benchmark());
        if let Some(first) = seen.get(&key) {
            let message = format!("the same cell as row {}", first + 1);
            found.cell(Code::DuplicateCell, index, message);
        } else {
            seen.insert(key, index);
        }
        if let Some(normalizer) = &table.normalizer
            && references(normalizer, &score.benchmark()).is_none()
        {
            let message = format!(
                "normaliser `{normalizer}` has no reference returns for `{}`",
                score.benchmark()
            );
            found.cell(Code::NoReference, index, message);
        }
        let bounds = range::of(table, score, references);
        runs(found, index, score);
        mean(found, index, score, bounds);
        decimals(found, index, score);
        spread(found, index, score, bounds);
    }
}

fn runs(found: &mut Found<'_>, index: usize, score: &Score) {
    let Some(n) = found.table.runs(score) else {
        return;
    };
    let kind = found.table.spread.map(|s| s.kind);
    let over_runs = matches!(kind, Some(SpreadKind::Sd | SpreadKind::StandardError));
    if n == 0 || n > MOST_RUNS {
        let message = format!("n is {n}, expected 1 to {MOST_RUNS} runs");
        found.cell(Code::Runs, index, message);
    } else if n == 1 && over_runs && score.spread.is_some() {
        let message = "n is 1, and one run has no spread over runs".to_owned();
        found.cell(Code::Runs, index, message);
    }
}

fn mean(found: &mut Found<'_>, index: usize, score: &Score, bounds: Option<Range>) {
    let (mean, slack) = (score.mean, found.table.step() / 2.0);
    if !mean.is_finite() {
        let message = format!("the mean is {mean}, expected a number");
        found.cell(Code::Range, index, message);
        return;
    }
    if let Some((low, high)) = bounds
        && (mean < low - slack || mean > high + slack)
    {
        let message = format!("the mean is {mean}, expected {low:.1} to {high:.1}");
        found.cell(Code::Range, index, message);
    }
    let below = score.min.is_some_and(|min| mean < min - slack);
    let above = score.max.is_some_and(|max| mean > max + slack);
    if below || above {
        let end = |x: Option<f64>| x.map_or_else(|| "?".to_owned(), |x| x.to_string());
        let (min, max) = (end(score.min), end(score.max));
        let message = format!("the mean is {mean}, outside its runs' {min} to {max}");
        found.cell(Code::MinMax, index, message);
    }
}

fn decimals(found: &mut Found<'_>, index: usize, score: &Score) {
    let table = found.table;
    let numbers = [Some(score.mean), score.spread, score.min, score.max];
    for number in numbers.into_iter().flatten().filter(|x| x.is_finite()) {
        let steps = number / table.step();
        // Numbers of print are far from the limits of doubles, so a true multiple is off by rounding only.
        if (steps - steps.round()).abs() > 1e-6 * steps.abs().max(1.0) {
            let message = format!(
                "{number} has more than the {} decimals of the table",
                table.decimals
            );
            found.cell(Code::Decimals, index, message);
            return;
        }
    }
}

fn spread(found: &mut Found<'_>, index: usize, score: &Score, bounds: Option<Range>) {
    let table = found.table;
    let Some(spread) = score.spread else { return };
    if !spread.is_finite() || spread < 0.0 {
        let message = format!("the spread is {spread}, expected 0 or more");
        found.cell(Code::SpreadSign, index, message);
        return;
    }
    if table.spread.is_none() {
        let message = "the table does not say what its spreads are".to_owned();
        found.cell(Code::SpreadUndeclared, index, message);
        return;
    }
    let Some(bounds) = bounds else { return };
    let Some(most) = most(table, score, score.mean, bounds) else {
        return;
    };
    if spread - table.step() / 2.0 > most {
        let changed = self::most(table, score, spread, bounds)
            .is_some_and(|most| score.mean >= 0.0 && score.mean <= most);
        let hint = if changed {
            "; mean and spread may have changed places"
        } else {
            "; it may be of another scale"
        };
        let message = format!(
            "the spread is {spread}, at most {most:.2} with a mean of {} and scores in {:.1} to {:.1}{hint}",
            score.mean, bounds.0, bounds.1
        );
        found.cell(Code::SpreadBound, index, message);
    }
}

/// The largest spread that scores within `bounds` and of this mean can have, as the table prints it.
///
/// With `a = mean - low` and `b = high - mean`, the population variance is at most `a b` (Bhatia and Davis, 2000), and that of
/// `n` values at most `(n - 1) a^2` and `(n - 1) b^2`: one value takes all of the deviation. Both ends are moved by half a unit
/// of the last digit for the rounding of the mean.
fn most(table: &Table, score: &Score, mean: f64, (low, high): Range) -> Option<f64> {
    let declared = table.spread?;
    let half = table.step() / 2.0;
    let (a, b) = ((mean - low).max(0.0) + half, (high - mean).max(0.0) + half);
    let population = (a * b).sqrt();
    let n = table.runs(score).filter(|&n| n > 1).map(f64::from);
    match (declared.kind, n) {
        (SpreadKind::Unknown, _) => None,
        (SpreadKind::SdOverEvaluations, _) => Some(population),
        // Fewer than two runs are another rule's; without n nothing is known but the widest case, two runs.
        (SpreadKind::Sd, None) => Some(population * 2f64.sqrt()),
        (SpreadKind::StandardError, None) => Some(population),
        (kind, Some(n)) => {
            let population = population.min(a.min(b) * (n - 1.0).sqrt());
            let sample = population * (n / (n - 1.0)).sqrt();
            let sd = if declared.ddof == Some(0) {
                population
            } else {
                sample
            };
            Some(if kind == SpreadKind::StandardError {
                sd / n.sqrt()
            } else {
                sd
            })
        }
    }
}
