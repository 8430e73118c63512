//! Paired differences of two methods on one benchmark.

use super::OTHER_KIND;
use super::settings::{Scope, short};
use super::snapshots::{single, together};
use crate::claims::answer::Question;
use crate::claims::decide::Bound;
use crate::claims::file::Test;
use crate::claims::table::{Column, mean};

/// `difference`: per seed, the difference of matrix means.
pub(crate) fn difference(scope: &Scope<'_>) -> Result<Vec<Question>, String> {
    let Test::Difference {
        metric,
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
        single(
            place,
            table,
            format!("{a} - {b}"),
            Bound::Above(*margin),
            |c| Some(mean(&c[0]) - mean(&c[1])),
        )
    })?;
    let name = format!("{metric} of {a} exceeds that of {b}");
    Ok(vec![together(name, metric, settings)])
}

/// `ln(mean of column a) - ln(mean of column b)`; none where one is not positive.
pub(crate) fn log_ratio(columns: &[Vec<f64>], a: usize, b: usize) -> Option<f64> {
    let (a, b) = (mean(&columns[a]), mean(&columns[b]));
    (a > 0.0 && b > 0.0).then(|| libm::log(a) - libm::log(b))
}
