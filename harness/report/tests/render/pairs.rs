//! Fits and all pairs of pipelines, as text and as a figure.

use analysis::{AggregateOptions, ScalingOptions};
use report::{Error, FigureFormat, TableFormat, fits, improvement, improvement_figure};
use serde_json::{Value, json};

use crate::fixture::{Row, quickstart, row, study, write};

/// The small study's scores.
fn scored() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let (study, rows) = quickstart();
    write(dir.path(), &study, &rows);
    dir
}

#[test]
fn every_rendering_of_all_pairs_has_the_same_numbers() {
    let dir = scored();
    let ask = |format| improvement(dir.path(), &AggregateOptions::default(), format).unwrap();
    let json: Value = serde_json::from_str(&ask(TableFormat::Json)).unwrap();
    let names: Vec<&str> = json["pipelines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.as_str().unwrap())
        .collect();
    assert!(names.len() > 1);
    let (csv, console, markdown) = (
        ask(TableFormat::Csv),
        ask(TableFormat::Console),
        ask(TableFormat::Markdown),
    );
    assert_eq!(csv.lines().count(), 1 + names.len() * (names.len() - 1));
    let figure =
        |format| improvement_figure(dir.path(), &AggregateOptions::default(), format).unwrap();
    let svg = String::from_utf8(figure(FigureFormat::Svg)).unwrap();
    for (i, row) in json["cells"].as_array().unwrap().iter().enumerate() {
        for (j, cell) in row.as_array().unwrap().iter().enumerate() {
            assert_eq!(cell.is_null(), i == j);
            let Some(value) = cell["value"].as_f64() else {
                continue;
            };
            let opposite = json["cells"][j][i]["value"].as_f64().unwrap();
            assert!((value + opposite - 1.0).abs() < 1e-12);
            let text = format!("{value:.2}");
            assert!(console.contains(&text) && markdown.contains(&text) && svg.contains(&text));
            assert!(
                csv.contains(&format!(",{value},")),
                "{value} is not in\n{csv}"
            );
        }
    }
    assert!(figure(FigureFormat::Png).starts_with(b"\x89PNG"));
    assert_eq!(svg.as_bytes(), figure(FigureFormat::Svg));
}

/// One pipeline whose score follows a law over the fraction of policy data, `levels` of them.
fn scaled(levels: &[f64]) -> tempfile::TempDir {
    let mut study = study(&["p"], "score");
    let axis = analysis::study::Axis {
        name: "policy.data_fraction".into(),
        values: levels.iter().map(|l| json!(l)).collect(),
    };
    study.reference.insert(axis.name.clone(), json!(1.0));
    study.tables[0].better = analysis::Better::Higher;
    let mut rows: Vec<Row> = Vec::new();
    for seed in 0..6 {
        for &level in levels {
            let score = 90.0 - 20.0 / level.sqrt() + 0.1 * seed as f64;
            let mut one = row("p", seed, "score", score);
            one.point = json!({ &axis.name: level }).to_string();
            one.reference = level == 1.0;
            one.evaluation_id = format!("{seed}/{level}");
            rows.push(one);
        }
    }
    study.axes = vec![axis];
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &study, &rows);
    dir
}

#[test]
fn fits_say_limit_exponent_and_the_data_for_a_target() {
    let dir = scaled(&[0.01, 0.1, 0.3, 1.0]);
    let ask =
        |target, format| fits(dir.path(), &ScalingOptions::default(), target, format).unwrap();
    let text = ask(Some(80.0), TableFormat::Console);
    for words in ["data for 80", "90.25", "0.50", "3.8", "6 (fewer than 10)"] {
        assert!(text.contains(words), "`{words}` is not in\n{text}");
    }
    let never = ask(Some(95.0), TableFormat::Markdown);
    assert!(never.contains("| never |"), "{never}");
    let csv = ask(Some(95.0), TableFormat::Csv);
    assert!(csv.contains("data for 95,inf,inf,inf,6"), "{csv}");
    assert!(!ask(None, TableFormat::Console).contains("data for"));
}

#[test]
fn three_levels_cannot_be_fitted_and_say_so() {
    let dir = scaled(&[0.1, 0.3, 1.0]);
    let error = fits(
        dir.path(),
        &ScalingOptions::default(),
        None,
        TableFormat::Console,
    )
    .unwrap_err();
    assert!(matches!(error, Error::NothingToFit { .. }));
    assert!(error.nothing_measured() && error.hint().unwrap().contains("four levels"));
    assert!(
        error.to_string().contains("3 levels with values"),
        "{error}"
    );
}
