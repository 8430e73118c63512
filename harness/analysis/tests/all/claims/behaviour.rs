//! What claims say of studies that lack something, share something, or were tuned; and of edited files.

use std::sync::Arc;

use analysis::claims::{
    Claim, ClaimsFile, Evidence, Labels, Measured, Shape, Verdict, evaluate, register, verdicts,
};
use analysis::{Level, Point};

use super::simulate::{Number, Study, labels, with};

const FILE: &str = r#"
format = 1
id = "small"
title = "One claim"
manifests = ["smoke.toml"]

[[claim]]
id = "order"
number = 1
statement = "A is better than B."
tag = "C"
topics = ["value-objectives"]
settings = { value = ["IQL", "SARSA"] }
where = { test_time = "none" }
least = { settings = 2, seeds = 3 }
power = { settings = 2, seeds = 6, effect = 1.0, sd = 0.5, power = 0.8 }

[claim.test]
kind = "share-non-inferior"
metric = "normalized_score"
better = "higher"
first = { extraction = "A" }
second = { extraction = "B" }
margin = 0.0
unit = "points"
share = 1.0
"#;

pub(crate) fn file() -> ClaimsFile {
    ClaimsFile::parse(FILE, "small.toml").unwrap()
}

pub(crate) fn with_claim(change: impl Fn(&mut Claim)) -> ClaimsFile {
    let mut file = file();
    change(&mut file.claims[0]);
    file
}

/// A is `ahead` of B on every seed, with a little noise; one benchmark, both values.
pub(crate) fn simple(benchmark: &str, ahead: f64, seeds: i64) -> Study {
    let mut study = Study::new(3, "behaviour");
    study.benchmark(benchmark);
    for value in ["IQL", "SARSA"] {
        for (extraction, score) in [("A", 50.0 + ahead), ("B", 50.0)] {
            let pipeline = study.pipeline(&labels(&[("extraction", extraction), ("value", value)]));
            for seed in 0..seeds {
                let noisy = score + 0.3 * study.normal();
                study.matrix(benchmark, &pipeline, "normalized_score", seed, noisy, 0.0);
            }
        }
    }
    study
}

pub(crate) fn only(file: &ClaimsFile, evidence: &Evidence) -> analysis::claims::ClaimResult {
    verdicts(file, evidence, None).remove(0)
}

#[test]
fn clear_orders_are_decided_and_followed_to_their_runs() {
    let won = only(&file(), &simple("maze/a-v0", 5.0, 6).evidence());
    assert_eq!(
        (won.verdict, won.verdict_holm),
        (Verdict::Supported, Verdict::Supported),
        "{}",
        won.reason
    );
    // Two methods, two values, four cells, six seeds.
    assert_eq!(won.runs, 96);
    let answer = &won.answers[0];
    assert_eq!(
        (
            answer.settings.len(),
            answer.environments.len(),
            answer.needed
        ),
        (2, 1, Some((2, 2)))
    );
    let effect = answer.together[0].effect;
    let interval = effect.interval.unwrap();
    assert!(
        interval.low < 5.0 && 5.0 < interval.high && interval.high - interval.low < 1.5,
        "{effect:?}"
    );
    let lost = only(&file(), &simple("maze/a-v0", -5.0, 6).evidence());
    assert_eq!(lost.verdict, Verdict::Contradicted, "{}", lost.reason);
}

#[test]
fn few_seeds_and_few_settings_decide_nothing_and_say_so() {
    let two = only(&file(), &simple("maze/a-v0", 5.0, 2).evidence());
    assert_eq!(
        (two.verdict, two.further_seeds),
        (Verdict::Inconclusive, Some(1))
    );
    assert!(
        two.reason
            .contains("2 seeds, the claim asks for at least 3"),
        "{}",
        two.reason
    );
    let asks = with_claim(|c| c.least.settings = 3);
    let few = only(&asks, &simple("maze/a-v0", 5.0, 6).evidence());
    assert!(
        few.verdict == Verdict::Inconclusive && few.reason.contains("2 settings"),
        "{}",
        few.reason
    );
}

#[test]
fn what_the_study_lacks_is_named() {
    let no_labels = with_claim(|c| {
        c.settings.insert("value".into(), vec!["CRL".into()]);
    });
    let lacks = only(&no_labels, &simple("maze/a-v0", 5.0, 6).evidence());
    assert_eq!(lacks.verdict, Verdict::NotTestable);
    assert!(lacks.reason.contains("value = CRL"), "{}", lacks.reason);
    let elsewhere = with_claim(|c| c.benchmarks = Some(vec!["walker/*".into()]));
    let lacks = only(&elsewhere, &simple("maze/a-v0", 5.0, 6).evidence());
    assert!(
        lacks.reason.contains("none of the claim's benchmarks"),
        "{}",
        lacks.reason
    );
    let other = verdicts(
        &with_claim(|c| c.manifests = Some(vec![])),
        &simple("maze/a-v0", 5.0, 6).evidence(),
        Some("smoke.toml"),
    );
    assert_eq!(other[0].verdict, Verdict::NotTestable);
}

#[test]
fn the_bandit_is_refused_for_claims_about_value_objectives() {
    let evidence = simple("cbandit/narrow-expert-v0", 5.0, 6).evidence();
    let barred = only(&file(), &evidence);
    assert_eq!(barred.verdict, Verdict::NotTestable);
    assert!(
        barred.left_out[0].reason.contains("one step"),
        "{:?}",
        barred.left_out
    );
    let text = FILE.replace(
        "topics =",
        "benchmarks = [\"cbandit/narrow-expert-v0\"]\ntopics =",
    );
    let refused = ClaimsFile::parse(&text, "small.toml")
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("cbandit/narrow-expert-v0") && refused.contains("small.toml:"),
        "{refused}"
    );
}

#[test]
fn mistakes_in_the_file_name_line_and_key() {
    let cases = [
        ("share = 1.0", "share = 1.5", "test.share"),
        ("format = 1", "format = 2", "expected 1"),
        ("unit = \"points\"", "units = \"points\"", "units"),
        ("seeds = 3 }", "seeds = 1 }", "least"),
    ];
    for (from, to, expected) in cases {
        let text = ClaimsFile::parse(&FILE.replace(from, to), "small.toml")
            .unwrap_err()
            .to_string();
        assert!(
            text.contains(expected) && text.contains("small.toml:"),
            "{text}"
        );
    }
}

#[test]
fn edits_after_registration_are_marked_and_the_first_digest_stays() {
    let (first, written) = register(None, &file(), true).unwrap();
    assert!(first.new && first.before_results);
    let text = serde_json::to_string(&written.unwrap()).unwrap();
    let reformatted = ClaimsFile::parse(&format!("# a comment\n{FILE}"), "small.toml").unwrap();
    let (same, nothing) = register(Some(&text), &reformatted, false).unwrap();
    assert!(
        nothing.is_none()
            && same.edited.is_empty()
            && same.digest == reformatted.digest()
            && same.before_results
    );
    let (edited, nothing) =
        register(Some(&text), &with_claim(|c| c.least.seeds = 4), false).unwrap();
    assert!(nothing.is_none());
    assert_eq!(edited.edited, vec!["order".to_owned()]);
    assert_eq!(edited.digest, file().digest());
}

#[test]
fn seeds_that_share_an_evaluation_are_one_unit() {
    let make = |shared: bool| {
        let mut rows = Vec::new();
        let mut shape = Shape::default();
        shape.benchmarks.insert("maze/a-v0".into(), "maze".into());
        for (extraction, score) in [("A", 55.0), ("B", 50.0)] {
            for value in ["IQL", "SARSA"] {
                let name = format!("{extraction} + {value}");
                shape.pipelines.insert(
                    name.clone(),
                    labels(&[("extraction", extraction), ("value", value)]),
                );
                for seed in 0..8i64 {
                    let run = if shared { seed / 2 } else { seed };
                    rows.push(Measured {
                        benchmark: Arc::from("maze/a-v0"),
                        pipeline: Arc::from(name.as_str()),
                        metric: Arc::from("normalized_score"),
                        seed,
                        tuning: false,
                        point: Arc::default(),
                        reference: true,
                        update: 1,
                        evaluation_id: Arc::from(format!("{name} {run}")),
                        value: score + (run % 3) as f64,
                    });
                }
            }
        }
        only(&file(), &Evidence::new(shape, rows)).answers[0].together[0]
            .effect
            .n
    };
    assert_eq!((make(false), make(true)), (8, 4));
}

#[test]
fn levels_are_chosen_on_tuning_runs_only() {
    let mut shape = Shape::default();
    shape.benchmarks.insert("maze/a-v0".into(), "maze".into());
    let mut rows = Vec::new();
    let mut write = |pipeline: &str, seed: i64, alpha: f64, value: f64| {
        rows.push(Measured {
            benchmark: Arc::from("maze/a-v0"),
            pipeline: Arc::from(pipeline),
            metric: Arc::from("normalized_score"),
            seed,
            tuning: seed >= 1000,
            point: Arc::new(Point(
                [("policy.alpha".to_owned(), Level::Number(alpha))].into(),
            )),
            reference: alpha == 1.0,
            update: 1,
            evaluation_id: Arc::from(format!("{pipeline} {alpha} {seed}")),
            value,
        });
    };
    for value in ["IQL", "SARSA"] {
        let (a, b) = (format!("A {value}"), format!("B {value}"));
        for seed in (0..6).chain(1000..1003) {
            let noise = (seed % 5) as f64 * 0.1;
            // Best on the report's seeds is alpha 1, best on the tuning seeds is alpha 3.
            let tuning = seed >= 1000;
            write(&a, seed, 1.0, if tuning { 10.0 } else { 90.0 } + noise);
            write(
                &a,
                seed,
                3.0,
                if tuning { 60.0 } else { 40.0 } + 2.0 * noise,
            );
            write(&b, seed, 1.0, 50.0);
        }
        shape
            .pipelines
            .insert(a, labels(&[("extraction", "A"), ("value", value)]));
        shape
            .pipelines
            .insert(b, labels(&[("extraction", "B"), ("value", value)]));
    }
    let evidence = Evidence::new(shape, rows);
    let declared = only(&file(), &evidence);
    assert_eq!(declared.verdict, Verdict::Supported, "{}", declared.reason);
    let text = FILE.replace(
        "least =",
        "tuning = { parameters = [\"policy.alpha\"], metric = \"normalized_score\", better = \"higher\" }\nleast =",
    );
    let tuned = only(&ClaimsFile::parse(&text, "small.toml").unwrap(), &evidence);
    assert_eq!(tuned.verdict, Verdict::Contradicted, "{}", tuned.reason);
    let part = &tuned.answers[0].settings[0];
    assert!(
        part.notes
            .iter()
            .any(|n| n.contains("policy.alpha = 3 chosen")),
        "{:?}",
        part.notes
    );
    assert_eq!(part.seeds, 6);
}

#[test]
fn null_pairs_go_through_the_engine_and_rarely_differ() {
    let (mut pairs, mut wrong) = (0, 0);
    for draw in 0..100 {
        let mut study = Study::new(draw, "null pairs");
        study.benchmark("maze/a-v0");
        for value in ["IQL", "SARSA"] {
            for extraction in ["A", "B"] {
                let pipeline =
                    study.pipeline(&labels(&[("extraction", extraction), ("value", value)]));
                for seed in 0..8 {
                    let score = 50.0 + 5.0 * study.normal();
                    study.matrix("maze/a-v0", &pipeline, "normalized_score", seed, score, 1.0);
                }
            }
        }
        let nulls = evaluate(&file(), &study.evidence(), None).nulls;
        pairs += nulls.pairs.len();
        wrong += nulls.false_verdicts;
    }
    assert_eq!(pairs, 400);
    // 5 % of 400 is 20; 32 is what twenty exceeds by chance in less than one of 200 suites.
    assert!((5..=34).contains(&wrong), "{wrong} of {pairs}");
}

#[test]
fn seeds_are_halved_within_each_benchmark() {
    let mut study = Study::new(0, "benchmarks of other seeds");
    let benchmarks = [("maze/a-v0", 0..8), ("maze/b-v0", 1000..1006)];
    for (benchmark, _) in &benchmarks {
        study.benchmark(benchmark);
    }
    for value in ["IQL", "SARSA"] {
        for extraction in ["A", "B"] {
            let own = labels(&[("extraction", extraction), ("value", value)]);
            let pipeline = study.pipeline(&own);
            for (benchmark, seeds) in &benchmarks {
                for seed in seeds.clone() {
                    let score = 50.0 + study.normal();
                    study.matrix(benchmark, &pipeline, "normalized_score", seed, score, 1.0);
                }
            }
        }
    }
    let nulls = evaluate(&file(), &study.evidence(), None).nulls;
    for (benchmark, _) in &benchmarks {
        let own = nulls.pairs.iter().filter(|p| p.benchmark == *benchmark);
        assert_eq!(own.count(), 4, "{benchmark}: {:?}", nulls.pairs);
    }
}

#[test]
fn a_test_time_method_that_changes_nothing_must_equal_its_base() {
    let text = FILE
        .replace("where = { test_time = \"none\" }", "")
        .split("[claim.test]")
        .next()
        .unwrap()
        .to_owned()
        + r#"
[claim.test]
kind = "test-time"
metric = "normalized_score"
better = "higher"
base = { test_time = "none" }
methods = [{ test_time = "OPEX" }]
margin = 0.0
share = 0.5
identity = [{ method = { test_time = "OPEX" }, parameter = "test-time.beta", value = 0.0 }]
"#;
    let file = ClaimsFile::parse(&text, "small.toml").unwrap();
    let make = |broken: f64| {
        let mut study = Study::new(1, "identity");
        study.benchmark("maze/a-v0");
        for value in ["IQL", "SARSA"] {
            let own = labels(&[("value", value)]);
            let base = study.pipeline(&own);
            let opex = study.pipeline(&with(
                &own,
                &Labels::from([("test_time".into(), "OPEX".into())]),
            ));
            for seed in 0..6 {
                let score = 50.0 + study.normal();
                let mut write = |pipeline: &str, point: &[(&str, f64)], value: f64| {
                    study.write(&Number {
                        benchmark: "maze/a-v0",
                        pipeline,
                        metric: "normalized_score",
                        seed,
                        point,
                        update: 1,
                        value,
                    });
                };
                write(&base, &[], score);
                write(&opex, &[("test-time.beta", 0.0)], score + broken);
                write(&opex, &[("test-time.beta", 1.0)], score + 10.0);
            }
        }
        only(&file, &study.evidence())
    };
    assert_eq!(
        make(0.0).verdict,
        Verdict::Supported,
        "{}",
        make(0.0).reason
    );
    let broken = make(1e-12);
    assert_eq!(broken.verdict, Verdict::NotTestable);
    assert!(
        broken.reason.contains("test-time.beta = 0 differs"),
        "{}",
        broken.reason
    );
}

#[test]
fn a_second_look_asks_for_half_the_p() {
    let (one, mut two) = (file(), file());
    two.looks = [("smoke.toml".to_owned(), 2)].into();
    let decided =
        |file: &ClaimsFile, study: &Evidence| verdicts(file, study, Some("smoke.toml")).remove(0);
    // The smallest lead that one look decides and two do not.
    let near = |study: &Evidence| {
        let p = decided(&one, study).p.unwrap().supported;
        p > 0.0125 && p <= 0.025
    };
    let leads = (20..90).map(|lead| simple("lqr-nav/a", 0.01 * f64::from(lead), 8).evidence());
    let study = leads.into_iter().find(near).unwrap();
    let (first, again) = (decided(&one, &study), decided(&two, &study));
    let (p, doubled) = (first.p.unwrap(), again.p.unwrap());
    assert!((doubled.supported - 2.0 * p.supported).abs() < 1e-15);
    assert_eq!(first.verdict, Verdict::Supported);
    assert_eq!(again.verdict, Verdict::Inconclusive);
    assert_eq!(
        again.reason.split(';').next(),
        Some("decided for it only before counting the looks")
    );
    for (looks, words) in [
        ("smoke.toml\" = 0", "is 0"),
        ("smok.toml\" = 2", "unknown manifest `smok.toml`"),
    ] {
        let text = format!("looks = {{ \"{looks} }}\n{FILE}");
        let refused = ClaimsFile::parse(&text, "small.toml").unwrap_err();
        assert!(refused.to_string().contains(words), "{refused}");
    }
}

#[test]
fn what_is_expected_of_a_study_is_said_of_that_study_alone() {
    let expecting = |entry: &str| {
        let line = format!("expected = {{ {entry} }}\npower =");
        ClaimsFile::parse(&FILE.replacen("power =", &line, 1), "small.toml")
    };
    let file = expecting("\"smoke.toml\" = 0.25").unwrap();
    let study = simple("lqr-nav/a", 5.0, 8).evidence();
    let said = |manifest| evaluate(&file, &study, manifest).claims.remove(0).expected;
    assert_eq!(said(Some("smoke.toml")), Some(0.25));
    assert_eq!(said(None), None);
    for (entry, words) in [
        ("\"smoke.toml\" = 1.5", "between 0 and 1"),
        ("\"smok.toml\" = 0.5", "unknown manifest `smok.toml`"),
    ] {
        let refused = expecting(entry).unwrap_err().to_string();
        assert!(refused.contains(words), "{refused}");
    }
}
