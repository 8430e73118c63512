//! What figures draw, what they leave out, and that they say so.

use std::path::{Path, PathBuf};

use analysis::Over;
use analysis::study::{Axis, FigureKind, FigureSpec, Study, Sweep};
use report::{
    FigureFormat, FigureOptions, TableFormat, TableOptions, curve, scaling, table, write_all,
};
use serde_json::{Value, json};

use crate::fixture::{Row, pipeline, row, study, write};

/// Leaves bytes where they can be looked at.
fn leave(name: &str, bytes: &[u8]) {
    std::fs::write(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name), bytes).unwrap();
}

type Draw = fn(&Path, &FigureOptions, FigureFormat) -> report::Result<Vec<u8>>;

fn svg(draw: Draw, dir: &Path, options: &FigureOptions) -> String {
    String::from_utf8(draw(dir, options, FigureFormat::Svg).unwrap()).unwrap()
}

/// Names of the pipelines in a list of the figure's numbers.
fn drawn(draw: Draw, dir: &Path, options: &FigureOptions, list: &str) -> Vec<String> {
    let json: Value =
        serde_json::from_slice(&draw(dir, options, FigureFormat::Json).unwrap()).unwrap();
    let name = |x: &Value| x["pipeline"].as_str().unwrap().to_owned();
    json[list].as_array().unwrap().iter().map(name).collect()
}

/// A pipeline of each kind: a course over training, one over an online phase, one that acts without training, and one
/// with a single snapshot.
fn kinds() -> (Study, Vec<Row>) {
    let mut study = study(&[], "loss");
    for (name, over, test_time) in [
        ("long", Over::Updates, "none"),
        ("online", Over::Steps, "none"),
        ("acting", Over::Nothing, "acting"),
        ("short", Over::Updates, "none"),
    ] {
        let mut one = pipeline(name, &[("test_time", test_time)]);
        one.over = over;
        study.pipelines.push(one);
    }
    let mut rows = Vec::new();
    for seed in 0..3 {
        let noise = 0.01 * seed as f64;
        for (name, updates) in [
            ("long", vec![500, 1000]),
            ("online", vec![0, 200, 400]),
            ("acting", vec![0]),
            ("short", vec![1000]),
        ] {
            let last = *updates.last().unwrap();
            for update in updates {
                let value = 1.0 / (1.0 + update as f64) + noise;
                let mut one = row(name, seed, "loss", value);
                (one.update, one.last) = (update, update == last);
                one.evaluation_id = format!("{name}/{seed}/{update}");
                rows.push(one);
            }
        }
    }
    (study, rows)
}

fn folder(study: &Study, rows: &[Row]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), study, rows);
    dir
}

fn named(id: &str, kind: FigureKind, only: &[(&str, &str)]) -> FigureSpec {
    let label = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    FigureSpec {
        id: id.into(),
        kind,
        benchmark: None,
        metrics: Vec::new(),
        only: only.iter().map(label).collect(),
    }
}

#[test]
fn training_and_the_online_phase_have_panels_of_their_own() {
    let (study, rows) = kinds();
    let dir = folder(&study, &rows);
    let options = FigureOptions::default();
    let text = svg(curve, dir.path(), &options);
    for words in [
        "Over offline training",
        "updates of the last stage",
        "Over the online phase",
        "steps in the environment after offline training",
        "Lines without markers: the last stage works while it acts",
        "Left out, scored once: short.",
    ] {
        assert!(text.contains(words), "{words}");
    }
    let found = drawn(curve, dir.path(), &options, "learning");
    assert_eq!(found, ["long", "online", "acting"]);
    leave(
        "curve-kinds.png",
        &curve(dir.path(), &options, FigureFormat::Png).unwrap(),
    );
}

#[test]
fn without_a_second_snapshot_there_is_no_curve_and_an_old_one_goes() {
    let (mut study, mut rows) = kinds();
    let dir = folder(&study, &rows);
    write_all(dir.path(), dir.path()).unwrap();
    assert!(dir.path().join("curve.svg").exists());
    rows.retain(|row| row.last);
    write(dir.path(), &study, &rows);
    let written = write_all(dir.path(), dir.path()).unwrap();
    assert!(written.left_out.is_empty());
    assert!(!dir.path().join("curve.svg").exists() && !dir.path().join("curve.png").exists());
    let error = curve(dir.path(), &FigureOptions::default(), FigureFormat::Svg).unwrap_err();
    assert!(error.nothing_measured());
    // One that was asked for by name is missed.
    study.figures = vec![named("course", FigureKind::Curve, &[])];
    write(dir.path(), &study, &rows);
    let written = write_all(dir.path(), dir.path()).unwrap();
    let missed: Vec<&str> = written.left_out.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(missed, ["course"]);
}

#[test]
fn figures_are_chosen_by_labels_and_metrics() {
    let (mut study, mut rows) = kinds();
    let more: Vec<Row> = rows
        .iter()
        .map(|row| Row {
            metric: "regret".into(),
            ..row.clone()
        })
        .collect();
    rows.extend(more);
    study.figures = vec![
        named("trained", FigureKind::Curve, &[("test_time", "none")]),
        named("both", FigureKind::Curve, &[]),
    ];
    study.figures[1].metrics = vec!["regret".into(), "loss".into()];
    let dir = folder(&study, &rows);
    let written = write_all(dir.path(), dir.path()).unwrap();
    let exists = |name: &str| dir.path().join(name).exists();
    assert!(exists("trained.svg") && exists("both.png") && !exists("curve.svg"));
    assert!(written.left_out.is_empty());
    let options = FigureOptions::default();
    let text = svg(curve, dir.path(), &options);
    assert!(
        text.contains("Only pipelines with test_time = none."),
        "{text}"
    );
    assert_eq!(
        drawn(curve, dir.path(), &options, "learning"),
        ["long", "online"]
    );
    let both = FigureOptions {
        figure: Some("both".into()),
        ..FigureOptions::default()
    };
    assert_eq!(drawn(curve, dir.path(), &both, "learning").len(), 6);
    let text = svg(curve, dir.path(), &both);
    assert!(
        text.contains("Over the online phase: regret, lower is better"),
        "{text}"
    );
    let unknown = FigureOptions {
        figure: Some("neither".into()),
        ..FigureOptions::default()
    };
    let error = curve(dir.path(), &unknown, FigureFormat::Svg).unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown figure `neither`, the study has: trained, both"
    );
    leave(
        "curve-two-metrics.png",
        &curve(dir.path(), &both, FigureFormat::Png).unwrap(),
    );
}

/// One pipeline over the axis, one at its reference only, one to which it does not apply.
#[test]
fn a_pipeline_at_one_level_is_no_point_of_a_scaling_figure() {
    let mut study = study(&["swept", "fixed", "beside"], "loss");
    let axis = "policy.data_fraction";
    study.axes.push(Axis {
        name: axis.into(),
        values: vec![json!(0.1), json!(1)],
    });
    study.reference.insert(axis.into(), json!(1));
    let mut rows = Vec::new();
    for seed in 0..3 {
        for (name, level) in [
            ("swept", Some(0.1)),
            ("swept", Some(1.0)),
            ("fixed", Some(1.0)),
            ("beside", None),
        ] {
            let mut one = row(name, seed, "loss", 1.0 + 0.1 * seed as f64);
            one.point = level.map_or("{}".into(), |x: f64| format!("{{\"{axis}\":{x}}}"));
            one.reference = level != Some(0.1);
            one.evaluation_id = format!("{name}/{seed}/{level:?}");
            rows.push(one);
        }
    }
    let dir = folder(&study, &rows);
    let options = FigureOptions::default();
    assert_eq!(
        drawn(scaling, dir.path(), &options, "curves"),
        ["swept", "beside"]
    );
    let text = svg(scaling, dir.path(), &options);
    for words in [
        "Left out, run at one level of each axis only: fixed.",
        "Lines without markers: the axis does not apply to the pipeline.",
    ] {
        assert!(text.contains(words), "{words}");
    }
}

/// As many pipelines as the small study has, all with labels that put several in one place of its first table.
#[test]
fn many_pipelines_keep_their_labels_apart_and_their_looks_distinct() {
    let mut study = study(&[], "loss");
    let mut rows = Vec::new();
    for value in ["IQL", "SARSA", "CRL", "exact Q", "Q*", "none"] {
        for extraction in ["AWR", "DDPG+BC", "SfBC"] {
            for added in ["", " + OPEX"] {
                let name = format!("{value} + {extraction}{added}");
                let labels = [("value", value), ("extraction", extraction)];
                study.pipelines.push(pipeline(&name, &labels));
                for (seed, update) in [(0, 500), (0, 1000), (1, 500), (1, 1000)] {
                    let mut one = row(&name, seed, "loss", study.pipelines.len() as f64);
                    (one.update, one.last) = (update, update == 1000);
                    one.evaluation_id = format!("{name}/{seed}/{update}");
                    rows.push(one);
                }
            }
        }
    }
    study.tables[0].rows = "value".into();
    study.tables[0].columns = "extraction".into();
    let dir = folder(&study, &rows);
    let options = FigureOptions::default();
    let text = svg(curve, dir.path(), &options);
    let mut heights = Vec::new();
    for one in &study.pipelines {
        let end = text.find(&format!(">{}<", one.name)).unwrap();
        let start = text[..end].rfind("<text").unwrap();
        let y = text[start..end].split(" y=\"").nth(1).unwrap();
        heights.push(y.split('"').next().unwrap().parse::<f64>().unwrap());
    }
    heights.sort_by(f64::total_cmp);
    let apart = heights.windows(2).all(|pair| pair[1] - pair[0] > 14.0);
    assert!(heights.len() == 36 && apart, "{heights:?}");
    leave(
        "curve-many.png",
        &curve(dir.path(), &options, FigureFormat::Png).unwrap(),
    );
}

#[test]
fn tables_that_differ_in_their_pipelines_only_are_all_shown() {
    let (mut study, rows) = kinds();
    let first = study.tables[0].clone();
    for (id, label) in [("trained", "none"), ("acting", "acting")] {
        let mut spec = first.clone();
        spec.id = id.into();
        spec.only = [("test_time".to_owned(), label.to_owned())].into();
        study.tables.push(spec);
    }
    let dir = folder(&study, &rows);
    let text = table(dir.path(), &TableOptions::default(), TableFormat::Console).unwrap();
    assert_eq!(text.matches("IQM [95 % interval]").count(), 3, "{text}");
    for words in ["where test_time = none", "where test_time = acting"] {
        assert!(text.contains(words), "{text}");
    }
}

/// Two methods, one with three candidates and one with two.
#[test]
fn budgets_of_tuned_methods_are_stated_and_told_apart() {
    let mut study = study(&["wide", "narrow"], "loss");
    let mut rows = Vec::new();
    for (name, parameter, values) in [
        ("wide", "policy.alpha", vec![1.0, 2.0, 3.0]),
        ("narrow", "policy.temperature", vec![1.0, 2.0]),
    ] {
        study.reference.insert(parameter.into(), json!(1.0));
        for seed in [0, 1, 100, 101] {
            for value in &values {
                let mut one = row(name, seed, "loss", value + 0.01 * seed as f64);
                one.tuning = seed >= 100;
                one.point = format!("{{\"{parameter}\":{value}}}");
                one.reference = *value == 1.0;
                one.evaluation_id = format!("{name}/{seed}/{value}");
                rows.push(one);
            }
        }
        study.sweeps.push(Sweep {
            parameter: parameter.into(),
            values: values.into_iter().map(|v| json!(v)).collect(),
            pipelines: vec![name.into()],
            tune: true,
        });
    }
    let dir = folder(&study, &rows);
    write_all(dir.path(), dir.path()).unwrap();
    let drawn = std::fs::read_to_string(dir.path().join("curve.svg")).unwrap();
    assert!(drawn.contains("Budget of tuning") && drawn.contains("wide, policy.alpha"));
    leave(
        "curve-budget.png",
        &std::fs::read(dir.path().join("curve.png")).unwrap(),
    );
    for file in ["table.md", "tuning.md"] {
        let text = std::fs::read_to_string(dir.path().join(file)).unwrap();
        for words in [
            "narrow tried 2 values of policy.temperature in 4 runs",
            "wide tried 3 values of policy.alpha in 6 runs",
            "Methods tried different numbers of values",
        ] {
            assert!(text.contains(words), "{file}: {words}\n{text}");
        }
    }
}
