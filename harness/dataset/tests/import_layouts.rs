//! Import of every layout: counts and digests against the script that wrote the files, and refusals.

#![allow(clippy::unwrap_used, reason = "a failed helper fails the test")]

mod common;

use std::path::Path;

use common::{fixture, id, tree};
use dataset::import::{ImportOptions, Layout, Mapping, import};
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

fn mapping(options: &mut ImportOptions) {
    let text = std::fs::read_to_string(layouts("mapping.toml")).unwrap();
    options.mapping = Some(Mapping::parse(&text).unwrap());
}

#[test]
fn one_set_of_transitions_has_one_digest_in_every_layout() {
    let files = [
        ("toy-d4rl.hdf5", "d4rl-hdf5"),
        ("toy-npz.npz", "npz"),
        ("toy-neorl.npz", "neorl-npz"),
        ("toy-imitation.npz", "imitation-npz"),
        ("toy-d3rlpy.h5", "d3rlpy-hdf5"),
        ("toy-minari-hdf5", "minari-hdf5"),
        ("toy-minari-arrow", "minari-arrow"),
        ("toy-exorl", "exorl-npz"),
        ("toy.parquet", "parquet"),
        ("toy.csv", "csv"),
    ];
    for (file, layout) in files {
        let root = tempfile::tempdir().unwrap();
        let written = run(root.path(), file, None, mapping).unwrap();
        check(&written, "plain", file);
        let Origin::File { layout: found, .. } = &written.metadata.description.origin else {
            panic!("{file} has no origin")
        };
        assert_eq!(found, layout, "{file}");
    }
}

#[test]
fn newer_d3rlpy_files_hold_transitions_without_final_observations() {
    let root = tempfile::tempdir().unwrap();
    let written = run(root.path(), "toy-d3rlpy-1.0.h5", None, |_| {}).unwrap();
    let counts = &written.metadata.counts;
    assert_eq!((counts.transitions, counts.episodes), (100, 10));
    assert_eq!((counts.terminated, counts.truncated), (5, 5));
}

#[test]
fn facts_of_a_minari_dataset_are_kept() {
    for file in ["toy-minari-hdf5", "toy-minari-arrow"] {
        let root = tempfile::tempdir().unwrap();
        let written = run(root.path(), file, None, |o| o.environment = None).unwrap();
        let description = &written.metadata.description;
        assert_eq!(description.environment, "Toy-v0");
        assert_eq!(description.behaviour[0].policy, "clipped standard normal");
        assert_eq!(description.action_bounds, Some(vec![[-1.0, 1.0]; 2]));
        let side: Vec<&str> = written
            .metadata
            .side_columns()
            .map(|c| c.column.name.as_str())
            .collect();
        assert_eq!(side, ["distance"], "{file}");
    }
}

#[test]
fn members_with_objects_are_left_out_with_the_reason() {
    let root = tempfile::tempdir().unwrap();
    let written = run(root.path(), "toy-imitation.npz", None, |_| {}).unwrap();
    let text = notes(&written);
    assert!(
        text.contains("`infos`") && text.contains("pickle"),
        "{text}"
    );
}

#[test]
fn physics_become_positions_and_velocities_where_the_domain_is_known() {
    for (environment, names) in [
        ("dmc/walker-walk-v0", &["qpos", "qvel"][..]),
        ("dmc/other-v0", &["physics"]),
    ] {
        let root = tempfile::tempdir().unwrap();
        let change = |o: &mut ImportOptions| o.environment = Some(environment.to_owned());
        let written = run(root.path(), "toy-exorl", None, change).unwrap();
        let side: Vec<&str> = written
            .metadata
            .side_columns()
            .map(|c| c.column.name.as_str())
            .collect();
        assert_eq!(side, names);
    }
}

#[test]
fn rewards_of_another_task_replace_those_of_the_episodes() {
    let root = tempfile::tempdir().unwrap();
    let relabel = |task: &str| {
        let task = task.to_owned();
        move |o: &mut ImportOptions| o.relabel = Some(task)
    };
    let written = run(root.path(), "toy-exorl", None, relabel("walker_stand")).unwrap();
    let description = &written.metadata.description;
    assert_eq!(description.declared["reward_task"], "walker_stand");
    let expected = reference("plain")["logical_digest"].clone();
    assert_ne!(written.metadata.logical_digest.to_string(), expected);
    let refused = run(root.path(), "toy-exorl", None, relabel("walker_fly")).unwrap_err();
    assert!(refused.to_string().contains("walker_flip"), "{refused}");
}

#[test]
fn a_table_needs_a_mapping_that_fits() {
    let cases = [
        (None, "nothing says which columns"),
        (Some("observation = 'obs_*'"), "no column for"),
        (Some("observation = 'o_*'\naction = 'act_*'"), "`obs_0`"),
        (
            Some("observation = 'obs_*'\naction = 'act_*'\nnext_observation = 'next_0'"),
            "gives `next_observation` 1",
        ),
    ];
    for (text, words) in cases {
        for file in ["toy.csv", "toy.parquet"] {
            let root = tempfile::tempdir().unwrap();
            let error = run(root.path(), file, None, |o| {
                o.mapping = text.map(|text| Mapping::parse(text).unwrap());
            })
            .unwrap_err();
            assert!(error.to_string().contains(words), "{file}: {error}");
            assert!(error.hint().is_some());
        }
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
    let root = tempfile::tempdir().unwrap();
    let error = run(root.path(), "toy-exorl", Some(Layout::Neorl), |_| {}).unwrap_err();
    assert!(
        error.to_string().contains("a folder of episodes"),
        "{error}"
    );
}
