//! The committed claims keep what they declare: on simulated studies, right or inconclusive in at least 95 % of draws,
//! wrongly decided in at most 5 %, rightly decided as often as `power` says.

use std::sync::atomic::{AtomicUsize, Ordering};

use analysis::claims::{ClaimsFile, Test, Verdict, verdicts};

use super::truths::{Truth, study};

/// How the draws of one claim and truth were decided.
#[derive(Debug, Default)]
struct Tally {
    supported: AtomicUsize,
    contradicted: AtomicUsize,
    open: AtomicUsize,
}

/// Committed claims, one file a claim, so that Holm's family is the claim itself.
fn claims(name: &str) -> Vec<ClaimsFile> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../manifests/");
    let text = std::fs::read_to_string(format!("{folder}{name}")).unwrap();
    let file = ClaimsFile::parse(&text, name).unwrap();
    let alone = |claim| ClaimsFile {
        claims: vec![claim],
        ..file.clone()
    };
    file.claims.iter().cloned().map(alone).collect()
}

fn draw(file: &ClaimsFile, truth: Truth, draws: u64) -> Tally {
    let tally = Tally::default();
    let one = |draw: u64| {
        let evidence = study(&file.claims[0], truth, draw);
        let claim = &verdicts(file, &evidence, None)[0];
        let count = match claim.verdict {
            Verdict::Supported => &tally.supported,
            Verdict::Contradicted => &tally.contradicted,
            Verdict::Inconclusive => &tally.open,
            Verdict::NotTestable => panic!("{}: {}", claim.id, claim.reason),
        };
        count.fetch_add(1, Ordering::Relaxed);
    };
    std::thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || (0..draws).filter(|d| d / 4 % 2 == half).for_each(one));
        }
    });
    tally
}

/// `allowance` widens the bounds by what counting so few draws makes uncertain (three standard errors).
fn check(files: &[ClaimsFile], draws: u64) {
    let n = draws as f64;
    let allowance = |p: f64| {
        if draws < 1000 {
            3.0 * (p * (1.0 - p) / n).sqrt()
        } else {
            0.0
        }
    };
    let mut problems = Vec::new();
    for file in files {
        let claim = &file.claims[0];
        for truth in [Truth::True, Truth::False, Truth::Boundary] {
            let tally = draw(file, truth, draws);
            let share = |count: &AtomicUsize| count.load(Ordering::Relaxed) as f64 / n;
            let (supported, contradicted) = (share(&tally.supported), share(&tally.contradicted));
            let (right, wrong) = match truth {
                Truth::True => (supported, contradicted),
                Truth::False => (contradicted, supported),
                // Where properties and differences have nothing to do with each other, it is right to say so.
                Truth::Boundary if matches!(claim.test, Test::Association { .. }) => {
                    (claim.power.power, supported)
                }
                // The truth of a claim on its boundary is a matter of < or <=, so either verdict may be the wrong one.
                Truth::Boundary => (claim.power.power, supported.max(contradicted)),
            };
            println!(
                "{:2} {:<32} {truth:?}: supported {supported:.3}, contradicted {contradicted:.3}",
                claim.number, claim.id
            );
            if wrong > 0.05 + allowance(0.05)
                || right < claim.power.power - allowance(claim.power.power)
            {
                problems.push(format!(
                    "{} {truth:?}: right {right:.3}, wrong {wrong:.3}",
                    claim.id
                ));
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

/// 200 draws of each; the full check is `ASSAY_TEST_DRAWS=1000 cargo test -p analysis -- --nocapture claims_are_decided`.
#[allow(
    clippy::disallowed_methods,
    reason = "tests are configured by environment variables"
)]
fn draws() -> u64 {
    let draws = std::env::var("ASSAY_TEST_DRAWS").ok();
    draws.map_or(200, |n| n.parse().expect("a number of draws"))
}

#[test]
fn claims_are_decided_as_they_declare() {
    let files = claims("study/claims.toml");
    assert_eq!(files.len(), 10);
    check(&files, draws());
}

#[test]
fn further_claims_are_decided_as_they_declare() {
    check(&claims("beyond/claims.toml"), draws());
}
