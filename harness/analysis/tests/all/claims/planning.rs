//! What a study says about a larger one, and about its own size.

use analysis::claims::{Claim, Evidence, Test, Verdict, evaluate, forecast};

use super::behaviour::{file, only, simple, with_claim};
use super::simulate::{Study, labels};

#[test]
fn a_forecast_keeps_what_is_measured_and_adds_whole_seeds() {
    let file = file();
    // The largest lead that six seeds leave open.
    let open = |study: &Evidence| only(&file, study).verdict == Verdict::Inconclusive;
    let mut leads = (20..90)
        .rev()
        .map(|lead| simple("lqr-nav/a", 0.01 * f64::from(lead), 6).evidence());
    let near = leads.find(open).unwrap();
    // As it is: the verdict of the study itself, in every draw.
    let same = forecast(&file, &near, None, &|_| 6, 20).remove(0);
    assert_eq!((same.supported, same.contradicted), (0.0, 0.0));
    let shares: Vec<f64> = [7, 24]
        .map(|n| forecast(&file, &near, None, &|_| n, 60).remove(0).supported)
        .to_vec();
    assert!(shares[0] < shares[1] && shares[1] > 0.9, "{shares:?}");
    // Another benchmark's seeds change nothing, and the same draws give the same shares.
    let elsewhere = |b: &str| if b == "lqr-nav/b" { 48 } else { 0 };
    assert_eq!(
        forecast(&file, &near, None, &elsewhere, 20)
            .remove(0)
            .supported,
        0.0
    );
    assert_eq!(
        forecast(&file, &near, None, &|_| 12, 60),
        forecast(&file, &near, None, &|_| 12, 60)
    );
    let against = simple("lqr-nav/a", -2.0, 6).evidence();
    assert_eq!(
        forecast(&file, &against, None, &|_| 12, 20)
            .remove(0)
            .contradicted,
        1.0
    );
}

#[test]
fn a_forecast_leaves_out_claims_that_would_have_too_little_or_read_another_study() {
    let asks = |change: fn(&mut Claim)| with_claim(change);
    let study = simple("maze/a-v0", 5.0, 4).evidence();
    let number =
        |file: &_, manifest, seeds: usize| forecast(file, &study, manifest, &|_| seeds, 10).len();
    let seeds = asks(|c| c.least.seeds = 6);
    assert_eq!((number(&seeds, None, 5), number(&seeds, None, 6)), (0, 1));
    let settings = asks(|c| c.least.settings = 3);
    assert_eq!(number(&settings, None, 50), 0);
    assert_eq!(number(&file(), Some("smoke.toml"), 5), 1);
    let other = asks(|c| c.manifests = Some(vec!["workstation.toml".into()]));
    assert_eq!(number(&other, Some("smoke.toml"), 5), 0);
}

#[test]
fn power_here_follows_the_spread_and_not_what_was_found() {
    // Seeds of a matrix differ by about .3 sqrt(2) in the contrast: an effect of 1 is plain, one of .1 is not.
    let power = |effect: f64, ahead: f64, seeds: i64| {
        let file = with_claim(|c| c.power.effect = effect);
        let evidence = simple("maze/a-v0", ahead, seeds).evidence();
        evaluate(&file, &evidence, None).claims.remove(0).power_here
    };
    assert!(power(1.0, 0.0, 8).unwrap() > 0.9);
    assert!(power(0.1, 0.0, 8).unwrap() < 0.3);
    assert!(power(0.1, 0.0, 8) < power(0.1, 0.0, 200));
    assert_eq!(power(0.3, 0.0, 8), power(0.3, -7.0, 8));
    // Nothing is drawn for a claim that is below its least.
    assert_eq!(power(1.0, 0.0, 2), None);
}

#[test]
fn one_question_may_decide_against_a_claim_that_others_leave_open_for_ever() {
    // C is behind A on every seed, by little; B is level with it.
    let study = |behind: f64| {
        let mut study = Study::new(5, "planning");
        study.benchmark("maze/a-v0");
        for (method, level) in [("none", 0.0), ("B", 0.0), ("C", -behind)] {
            let pipeline = study.pipeline(&labels(&[("test_time", method), ("value", "IQL")]));
            for seed in 0..6 {
                let score = 50.0 + level + study.normal();
                study.matrix("maze/a-v0", &pipeline, "normalized_score", seed, score, 0.0);
            }
        }
        study.evidence()
    };
    let file = with_claim(|claim| {
        claim.settings = [("value".to_owned(), vec!["IQL".to_owned()])].into();
        claim.filter = labels(&[]);
        claim.least.settings = 1;
        claim.test = Test::TestTime {
            metric: "normalized_score".into(),
            better: analysis::study::Better::Higher,
            base: labels(&[("test_time", "none")]),
            methods: vec![labels(&[("test_time", "B")]), labels(&[("test_time", "C")])],
            margin: 0.0,
            share: 0.5,
            identity: Vec::new(),
        };
    });
    let mut behind = (0..60).map(|b| 0.05 * f64::from(b));
    let open = behind.find_map(|b| {
        let result = only(&file, &study(b));
        let against = result.answers.iter().find(|a| a.question.contains('C'))?;
        (against.p.contradicted <= 0.025 && result.verdict == Verdict::Inconclusive)
            .then_some(result)
    });
    let open = open.unwrap();
    assert!(
        (1..200).contains(&open.further_seeds.unwrap()),
        "{}",
        open.reason
    );
}
