//! `assay dataset lint` and `import --fix`, as a user calls them.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

fn file(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/data/defects");
    folder.join(format!("{name}.hdf5"))
}

fn assay(data: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_assay"))
        .args(arguments)
        .current_dir(data)
        .env("ASSAY_DATA", data)
        .output()
        .unwrap();
    let utf8 = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        utf8(&output.stdout),
        utf8(&output.stderr),
    )
}

#[test]
fn a_defect_is_found_put_right_and_gone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let source = file("time-limit-terminated");
    let source = source.to_str().unwrap();
    let environment = ["--environment", "hopper/d4rl-v4"];
    let (code, out, err) = assay(
        data,
        &[&["dataset", "lint", source], &environment[..]].concat(),
    );
    assert_eq!(code, Some(1), "{out}{err}");
    for words in [
        "time-limit-terminated",
        "rows    9: 49, 100",
        "effect",
        "remedy",
        "1 defects, 0 suspicions",
    ] {
        assert!(out.contains(words), "{words}: {out}");
    }
    // Nothing of the file is kept.
    assert_eq!(std::fs::read_dir(data).unwrap().count(), 0);

    let import = ["dataset", "import", source, "--id", "toy/mended-v0"];
    let fix = ["--fix", "time-limit-terminated=50"];
    let (code, _, err) = assay(data, &[&import[..], &environment, &fix].concat());
    assert_eq!(code, Some(0), "{err}");
    let (code, out, _) = assay(data, &["dataset", "lint", "toy/mended-v0", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, report["findings"].as_array().unwrap().len()),
        (Some(0), 0),
        "{out}"
    );
    let (_, out, _) = assay(data, &["dataset", "show", "toy/mended-v0"]);
    assert!(
        out.contains("fix `time-limit-terminated=50`: 9 rows marked truncated"),
        "{out}"
    );
}

#[test]
fn mistakes_say_what_would_do() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let (code, _, err) = assay(data, &["dataset", "lint", "nowhere.hdf5"]);
    assert!(
        code == Some(2) && err.contains("`nowhere.hdf5` is no file"),
        "{err}"
    );
    let (code, _, err) = assay(data, &["dataset", "lint", "toy/nowhere-v0"]);
    assert!(code != Some(0) && err.contains("toy/nowhere-v0"), "{err}");
    let source = file("clean");
    let import = [
        "dataset",
        "import",
        source.to_str().unwrap(),
        "--id",
        "toy/a-v0",
        "--fix",
    ];
    let (code, _, err) = assay(data, &[&import[..], &["nan"]].concat());
    assert!(code == Some(2) && err.contains("non-finite"), "{err}");
    let (code, _, err) = assay(
        data,
        &[
            "dataset",
            "lint",
            source.to_str().unwrap(),
            "--physics",
            "--environment",
            "cbandit/default-v0",
        ],
    );
    assert!(
        code != Some(0) && err.contains("cannot be replayed"),
        "{err}"
    );
}
