//! One method on two benchmarks that differ in the code of the state, on the same seeds.

use super::OTHER_KIND;
use super::difference::log_ratio;
use super::settings::{Place, Scope, collect};
use super::snapshots::together;
use crate::claims::answer::{Contrast, Question, Setting};
use crate::claims::decide::{Bound, Needs};
use crate::claims::evidence::joined;
use crate::claims::file::{Labels, Test};
use crate::claims::table::{Column, mean};

/// A pair of benchmarks with labels: the first is the place's.
type Pair<'a> = Result<(Place<'a>, &'a str), String>;

/// How two neighbouring columns, the first at an index, become a contrast.
struct Of {
    name: fn(&str) -> String,
    contrast: fn(&[Vec<f64>], usize) -> Option<f64>,
    bound: Bound,
}

/// `paired-benchmarks`
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
    let places: Vec<Pair<'_>> = pairs.iter().flat_map(|pair| places(scope, pair)).collect();
    let settings = |metrics: &[&String], of: &Of| {
        collect(
            places
                .iter()
                .map(|pair| setting(scope, pair, pipeline, metrics, of)),
        )
    };
    let ratio = |bound| Of {
        name: |metric| format!("ln {metric}: first - second"),
        contrast: |columns, i| log_ratio(columns, i, i + 1),
        bound,
    };
    let difference = Of {
        name: |metric| format!("{metric}: second - first"),
        contrast: |columns, i| Some(mean(&columns[i + 1]) - mean(&columns[i])),
        bound: Bound::Above(0.0),
    };
    let equal: Vec<&String> = equal.iter().collect();
    let lower = settings(&[falls], &ratio(Bound::Above(*excess)))?;
    let higher = settings(&[rises], &difference)?;
    let same = settings(&equal, &ratio(Bound::Within(*equal_margin)))?;
    let name = "the error on visited states is lower with the new code";
    Ok(vec![
        together(name.into(), "natural logarithm", lower),
        together(
            "the score is higher with the new code".into(),
            rises,
            higher,
        ),
        together(
            "the errors on the data are equal".into(),
            "natural logarithm",
            same,
        ),
    ])
}

/// Every combination of setting levels on one pair.
fn places<'a>(scope: &Scope<'a>, [first, second]: &[String; 2]) -> Vec<Pair<'a>> {
    let known = |name: &String| scope.benchmarks.iter().find(|(b, _)| b == name).copied();
    let (Some((a, environment)), Some((b, _))) = (known(first), known(second)) else {
        return vec![Err(format!(
            "the study does not have both {first} and {second}"
        ))];
    };
    let combinations = scope.combinations().into_iter();
    let place = |(labels, levels): (Labels, Vec<String>)| {
        let names = std::iter::once(format!("{a} to {b}")).chain(levels);
        let place = Place {
            benchmark: a,
            environment,
            labels,
            label: names.collect::<Vec<_>>().join(", "),
        };
        Ok((place, b))
    };
    combinations.map(place).collect()
}

fn setting(
    scope: &Scope<'_>,
    pair: &Pair<'_>,
    pipeline: &Labels,
    metrics: &[&String],
    of: &Of,
) -> Result<Setting, String> {
    let (place, changed) = pair.as_ref().map_err(Clone::clone)?;
    let first = scope.pipeline(place, pipeline)?;
    let labels = joined(&place.labels, pipeline);
    let second = scope.evidence.pipeline(changed, &labels);
    let second = second.map_err(|why| format!("{why} on {changed}"))?;
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
}
