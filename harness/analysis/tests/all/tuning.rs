//! Values are chosen on the tuning seeds and reported on the others.

use crate::fixture::{Row, row, study, write};
use analysis::study::Sweep;
use analysis::{Level, Resampler, Results, ScalingOptions, tables, tuned};
use serde_json::json;

/// A run of pipeline `p` at `alpha`; 1 is declared.
fn run(seed: i64, tuning: bool, alpha: f64, value: f64) -> Row {
    let mut row = row("p", seed, "regret", value);
    row.tuning = tuning;
    row.point = format!("{{\"policy.alpha\":{alpha}}}");
    row.reference = (alpha - 1.0).abs() < 1e-12;
    row.evaluation_id = format!("{seed}/{alpha}");
    row
}

/// On the tuning seeds .5 is best, on the others 2 is.
fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for seed in [100, 101, 102] {
        rows.extend([(0.5, 1.0), (1.0, 2.0), (2.0, 3.0)].map(|(a, v)| run(seed, true, a, v)));
    }
    for seed in [0, 1] {
        rows.extend([(0.5, 7.0), (1.0, 6.0), (2.0, 5.0)].map(|(a, v)| run(seed, false, a, v)));
    }
    rows
}

fn results(rows: &[Row], tune: bool) -> (tempfile::TempDir, Results) {
    let folder = tempfile::tempdir().unwrap();
    let mut study = study(&["p"], "regret");
    study.sweeps = vec![Sweep {
        parameter: "policy.alpha".into(),
        values: vec![json!(0.5), json!(1.0), json!(2.0)],
        pipelines: vec!["p".into()],
        tune,
    }];
    study.reference.insert("policy.alpha".into(), json!(1.0));
    write(folder.path(), &study, rows);
    let results = Results::open(folder.path()).unwrap();
    (folder, results)
}

fn one(rows: &[Row]) -> analysis::Tuned {
    let (_folder, results) = results(rows, true);
    let mut all = tuned(&results, &Resampler::default(), &ScalingOptions::default()).unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[test]
fn the_best_value_of_the_tuning_seeds_is_reported_on_the_others() {
    let tuned = one(&rows());
    assert_eq!(tuned.chosen, Some(Level::Number(0.5)));
    assert_eq!((tuned.budget_runs, tuned.tried.len()), (9, 3));
    let mean = |entry: Option<analysis::Entry>| entry.unwrap().cell.unwrap().mean;
    assert!((mean(tuned.report) - 7.0).abs() < 1e-12);
    assert!((mean(tuned.report_at_declared) - 6.0).abs() < 1e-12);
}

/// Reports of the values in the order of their rank are 7, 6, 5: the mean of all three, of the better of two, of the best.
#[test]
fn a_smaller_budget_is_expected_to_report_what_its_choices_report() {
    let found = one(&rows()).budget;
    let found: Vec<(usize, f64)> = found
        .iter()
        .map(|b| (b.candidates, b.expected.value))
        .collect();
    let expected = [(1, 6.0), (2, 20.0 / 3.0), (3, 7.0)];
    assert_eq!(found.len(), expected.len());
    for ((k, value), (count, mean)) in found.into_iter().zip(expected) {
        assert!(k == count && (value - mean).abs() < 1e-12, "{k}: {value}");
    }
    let mut rows = rows();
    rows[0].value = Some(f64::NAN);
    assert!(
        one(&rows).budget.is_empty(),
        "a value that cannot be ranked"
    );
}

#[test]
fn tuning_runs_stand_in_no_table() {
    let (_folder, results) = results(&rows(), true);
    let tables = tables(&results, &Resampler::default()).unwrap();
    let text = serde_json::to_string(&tables).unwrap();
    assert!(text.contains("\"seeds\":[0,1]"), "{text}");
}

#[test]
fn a_value_with_a_missing_run_is_not_chosen_and_ties_go_to_the_declared_one() {
    let mut rows = rows();
    rows[0].value = Some(f64::NAN);
    assert_eq!(one(&rows).chosen, Some(Level::Number(1.0)));
    let mut level = self::rows();
    level.iter_mut().for_each(|row| row.value = Some(4.0));
    assert_eq!(one(&level).chosen, Some(Level::Number(1.0)));
}

#[test]
fn a_study_that_tunes_nothing_has_no_tuned_values() {
    let report: Vec<Row> = rows().into_iter().filter(|row| !row.tuning).collect();
    let (_folder, results) = results(&report, false);
    assert!(results.tuning().is_none());
    let all = tuned(&results, &Resampler::default(), &ScalingOptions::default()).unwrap();
    assert!(all.is_empty());
}
