//! Paired differences: of two methods on one benchmark, and of one method on two codes of the same benchmark.

use super::OTHER_KIND;
use super::settings::{Place, Scope, collect, short};
use crate::claims::answer::{Contrast, Question, Setting};
use crate::claims::decide::{Bound, Needs, Rule};
use crate::claims::evidence::joined;
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
    let settings = scope.settings(|place| {
        let pipelines = [
            scope.pipeline(place, first)?,
            scope.pipeline(place, second)?,
        ];
        let table = scope.table(&pipelines.map(|p| Column::last(place.benchmark, p, metric)))?;
        let sample = table.sample(place.benchmark, |columns| {
            Some(mean(&columns[0]) - mean(&columns[1]))
        });
        let contrast = Contrast {
            name: format!("{} - {}", short(first), short(second)),
            sample,
            bound: Bound::Above(*margin),
        };
        place.setting(table, vec![contrast], Needs::All)
    })?;
    Ok(vec![Question {
        name: format!(
            "{metric} of {} exceeds that of {}",
            short(first),
            short(second)
        ),
        unit: metric.clone(),
        rule: Rule::Together,
        settings,
    }])
}

/// `ln(mean of column a) - ln(mean of column b)`; none where one is not positive.
pub(crate) fn log_ratio(columns: &[Vec<f64>], a: usize, b: usize) -> Option<f64> {
    let (a, b) = (mean(&columns[a]), mean(&columns[b]));
    (a > 0.0 && b > 0.0).then(|| libm::log(a) - libm::log(b))
}

/// A pair of benchmarks with labels.
type Pair<'a> = (Place<'a>, &'a str);

/// `paired-benchmarks`: the same seeds on the first and the second benchmark of a pair.
pub(crate) fn paired_benchmarks(scope: &Scope<'_>) -> Result<Vec<Question>, String> {
    let Test::PairedBenchmarks {
        pipeline,
        pairs,
        falls,
        excess,
        rises,
        equal,
        equal_margin,
    } = &scope.claim.test
    else {
        return Err(OTHER_KIND.into());
    };
    let mut places: Vec<Result<Pair<'_>, String>> = Vec::new();
    for [first, second] in pairs {
        let known = |name: &String| scope.benchmarks.iter().find(|(b, _)| b == name).copied();
        match (known(first), known(second)) {
            (Some((a, environment)), Some((b, _))) => {
                places.extend(scope.combinations().into_iter().map(|(labels, levels)| {
                    let label = std::iter::once(format!("{a} to {b}"))
                        .chain(levels)
                        .collect::<Vec<_>>()
                        .join(", ");
                    let place = Place {
                        benchmark: a,
                        environment,
                        labels,
                        label,
                    };
                    Ok((place, b))
                }));
            }
            _ => places.push(Err(format!(
                "the study does not have both {first} and {second}"
            ))),
        }
    }
    let build = |pair: &Result<Pair<'_>, String>,
                 metrics: &[&String],
                 of: &Of|
     -> Result<Setting, String> {
        let (place, changed) = pair.as_ref().map_err(Clone::clone)?;
        let first = scope.pipeline(place, pipeline)?;
        let labels = joined(&place.labels, pipeline);
        let second = scope
            .evidence
            .pipeline(changed, &labels)
            .map_err(|why| format!("{why} on {changed}"))?;
        let mut columns = Vec::new();
        for metric in metrics {
            columns.push(Column::last(place.benchmark, first, metric));
            columns.push(Column::last(changed, second, metric));
        }
        let table = scope.table(&columns)?;
        let contrast = |(i, metric): (usize, &&String)| Contrast {
            name: (of.name)(metric),
            sample: table.sample(place.benchmark, |columns| (of.contrast)(columns, 2 * i)),
            bound: of.bound,
        };
        let contrasts = metrics.iter().enumerate().map(contrast).collect();
        place.setting(table, contrasts, Needs::All)
    };
    let question =
        |name: &str, unit: &str, metrics: &[&String], of: Of| -> Result<Question, String> {
            Ok(Question {
                name: name.to_owned(),
                unit: unit.to_owned(),
                rule: Rule::Together,
                settings: collect(places.iter().map(|pair| build(pair, metrics, &of)))?,
            })
        };
    let equal: Vec<&String> = equal.iter().collect();
    Ok(vec![
        question(
            "the error on visited states is lower with the new code",
            "natural logarithm",
            &[falls],
            Of {
                name: |metric| format!("ln {metric}: first - second"),
                contrast: |columns, i| log_ratio(columns, i, i + 1),
                bound: Bound::Above(*excess),
            },
        )?,
        question(
            "the score is higher with the new code",
            rises,
            &[rises],
            Of {
                name: |metric| format!("{metric}: second - first"),
                contrast: |columns, i| Some(mean(&columns[i + 1]) - mean(&columns[i])),
                bound: Bound::Above(0.0),
            },
        )?,
        question(
            "the errors on the data are equal",
            "natural logarithm",
            &equal,
            Of {
                name: |metric| format!("ln {metric}: first - second"),
                contrast: |columns, i| log_ratio(columns, i, i + 1),
                bound: Bound::Within(*equal_margin),
            },
        )?,
    ])
}

/// How two neighbouring columns, the first at an index, become a contrast.
struct Of {
    name: fn(&str) -> String,
    contrast: fn(&[Vec<f64>], usize) -> Option<f64>,
    bound: Bound,
}
