//! Aggregates over benchmarks: against rliable, and what studies with holes give.

use analysis::stats::bootstrap::{Resampler, Scale};
use analysis::stats::tasks::{Aggregate, Tasks};
use analysis::stats::{Observed, Panel};
use analysis::study::Better;
use analysis::{AggregateOptions, Aggregates, Error, Results, aggregates, improvement_matrix};
use serde::Deserialize;
use std::collections::BTreeMap;

use crate::fixture::{Row, benchmark, broken, row, study, write};

#[derive(Deserialize)]
struct Golden {
    replicates: u32,
    cases: Vec<Case>,
}

/// Scores `[runs][tasks]` as fractions.
#[derive(Deserialize)]
struct Case {
    family: String,
    scores: Vec<Vec<f64>>,
    aggregates: BTreeMap<String, Ends>,
    taus: Vec<f64>,
    shares: Vec<f64>,
}

#[derive(Deserialize)]
struct Ends {
    value: f64,
    low: f64,
    low_error: f64,
    high: f64,
    high_error: f64,
}

fn panel(scores: &[Vec<f64>]) -> Panel {
    let observed = scores.iter().enumerate().flat_map(|(seed, run)| {
        run.iter().enumerate().map(move |(task, &value)| Observed {
            stratum: format!("task {task}"),
            seed: seed as i64,
            evaluation_id: format!("{task}/{seed}"),
            value,
        })
    });
    Panel::new("normalized_score", &[observed.collect()]).unwrap()
}

#[test]
fn intervals_and_profiles_are_rliables_within_monte_carlo_error() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/golden/analysis/rliable_aggregates.json"
    );
    let golden: Golden = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(golden.cases.len(), 3);
    let resampler = Resampler::new(3, golden.replicates);
    for case in &golden.cases {
        let panel = panel(&case.scores);
        let tasks = Tasks::of(&panel, 0);
        let once = vec![1u16; panel.units()];
        for (name, expected) in &case.aggregates {
            let what = match name.as_str() {
                "mean" => Aggregate::Mean,
                "median" => Aggregate::Median,
                "iqm" => Aggregate::Iqm,
                _ => Aggregate::OptimalityGap(1.0),
            };
            let value = tasks.aggregate(what, &once).unwrap();
            assert!((value - expected.value).abs() < 1e-12, "{name}: {value}");
            let found = resampler
                .percentiles_of(&panel, |counts| tasks.aggregate(what, counts))
                .unwrap();
            for (end, found, expected, error) in [
                ("low", found.low, expected.low, expected.low_error),
                ("high", found.high, expected.high, expected.high_error),
            ] {
                let allowed = 5.0 * error * (1.0f64 + 1.0 / 12.0).sqrt() + 1e-12;
                assert!(
                    (found - expected).abs() <= allowed,
                    "{end} of {name}, {}: {found}, expected {expected} within {allowed}",
                    case.family
                );
            }
        }
        for (&tau, &expected) in case.taus.iter().zip(&case.shares) {
            let share = tasks.aggregate(Aggregate::ShareAbove(tau), &once).unwrap();
            assert!((share - expected).abs() < 1e-12, "{tau}: {share}");
        }
    }
}

/// A run on a benchmark with a return that is worth `score` points.
fn scored(benchmark: &str, pipeline: &str, seed: i64, score: f64) -> Row {
    let mut row = row(pipeline, seed, "episode_return_mean", score / 50.0 - 2.0);
    row.benchmark = benchmark.into();
    row.evaluation_id = format!("{benchmark}/{pipeline}/{seed}");
    row
}

fn of(rows: &[Row], options: &AggregateOptions) -> analysis::Result<Aggregates> {
    let dir = tempfile::tempdir().unwrap();
    let mut study = study(&["p", "q"], "normalized_score");
    study.benchmarks = ["a", "b"].map(|id| benchmark(id, Some((-2.0, 0.0)))).into();
    write(dir.path(), &study, rows);
    let results = Results::open(dir.path())?;
    aggregates(&results, &Resampler::new(0, 500), options)
}

#[test]
fn only_pipelines_with_every_benchmark_are_compared() {
    let mut rows = vec![
        scored("a", "p", 0, 10.0),
        scored("a", "p", 1, 30.0),
        scored("b", "p", 0, 80.0),
        scored("b", "p", 1, 120.0),
        scored("a", "q", 0, 50.0),
    ];
    let mut failed = broken("p", 2, "failed", "out of memory");
    failed.benchmark = "b".into();
    rows.push(failed);
    let profiles = AggregateOptions {
        profiles: true,
        ..AggregateOptions::default()
    };
    let found = of(&rows, &profiles).unwrap();
    assert_eq!(found.rows.len(), 1);
    assert_eq!(found.left_out[0].pipeline, "q");
    assert_eq!(found.left_out[0].lacks, ["b"]);
    let row = &found.rows[0];
    assert_eq!((row.runs, row.missing.len()), (4, 1));
    let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found}");
    close(row.mean.value, 60.0);
    close(row.median.value, 60.0);
    close(row.iqm.value, 55.0);
    close(row.optimality_gap.unwrap().value, 45.0);
    assert_eq!(row.profile.len(), 101);
    assert_eq!(
        row.profile[0].share.value, 0.75,
        "the lowest is not above itself"
    );
    assert_eq!(row.profile[100].share.value, 0.0);

    let narrow = AggregateOptions {
        benchmarks: vec!["a".into()],
        ..AggregateOptions::default()
    };
    assert_eq!(of(&rows, &narrow).unwrap().rows.len(), 2);
    let plain = AggregateOptions {
        rliable: true,
        ..AggregateOptions::default()
    };
    let (wide, plain) = (
        row.iqm.interval.unwrap(),
        of(&rows, &plain).unwrap().rows[0].iqm,
    );
    let plain = plain.interval.unwrap();
    assert!(
        wide.low < plain.low && plain.high < wide.high,
        "{wide:?} {plain:?}"
    );
}

#[test]
fn nothing_to_compare_is_nothing_measured() {
    let rows = [scored("a", "p", 0, 10.0), scored("b", "q", 0, 10.0)];
    let none = of(&rows, &AggregateOptions::default()).unwrap_err();
    assert!(matches!(none, Error::NothingMeasured { .. }), "{none}");
    let unknown = AggregateOptions {
        pipelines: vec!["r".into()],
        ..AggregateOptions::default()
    };
    assert!(matches!(
        of(&rows, &unknown),
        Err(Error::UnknownName { .. })
    ));
}

#[test]
fn one_seed_gives_numbers_without_intervals_and_equal_scores_no_width() {
    let one = [scored("a", "p", 0, 10.0), scored("b", "p", 0, 20.0)];
    let row = of(&one, &AggregateOptions::default())
        .unwrap()
        .rows
        .remove(0);
    assert!(row.iqm.interval.is_none() && row.mean.interval.is_none());
    assert!((row.mean.value - 15.0).abs() < 1e-9);
    let equal: Vec<Row> = (0..6)
        .flat_map(|s| [scored("a", "p", s, 40.0), scored("b", "p", s, 40.0)])
        .collect();
    let row = of(&equal, &AggregateOptions::default())
        .unwrap()
        .rows
        .remove(0);
    let interval = row.median.interval.unwrap();
    assert_eq!(interval.low, interval.high);
    let nan = [scored("a", "p", 0, f64::NAN), scored("b", "p", 0, 1.0)];
    assert!(matches!(
        of(&nan, &AggregateOptions::default()),
        Err(Error::NothingMeasured { .. })
    ));
}

#[test]
fn strata_that_do_not_move_the_estimate_lend_no_freedom() {
    let factor_of = |scores: &[Vec<f64>]| {
        let panel = panel(scores);
        let tasks = Tasks::of(&panel, 0);
        let resampler = Resampler::new(0, 2_000);
        let mean = |counts: &[u16]| tasks.aggregate(Aggregate::Mean, counts);
        let wide = resampler.estimate_of(&panel, Scale::Linear, mean).unwrap();
        let plain = resampler.percentiles_of(&panel, mean).unwrap();
        (wide.value - wide.interval.unwrap().low) / (wide.value - plain.low)
    };
    let quiet: Vec<Vec<f64>> = [0.1, 0.5, 0.3, 0.8, 0.2].map(|x| vec![x, 1.0]).into();
    let alike: Vec<Vec<f64>> = [0.1, 0.5, 0.3, 0.8, 0.2].map(|x| vec![x, x + 1.0]).into();
    // t(0.975) with 4 and with 8 degrees of freedom (SciPy 1.17.1), over z(0.975), times sqrt(5 / 4).
    for (scores, t) in [(quiet, 2.776_445_105_197_7), (alike, 2.306_004_135_033_3)] {
        let expected = (5.0f64 / 4.0).sqrt() * t / 1.959_963_984_540_054;
        let found = factor_of(&scores);
        assert!(
            (found - expected).abs() < 1e-8,
            "{found}, expected {expected}"
        );
    }
}

#[test]
fn every_pair_is_compared_once_and_seen_from_both_sides() {
    let rows: Vec<Row> = (0..6)
        .flat_map(|s| {
            let x = s as f64;
            let of = |b: &str| {
                [
                    scored(b, "p", s, 50.0 + x),
                    scored(b, "q", s, 40.0 + 3.0 * x),
                ]
            };
            [of("a"), of("b")].concat()
        })
        .collect();
    let ask = |rows: &[Row], options: &AggregateOptions| {
        let dir = tempfile::tempdir().unwrap();
        let mut study = study(&["p", "q"], "normalized_score");
        study.benchmarks = ["a", "b"].map(|id| benchmark(id, Some((-2.0, 0.0)))).into();
        study.tables[0].better = Better::Higher;
        write(dir.path(), &study, rows);
        let results = Results::open(dir.path())?;
        improvement_matrix(&results, &Resampler::new(0, 2_000), options)
    };
    let found = ask(&rows, &AggregateOptions::default()).unwrap();
    assert_eq!(found.pipelines, ["p", "q"]);
    assert!(found.cells[0][0].is_none() && found.cells[1][1].is_none());
    let (there, back) = (found.cells[0][1].unwrap(), found.cells[1][0].unwrap());
    // p's 50..55 against q's 40, 43, ..., 55, alike on both benchmarks.
    let mut expected = 0.0;
    for i in 0..6 {
        for j in 0..6 {
            let (x, y) = (50 + i, 40 + 3 * j);
            expected += if x > y {
                1.0
            } else if x == y {
                0.5
            } else {
                0.0
            };
        }
    }
    expected /= 36.0;
    assert!((there.value - expected).abs() < 1e-12, "{there:?}");
    assert!((there.value + back.value - 1.0).abs() < 1e-12);
    let (a, b) = (there.interval.unwrap(), back.interval.unwrap());
    assert!((a.low + b.high - 1.0).abs() < 1e-12 && a.low < expected && expected < a.high);

    let rliable = AggregateOptions {
        rliable: true,
        ..AggregateOptions::default()
    };
    let apart = ask(&rows, &rliable).unwrap().cells[0][1].unwrap();
    assert_eq!(apart.value, there.value);
    assert_ne!(apart.interval, there.interval, "sides are drawn apart");

    let alone: Vec<Row> = rows.into_iter().filter(|r| r.pipeline == "p").collect();
    let error = ask(&alone, &AggregateOptions::default()).unwrap_err();
    assert!(matches!(error, Error::NothingMeasured { .. }));
    assert!(error.to_string().contains("two pipelines"), "{error}");
}
