//! What tables say about few seeds, holes, shared evaluations and damaged input.

use crate::fixture::{Row, broken, row, study, write};
use analysis::{Error, LowN, MissingKind, Resampler, Results, Standing, Table, standings, tables};

fn open(rows: &[Row], pipelines: &[&str], metric: &str) -> analysis::Result<Vec<Table>> {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &study(pipelines, metric), rows);
    let results = Results::open(dir.path())?;
    tables(&results, &Resampler::new(0, 2_000))
}

fn only(rows: &[Row], metric: &str) -> analysis::Entry {
    let tables = open(rows, &["p"], metric).unwrap();
    tables[0].cells[0][0].clone().unwrap()
}

fn rows(values: &[f64]) -> Vec<Row> {
    values
        .iter()
        .enumerate()
        .map(|(seed, &x)| row("p", seed as i64, "loss", x))
        .collect()
}

#[test]
fn no_row_and_no_file_are_nothing_measured() {
    assert!(matches!(
        open(&[], &["p"], "loss"),
        Err(Error::NothingMeasured { .. })
    ));
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &study(&["p"], "loss"), &[]);
    std::fs::remove_file(dir.path().join("observations.parquet")).unwrap();
    assert!(matches!(
        Results::open(dir.path()),
        Err(Error::NothingMeasured { .. })
    ));
}

#[test]
fn a_table_of_holes_is_nothing_measured() {
    let rows = [broken("p", 0, "failed", "panicked")];
    assert!(matches!(
        open(&rows, &["p"], "loss"),
        Err(Error::NothingMeasured { .. })
    ));
}

#[test]
fn one_seed_has_a_number_but_no_interval() {
    let cell = only(&rows(&[0.5]), "loss").cell.unwrap();
    assert_eq!(
        (cell.mean, cell.iqm, cell.sd, cell.interval, cell.n),
        (0.5, 0.5, None, None, 1)
    );
    assert_eq!(cell.low_n, Some(LowN::Strong));
}

#[test]
fn equal_scores_have_an_interval_of_width_zero() {
    let cell = only(&rows(&[0.1; 5]), "loss").cell.unwrap();
    let interval = cell.interval.unwrap();
    assert!((interval.high - interval.low).abs() < 1e-15, "{interval:?}");
    assert_eq!(cell.low_n, Some(LowN::Light));
}

#[test]
fn ten_seeds_have_no_mark() {
    assert_eq!(
        only(&rows(&[1., 2., 3., 4., 5., 6., 7., 8., 9., 10.]), "loss")
            .cell
            .unwrap()
            .low_n,
        None
    );
}

#[test]
fn nan_failed_and_skipped_runs_are_left_out_and_named() {
    let mut all = rows(&[1.0, 2.0, f64::NAN]);
    all[0].value = Some(1.0);
    all.push(broken("p", 3, "failed", "panicked: index out of bounds"));
    all.push(broken("p", 4, "failed", "panicked: index out of bounds"));
    all.push(broken("p", 5, "skipped", "no critic"));
    let entry = only(&all, "loss");
    assert_eq!(entry.cell.as_ref().unwrap().n, 2);
    let kinds: Vec<_> = entry.missing.iter().map(|m| (m.seed, m.kind)).collect();
    assert!(kinds.contains(&(Some(2), MissingKind::NotFinite)));
    assert_eq!(
        entry.reasons(),
        [
            "failed: panicked: index out of bounds (2 runs)",
            "skipped: no critic",
            "not finite: `loss` is NaN",
        ]
    );
}

#[test]
fn a_null_value_is_not_finite_and_a_metric_nobody_reports_is_not_measured() {
    let mut all = rows(&[1.0]);
    all[0].value = None;
    all.push(row("q", 0, "loss", 1.0));
    let tables = open(&all, &["p", "q", "r"], "loss").unwrap();
    let kind = |i: usize| {
        tables[0].cells[i][0]
            .as_ref()
            .unwrap()
            .missing
            .first()
            .map(|m| m.kind)
    };
    assert_eq!(
        [kind(0), kind(1), kind(2)],
        [
            Some(MissingKind::NotFinite),
            None,
            Some(MissingKind::NotMeasured)
        ]
    );
}

#[test]
fn normalized_score_is_an_affine_map_of_the_return() {
    let values = [-2.0, -1.0, 0.0];
    let all: Vec<Row> = values
        .iter()
        .enumerate()
        .map(|(s, &x)| row("p", s as i64, "episode_return_mean", x))
        .collect();
    let cell = only(&all, "normalized_score").cell.unwrap();
    assert_eq!((cell.mean, cell.sd), (50.0, Some(50.0)));
}

#[test]
fn a_benchmark_without_normaliser_has_no_normalised_score() {
    let dir = tempfile::tempdir().unwrap();
    let mut study = study(&["p"], "normalized_score");
    study.benchmarks[0].normalizer = None;
    write(
        dir.path(),
        &study,
        &[row("p", 0, "episode_return_mean", 1.0)],
    );
    let found = tables(&Results::open(dir.path()).unwrap(), &Resampler::default());
    assert!(matches!(found, Err(Error::NoNormalizer { benchmark }) if benchmark == "b"));
}

#[test]
fn shared_evaluations_are_one_observation() {
    let mut all = rows(&[1.0, 2.0, 3.0]);
    for r in &mut all {
        r.evaluation_id = "the same".into();
        r.value = Some(2.0);
    }
    let cell = only(&all, "loss").cell.unwrap();
    assert_eq!((cell.n, cell.units, cell.interval), (1, 1, None));
    all[2].value = Some(2.5);
    assert!(matches!(
        open(&all, &["p"], "loss"),
        Err(Error::Conflict {
            first: 2.0,
            second: 2.5,
            ..
        })
    ));
}

#[test]
fn places_with_the_same_evaluations_are_reported_as_shared() {
    let mut all = rows(&[1.0, 2.0]);
    let twins: Vec<Row> = all
        .iter()
        .map(|r| Row {
            pipeline: "q".into(),
            ..r.clone()
        })
        .collect();
    all.extend(twins);
    let tables = open(&all, &["p", "q"], "loss").unwrap();
    assert_eq!(tables[0].shared[0].places, [(0, 0), (1, 0)]);
    assert_eq!(tables[0].cells[0], tables[0].cells[1]);
}

#[test]
fn two_pipelines_in_one_place_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut study = study(&["p", "q"], "loss");
    study.tables[0].rows = "benchmark".into();
    write(dir.path(), &study, &rows(&[1.0]));
    let error = tables(&Results::open(dir.path()).unwrap(), &Resampler::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "table `main`: row `b`, column `b` is claimed by p and q"
    );
    study.tables[0].rows = "critic".into();
    write(dir.path(), &study, &rows(&[1.0]));
    let error = tables(&Results::open(dir.path()).unwrap(), &Resampler::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown table dimension `critic`, the study has: benchmark, pipeline"
    );
}

#[test]
fn damaged_files_name_file_and_column() {
    let mut bad = rows(&[1.0]);
    bad[0].status = "fine".into();
    let error = open(&bad, &["p"], "loss").unwrap_err().to_string();
    assert!(
        error.ends_with("column `status`, expected ok, failed or skipped, found `fine`"),
        "{error}"
    );
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &study(&["p"], "loss"), &rows(&[1.0]));
    std::fs::write(dir.path().join("observations.parquet"), b"PAR1 not really").unwrap();
    assert!(matches!(
        Results::open(dir.path()),
        Err(Error::Observations { .. })
    ));
    std::fs::write(
        dir.path().join("study.json"),
        r#"{"format":1,"studdy":"x"}"#,
    )
    .unwrap();
    assert!(matches!(
        Results::open(dir.path()),
        Err(Error::Malformed { .. })
    ));
}

/// The standing of pipelines `p`, `q`, ... on benchmark `b`, small values being good.
fn standings_of(values: &[&[f64]]) -> Vec<Option<Standing>> {
    let names = ["p", "q", "r"];
    let mut rows = Vec::new();
    for (name, values) in names.iter().zip(values) {
        for (seed, &x) in values.iter().enumerate() {
            rows.push(row(name, seed as i64, "loss", x));
        }
    }
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &study(&names[..values.len()], "loss"), &rows);
    let results = Results::open(dir.path()).unwrap();
    let resampler = Resampler::new(0, 2_000);
    let table = tables(&results, &resampler).unwrap().remove(0);
    let all = standings(&results, &resampler, &table).unwrap();
    all.into_iter().map(|row| row[0]).collect()
}

#[test]
fn cells_stand_to_the_best_by_the_paired_difference() {
    let best = Some(Standing::Best);
    // `q` is worse in every seed by the same; `r` is ahead in some seeds and behind in others.
    let p = [1.0, 2.0, 3.0, 4.0, 5.0];
    let q = p.map(|x| x + 0.5);
    let r = [1.5, 1.2, 3.5, 4.6, 4.9];
    assert_eq!(
        standings_of(&[&p, &q, &r]),
        [best, Some(Standing::Worse), Some(Standing::NotWorse)]
    );
    assert_eq!(standings_of(&[&p, &p]), [best, best]);
    assert_eq!(
        standings_of(&[&[1.0], &[2.0]]),
        [best, Some(Standing::NotCompared)]
    );
    // Nothing to compare with.
    assert_eq!(standings_of(&[&p, &[]]), [None, None]);
    assert_eq!(standings_of(&[&p]), [None]);
}
