//! Runs that end well: what they leave, that they repeat, that nothing is computed twice.

use crate::scene::{MANIFEST, Scene, bytes, nodes};
use std::collections::BTreeMap;
use std::path::Path;
use store::FileRecord;

#[test]
fn a_study_leaves_its_tables_and_a_second_run_changes_nothing() {
    let scene = Scene::new();
    let first = scene.run(&["run", "tiny.toml", "--json"]).expect(0).json();
    // Two seeds of one cloning stage, two critics, two climbing stages; as many evaluations as policies.
    assert_eq!(
        (&first["cached"], &first["computed"]),
        (&0.into(), &16.into())
    );
    assert_eq!(first["failed"], serde_json::json!([]));
    let folder = scene.results().join("tiny");
    let files = bytes(&folder);
    for name in [
        "table.md",
        "table.csv",
        "table.json",
        "observations.parquet",
        "study.json",
    ] {
        assert!(
            files.contains_key(name),
            "{name} is not in {:?}",
            files.keys()
        );
    }
    let before = nodes(&scene.results());
    assert_eq!(before.len(), 16);
    let second = scene.run(&["run", "tiny.toml", "--json"]).expect(0).json();
    assert_eq!(
        (&second["cached"], &second["computed"]),
        (&16.into(), &0.into())
    );
    assert_eq!(nodes(&scene.results()), before);
    assert_eq!(bytes(&folder), files);
}

#[test]
fn plugins_that_are_not_sealed_are_sealed_by_the_run() {
    let scene = Scene::bare();
    let library = scene.add_library(&tests::built_library("good-plugins"));
    scene.add_benchmark("tiny/bandit-v0", 0.3);
    scene.write("tiny.toml", MANIFEST);
    scene.run(&["validate", "tiny.toml"]).expect(0);
    let sealed = plugin_host::Sidecar::read(&library).unwrap();
    assert_eq!(sealed, tests::metadata(&library));
}

/// What a run computed: the bytes of every file of every node.
fn content(results: &Path) -> BTreeMap<String, BTreeMap<String, FileRecord>> {
    let all = nodes(results).into_iter();
    all.map(|(id, node)| (id, node.files)).collect()
}

#[test]
fn clean_folders_and_other_numbers_of_workers_give_the_same_bytes() {
    let (one, two) = (Scene::new(), Scene::new());
    one.run(&["run", "tiny.toml", "--jobs", "1"]).expect(0);
    two.run(&["run", "tiny.toml", "--jobs", "3"]).expect(0);
    assert_eq!(content(&one.results()).len(), 16);
    assert_eq!(content(&one.results()), content(&two.results()));
    let folder = |scene: &Scene| bytes(&scene.results().join("tiny"));
    assert_eq!(folder(&one), folder(&two));
}

#[test]
fn further_seeds_compute_only_what_is_missing() {
    let scene = Scene::new();
    scene.write("one.toml", &MANIFEST.replace("count = 2", "count = 1"));
    scene.run(&["run", "one.toml"]).expect(0);
    let before = nodes(&scene.results());
    let report = scene.run(&["run", "tiny.toml", "--json"]).expect(0).json();
    assert_eq!(
        (&report["cached"], &report["computed"]),
        (&8.into(), &8.into())
    );
    let after = nodes(&scene.results());
    assert!(before.iter().all(|(id, node)| after.get(id) == Some(node)));
    let whole = Scene::new();
    whole.run(&["run", "tiny.toml"]).expect(0);
    let folder = |scene: &Scene| bytes(&scene.results().join("tiny"));
    assert_eq!(folder(&scene), folder(&whole));
}
