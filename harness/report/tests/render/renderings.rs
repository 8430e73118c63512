use std::path::{Path, PathBuf};

use report::{
    Error, FigureFormat, FigureOptions, TableFormat, TableOptions, curve, scaling, table, write_all,
};

use crate::fixture::{EXPERT, HIGH, quickstart, row, study, write};

struct Folder(tempfile::TempDir);

impl Folder {
    fn quickstart() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (study, rows) = quickstart();
        write(dir.path(), &study, &rows);
        Self(dir)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn table(&self, format: TableFormat) -> String {
        table(self.path(), &TableOptions::default(), format).unwrap()
    }
}

/// Leaves bytes where they can be looked at.
fn leave(name: &str, bytes: &[u8]) {
    std::fs::write(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name), bytes).unwrap();
}

/// Compares with the committed file; on a difference the new text is left where the message says.
fn snapshot(name: &str, found: &str) {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/render/snapshots")
        .join(name);
    let expected = std::fs::read_to_string(&committed).unwrap_or_default();
    if expected != found {
        let fresh = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&fresh, found).unwrap();
        panic!(
            "{} differs from {}: look at it and copy it if right",
            committed.display(),
            fresh.display()
        );
    }
}

#[test]
fn a_table_without_a_normaliser_is_left_out_and_the_others_are_shown() {
    let dir = tempfile::tempdir().unwrap();
    let (mut study, rows) = quickstart();
    study.benchmarks[1].normalizer = None;
    study.tables[2].benchmark = Some(EXPERT.into());
    write(dir.path(), &study, &rows);
    let all = TableOptions::default();
    for format in [
        TableFormat::Console,
        TableFormat::Markdown,
        TableFormat::Html,
    ] {
        let text = table(dir.path(), &all, format).unwrap();
        assert!(
            text.contains("`scores` is left out") || text.contains("scores</code> is left out"),
            "{text}"
        );
        assert!(
            text.contains("errors-expert") || text.contains("DDPG+BC"),
            "{text}"
        );
    }
    write_all(dir.path(), &dir.path().join("out")).unwrap();
    let asked = TableOptions {
        table: Some("scores".into()),
        ..TableOptions::default()
    };
    let refused = table(dir.path(), &asked, TableFormat::Console);
    assert!(
        matches!(&refused, Err(Error::Analysis(e)) if e.to_string().contains(EXPERT)),
        "{refused:?}"
    );
}

#[test]
fn a_figure_takes_the_metric_of_the_benchmarks_own_table() {
    let dir = tempfile::tempdir().unwrap();
    let (mut study, rows) = quickstart();
    study.tables.reverse();
    write(dir.path(), &study, &rows);
    let options = FigureOptions {
        benchmark: Some(HIGH.into()),
        ..FigureOptions::default()
    };
    let json = scaling(dir.path(), &options, FigureFormat::Json).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["curves"][0]["metric"], "action_mse_evaluation");
}

#[test]
fn markdown_is_as_committed() {
    snapshot(
        "table.md",
        &Folder::quickstart().table(TableFormat::Markdown),
    );
}

#[test]
fn latex_is_as_committed() {
    snapshot("table.tex", &Folder::quickstart().table(TableFormat::Latex));
}

#[test]
fn console_is_as_committed() {
    snapshot(
        "table.txt",
        &Folder::quickstart().table(TableFormat::Console),
    );
}

#[test]
fn csv_is_as_committed() {
    snapshot("table.csv", &Folder::quickstart().table(TableFormat::Csv));
}

#[test]
fn json_and_csv_hold_the_same_digits() {
    let folder = Folder::quickstart();
    let json: serde_json::Value = serde_json::from_str(&folder.table(TableFormat::Json)).unwrap();
    let csv = folder.table(TableFormat::Csv);
    let mut cells = 0;
    for table in json["tables"].as_array().unwrap() {
        for entry in table["cells"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|row| row.as_array().unwrap())
        {
            let cell = &entry["cell"];
            if cell.is_null() {
                continue;
            }
            let number = |x: &serde_json::Value| x.as_f64().unwrap().to_string();
            let shown = [
                &cell["iqm"],
                &cell["interval"]["low"],
                &cell["interval"]["high"],
                &cell["mean"],
            ];
            let line = shown.map(number).join(",");
            assert!(csv.contains(&line), "{line}");
            cells += 1;
        }
    }
    assert_eq!(cells, 17, "three tables of six places, one hole");
    assert_eq!(json["findings"].as_array().unwrap().len(), 6);
}

#[test]
fn the_same_numbers_appear_in_every_text() {
    let folder = Folder::quickstart();
    let (markdown, latex) = (
        folder.table(TableFormat::Markdown),
        folder.table(TableFormat::Latex),
    );
    let mut intervals = 0;
    for id in ["errors", "errors-expert", "scores"] {
        let options = TableOptions {
            table: Some(id.into()),
            ..TableOptions::default()
        };
        let console = table(folder.path(), &options, TableFormat::Console).unwrap();
        for (at, _) in console.match_indices('[') {
            let interval = &console[at..=at + console[at..].find(']').unwrap()];
            let typeset = interval
                .replace('[', "{[}")
                .replace(']', "{]}")
                .replace('%', "\\%");
            assert!(
                markdown.contains(interval) && latex.contains(&typeset),
                "{interval}"
            );
            intervals += 1;
        }
    }
    assert_eq!(
        intervals,
        17 + 3,
        "one for each measured cell, one in each caption"
    );
}

#[test]
fn writing_twice_gives_the_same_bytes() {
    let folder = Folder::quickstart();
    // The first folder stays, to be looked at.
    let a = Path::new(env!("CARGO_TARGET_TMPDIR")).join("quickstart");
    let _ = std::fs::remove_dir_all(&a);
    let b = tempfile::tempdir().unwrap();
    let first = write_all(folder.path(), &a).unwrap();
    write_all(folder.path(), b.path()).unwrap();
    let name = |file: &PathBuf| file.file_name().unwrap().to_str().unwrap().to_owned();
    let mut names: Vec<String> = first.files.iter().map(name).collect();
    names.sort();
    let expected = [
        "curve.png",
        "curve.svg",
        "report.html",
        "scaling.png",
        "scaling.svg",
        "table.csv",
        "table.json",
        "table.md",
        "table.tex",
    ];
    assert_eq!(names, expected);
    assert_eq!(
        std::fs::read_dir(&a).unwrap().count(),
        expected.len(),
        "nothing half-written is left"
    );
    for name in expected {
        let bytes = |dir: &Path| std::fs::read(dir.join(name)).unwrap();
        assert_eq!(bytes(&a), bytes(b.path()), "{name}");
    }
}

#[test]
fn the_order_of_rows_changes_no_byte() {
    let folder = Folder::quickstart();
    let (study, mut rows) = quickstart();
    rows.reverse();
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &study, &rows);
    assert_eq!(
        table(dir.path(), &TableOptions::default(), TableFormat::Json).unwrap(),
        folder.table(TableFormat::Json)
    );
    let draw = |path: &Path| scaling(path, &FigureOptions::default(), FigureFormat::Svg).unwrap();
    assert_eq!(draw(dir.path()), draw(folder.path()));
}

#[test]
fn tables_can_be_narrowed_and_remade_with_another_metric() {
    let folder = Folder::quickstart();
    let show = |options: TableOptions| table(folder.path(), &options, TableFormat::Console);
    let one = show(TableOptions {
        table: Some("errors".into()),
        ..TableOptions::default()
    })
    .unwrap();
    assert_eq!(one.matches("IQM [95 % interval]").count(), 1);
    let other = TableOptions {
        metric: Some("action_mse_train".into()),
        benchmark: Some(EXPERT.into()),
        ..TableOptions::default()
    };
    let other = show(other).unwrap();
    assert!(
        other.starts_with(&format!(
            "{EXPERT}, training action MSE to the reference policy (lower is better)"
        )),
        "{other}"
    );
    let unknown = show(TableOptions {
        table: Some("nope".into()),
        ..TableOptions::default()
    })
    .unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "unknown table `nope`, the study has: errors, errors-expert, scores"
    );
    let unmeasured = show(TableOptions {
        metric: Some("nope".into()),
        ..TableOptions::default()
    })
    .unwrap_err();
    assert!(unmeasured.nothing_measured(), "{unmeasured}");
}

#[test]
fn figures_name_what_they_show() {
    let folder = Folder::quickstart();
    let options = FigureOptions {
        metric: Some("action_mse_evaluation".into()),
        ..FigureOptions::default()
    };
    let svg =
        String::from_utf8(scaling(folder.path(), &options, FigureFormat::Svg).unwrap()).unwrap();
    for text in [
        HIGH,
        "exact Q* + DDPG+BC",
        "value.data_fraction",
        "darker is better",
        "lower is better",
        "n = 4",
    ] {
        assert!(svg.contains(text), "{text}");
    }
    let svg =
        String::from_utf8(curve(folder.path(), &options, FigureFormat::Svg).unwrap()).unwrap();
    for text in [
        "Over offline training",
        "Sensitivity to policy.temperature",
        "out of memory",
        "sha256:00",
    ] {
        assert!(svg.contains(text), "{text}");
    }
    let png = scaling(folder.path(), &options, FigureFormat::Png).unwrap();
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    leave("scaling-mse.png", &png);
    let only = FigureOptions {
        pipelines: vec!["IQL + AWR".into()],
        ..FigureOptions::default()
    };
    let json = scaling(folder.path(), &only, FigureFormat::Json).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["matrices"].as_array().unwrap().len(), 1);
}

#[test]
fn hostile_names_stay_text() {
    let dir = tempfile::tempdir().unwrap();
    let name = "a|b <script>&\"_%\n\u{1}";
    let mut study = study(&[name], "loss");
    study.title = "50 % & <more> {of} it".into();
    let rows = [0.5, 0.7].iter().enumerate().flat_map(|(seed, &x)| {
        let last = row(name, seed as i64, "loss", x);
        let mut early = last.clone();
        (early.update, early.last) = (10, false);
        early.evaluation_id = format!("early {seed}");
        [last, early]
    });
    write(dir.path(), &study, &rows.collect::<Vec<_>>());
    let render = |format| table(dir.path(), &TableOptions::default(), format).unwrap();
    assert!(render(TableFormat::Markdown).contains("| a\\|b &lt;script>&\"_% "));
    assert!(
        render(TableFormat::Latex).contains("a|b \\textless{}script\\textgreater{}\\&\"\\_\\%")
    );
    assert!(render(TableFormat::Csv).contains("\"a|b <script>&\"\"_%\n"));
    let options = FigureOptions {
        metric: Some("loss".into()),
        ..FigureOptions::default()
    };
    curve(dir.path(), &options, FigureFormat::Png).unwrap();
}

#[test]
fn a_study_without_axes_has_tables_and_no_figure() {
    let (dir, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(
        dir.path(),
        &study(&["p"], "loss"),
        &[row("p", 0, "loss", 0.5)],
    );
    let written = write_all(dir.path(), out.path()).unwrap();
    assert_eq!(written.files.len(), 5, "four tables and the page");
    assert_eq!(written.left_out, [], "nobody asked for one");
    let error = scaling(dir.path(), &FigureOptions::default(), FigureFormat::Svg).unwrap_err();
    assert_eq!(
        error.to_string(),
        "study `tiny`: nothing measured for a varied axis"
    );
    write(dir.path(), &study(&["p"], "loss"), &[]);
    let error = write_all(dir.path(), out.path()).unwrap_err();
    assert!(
        error.nothing_measured() && matches!(error, Error::Analysis(_)) && error.hint().is_some()
    );
}

/// Many levels, no labels, one seed, a hole, negative returns: nothing overlaps or breaks.
#[test]
fn a_large_matrix_without_labels_or_intervals_is_drawn() {
    use analysis::study::Axis;
    use serde_json::json;

    let names = [
        "iql + awr",
        "iql + ddpg-bc",
        "crl + awr",
        "crl + ddpg-bc",
        "td3-bc",
    ];
    let mut study = study(&names, "episode_return_mean");
    study.tables[0].better = analysis::Better::Higher;
    let levels = [0.05, 0.1, 0.3, 1.0];
    for axis in ["value.data_fraction", "policy.data_fraction"] {
        study.axes.push(Axis {
            name: axis.into(),
            values: levels.map(|x| json!(x)).into(),
        });
        study.reference.insert(axis.into(), json!(1));
    }
    let mut rows = Vec::new();
    for (index, name) in names.iter().enumerate() {
        for value in levels {
            for policy in levels {
                let score = -300.0 + 40.0 * index as f64 + 100.0 * value + 60.0 * policy;
                let mut one = row(name, 0, "episode_return_mean", score);
                one.point =
                    format!(r#"{{"policy.data_fraction":{policy},"value.data_fraction":{value}}}"#);
                one.reference = (value, policy) == (1.0, 1.0);
                one.evaluation_id = format!("{name}/{value}/{policy}");
                if index == 2 && value == 0.1 {
                    one.status = "skipped".into();
                    one.reason = Some("contrastive critics need 1,000 transitions".into());
                    one.value = None;
                }
                rows.push(one);
            }
        }
    }
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &study, &rows);
    let options = FigureOptions {
        metric: Some("episode_return_mean".into()),
        ..FigureOptions::default()
    };
    let svg = String::from_utf8(scaling(dir.path(), &options, FigureFormat::Svg).unwrap()).unwrap();
    assert_eq!(svg.matches(">skipped<").count(), 4);
    leave(
        "scaling-large.png",
        &scaling(dir.path(), &options, FigureFormat::Png).unwrap(),
    );
}
