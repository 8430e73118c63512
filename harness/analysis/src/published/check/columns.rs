//! Rules that compare an algorithm's scores with those of the other algorithms, and a table's with what tables hold.

use std::collections::BTreeMap;

use super::{Code, Found, by_algorithm};
use crate::published::spread::{Spread, SpreadKind};
use crate::published::table::{Measure, Score, Table};
use crate::stats::percentile::percentile;

/// Scores that a column must share with others before it is judged.
const FEWEST: usize = 4;

/// Decades between a column and its neighbours: means that are in another unit are two apart.
const MEAN_DECADES: f64 = 1.5;

/// Decades between the spreads of a column and its neighbours'; methods differ by up to one.
const SPREAD_DECADES: f64 = 1.3;

/// Scores that a table must have before it is judged as a whole.
const FEWEST_OF_TABLE: usize = 8;

/// How many times a spread must exceed every neighbour before it stands out.
const OUTLIER: f64 = 2.0;

pub(super) fn check(found: &mut Found<'_>) {
    let table = found.table;
    outliers(found);
    let unit = |s: &Score| Some(s.mean.abs());
    compare(found, Code::Unit, "means", MEAN_DECADES, unit);
    let spread = |s: &Score| s.spread;
    compare(found, Code::SpreadScale, "spreads", SPREAD_DECADES, spread);
    whole(found, table);
}

/// Flags columns whose values are, in the median, `decades` away from those beside them.
fn compare(
    found: &mut Found<'_>,
    code: Code,
    what: &str,
    decades: f64,
    value: fn(&Score) -> Option<f64>,
) {
    let table = found.table;
    let mut rows: BTreeMap<String, Vec<&Score>> = BTreeMap::new();
    for score in &table.scores {
        rows.entry(score.benchmark()).or_default().push(score);
    }
    for (algorithm, column) in by_algorithm(table) {
        let mut ratios = Vec::new();
        for (_, score) in &column {
            let others = rows[&score.benchmark()].iter();
            let others = others.filter(|s| s.algorithm != algorithm);
            let others: Vec<f64> = others.filter_map(|s| value(s)).collect();
            let own = value(score).filter(|&x| x > 0.0);
            let beside = median(others.iter().copied()).filter(|&x| x > 0.0);
            if let (Some(own), Some(beside)) = (own, beside)
                && others.len() >= 2
            {
                ratios.push((own / beside).log10());
            }
        }
        let Some(typical) = median(ratios.iter().copied()) else {
            continue;
        };
        if ratios.len() >= FEWEST && typical.abs() >= decades {
            for (index, _) in column.iter().filter(|(_, s)| value(s).is_some()) {
                let message = format!(
                    "the {what} of {algorithm} are {:.1e} times those of the other algorithms on the same datasets",
                    10f64.powf(typical)
                );
                found.cell(code, *index, message);
            }
        }
    }
}

/// Spreads far above those of every other algorithm on the dataset and of the algorithm on every other dataset: another
/// scale, or a mean in the spread's place. Runs that fail now and then do the same, so this is a suspicion.
fn outliers(found: &mut Found<'_>) {
    let table = found.table;
    let over_runs = |s: Spread| matches!(s.kind, SpreadKind::Sd | SpreadKind::StandardError);
    if !table.spread.is_some_and(over_runs) {
        return;
    }
    let mut rows: BTreeMap<String, Vec<(usize, f64)>> = BTreeMap::new();
    let mut columns: BTreeMap<&str, Vec<(usize, f64)>> = BTreeMap::new();
    for (index, score) in table.scores.iter().enumerate() {
        if let Some(spread) = score.spread.filter(|s| s.is_finite()) {
            rows.entry(score.benchmark())
                .or_default()
                .push((index, spread));
            let column = columns.entry(&score.algorithm).or_default();
            column.push((index, spread));
        }
    }
    let highest = |own: usize, all: &[(usize, f64)]| {
        let others = all.iter().filter(|(index, _)| *index != own);
        others
            .map(|(_, spread)| *spread)
            .fold(table.step(), f64::max)
    };
    for (index, score) in table.scores.iter().enumerate() {
        let (Some(spread), Some(row), Some(column)) = (
            score.spread,
            rows.get(&score.benchmark()),
            columns.get(score.algorithm.as_str()),
        ) else {
            continue;
        };
        if row.len() <= 2 || column.len() <= FEWEST {
            continue;
        }
        let (beside, below) = (highest(index, row), highest(index, column));
        if spread > OUTLIER * beside && spread > OUTLIER * below {
            let message = format!(
                "the spread {spread} stands out: the others on the dataset reach {beside}, those of {} elsewhere {below}",
                score.algorithm
            );
            found.cell(Code::SpreadOutlier, index, message);
        }
    }
}

/// A table that is a fraction where it says percent or points, in its means or in its spreads.
fn whole(found: &mut Found<'_>, table: &Table) {
    let hundred = matches!(
        table.measure,
        Measure::NormalizedScore | Measure::SuccessPercent
    );
    if !hundred || table.scores.len() < FEWEST_OF_TABLE {
        return;
    }
    let means = table.scores.iter().map(|s| s.mean.abs());
    let spreads: Vec<f64> = table.scores.iter().filter_map(|s| s.spread).collect();
    let Some(mean) = quantile(means, 0.9) else {
        return;
    };
    if mean <= 1.0 {
        let message = format!("nine of ten means are at most {mean}: they look like fractions");
        found.whole(Code::Unit, message);
    }
    if spreads.len() < FEWEST_OF_TABLE {
        return;
    }
    if let Some(spread) = quantile(spreads.into_iter(), 0.9)
        && mean > 20.0
        && spread < 0.2
    {
        let message = format!(
            "nine of ten spreads are at most {spread} where means reach {mean}: they look like fractions"
        );
        found.whole(Code::SpreadScale, message);
    }
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    quantile(values, 0.5)
}

fn quantile(values: impl Iterator<Item = f64>, p: f64) -> Option<f64> {
    let mut sorted: Vec<(f64, u32)> = values.map(|x| (x, 1)).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    percentile(&sorted, p)
}
