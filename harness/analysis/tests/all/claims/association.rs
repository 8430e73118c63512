//! Studies in which properties of the data have to do with who wins, or have not.

use analysis::claims::{Claim, Favours, Scale, Test};
use analysis::study::Better;

use super::simulate::{Number, Study, with};
use super::truths::Truth;

/// A study over `power.settings` benchmarks. True: the first property has correlation `correlation + effect` with the
/// difference over benchmarks, the others none. False: all have the opposite correlation. Boundary: differences between
/// benchmarks are as large and as lasting, and none of the properties has to do with them.
///
/// Differences and properties have deviation 1 over benchmarks; `sd` is that of a difference between the seeds of a benchmark.
pub(crate) fn world(study: &mut Study, claim: &Claim, truth: Truth) {
    let Test::Association {
        metric,
        better,
        scale,
        first,
        second,
        properties,
        correlation,
        ..
    } = &claim.test
    else {
        unreachable!()
    };
    let power = claim.power;
    let strength = |p: usize| match truth {
        Truth::True if p == 0 => correlation + power.effect,
        Truth::False => -(correlation + power.effect),
        _ => 0.0,
    };
    let mut labels = claim.filter.clone();
    for (label, levels) in &claim.settings {
        labels.insert(label.clone(), levels[0].clone());
    }
    let methods = [first, second].map(|own| study.pipeline(&with(&labels, own)));
    let pipelines: Vec<String> = properties
        .iter()
        .map(|p| study.pipeline(&with(&labels, &p.pipeline)))
        .collect();
    for b in 0..power.settings {
        let benchmark = format!("point-maze/simulated-{b}-v0");
        study.benchmark(&benchmark);
        // Winners are about balanced: every second benchmark on each side of zero.
        let side = if b % 2 == 0 { 1.0 } else { -1.0 };
        let difference = side * (0.2 + study.normal().abs());
        let own: Vec<f64> = (0..properties.len())
            .map(|p| {
                let r = strength(p);
                r * difference + (1.0 - r * r).sqrt() * study.normal()
            })
            .collect();
        for seed in 0..power.seeds as i64 {
            let common = study.normal();
            let ahead = difference + power.sd * study.normal();
            let mut write = |pipeline: &str, metric: &str, value: f64| {
                study.write(&Number {
                    benchmark: &benchmark,
                    pipeline,
                    metric,
                    seed,
                    point: &[],
                    update: 1000,
                    value,
                });
            };
            let good = if *better == Better::Higher { 1.0 } else { -1.0 };
            for (method, value) in methods.iter().zip([common + good * ahead, common]) {
                let value = if *scale == Scale::Log {
                    value.exp()
                } else {
                    value
                };
                write(method, metric, value);
            }
            for ((property, pipeline), x) in properties.iter().zip(&pipelines).zip(&own) {
                let sign = match property.favours {
                    Favours::First => 1.0,
                    Favours::Second => -1.0,
                };
                write(pipeline, &property.metric, sign * x);
            }
        }
    }
}
