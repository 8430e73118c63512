//! Statistics against rliable, NumPy and SciPy; see `tests/golden/analysis/make.py` for versions and tolerances.

use analysis::Resampler;
use analysis::stats::bootstrap::REPLICATES;
use analysis::stats::improvement_interval::{Duel, plain_improvements};
use analysis::stats::{
    Observed, Panel,
    improvement::probability_of_improvement,
    iqm::iqm,
    mean::mean,
    sd::sd,
    small_sample::factor,
    tasks::{Aggregate, Tasks},
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    replicates: u32,
    points: Vec<Point>,
    factors: Vec<Factor>,
    bootstrap: Vec<Bootstrap>,
    exact: Vec<Exact>,
}

#[derive(Deserialize)]
struct Point {
    values: Vec<f64>,
    iqm: f64,
    mean: f64,
    sd: Option<f64>,
}

#[derive(Deserialize)]
struct Factor {
    tasks: usize,
    n: usize,
    factor: f64,
}

#[derive(Deserialize)]
struct Bootstrap {
    /// `[runs][tasks]`
    scores: Vec<Vec<f64>>,
    low: f64,
    low_error: f64,
    high: f64,
    high_error: f64,
}

#[derive(Deserialize)]
struct Exact {
    values: Vec<f64>,
    low: [f64; 2],
    high: [f64; 2],
}

fn golden() -> Golden {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/golden/analysis/statistics.json"
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn panel(scores: &[Vec<f64>]) -> Panel {
    let mut observed = Vec::new();
    for (seed, run) in scores.iter().enumerate() {
        for (task, &value) in run.iter().enumerate() {
            observed.push(Observed {
                stratum: format!("task {task}"),
                seed: seed as i64,
                evaluation_id: format!("{task}/{seed}"),
                value,
            });
        }
    }
    Panel::new("score", &[observed]).unwrap()
}

fn close(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() <= 1e-12 * expected.abs().max(1.0),
        "found {found}, expected {expected}"
    );
}

#[test]
fn points_equal_rliable_and_numpy() {
    for point in golden().points {
        close(iqm(&point.values).unwrap(), point.iqm);
        close(mean(&point.values).unwrap(), point.mean);
        assert_eq!(sd(&point.values).is_some(), point.sd.is_some());
        if let Some((found, expected)) = sd(&point.values).zip(point.sd) {
            close(found, expected);
        }
    }
}

#[test]
fn small_sample_factors_equal_scipy() {
    for row in golden().factors {
        let found = factor(&vec![row.n; row.tasks]).unwrap();
        assert!(
            (found - row.factor).abs() <= 1e-8 * row.factor,
            "{} tasks, n = {}: {found}",
            row.tasks,
            row.n
        );
    }
    assert_eq!(factor(&[]), None);
    assert_eq!(factor(&[1, 1, 1]), None);
}

#[test]
fn percentile_intervals_equal_rliable_within_monte_carlo_error() {
    let golden = golden();
    assert_eq!(
        golden.replicates, REPLICATES,
        "both sides have the same Monte Carlo error"
    );
    for case in golden.bootstrap {
        let found = Resampler::default()
            .percentile_interval(&panel(&case.scores))
            .unwrap();
        // Tied percentiles have a spread of exactly zero between repeats; rounding differs all the same.
        let check = |found: f64, expected: f64, error: f64| {
            let allowed = 5.0 * error * (1.0f64 + 1.0 / 8.0).sqrt() + 1e-12;
            assert!(
                (found - expected).abs() <= allowed,
                "found {found}, expected {expected} within {allowed}"
            );
        };
        check(found.low, case.low, case.low_error);
        check(found.high, case.high, case.high_error);
    }
}

#[test]
fn percentile_intervals_lie_in_the_enumerated_distribution() {
    for case in golden().exact {
        let scores: Vec<Vec<f64>> = case.values.iter().map(|&x| vec![x]).collect();
        let found = Resampler::default()
            .percentile_interval(&panel(&scores))
            .unwrap();
        let inside = |x: f64, [low, high]: [f64; 2]| low - 1e-12 <= x && x <= high + 1e-12;
        assert!(
            inside(found.low, case.low) && inside(found.high, case.high),
            "{found:?}"
        );
    }
}

#[derive(Deserialize)]
struct Rliable {
    cases: Vec<RliableCase>,
}

/// Scores `[runs][tasks]` of two algorithms, and what rliable makes of them.
#[derive(Deserialize)]
struct RliableCase {
    x: Vec<Vec<f64>>,
    y: Vec<Vec<f64>>,
    mean: f64,
    median: f64,
    iqm: f64,
    optimality_gap: f64,
    improvement: f64,
}

#[test]
fn point_estimates_are_rliables() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/golden/analysis/rliable_points.json"
    );
    let golden: Rliable = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(golden.cases.len(), 14);
    for case in &golden.cases {
        let panel = panel(&case.x);
        let tasks = Tasks::of(&panel, 0);
        let own = |what| tasks.aggregate(what, &vec![1; panel.units()]).unwrap();
        let (x, y) = (by_task(&case.x), by_task(&case.y));
        let improvement = probability_of_improvement(&slices(&x), &slices(&y)).unwrap();
        for (name, own, expected) in [
            ("mean", own(Aggregate::Mean), case.mean),
            ("median", own(Aggregate::Median), case.median),
            ("iqm", own(Aggregate::Iqm), case.iqm),
            (
                "optimality gap",
                own(Aggregate::OptimalityGap(1.0)),
                case.optimality_gap,
            ),
            ("improvement", improvement, case.improvement),
        ] {
            let runs = (case.x.len(), case.x[0].len());
            assert!(
                (own - expected).abs() < 1e-12,
                "{name} of {runs:?}: {own} {expected}"
            );
        }
    }
}

/// `[runs][tasks]` turned to `[tasks][runs]`.
fn by_task(scores: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let column = |task: usize| scores.iter().map(|run| run[task]).collect();
    (0..scores[0].len()).map(column).collect()
}

fn slices(columns: &[Vec<f64>]) -> Vec<&[f64]> {
    columns.iter().map(Vec::as_slice).collect()
}

#[derive(Deserialize)]
struct Improvements {
    repeats: u32,
    cases: Vec<ImprovementCase>,
}

#[derive(Deserialize)]
struct ImprovementCase {
    name: String,
    x: Vec<Vec<f64>>,
    y: Vec<Vec<f64>>,
    value: f64,
    low: f64,
    low_error: f64,
    high: f64,
    high_error: f64,
}

#[test]
fn intervals_of_improvement_are_rliables_within_monte_carlo_error() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/golden/analysis/rliable_improvement.json"
    );
    let golden: Improvements =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(golden.cases.len(), 3);
    // More replicates than theirs, so that their error is all that there is.
    let resampler = Resampler::new(5, 50_000);
    for case in &golden.cases {
        let task = |side: &[Vec<f64>], task: usize| -> Vec<Vec<f64>> {
            side.iter().map(|run| vec![run[task]]).collect()
        };
        let duels: Vec<Duel> = (0..case.x[0].len())
            .map(|t| Duel {
                task: format!("task {t}"),
                first: task(&case.x, t),
                second: task(&case.y, t),
                paired: false,
            })
            .collect();
        let (_, found) = plain_improvements(&resampler, &duels).unwrap();
        assert!((found.value - case.value).abs() < 1e-12, "{}", case.name);
        let interval = found.interval.unwrap();
        for (found, expected, error) in [
            (interval.low, case.low, case.low_error),
            (interval.high, case.high, case.high_error),
        ] {
            // Of their mean over repeats, and of ours, which has 25 times the replicates of one of theirs.
            let variance = error * error * (1.0 / f64::from(golden.repeats) + 1.0 / 25.0);
            // The share of pairs won is a multiple of this, and so may a percentile be the neighbouring one.
            let step = 1.0 / (case.x.len() * case.y.len() * duels.len()) as f64;
            let allowed = 5.0 * variance.sqrt() + step;
            assert!(
                (found - expected).abs() <= allowed,
                "{}: {found}, expected {expected} within {allowed}",
                case.name
            );
        }
    }
}
