//! Paired differences of two methods on one benchmark: of matrix means, or of their natural logarithms.

use super::OTHER_KIND;
use super::settings::{Scope, short};
use super::snapshots::{single, together};
use crate::claims::answer::Question;
use crate::claims::decide::Bound;
use crate::claims::file::{Scale, Test};
use crate::claims::table::{Column, Table, mean};

/// `difference`: per seed, the difference of matrix means.
pub(crate) fn difference(scope: &Scope<'_>) -> Result<Vec<Question>, String> {
    let Test::Difference {
        metric,
        scale,
        first,
        second,
        margin,
    } = &scope.claim.test
    else {
        return Err(OTHER_KIND.into());
    };
    let (a, b) = (short(first), short(second));
    let settings = scope.settings(|place| {
        let pipelines = [
            scope.pipeline(place, first)?,
            scope.pipeline(place, second)?,
        ];
        let table = scope.table(&pipelines.map(|p| Column::last(place.benchmark, p, metric)))?;
        match scale {
            Scale::Linear => {
                let name = format!("{a} - {b}");
                single(place, table, name, Bound::Above(*margin), |c| {
                    Some(mean(&c[0]) - mean(&c[1]))
                })
            }
            Scale::Log => {
                let table = positive(table, metric);
                let name = format!("ln {a} - ln {b}");
                single(place, table, name, Bound::Above(*margin), |c| {
                    log_ratio(c, 0, 1)
                })
            }
        }
    })?;
    let name = format!("{metric} of {a} exceeds that of {b}");
    let unit = match scale {
        Scale::Linear => metric.clone(),
        Scale::Log => format!("natural logarithm of {metric}"),
    };
    Ok(vec![together(name, &unit, settings)])
}

/// The table with a note on the seeds that have no logarithm; [`log_ratio`] leaves them out.
fn positive(mut table: Table, metric: &str) -> Table {
    let seeds = table.units.values().flatten();
    let without = seeds.filter(|c| c.iter().any(|column| mean(column) <= 0.0));
    let without = without.count();
    if without > 0 {
        table.notes.push(format!(
            "{without} of {} seeds have no logarithm of {metric} and are left out",
            table.seeds
        ));
    }
    table
}

/// `ln(mean of column a) - ln(mean of column b)`; none where one is not positive.
pub(crate) fn log_ratio(columns: &[Vec<f64>], a: usize, b: usize) -> Option<f64> {
    let (a, b) = (mean(&columns[a]), mean(&columns[b]));
    (a > 0.0 && b > 0.0).then(|| libm::log(a) - libm::log(b))
}
