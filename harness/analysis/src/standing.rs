//! How the cells of a table stand to the best one among those that can be compared.
//!
//! Cells are compared within one benchmark: down a column or along a row where that is a benchmark, else over the whole
//! table. The best has the best interquartile mean. Every other one is compared with it by the paired difference over the
//! seeds that both have (`stats::difference`): where the 95 % interval holds zero, it is not significantly worse. One
//! comparison at a time, without adjustment: with many cells some stand out by chance.
//!
//! One measured cell: no standing. One common seed, or none: not compared. Equal values in every seed: both are best.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cell::{Cell, observed};
use crate::error::Result;
use crate::load::{Query, Results};
use crate::observation::Observation;
use crate::stats::bootstrap::Resampler;
use crate::stats::{Observed, Panel, difference};
use crate::study::Better;
use crate::table::Table;

/// How a cell stands to the best of its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The best, or equal to it in every common seed.
    Best,
    /// The interval of its difference to the best holds zero.
    NotWorse,
    /// The interval of its difference to the best lies on the worse side.
    Worse,
    /// There is no interval: fewer than two common seeds.
    NotCompared,
}

/// A place of a table, as (row, column).
type Place = (usize, usize);

/// The standing of every place, `[rows][columns]`; none for a hole and where nothing else is measured.
///
/// # Errors
/// What reading the observations gives.
pub fn standings(
    results: &Results,
    resampler: &Resampler,
    table: &Table,
) -> Result<Vec<Vec<Option<Standing>>>> {
    let query = Query {
        metric: &table.metric,
        benchmark: table.benchmark.as_deref(),
        last_only: true,
    };
    let observations = results.observations(&query)?;
    let rows: Vec<&Observation> = observations.iter().filter(|o| o.reference).collect();
    // Seeds can share an evaluation; each of them is needed to pair cells.
    let mut by_id: BTreeMap<String, Vec<Observed>> = BTreeMap::new();
    for one in observed(&rows) {
        by_id
            .entry(one.evaluation_id.clone())
            .or_default()
            .push(one);
    }
    let mut out = vec![vec![None; table.columns.len()]; table.rows.len()];
    for group in groups(table) {
        let Some(best) = best(table, &group) else {
            continue;
        };
        for &place in &group {
            let (Some(cell), Some(top)) = (cell(table, place), cell(table, best)) else {
                continue;
            };
            let standing = if place == best || cell.evaluation_ids == top.evaluation_ids {
                Standing::Best
            } else {
                compare(resampler, table, &by_id, cell, top)?
            };
            out[place.0][place.1] = Some(standing);
        }
    }
    Ok(out)
}

fn cell(table: &Table, (row, column): Place) -> Option<&Cell> {
    table.cells[row][column].as_ref()?.cell.as_ref()
}

/// Measured places that can be compared; groups of one are left out.
fn groups(table: &Table) -> Vec<Vec<Place>> {
    let mut groups: BTreeMap<usize, Vec<Place>> = BTreeMap::new();
    for row in 0..table.rows.len() {
        for column in 0..table.columns.len() {
            let group = if table.column_dimension == "benchmark" {
                column
            } else if table.row_dimension == "benchmark" {
                row
            } else {
                0
            };
            if cell(table, (row, column)).is_some() {
                groups.entry(group).or_default().push((row, column));
            }
        }
    }
    groups.into_values().filter(|g| g.len() > 1).collect()
}

/// The place with the best interquartile mean; the first of equal ones.
fn best(table: &Table, group: &[Place]) -> Option<Place> {
    let better = |a: f64, b: f64| match table.better {
        Better::Lower => a < b,
        Better::Higher => a > b,
    };
    let mut found: Option<(Place, f64)> = None;
    for &place in group {
        let value = cell(table, place)?.iqm;
        if found.is_none_or(|(_, top)| better(value, top)) {
            found = Some((place, value));
        }
    }
    found.map(|(place, _)| place)
}

fn compare(
    resampler: &Resampler,
    table: &Table,
    by_id: &BTreeMap<String, Vec<Observed>>,
    cell: &Cell,
    top: &Cell,
) -> Result<Standing> {
    let values = |cell: &Cell| -> Vec<Observed> {
        let ids = cell.evaluation_ids.iter();
        ids.filter_map(|id| by_id.get(id))
            .flatten()
            .cloned()
            .collect()
    };
    let panel = Panel::new(&table.metric, &[values(cell), values(top)])?;
    let estimate = difference::difference(resampler, &panel);
    let Some(interval) = estimate.and_then(|e| e.interval) else {
        return Ok(Standing::NotCompared);
    };
    let holds_zero = interval.low <= 0.0 && interval.high >= 0.0;
    let equal = interval.low == 0.0 && interval.high == 0.0;
    let on_the_better_side = match table.better {
        Better::Lower => interval.high < 0.0,
        Better::Higher => interval.low > 0.0,
    };
    Ok(if equal {
        Standing::Best
    } else if holds_zero || on_the_better_side {
        // Over the common seeds alone, another cell than the one with the best mean over all of its own can be ahead.
        Standing::NotWorse
    } else {
        Standing::Worse
    })
}
