//! Studies in which properties of the data have to do with who wins, or have not.

use analysis::claims::{Claim, ClaimResult, ClaimsFile, Favours, Scale, Test, Verdict, verdicts};
use analysis::study::Better;

use super::simulate::{Number, Study, labels, with};
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
    let mut place = claim.filter.clone();
    for (label, levels) in &claim.settings {
        place.insert(label.clone(), levels[0].clone());
    }
    let methods = [first, second].map(|own| study.pipeline(&with(&place, own)));
    let pipelines: Vec<String> = properties
        .iter()
        .map(|p| study.pipeline(&with(&place, &p.pipeline)))
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

const FILE: &str = r#"
format = 1
id = "small"
title = "One association"
manifests = ["smoke.toml"]

[[claim]]
id = "tells"
number = 1
statement = "The property tells who wins."
tag = "I"
least = { settings = 4, seeds = 3 }
power = { settings = 4, seeds = 20, effect = 0.9, sd = 0.01, power = 0.8 }

[claim.test]
kind = "association"
metric = "normalized_score"
better = "higher"
first = { extraction = "A" }
second = { extraction = "B" }
correlation = 0.0
some = 1
accuracy = 0.0

[[claim.test.properties]]
name = "spread"
metric = "spread"
pipeline = { extraction = "B" }
favours = "first"
"#;

/// `benchmarks` benchmarks on which A's lead rises with the property, clearly and in all of 20 seeds.
fn aligned(benchmarks: usize) -> ClaimResult {
    let mut study = Study::new(1, "aligned");
    let [a, b] = ["A", "B"].map(|name| study.pipeline(&labels(&[("extraction", name)])));
    for k in 0..benchmarks {
        let benchmark = format!("maze/simulated-{k}-v0");
        study.benchmark(&benchmark);
        for seed in 0..20 {
            let x = k as f64 - (benchmarks - 1) as f64 / 2.0;
            let lead = x + 0.01 * study.normal();
            let numbers = [
                (&a, "normalized_score", 50.0 + lead),
                (&b, "normalized_score", 50.0),
                (&b, "spread", x),
            ];
            for (pipeline, metric, value) in numbers {
                study.write(&Number {
                    benchmark: &benchmark,
                    pipeline,
                    metric,
                    seed,
                    point: &[],
                    update: 1,
                    value,
                });
            }
        }
    }
    let file = ClaimsFile::parse(FILE, "small.toml").unwrap();
    verdicts(&file, &study.evidence(), None).remove(0)
}

#[test]
fn few_benchmarks_that_line_up_prove_nothing_however_many_seeds_there_are() {
    // One of the 24 orders of four benchmarks: p = .042.
    let four = aligned(4);
    let correlations = &four.answers[0];
    assert_eq!(
        correlations.verdict,
        Verdict::Inconclusive,
        "{}",
        four.reason
    );
    assert!((correlations.p.supported - 1.0 / 24.0).abs() < 1e-12);
    assert_eq!(correlations.further_seeds, None);
    assert_eq!(four.verdict, Verdict::Inconclusive);
    let six = aligned(6);
    assert_eq!(six.verdict, Verdict::Supported, "{}", six.reason);
    let three = aligned(3);
    assert_eq!(three.verdict, Verdict::NotTestable);
    assert!(three.reason.contains("3 benchmarks"), "{}", three.reason);
}

#[test]
fn an_association_asks_for_no_more_properties_than_it_names() {
    for (from, to, key) in [
        ("some = 1", "some = 2", "test.some"),
        ("accuracy = 0.0", "accuracy = 1.0", "test.accuracy"),
    ] {
        let wrong = ClaimsFile::parse(&FILE.replace(from, to), "small.toml");
        let text = wrong.unwrap_err().to_string();
        assert!(text.contains(key) && text.contains("small.toml:"), "{text}");
    }
}
