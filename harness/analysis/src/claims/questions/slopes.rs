//! Which data limit a method: regression of the score on the logarithms of both data fractions.
//!
//! Per seed, the least squares of [`crate::stats::slopes`] over the cells of the matrix. Needs two levels on both axes.

use super::OTHER_KIND;
use super::settings::{Place, Scope, short, sign};
use crate::claims::answer::{Contrast, Question, Setting};
use crate::claims::decide::{Bound, Needs, Rule};
use crate::claims::file::{Labels, Test};
use crate::claims::table::{Column, Table};
use crate::point::{Level, Point};
use crate::stats::slopes::{Slopes, fit};

/// log10 of the fractions of value and policy data at each cell, or why they are not there.
pub(crate) fn regressors(
    points: &[Point],
    value_axis: &str,
    policy_axis: &str,
) -> Result<Vec<(f64, f64)>, String> {
    let log = |point: &Point, axis: &str| match point.0.get(axis).and_then(Level::number) {
        Some(x) if x > 0.0 => Ok(libm::log10(x)),
        _ => Err(format!("the data matrix has no positive axis `{axis}`")),
    };
    let x: Vec<(f64, f64)> = points
        .iter()
        .map(|p| Ok((log(p, value_axis)?, log(p, policy_axis)?)))
        .collect::<Result<_, String>>()?;
    let flat = vec![0.0; x.len()];
    match fit(&x, &flat) {
        Some(_) => Ok(x),
        None => Err(format!(
            "fewer than two levels on `{value_axis}` or `{policy_axis}`"
        )),
    }
}

/// `slopes`
pub(crate) fn slopes(scope: &Scope<'_>) -> Result<Vec<Question>, String> {
    let Test::Slopes {
        metric,
        better,
        policy_axis,
        value_axis,
        policy_bounded,
        value_bounded,
        margin,
        share,
        some,
    } = &scope.claim.test
    else {
        return Err(OTHER_KIND.into());
    };
    let sign = sign(*better);
    let read = |place: &Place<'_>, own: &Labels| -> Result<(Table, Vec<(f64, f64)>), String> {
        let pipeline = scope.pipeline(place, own)?;
        let table = scope.table(&[Column::last(place.benchmark, pipeline, metric)])?;
        let x = regressors(&table.points, value_axis, policy_axis)
            .map_err(|why| format!("{pipeline} on {}: {why}", place.benchmark))?;
        Ok((table, x))
    };
    let build = |place: &Place<'_>,
                 own: &Labels,
                 name: &str,
                 bound: f64,
                 of: fn(Slopes) -> f64|
     -> Result<Setting, String> {
        let (table, x) = read(place, own)?;
        let sample = table.sample(place.benchmark, |columns| {
            fit(&x, &columns[0]).map(|s| sign * of(s))
        });
        let contrast = Contrast {
            name: name.to_owned(),
            sample,
            bound: Bound::Above(bound),
        };
        place.setting(table, vec![contrast], Needs::All)
    };
    let unit = format!("{metric} per factor of ten");
    let dominates = scope.settings(|place| {
        build(
            place,
            policy_bounded,
            "policy slope - value slope",
            0.0,
            |s| s.second - s.first,
        )
    })?;
    let clear =
        scope.settings(|place| build(place, value_bounded, "value slope", *margin, |s| s.first))?;
    Ok(vec![
        Question {
            name: format!(
                "{}: the policy slope exceeds the value slope",
                short(policy_bounded)
            ),
            unit: unit.clone(),
            rule: Rule::MoreThan(*share),
            settings: dominates,
        },
        Question {
            name: format!(
                "{}: a clear value slope in at least {some} settings",
                short(value_bounded)
            ),
            unit,
            rule: Rule::Count(*some),
            settings: clear,
        },
    ])
}
