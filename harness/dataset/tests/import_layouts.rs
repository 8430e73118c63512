//! Import of every layout: counts and digests against the script that wrote the files, and refusals.

#![allow(clippy::unwrap_used, reason = "a failed helper fails the test")]

mod common;

use std::path::Path;

use common::{fixture, id, tree};
use dataset::import::{ImportOptions, Layout, import};
use dataset::{Origin, Written};
use serde_json::Value;

fn options(name: &str) -> ImportOptions {
    let mut options = ImportOptions::new(id(name));
    options.environment = Some("toy/plain-v0".to_owned());
    options
}

fn layouts(file: &str) -> std::path::PathBuf {
    fixture("layouts").join(file)
}

fn reference(kind: &str) -> Value {
    let text = std::fs::read_to_string(layouts("layouts.json")).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()[kind].clone()
}

fn run(
    root: &Path,
    file: &str,
    layout: Option<Layout>,
    change: impl FnOnce(&mut ImportOptions),
) -> dataset::Result<Written> {
    let mut options = options("toy/layout-v0");
    change(&mut options);
    import(root, &layouts(file), layout, &options, &mut |_, _| {})
}

fn check(written: &Written, kind: &str, file: &str) {
    let expected = reference(kind);
    let counts = serde_json::to_value(&written.metadata.counts).unwrap();
    for key in ["transitions", "episodes", "terminated", "truncated"] {
        assert_eq!(counts[key], expected[key], "{file}: {key}");
    }
    let digest = written.metadata.logical_digest.to_string();
    assert_eq!(digest, expected["logical_digest"], "{file}");
}

fn notes(written: &Written) -> String {
    match &written.metadata.description.origin {
        Origin::File { notes, .. } => notes.join("; "),
        Origin::Recipe { .. } => unreachable!("an import has a file"),
    }
}

#[test]
fn one_set_of_transitions_has_one_digest_in_every_layout() {
    let files = [("toy-d4rl.hdf5", "d4rl"), ("toy-npz.npz", "npz")];
    for (file, layout) in files {
        let root = tempfile::tempdir().unwrap();
        let written = run(root.path(), file, None, |_| {}).unwrap();
        check(&written, "plain", file);
        let Origin::File { layout: found, .. } = &written.metadata.description.origin else {
            panic!("{file} has no origin")
        };
        assert!(found.starts_with(layout), "{file}: {found}");
    }
}

#[test]
fn ogbench_states_become_transitions_without_rewards() {
    let root = tempfile::tempdir().unwrap();
    let written = run(root.path(), "toy-ogbench.npz", None, |_| {}).unwrap();
    check(&written, "without_rewards", "toy-ogbench.npz");
    let metadata = &written.metadata;
    assert_eq!(metadata.description.declared["rewards"], "absent");
    assert!(
        notes(&written).contains("no rewards"),
        "{}",
        notes(&written)
    );
    let side: Vec<&str> = metadata
        .side_columns()
        .map(|c| c.column.name.as_str())
        .collect();
    assert_eq!(side, ["qpos", "qvel"]);
    // Side values are those of the state that a transition starts at, which here are the observation.
    let loaded = dataset::Dataset::open(root.path(), &id("toy/layout-v0")).unwrap();
    assert_eq!(
        loaded.verify().unwrap().digests.logical,
        metadata.logical_digest
    );
}

#[test]
fn byte_order_and_storage_of_an_archive_do_not_matter() {
    for file in ["bad/big-endian.npz", "bad/stored.npz"] {
        let root = tempfile::tempdir().unwrap();
        check(
            &run(root.path(), file, None, |_| {}).unwrap(),
            "plain",
            file,
        );
    }
}

#[test]
fn doubles_are_rounded_on_request_only() {
    let root = tempfile::tempdir().unwrap();
    let refused = run(root.path(), "bad/float64.npz", None, |_| {}).unwrap_err();
    assert!(refused.to_string().contains("f64"), "{refused}");
    assert!(refused.hint().unwrap().contains("--convert-f64"));
    let written = run(root.path(), "bad/float64.npz", None, |o| {
        o.convert_f64 = true
    })
    .unwrap();
    check(&written, "plain", "float64");
}

#[test]
fn what_cannot_be_read_is_refused_with_the_reason_and_leaves_nothing() {
    let cases: &[(&str, &[&str])] = &[
        (
            "bad/objects.npz",
            &["`observations`", "pickle", "runs the program"],
        ),
        ("bad/rollouts.pkl", &["pickle", "never opened"]),
        ("bad/fortran.npz", &["`observations`", "column by column"]),
        ("bad/claims-2-60-rows.npz", &["`observations`", "claims"]),
        ("bad/claims-2-60-rows.hdf5", &["`observations`", "limit"]),
        ("bad/outside.npz", &["../observations", "leads out"]),
        ("bad/links.hdf5", &["missing array `observations`"]),
        ("bad/external-storage.hdf5", &["observations"]),
        ("bad/virtual.hdf5", &["observations", "other files"]),
        ("layouts.json", &["not recognised", "starts with the bytes"]),
    ];
    for (file, words) in cases {
        let root = tempfile::tempdir().unwrap();
        let error = run(root.path(), file, None, |_| {}).unwrap_err();
        let shown = error.to_string();
        for word in words.iter().chain(&[*file]) {
            assert!(
                shown.contains(word),
                "{file}: `{word}` is missing in: {shown}"
            );
        }
        assert_eq!(tree(root.path()), Vec::<String>::new(), "{file}");
    }
}

#[test]
fn a_named_layout_wins_over_the_content() {
    let root = tempfile::tempdir().unwrap();
    // Read as states: the last row of an episode is no transition then.
    let written = run(root.path(), "toy-npz.npz", Some(Layout::Ogbench), |_| {}).unwrap();
    assert!(
        notes(&written).contains("`timeouts` left out"),
        "{}",
        notes(&written)
    );
    let error = run(root.path(), "toy-npz.npz", Some(Layout::D4rl), |_| {});
    assert!(error.is_ok(), "D4RL's keys in an NPZ file: {error:?}");
}
