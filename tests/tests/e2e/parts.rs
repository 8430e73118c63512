//! A study that is run in parts and joined is the study that is run at once.

use crate::scene::{MANIFEST, Scene, bytes};
use std::collections::BTreeMap;
use std::path::Path;

/// The tiny study on two benchmarks and with three seeds, in `two.toml`.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.add_benchmark("tiny/other-v0", 0.6);
    let second = "[[benchmark]]\nid = \"tiny/other-v0\"\n\n[[pipeline]]\nname = \"clone\"";
    let text = MANIFEST.replacen("count = 2", "count = 3", 1).replacen(
        "[[pipeline]]\nname = \"clone\"",
        second,
        1,
    );
    scene.write("two.toml", &text);
    scene
}

/// Renderings that people and programs read.
fn renderings(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = bytes(folder);
    files.retain(|name, _| name.starts_with("table.") || name.ends_with(".svg"));
    files
}

#[test]
fn parts_joined_are_the_study_run_at_once() {
    let scene = scene();
    scene
        .run(&["run", "two.toml", "--results", "whole"])
        .expect(0);
    let part = |name: &str, results: &str, chosen: &[&str]| {
        let mut arguments = vec!["run", "two.toml", "--results", results, "--part", name];
        arguments.extend(chosen);
        scene.run(&arguments).expect(0);
    };
    part("early", "results", &["--seeds", "0-1"]);
    // Somewhere else, with a store of its own; one cell is in both.
    let other = ["--benchmark", "tiny/other-v0", "--seeds", "1-9"];
    part("late-other", "elsewhere", &other);
    let last = ["--benchmark", "tiny/bandit-v0", "--seeds", "2"];
    part("late", "results", &last);
    let early = scene.run(&["results", "merge", "results/tiny"]).expect(0);
    early.says(&["from 2 parts"]);
    let (there, here) = (
        scene.path("elsewhere/tiny/parts/late-other"),
        "results/tiny/parts/late-other",
    );
    std::fs::rename(there, scene.path(here)).unwrap();
    let merged = scene
        .run(&["results", "merge", "results/tiny", "--show"])
        .expect(0);
    merged.says(&["from 3 parts", "0 cells without a value"]);

    let (whole, joined) = (scene.path("whole/tiny"), scene.path("results/tiny"));
    let expected = renderings(&whole);
    assert!(expected.contains_key("table.csv"), "{:?}", expected.keys());
    assert_eq!(renderings(&joined), expected);
    let study = |folder: &Path| std::fs::read_to_string(folder.join("study.json")).unwrap();
    assert_eq!(study(&joined), study(&whole));
}

#[test]
fn parts_that_do_not_fit_are_refused_and_nothing_is_written() {
    let scene = scene();
    let chosen = scene.run(&["run", "two.toml", "--seeds", "0-1"]).expect(2);
    chosen.says(&["--part NAME"]);
    let named = scene
        .run(&["run", "two.toml", "--part", "No Name"])
        .expect(2);
    named.says(&["expected lower-case letters"]);
    let seeds = scene
        .run(&["run", "two.toml", "--part", "a", "--seeds", "7-9"])
        .expect(2);
    seeds.says(&["no benchmark has a seed in 7-9"]);
    let misspelt = [
        "run",
        "two.toml",
        "--part",
        "a",
        "--benchmark",
        "tiny/bandit-v1",
    ];
    scene.run(&misspelt).expect(2).says(&["tiny/bandit-v0"]);
    let none = scene.run(&["results", "merge", "results/tiny"]).expect(2);
    none.says(&["has no parts", "--part NAME"]);

    scene
        .run(&["run", "two.toml", "--part", "a", "--seeds", "0"])
        .expect(0);
    scene
        .run(&["run", "two.toml", "--part", "b", "--seeds", "1"])
        .expect(0);
    let record = scene.path("results/tiny/parts/b/part.json");
    let text = std::fs::read_to_string(&record).unwrap();
    let path = if text.contains("avx512") {
        "avx512"
    } else {
        "avx2-fma"
    };
    std::fs::write(&record, text.replace(path, "sse2")).unwrap();
    let mixed = scene.run(&["results", "merge", "results/tiny"]).expect(2);
    mixed.says(&["not made alike", "numeric: ", "part `b`", "--mixed"]);
    assert!(!scene.path("results/tiny/study.json").exists());
    let accepted = scene
        .run(&["results", "merge", "results/tiny", "--mixed"])
        .expect(0);
    accepted.says(&["joined, though not made alike", "numeric: "]);

    // Another manifest under the same id.
    let other = std::fs::read_to_string(scene.path("two.toml")).unwrap();
    scene.write(
        "two.toml",
        &other.replacen("updates = 20", "updates = 21", 1),
    );
    scene
        .run(&["run", "two.toml", "--part", "b", "--seeds", "1"])
        .expect(0);
    let apart = scene.run(&["results", "merge", "results/tiny"]).expect(2);
    apart.says(&["not parts of one study", "the manifest differs"]);
}
