//! Planted bottlenecks on simulated studies: a starved critic, AWR with a perfect critic, optimal data of low coverage.

use analysis::claims::{Evidence, Labels};
use analysis::diagnose::{Basis, Bottleneck, SignatureKind, Subject, diagnose};

use crate::claims::simulate::{Number, Study, labels};

/// Regrets on data and visited states of one pipeline.
type Regrets<'a> = (&'a [(&'a str, &'a str)], f64, f64);

fn study(draw: u64, pipelines: &[Regrets<'_>]) -> Evidence {
    let mut study = Study::new(draw, "planted");
    study.benchmark("lqr-nav/planted-v0");
    for (pairs, train, visited) in pipelines {
        let own: Labels = labels(pairs);
        let pipeline = study.pipeline(&own);
        for seed in 0..6 {
            let regrets = [("regret_train", train), ("regret_evaluation", visited)];
            for (metric, mean) in regrets {
                let value = mean * (1.0 + 0.1 * study.normal());
                study.write(&Number {
                    benchmark: "lqr-nav/planted-v0",
                    pipeline: &pipeline,
                    metric,
                    seed,
                    point: &[],
                    update: 1,
                    value,
                });
            }
        }
    }
    study.evidence()
}

fn one(evidence: &Evidence) -> Subject {
    let mut subjects = diagnose(evidence).subjects;
    assert_eq!(subjects.len(), 1, "{subjects:#?}");
    subjects.remove(0)
}

fn present(subject: &Subject, kind: SignatureKind) -> Option<bool> {
    subject
        .signatures
        .iter()
        .find(|s| s.kind == kind)
        .and_then(|s| s.present)
}

#[test]
fn a_starved_critic_is_named() {
    let subject = one(&study(
        1,
        &[
            (&[("extraction", "DDPG+BC"), ("value", "IQL")], 1.0, 1.1),
            (
                &[("extraction", "DDPG+BC"), ("value", "exact Q")],
                0.2,
                0.25,
            ),
            (&[("extraction", "DDPG+BC"), ("value", "Q*")], 0.05, 0.06),
        ],
    ));
    assert_eq!(subject.basis, Basis::Substitution);
    assert_eq!(
        subject.bottleneck,
        Some(Bottleneck::Value),
        "{}",
        subject.reason
    );
    let names: Vec<&str> = subject.parts.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "value estimation",
            "value objective",
            "policy extraction",
            "generalisation"
        ]
    );
    assert_eq!(
        present(&subject, SignatureKind::GoodValuePoorPolicy),
        Some(false)
    );
}

#[test]
fn parts_add_up_to_the_gap() {
    let subject = one(&study(
        2,
        &[
            (&[("extraction", "AWR"), ("value", "IQL")], 1.0, 1.3),
            (&[("extraction", "AWR"), ("value", "Q*")], 0.4, 0.5),
            (&[("extraction", "exact"), ("value", "IQL")], 0.3, 0.5),
        ],
    ));
    let sum: f64 = subject.parts.iter().map(|p| p.effect.value).sum();
    assert!((sum - subject.gap.unwrap().value).abs() < 1e-9);
    let shares: f64 = subject.parts.iter().map(|p| p.share.unwrap().value).sum();
    assert!((shares - 1.0).abs() < 1e-9);
    // Means over both orders: value (1.0 - .4 + .3) / 2, extraction (.4 + 1.0 - .3) / 2.
    assert!(
        (subject.parts[0].effect.value - 0.45).abs() < 0.1,
        "{:?}",
        subject.parts[0]
    );
    assert!(
        (subject.parts[1].effect.value - 0.55).abs() < 0.1,
        "{:?}",
        subject.parts[1]
    );
}

#[test]
fn weighted_cloning_with_a_perfect_critic_is_named() {
    let subject = one(&study(
        3,
        &[(&[("extraction", "AWR"), ("value", "Q*")], 0.8, 0.85)],
    ));
    assert_eq!(
        subject.bottleneck,
        Some(Bottleneck::Extraction),
        "{}",
        subject.reason
    );
    assert_eq!(
        present(&subject, SignatureKind::GoodValuePoorPolicy),
        Some(true)
    );
    assert!(subject.next[0].contains("ddpg-bc"), "{:?}", subject.next);
}

#[test]
fn optimal_data_of_low_coverage_are_named() {
    let subject = one(&study(
        4,
        &[
            (&[("extraction", "AWR"), ("value", "IQL")], 0.02, 0.9),
            (&[("extraction", "AWR"), ("value", "Q*")], 0.015, 0.8),
        ],
    ));
    assert_eq!(
        subject.bottleneck,
        Some(Bottleneck::Generalisation),
        "{}",
        subject.reason
    );
    assert_eq!(
        present(&subject, SignatureKind::GoodTrainingPoorTest),
        Some(true)
    );
}

#[test]
fn equal_parts_are_not_told_apart() {
    let subject = one(&study(
        5,
        &[
            (&[("extraction", "AWR"), ("value", "IQL")], 1.0, 1.5),
            (&[("extraction", "AWR"), ("value", "Q*")], 0.5, 0.6),
        ],
    ));
    assert_eq!(subject.bottleneck, None, "{}", subject.reason);
    assert!(
        subject.reason.contains("not told from"),
        "{}",
        subject.reason
    );
}

/// Scores over the matrix and errors at the declared point.
fn observed(draw: u64, value_slope: f64, policy_slope: f64, train: f64, test: f64) -> Subject {
    let mut study = Study::new(draw, "observed");
    study.benchmark("hopper/planted-v0");
    study.shape.axes = vec!["value.data_fraction".into(), "policy.data_fraction".into()];
    let pipeline = study.pipeline(&labels(&[("extraction", "AWR"), ("value", "IQL")]));
    for seed in 0..6 {
        for f in [0.1f64, 1.0] {
            for g in [0.1f64, 1.0] {
                let point = [("value.data_fraction", f), ("policy.data_fraction", g)];
                let score = 60.0
                    + value_slope * f.log10()
                    + policy_slope * g.log10()
                    + 0.5 * study.normal();
                let numbers = [
                    ("normalized_score", score),
                    ("action_mse_train", train * (1.0 + 0.05 * study.normal())),
                    (
                        "action_mse_evaluation",
                        test * (1.0 + 0.05 * study.normal()),
                    ),
                ];
                for (metric, value) in numbers {
                    study.write(&Number {
                        benchmark: "hopper/planted-v0",
                        pipeline: &pipeline,
                        metric,
                        seed,
                        point: &point,
                        update: 1,
                        value,
                    });
                }
            }
        }
    }
    one(&study.evidence())
}

#[test]
fn slopes_and_errors_speak_where_nothing_is_exact() {
    let value = observed(1, 10.0, 1.0, 0.1, 0.11);
    assert_eq!(
        (value.basis, value.bottleneck),
        (Basis::SlopesAndErrors, Some(Bottleneck::Value)),
        "{}",
        value.reason
    );
    let policy = observed(2, 1.0, 10.0, 0.1, 0.11);
    assert_eq!(
        policy.bottleneck,
        Some(Bottleneck::Extraction),
        "{}",
        policy.reason
    );
    let test = observed(3, 1.0, 1.0, 0.1, 0.5);
    assert_eq!(
        test.bottleneck,
        Some(Bottleneck::Generalisation),
        "{}",
        test.reason
    );
    assert_eq!(
        present(&test, SignatureKind::GoodTrainingPoorTest),
        Some(true)
    );
    let flat = observed(4, 0.0, 0.0, 0.1, 0.11);
    assert_eq!(flat.bottleneck, None, "{}", flat.reason);
    assert_eq!(present(&flat, SignatureKind::NoGainFromData), Some(true));
    assert!(
        flat.next
            .iter()
            .any(|step| step.contains("do not collect more")),
        "{:?}",
        flat.next
    );
    assert_eq!(present(&value, SignatureKind::NoGainFromData), Some(false));
}
