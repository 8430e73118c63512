//! Studies against each other: pairing, ties, one seed, holes, nothing in common.

use analysis::study::Study;
use analysis::verdicts::{Against, Caveat, Compared, Decision, Row as Compare, compare};
use analysis::{Error, Resampler, Results};

use crate::fixture::{Row, benchmark, broken, row, study, write};

const METRIC: &str = "action_mse_evaluation";

fn runs(pipeline: &str, first_seed: i64, values: &[f64]) -> Vec<Row> {
    let run = |(seed, &value)| row(pipeline, seed, METRIC, value);
    (first_seed..).zip(values).map(run).collect()
}

fn ask(
    first: (&Study, &[Row]),
    second: (&Study, &[Row]),
    against: &Against,
) -> Result<Compared, Error> {
    let open = |(study, rows): (&Study, &[Row])| {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), study, rows);
        let results = Results::open(folder.path()).unwrap();
        (folder, results)
    };
    let (a, b) = (open(first), open(second));
    compare(&a.1, &b.1, against, &Resampler::new(0, 500))
}

fn one(first: &[Row], second: &[Row]) -> Compare {
    let study = study(&["A"], METRIC);
    let found = ask((&study, first), (&study, second), &Against::default()).unwrap();
    assert_eq!((found.groups.len(), found.groups[0].rows.len()), (1, 1));
    found.groups[0].rows[0].clone()
}

#[test]
fn the_same_seeds_are_paired_and_others_are_not() {
    let (low, high) = ([1.0, 2.0, 3.0, 4.0, 5.0], [1.4, 2.6, 3.5, 4.4, 5.6]);
    let paired = one(&runs("A", 0, &low), &runs("A", 0, &high));
    assert!(paired.paired);
    assert_eq!(
        paired.decision,
        Decision::FirstBetter,
        "errors are better low"
    );
    let apart = one(&runs("A", 0, &low), &runs("A", 10, &high));
    assert!(!apart.paired);
    assert_eq!(apart.decision, Decision::Undecided);
    let (p, q) = (paired.difference.unwrap(), apart.difference.unwrap());
    assert!((p.value + 0.5).abs() < 1e-12 && (q.value + 0.5).abs() < 1e-12);
    let width =
        |d: analysis::verdicts::Measured| d.interval.unwrap().high - d.interval.unwrap().low;
    assert!(width(p) < width(q));
    let mirrored = one(&runs("A", 0, &high), &runs("A", 0, &low));
    assert_eq!(mirrored.decision, Decision::SecondBetter);
    // 15 of 25 pairs of runs are won.
    let (won, lost) = (paired.improvement.unwrap(), mirrored.improvement.unwrap());
    assert!((won.value - 0.6).abs() < 1e-12 && (lost.value - 0.4).abs() < 1e-12);
}

#[test]
fn ties_single_seeds_and_holes_are_named() {
    let same = runs("A", 0, &[1.0, 2.0, 3.0]);
    let tie = one(&same, &same);
    assert_eq!(tie.decision, Decision::Equal);
    assert!((tie.improvement.unwrap().value - 0.5).abs() < 1e-12);
    let single = one(&same, &runs("A", 0, &[1.0]));
    assert_eq!(single.decision, Decision::OneSeed);
    assert!(single.difference.unwrap().interval.is_none());
    let mut nan = runs("A", 0, &[1.0, 2.0]);
    for row in &mut nan {
        row.value = None;
    }
    let nan = [nan, vec![broken("A", 5, "failed", "out of memory")]].concat();
    let hole = one(&same, &nan);
    assert_eq!(hole.decision, Decision::Missing);
    assert_eq!(hole.second_missing.len(), 2, "{:?}", hole.second_missing);
}

#[test]
fn an_evaluation_that_seeds_share_is_one_observation() {
    let mut shared = runs("A", 0, &[1.0, 1.0, 3.0, 4.0]);
    shared[1].evaluation_id = shared[0].evaluation_id.clone();
    let row = one(&shared, &runs("A", 10, &[2.0, 3.0, 4.0]));
    assert_eq!(row.first.unwrap().n, 3);
}

#[test]
fn benchmarks_are_pooled_and_decisions_adjusted() {
    let mut study = study(&["A"], "normalized_score");
    let ids = ["b", "c", "d"];
    study.benchmarks = ids.map(|id| benchmark(id, Some((-2.0, 0.0)))).to_vec();
    study.tables[0].benchmark = None;
    study.tables[0].better = analysis::Better::Higher;
    let rows = |shift: f64| -> Vec<Row> {
        let of = |id: &&str| {
            let values = [1.0, 1.2, 0.9, 1.1, 1.4, 0.8].map(|x| x + shift);
            let mut rows = runs("A", if shift > 0.0 { 0 } else { 10 }, &values);
            for row in &mut rows {
                row.benchmark = (*id).to_owned();
                row.metric = "episode_return_mean".into();
            }
            rows
        };
        ids.iter().flat_map(of).collect()
    };
    let (up, down) = (rows(0.32), rows(0.0));
    let found = ask((&study, &up), (&study, &down), &Against::default()).unwrap();
    assert_eq!(found.tested, 3);
    let group = &found.groups[0];
    for row in &group.rows {
        assert_eq!(row.decision, Decision::FirstBetter);
        assert_eq!(
            row.decision_holm,
            Decision::Undecided,
            "{:?}",
            row.difference
        );
    }
    let together = group.together.as_ref().unwrap();
    assert_eq!(together.decision, Decision::FirstBetter);
    assert!(together.difference.unwrap().p.unwrap() < 0.01);
    assert_eq!(together.benchmarks, 3);
    let by_return = Against {
        metric: Some("episode_return_mean".into()),
        ..Against::default()
    };
    let found = ask((&study, &up), (&study, &down), &by_return).unwrap();
    let together = found.groups[0].together.as_ref().unwrap();
    assert!(
        together.difference.is_none(),
        "returns have no common scale"
    );
    assert!(together.improvement.interval.is_some());
}

#[test]
fn other_data_are_said_and_other_scales_not_compared() {
    let mut other = study(&["A"], "normalized_score");
    let mut own = other.clone();
    own.tables[0].better = analysis::Better::Higher;
    other.benchmarks[0].protocol.digests = vec!["00".into()];
    own.benchmarks[0].protocol.digests = vec!["11".into()];
    let mut rows = runs("A", 0, &[1.0, 2.0, 3.0]);
    for row in &mut rows {
        row.metric = "episode_return_mean".into();
    }
    let found = ask((&own, &rows), (&other, &rows), &Against::default()).unwrap();
    let row = &found.groups[0].rows[0];
    assert_eq!(
        (row.decision, &row.caveats[..]),
        (Decision::Equal, &[Caveat::Dataset][..])
    );
    other.benchmarks[0].normalizer.as_mut().unwrap().ref_max = 7.0;
    let found = ask((&own, &rows), (&other, &rows), &Against::default()).unwrap();
    assert_eq!(found.groups[0].rows[0].decision, Decision::NotComparable);
}

#[test]
fn nothing_in_common_is_an_error_that_names_both_sides() {
    let (a, mut b) = (study(&["A"], METRIC), study(&["B", "C"], METRIC));
    let rows = (runs("A", 0, &[1.0, 2.0]), runs("B", 0, &[1.0, 2.0]));
    let error = ask((&a, &rows.0), (&b, &rows.1), &Against::default()).unwrap_err();
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("has A") && hint.contains("has B, C"),
        "{hint}"
    );
    let named = Against {
        pipelines: Some(("A".into(), "B".into())),
        ..Against::default()
    };
    let found = ask((&a, &rows.0), (&b, &rows.1), &named).unwrap();
    assert_eq!(found.groups[0].rows[0].decision, Decision::Equal);
    b.benchmarks[0].id = "elsewhere".into();
    let error = ask((&a, &rows.0), (&b, &rows.1), &named).unwrap_err();
    assert!(
        matches!(
            error,
            Error::NothingShared {
                what: "benchmark",
                ..
            }
        ),
        "{error}"
    );
}
