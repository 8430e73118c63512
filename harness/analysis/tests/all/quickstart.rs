//! Matrices, curves, sensitivities and findings on a study in the shape of the quickstart.

use crate::fixture::{EXPERT, HIGH, quickstart, write};
use analysis::{
    Findings, Level, Resampler, Results, ScalingOptions, Verdict, curves, findings,
    learning_curves, matrices, sensitivities, tables,
};

fn opened() -> (tempfile::TempDir, Results) {
    let dir = tempfile::tempdir().unwrap();
    let (study, rows) = quickstart();
    write(dir.path(), &study, &rows);
    let results = Results::open(dir.path()).unwrap();
    (dir, results)
}

fn resampler() -> Resampler {
    Resampler::new(0, 2_000)
}

fn evaluated() -> Findings {
    findings(&opened().1, &resampler()).unwrap()
}

#[test]
fn tables_hold_every_pipeline_and_the_reasons_of_holes() {
    let (_dir, results) = opened();
    let tables = tables(&results, &resampler()).unwrap();
    let [errors, expert, scores] = tables.as_slice() else {
        panic!("three tables")
    };
    assert_eq!(errors.rows, ["IQL", "exact Q*"]);
    assert_eq!(errors.columns, ["BC", "AWR", "DDPG+BC"]);
    let awr = errors.cells[0][1].as_ref().unwrap();
    assert_eq!(awr.cell.as_ref().unwrap().n, 4);
    assert_eq!(awr.reasons(), ["failed: out of memory: 2.1 GiB of 2 GiB"]);
    assert_eq!(
        errors.shared[0].places,
        [(0, 0), (1, 0)],
        "behaviour cloning is one observation"
    );
    let hole = expert.cells[1][2].as_ref().unwrap();
    assert!(hole.cell.is_none());
    assert_eq!(
        hole.reasons(),
        ["failed: stage `ddpg-bc` panicked: loss is not finite at update 412 (5 runs)"]
    );
    let pooled = scores.cells[0][2].as_ref().unwrap().cell.as_ref().unwrap();
    assert_eq!((pooled.n, pooled.benchmarks), (10, 2));
}

#[test]
fn a_matrix_has_the_levels_that_apply() {
    let (_dir, results) = opened();
    let options = ScalingOptions {
        metric: Some("action_mse_evaluation".into()),
        ..ScalingOptions::default()
    };
    let all = matrices(&results, &resampler(), &options).unwrap();
    assert_eq!(all.len(), 6, "the expert benchmark varies no axis");
    let (bc, ddpg) = (&all[0], &all[2]);
    assert_eq!(
        (bc.x.as_str(), bc.y.as_str()),
        ("policy.data_fraction", "value.data_fraction")
    );
    assert_eq!(bc.y_levels, [None]);
    assert_eq!(
        ddpg.y_levels,
        [Some(Level::Number(0.1)), Some(Level::Number(1.0))]
    );
    let iqm = |y: usize, x: usize| ddpg.cells[y][x].cell.as_ref().unwrap().iqm;
    assert!(
        iqm(0, 0) > iqm(1, 0) && iqm(1, 0) > iqm(1, 1),
        "more data, less error"
    );
}

#[test]
fn curves_stay_at_the_reference_of_the_other_axes() {
    let (_dir, results) = opened();
    let all = curves(&results, &resampler(), &ScalingOptions::default()).unwrap();
    assert!(
        all.iter()
            .all(|c| c.benchmark == HIGH && c.metric == "action_mse_evaluation")
    );
    let value: Vec<usize> = all
        .iter()
        .filter(|c| c.axis == "value.data_fraction")
        .map(|c| c.points.len())
        .collect();
    assert_eq!(
        value,
        [1, 2, 2, 1, 2, 2],
        "behaviour cloning does not depend on the value data"
    );
}

#[test]
fn sensitivities_and_learning_curves_cover_levels_and_snapshots() {
    let (_dir, results) = opened();
    let all = sensitivities(&results, &resampler(), &ScalingOptions::default()).unwrap();
    assert_eq!(all.len(), 4);
    assert!(all.iter().all(|s| s.points.len() == 4));
    assert_eq!(all[0].reference, Some(Level::Number(0.3)));
    let curves = learning_curves(&results, &resampler(), &ScalingOptions::default()).unwrap();
    assert_eq!(curves.len(), 12);
    let failed =
        |c: &&analysis::LearningCurve| c.benchmark == EXPERT && c.pipeline == "exact Q* + DDPG+BC";
    let hole = curves.iter().find(failed).unwrap();
    assert!(
        hole.points
            .iter()
            .all(|p| p.entry.cell.is_none() && p.entry.missing.len() == 5)
    );
    let awr = curves
        .iter()
        .find(|c| c.benchmark == HIGH && c.pipeline == "IQL + AWR")
        .unwrap();
    assert_eq!(
        awr.points.iter().map(|p| p.update).collect::<Vec<_>>(),
        [250, 500, 750, 1000]
    );
    assert!(
        awr.points
            .iter()
            .all(|p| p.entry.missing.len() == 1 && p.entry.cell.as_ref().unwrap().n == 4)
    );
}

#[test]
fn verdicts_follow_from_intervals() {
    let found = evaluated();
    let verdicts: Vec<Vec<Verdict>> = found
        .findings
        .iter()
        .map(|f| f.comparisons.iter().map(|c| c.verdict).collect())
        .collect();
    assert_eq!(verdicts[0], [Verdict::Below; 4]);
    assert_eq!(verdicts[2], [Verdict::Above]);
    assert_eq!(verdicts[3], [Verdict::FirstBetter]);
    assert_eq!(verdicts[4], [Verdict::SecondBetter]);
    assert_eq!(verdicts[5], [Verdict::Above]);
    for finding in &found.findings {
        for comparison in &finding.comparisons {
            let estimate = comparison.estimate.unwrap();
            let interval = estimate.interval.unwrap();
            assert!(
                interval.low <= estimate.value && estimate.value <= interval.high,
                "{}",
                finding.id
            );
        }
    }
}

#[test]
fn a_ratio_is_that_of_the_cells_over_common_seeds() {
    let found = evaluated();
    let comparison = &found.findings[0].comparisons[1];
    assert_eq!(comparison.level, Some(Level::Number(0.3)));
    let iqm = |i: usize| comparison.parts[i].entry.cell.as_ref().unwrap().iqm;
    assert!((comparison.estimate.unwrap().value - iqm(0) / iqm(1)).abs() < 1e-12);
    let awr = &found.findings[2].comparisons[0];
    assert_eq!(
        awr.estimate.unwrap().n,
        4,
        "the seed without AWR is left out of all four cells"
    );
}

#[test]
fn sentences_state_measured_numbers_and_the_reversal() {
    let found = evaluated();
    let sentence = |i: usize| found.findings[i].sentence.clone().unwrap();
    assert!(sentence(0).starts_with(&format!(
        "{HIGH}: the evaluation action MSE of exact Q* + DDPG+BC is 0.0"
    )));
    assert!(
        sentence(2).contains("critic exact Q* instead of IQL multiplies"),
        "{}",
        sentence(2)
    );
    assert!(
        sentence(4).contains("IQL + AWR is better than IQL + DDPG+BC by 0.3"),
        "{}",
        sentence(4)
    );
    assert_eq!(found.sentences.len(), 1);
    assert!(found.sentences[0].ends_with(&format!(
        "IQL + AWR is better than IQL + DDPG+BC on {EXPERT}."
    )));
}

#[test]
fn undecided_and_unmeasured_findings_have_no_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let (study, mut rows) = quickstart();
    rows.retain(|r| r.seed == 0 || r.benchmark == EXPERT);
    write(dir.path(), &study, &rows);
    let found = findings(&Results::open(dir.path()).unwrap(), &resampler()).unwrap();
    let order = &found.findings[3];
    assert_eq!(order.comparisons[0].verdict, Verdict::NotDecided);
    assert_eq!(
        order.comparisons[0].reason.as_deref(),
        Some("one resampling unit gives no interval")
    );
    assert_eq!(order.sentence, None);
    rows.retain(|r| r.pipeline != "IQL + BC" || r.metric != "action_mse_train");
    write(dir.path(), &study, &rows);
    let found = findings(&Results::open(dir.path()).unwrap(), &resampler()).unwrap();
    let gap = &found.findings[5];
    assert_eq!(
        (gap.comparisons[0].verdict, gap.sentence.clone()),
        (Verdict::NotMeasured, None)
    );
    assert_eq!(
        gap.comparisons[0].reason.as_deref(),
        Some("IQL + BC: not measured: no run with `action_mse_train`")
    );
}

#[test]
fn unknown_names_list_what_exists() {
    let (_dir, results) = opened();
    let options = ScalingOptions {
        benchmark: Some("nope".into()),
        ..ScalingOptions::default()
    };
    let error = matrices(&results, &resampler(), &options).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("unknown benchmark `nope`, the study has: {HIGH}, {EXPERT}")
    );
    let options = ScalingOptions {
        x: Some("policy.beta".into()),
        ..ScalingOptions::default()
    };
    let error = curves(&results, &resampler(), &options)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "unknown axis `policy.beta`, the study has: value.data_fraction, policy.data_fraction"
    );
}

#[test]
fn a_pipeline_may_have_a_reference_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let (mut study, rows) = quickstart();
    write(dir.path(), &study, &rows);
    let all = |dir: &tempfile::TempDir| {
        let results = Results::open(dir.path()).unwrap();
        matrices(&results, &resampler(), &ScalingOptions::default()).unwrap()
    };
    let before = all(&dir);
    // The study's map holds the reference of its first pipeline only.
    study
        .reference
        .insert("policy.temperature".into(), serde_json::json!(99));
    write(dir.path(), &study, &rows);
    assert_eq!(all(&dir), before);
}
