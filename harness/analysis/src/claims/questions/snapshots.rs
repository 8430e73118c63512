//! What the tests over a run's snapshots share.

use std::collections::BTreeSet;

use super::settings::{Place, Scope};
use crate::claims::answer::{Contrast, Question, Setting};
use crate::claims::decide::{Bound, Needs, Rule};
use crate::claims::table::{Column, Snapshot, Table};

/// The snapshots of a metric, ascending, or why there are too few.
pub(super) fn snapshots(
    scope: &Scope<'_>,
    benchmark: &str,
    pipeline: &str,
    metric: &str,
    least: usize,
) -> Result<Vec<i64>, String> {
    let rows = scope.evidence.rows(benchmark, pipeline, metric);
    let updates: BTreeSet<i64> = rows.iter().map(|row| row.update).collect();
    if updates.is_empty() {
        return Err(format!(
            "`{metric}` of {pipeline} was not measured on {benchmark}"
        ));
    }
    if updates.len() < least {
        return Err(format!(
            "`{metric}` of {pipeline} has {} snapshots on {benchmark}, at least {least} are needed",
            updates.len()
        ));
    }
    Ok(updates.into_iter().collect())
}

/// First and last snapshot of each column, in this order.
pub(super) fn first_and_last<'a>(columns: impl IntoIterator<Item = Column<'a>>) -> Vec<Column<'a>> {
    let both = |column: Column<'a>| [column.clone().at(Snapshot::First), column];
    columns.into_iter().flat_map(both).collect()
}

/// A setting with one contrast over `table`.
pub(super) fn single(
    place: &Place<'_>,
    table: Table,
    name: String,
    bound: Bound,
    of: impl Fn(&[Vec<f64>]) -> Option<f64>,
) -> Result<Setting, String> {
    let sample = table.sample(place.benchmark, of);
    let contrast = Contrast {
        name,
        sample,
        bound,
    };
    place.setting(table, vec![contrast], Needs::All)
}

/// A question that the mean over settings answers.
pub(super) fn together(name: String, unit: &str, settings: Vec<Setting>) -> Question {
    Question {
        name,
        unit: unit.to_owned(),
        rule: Rule::Together,
        settings,
    }
}
