//! Coverage against optimality: a score along a sweep from optimal to covering data.
//!
//! "Not monotone": some later level beats the first by more than the margin (any of the contrasts, Bonferroni); the
//! opposite, that none does, needs all of them below it.

use super::OTHER_KIND;
use super::settings::{Place, Scope, collect, short, sign};
use crate::claims::answer::{Contrast, Question, Setting};
use crate::claims::decide::{Bound, Needs, Rule};
use crate::claims::file::{Labels, Levels, Test};
use crate::claims::table::{Column, mean};

/// One sweep: the benchmark of each level, or the one benchmark of all.
struct Sweep<'a> {
    place: Place<'a>,
    benchmarks: Vec<&'a str>,
}

/// `sweep-shape`
pub(crate) fn shape(scope: &Scope<'_>) -> Result<Vec<Question>, String> {
    let Test::SweepShape {
        pipeline,
        metric,
        better,
        levels,
        margin,
        optimality,
    } = &scope.claim.test
    else {
        return Err(OTHER_KIND.into());
    };
    let sweeps = sweeps(scope, levels)?;
    let good = sign(*better);
    let beats = collect(sweeps.iter().map(|sweep| {
        let of = |columns: &[Vec<f64>], k: usize| good * (mean(&columns[k]) - mean(&columns[0]));
        setting(scope, sweep, levels, pipeline, metric, false, &of, *margin)
    }))?;
    let mut questions = vec![Question {
        name: format!(
            "{}: some later level beats the most optimal data",
            short(pipeline)
        ),
        unit: metric.clone(),
        rule: Rule::Together,
        settings: beats,
    }];
    if let Some(metric) = optimality {
        let worse = collect(sweeps.iter().map(|sweep| {
            let of = |columns: &[Vec<f64>], k: usize| mean(&columns[k]) - mean(&columns[0]);
            setting(scope, sweep, levels, pipeline, metric, true, &of, 0.0)
        }))?;
        questions.push(Question {
            name: "the data become less optimal along the sweep".into(),
            unit: metric.clone(),
            rule: Rule::Together,
            settings: worse,
        });
    }
    Ok(questions)
}

fn sweeps<'a>(scope: &Scope<'a>, levels: &Levels) -> Result<Vec<Sweep<'a>>, String> {
    let Levels::Benchmarks(lists) = levels else {
        let of = |place: Place<'a>| Sweep {
            benchmarks: vec![place.benchmark],
            place,
        };
        return Ok(scope.places().into_iter().map(of).collect());
    };
    let mut all = Vec::new();
    for list in lists {
        let known = |name: &String| scope.benchmarks.iter().find(|(b, _)| b == name).copied();
        let found: Vec<(&str, &str)> = list.iter().filter_map(known).collect();
        let Some(&(first, environment)) = found.first() else {
            continue;
        };
        let last = found.last().map_or(first, |(b, _)| b);
        for (labels, shown) in scope.combinations() {
            let label = std::iter::once(format!("{first} to {last}"))
                .chain(shown)
                .collect::<Vec<_>>()
                .join(", ");
            all.push(Sweep {
                place: Place {
                    benchmark: first,
                    environment,
                    labels,
                    label,
                },
                benchmarks: found.iter().map(|(b, _)| *b).collect(),
            });
        }
    }
    if all.is_empty() {
        return Err("the study has none of the sweep's benchmarks".into());
    }
    Ok(all)
}

/// Contrasts of every later level (or the last one only) against the first.
#[expect(
    clippy::too_many_arguments,
    reason = "one call each from two lines of the same function"
)]
fn setting(
    scope: &Scope<'_>,
    sweep: &Sweep<'_>,
    levels: &Levels,
    pipeline: &Labels,
    metric: &str,
    last_only: bool,
    of: &dyn Fn(&[Vec<f64>], usize) -> f64,
    margin: f64,
) -> Result<Setting, String> {
    let place = &sweep.place;
    let own = |benchmark: &str| {
        let place = Place {
            benchmark,
            environment: place.environment,
            ..place.clone()
        };
        scope.pipeline(&place, pipeline)
    };
    let (mut columns, mut names) = (Vec::new(), Vec::new());
    if let Levels::Axis(axis) = levels {
        let pipeline = own(place.benchmark)?;
        for level in scope
            .evidence
            .levels(place.benchmark, pipeline, metric, axis)
        {
            names.push(format!("{axis} = {level}"));
            columns.push(Column::last(place.benchmark, pipeline, metric).fixed(axis, level));
        }
        if columns.len() < 3 {
            return Err(format!(
                "{} has {} levels of `{axis}`, at least 3 are needed",
                place.label,
                columns.len()
            ));
        }
    } else {
        for (k, benchmark) in sweep.benchmarks.iter().enumerate() {
            names.push(format!("level {}", k + 1));
            columns.push(Column::last(benchmark, own(benchmark)?, metric));
        }
        if columns.len() < 3 {
            return Err(format!(
                "{} has {} levels, at least 3 are needed",
                place.label,
                columns.len()
            ));
        }
    }
    let table = scope.table(&columns)?;
    let start = if last_only { names.len() - 1 } else { 1 };
    let contrast = |k: usize| Contrast {
        name: format!("{} - {}", names[k], names[0]),
        sample: table.sample(place.benchmark, |columns| Some(of(columns, k))),
        bound: Bound::Above(margin),
    };
    let contrasts = (start..names.len()).map(contrast).collect();
    place.setting(table, contrasts, Needs::Any)
}
