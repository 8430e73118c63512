//! Welch's tests, pairs and planned runs against SciPy; see `tests/golden/analysis/welch.py`.

use analysis::stats::welch::{Difference, Moments};
use analysis::verdicts::{Outlook, Reference, gap, outlook};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    margin: f64,
    welch: Vec<Welch>,
    paired: Vec<Paired>,
    further: Vec<Further>,
}

#[derive(Deserialize)]
struct Welch {
    a: (f64, f64, u32),
    b: (f64, f64, u32),
    se: f64,
    df: f64,
    low: f64,
    high: f64,
    p_zero: f64,
    p_equivalent: f64,
}

#[derive(Deserialize)]
struct Paired {
    values: Vec<f64>,
    low: f64,
    high: f64,
    p_zero: f64,
}

#[derive(Deserialize)]
struct Further {
    d: f64,
    sd: f64,
    n: u32,
    published_n: u32,
    further: Option<u32>,
}

fn golden() -> Golden {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/golden/analysis/welch.json"
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn moments((mean, sd, n): (f64, f64, u32)) -> Moments {
    Moments { mean, sd, n }
}

fn close(found: f64, expected: f64, what: &str) {
    assert!(
        (found - expected).abs() <= 1e-9 * expected.abs().max(1.0),
        "{what}: found {found}, expected {expected}"
    );
}

#[test]
fn welchs_tests_are_scipys() {
    let golden = golden();
    assert_eq!(golden.welch.len(), 60);
    for case in &golden.welch {
        let (a, b) = (moments(case.a), moments(case.b));
        let what = format!("{a:?} {b:?}");
        let found = Difference::welch(&a, &b).unwrap();
        close(found.se(), case.se, &what);
        close(found.df(), case.df, &what);
        close(found.p_zero(), case.p_zero, &what);
        close(found.p_equivalent(golden.margin), case.p_equivalent, &what);
        // Quantiles have nine digits after the point, and standard errors reach 20.
        let interval = found.interval();
        assert!((interval.low - case.low).abs() < 1e-7, "{what}");
        assert!((interval.high - case.high).abs() < 1e-7, "{what}");
        let reference = Reference {
            mean: b.mean,
            sd: (b.sd, b.sd),
            n: b.n,
        };
        let gap = gap(&a, &reference, golden.margin).unwrap();
        close(gap.p_difference, case.p_zero, &what);
        close(gap.p_equivalence, case.p_equivalent, &what);
    }
}

#[test]
fn paired_tests_are_scipys() {
    for case in golden().paired {
        let what = format!("{:?}", case.values);
        let found = Difference::paired(&case.values).unwrap();
        close(found.p_zero(), case.p_zero, &what);
        assert!((found.interval().low - case.low).abs() < 1e-7, "{what}");
        assert!((found.interval().high - case.high).abs() < 1e-7, "{what}");
    }
}

#[test]
fn planned_runs_are_scipys() {
    for case in golden().further {
        let reference = Reference {
            mean: 0.0,
            sd: (case.sd, case.sd),
            n: case.published_n,
        };
        let found = outlook(case.d, Some(case.sd), case.n, &reference, 5.0).unwrap();
        let expected = case.further.map(Outlook::Further);
        assert_eq!(Some(found), expected, "{} {}", case.d, case.sd);
    }
}
