//! Shares of settings: not inferior by a margin; best or close to the best.
//!
//! Score of a setting: `S = mean over the data matrix`, per seed. Non-inferior: `S_first - S_second > -margin`, or, for a
//! margin of m per cent, `S_first - S_second + m/100 |S_second| > 0`, in which the sign of `S_second` is that of its mean,
//! so that the contrast is linear in the seeds. Within share w of the best: the same against every other method with
//! `m = 100 (1 - w)`, all of which must hold. A setting is counted by its own test; see [`super::super::decide`] for
//! the share.

use super::OTHER_KIND;
use super::settings::{Scope, short, sign};
use crate::claims::answer::{Contrast, Question};
use crate::claims::decide::{Bound, Needs, Rule};
use crate::claims::file::{MarginUnit, Test};
use crate::claims::sample::Sample;
use crate::claims::table::{Column, Table, mean};

/// The contrast `first` (column 0) against column `other`, good direction up, plus `percent` of the other.
fn against(table: &Table, stratum: &str, other: usize, sign: f64, percent: f64) -> Sample {
    let level = table.matrix_mean(stratum, other).mean();
    let allowance = percent / 100.0 * level.signum();
    table.sample(stratum, |columns| {
        let (first, second) = (mean(&columns[0]), mean(&columns[other]));
        Some(sign * (first - second) + allowance * second)
    })
}

/// `share-non-inferior`
pub(crate) fn non_inferior(scope: &Scope<'_>) -> Result<Vec<Question>, String> {
    let Test::ShareNonInferior {
        metric,
        better,
        first,
        second,
        margin,
        unit,
        share,
    } = &scope.claim.test
    else {
        return Err(OTHER_KIND.into());
    };
    let (names, sign) = ((short(first), short(second)), sign(*better));
    let difference = if sign > 0.0 {
        format!("{} - {}", names.0, names.1)
    } else {
        format!("{} - {}", names.1, names.0)
    };
    let settings = scope.settings(|place| {
        let pipelines = [
            scope.pipeline(place, first)?,
            scope.pipeline(place, second)?,
        ];
        let columns = pipelines.map(|p| Column::last(place.benchmark, p, metric));
        let table = scope.table(&columns)?;
        let contrast = match unit {
            MarginUnit::Points => Contrast {
                name: difference.clone(),
                sample: against(&table, place.benchmark, 1, sign, 0.0),
                bound: Bound::Above(-margin),
            },
            MarginUnit::Percent => Contrast {
                name: format!("{difference} + {margin} % of {}", names.1),
                sample: against(&table, place.benchmark, 1, sign, *margin),
                bound: Bound::Above(0.0),
            },
        };
        place.setting(table, vec![contrast], Needs::All)
    })?;
    Ok(vec![Question {
        name: format!("{} is not worse than {} by the margin", names.0, names.1),
        unit: metric.clone(),
        rule: Rule::AtLeast(*share),
        settings,
    }])
}

/// `share-within-best`
pub(crate) fn within_best(scope: &Scope<'_>) -> Result<Vec<Question>, String> {
    let Test::ShareWithinBest {
        metric,
        better,
        first,
        others,
        within,
        share,
    } = &scope.claim.test
    else {
        return Err(OTHER_KIND.into());
    };
    let (sign, percent) = (sign(*better), 100.0 * (1.0 - within));
    let settings = scope.settings(|place| {
        let mut columns = vec![Column::last(
            place.benchmark,
            scope.pipeline(place, first)?,
            metric,
        )];
        let mut names = Vec::new();
        for other in others {
            columns.push(Column::last(
                place.benchmark,
                scope.pipeline(place, other)?,
                metric,
            ));
            names.push(short(other));
        }
        let table = scope.table(&columns)?;
        let contrast = |(i, other): (usize, &String)| Contrast {
            name: format!("{} against {other}, {percent:.0} % allowed", short(first)),
            sample: against(&table, place.benchmark, i + 1, sign, percent),
            bound: Bound::Above(0.0),
        };
        let contrasts = names.iter().enumerate().map(contrast).collect();
        place.setting(table, contrasts, Needs::All)
    })?;
    Ok(vec![Question {
        name: format!(
            "{} is the best or within {:.0} % of the best",
            short(first),
            100.0 * within
        ),
        unit: metric.clone(),
        rule: Rule::AtLeast(*share),
        settings,
    }])
}
