//! A published table made again from the runs behind it.

use serde::Serialize;

use super::spread::SpreadKind;
use super::table::{Measure, Score, Selection, Table};
use crate::error::Result;
use crate::load::{Query, Results};
use crate::observation::{Observation, Outcome};
use crate::stats::{mean, sd};

/// A cell of a table beside what its runs give.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recomputed {
    /// The score, counted from 1.
    pub row: usize,
    /// Algorithm on dataset.
    pub cell: String,
    /// The printed mean.
    pub mean: f64,
    /// The mean of the runs.
    pub own_mean: f64,
    /// The printed spread.
    pub spread: Option<f64>,
    /// The spread of the runs in the table's convention.
    pub own_spread: Option<f64>,
    /// Runs found.
    pub n: usize,
    /// Whether both are equal to the printed digits.
    pub equal: bool,
}

/// Recomputes every cell for which the study has runs, under a selection rule (the table's own, if it says one) and the
/// table's convention of spreads. Cells belong together by their names: the study's benchmark is the score's (`hopper-medium-v0`), its pipeline the algorithm.
///
/// Nothing where the study has none of the table's cells, or the table's measure is none that a study has.
///
/// # Errors
/// `UnknownName` for the rule `unknown`, and what reading the observations gives.
pub fn recompute(
    results: &Results,
    table: &Table,
    selection: Selection,
) -> Result<Vec<Recomputed>> {
    let metric = match table.measure {
        Measure::NormalizedScore => "normalized_score",
        Measure::Return => "episode_return_mean",
        Measure::SuccessPercent | Measure::SuccessFraction | Measure::RegretFraction => {
            return Ok(Vec::new());
        }
    };
    let metric = format!("{metric}@{selection}");
    let query = Query {
        metric: &metric,
        benchmark: None,
        last_only: true,
    };
    let rows = results.observations(&query)?;
    let cells = table.scores.iter().enumerate();
    Ok(cells
        .filter_map(|(index, score)| cell(table, index, score, &rows))
        .collect())
}

fn cell(table: &Table, index: usize, score: &Score, rows: &[Observation]) -> Option<Recomputed> {
    let benchmark = score.benchmark();
    let own = rows
        .iter()
        .filter(|o| o.reference && *o.benchmark == *benchmark && *o.pipeline == *score.algorithm);
    let values: Vec<f64> = own
        .filter_map(|o| match o.outcome {
            Outcome::Value(value) => Some(value),
            _ => None,
        })
        .collect();
    let own_mean = mean::mean(&values)?;
    let own_spread = score.spread.and_then(|_| spread(table, &values));
    let close = |printed: f64, own: f64| (printed - own).abs() <= table.step() / 2.0 * (1.0 + 1e-6);
    let equal = close(score.mean, own_mean)
        && score
            .spread
            .is_none_or(|printed| own_spread.is_some_and(|own| close(printed, own)));
    Some(Recomputed {
        row: index + 1,
        cell: format!("{} on {benchmark}", score.algorithm),
        mean: score.mean,
        own_mean,
        spread: score.spread,
        own_spread,
        n: values.len(),
        equal,
    })
}

/// The spread of values as the table prints it; an undeclared `ddof` counts as 1.
fn spread(table: &Table, values: &[f64]) -> Option<f64> {
    let declared = table.spread?;
    let n = values.len() as f64;
    let sd = sd::sd(values)?
        * if declared.ddof == Some(0) {
            ((n - 1.0) / n).sqrt()
        } else {
            1.0
        };
    match declared.kind {
        SpreadKind::Sd => Some(sd),
        SpreadKind::StandardError => Some(sd / n.sqrt()),
        SpreadKind::SdOverEvaluations | SpreadKind::Unknown => None,
    }
}
