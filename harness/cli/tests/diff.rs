//! `assay diff` on manifests and published tables of this repository, through the real executable.

#![allow(clippy::unwrap_used, reason = "a failed helper fails the test")]

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Exit code, standard output and standard error.
fn diff(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_assay"))
        .arg("diff")
        .args(arguments)
        .current_dir(root())
        .env("ASSAY_HOME", root())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn equal_protocols_do_not_differ_and_changed_keys_are_named() {
    let manifest = "manifests/quickstart.toml";
    let (code, out, err) = diff(&[manifest, manifest]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("0 differ"), "{out}");

    let folder = tempfile::tempdir().unwrap();
    let changed = folder.path().join("changed.toml");
    let text = std::fs::read_to_string(root().join(manifest)).unwrap();
    let text = text.replacen("batch_size = 256", "batch_size = 128", 1);
    let text = text.replacen("count = 5", "count = 10", 1);
    assert!(text.contains("batch_size = 128") && text.contains("count = 10"));
    std::fs::write(&changed, text).unwrap();
    let (code, out, _) = diff(&[manifest, changed.to_str().unwrap(), "--json"]);
    assert_eq!(code, Some(1));
    let found: serde_json::Value = serde_json::from_str(&out).unwrap();
    let names: Vec<&str> = found["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["runs behind a mean", "batch size"], "{out}");
    assert_eq!(found["differences"][0]["second"], "10");
}

#[test]
fn a_manifest_is_held_against_a_published_table() {
    let manifest = "manifests/published/corl-locomotion-small.toml";
    let (code, out, err) = diff(&[manifest, "corl-offline-last"]);
    assert_eq!(code, Some(1), "{err}");
    for words in [
        "hopper/medium-local-v0, halfcheetah/medium-local-v0",
        "of D4RL",
        "not said",
        "schedule",
    ] {
        assert!(out.contains(words), "`{words}` is not in\n{out}");
    }
    assert!(
        !out.contains("which evaluation counts"),
        "both take the last one\n{out}"
    );
}

#[test]
fn what_is_neither_is_named() {
    let (code, _, err) = diff(&["corl-offline-lst", "d3rlpy-last"]);
    assert_eq!(code, Some(2));
    for words in [
        "`corl-offline-lst` is neither a manifest file nor a published table",
        "did you mean `corl-offline-last`?",
    ] {
        assert!(err.contains(words), "{err}");
    }
    let (code, _, err) = diff(&["nowhere.toml", "d3rlpy-last"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("cannot read manifest nowhere.toml"), "{err}");
}
