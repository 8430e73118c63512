//! Lint finds each planted defect with its code and rows (`tests/golden/dataset/make_defects.py`), and nothing in clean data; the
//! fixes put right what they name.

#![allow(clippy::unwrap_used, reason = "a failed helper fails the test")]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dataset::import::{ImportOptions, import};
use dataset::lint::{self, Code, Finding};
use dataset::repair::Fix;
use dataset::{Dataset, DatasetId, Transitions};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    files: BTreeMap<String, Planted>,
}

#[derive(Deserialize)]
struct Planted {
    code: String,
    rows: PlantedRows,
}

#[derive(Deserialize)]
struct PlantedRows {
    count: u64,
    first: Vec<u64>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/data/defects")
}

fn planted() -> BTreeMap<String, Planted> {
    let text = std::fs::read_to_string(folder().join("expected.json")).unwrap();
    serde_json::from_str::<Expected>(&text).unwrap().files
}

fn options() -> ImportOptions {
    let mut options = ImportOptions::new(DatasetId::new("toy/point-v0").unwrap());
    options.environment = Some("toy/point-v0".into());
    // D4RL's environments have these bounds; the importer assumes them only where no action lies outside.
    options.action_bounds = Some(vec![[-1.0, 1.0]; 2]);
    options
}

fn found(file: &Path, options: &ImportOptions) -> Vec<Finding> {
    let scratch = tempfile::tempdir().unwrap();
    lint::source(scratch.path(), file, None, options)
        .unwrap()
        .findings
}

#[test]
fn clean_data_have_no_finding() {
    assert_eq!(found(&folder().join("clean.hdf5"), &options()), Vec::new());
}

#[test]
fn each_planted_defect_is_found_with_its_rows_and_nothing_else() {
    let all = planted();
    assert!(all.len() >= 13);
    for (name, planted) in all {
        let found = found(&folder().join(format!("{name}.hdf5")), &options());
        let [finding] = &found[..] else {
            panic!("{name}: {found:#?}");
        };
        assert_eq!(finding.code.name(), planted.code, "{name}: {finding:#?}");
        let rows = &finding.rows;
        assert_eq!(
            (rows.count, &rows.first),
            (planted.rows.count, &planted.rows.first),
            "{name}: {finding:#?}"
        );
        assert!(
            !finding.seen.is_empty() && !finding.effect.is_empty() && !finding.remedy.is_empty()
        );
    }
}

#[test]
fn real_data_are_clean() {
    let Some(data) = common::test_data() else {
        return;
    };
    let mut files = 0;
    for entry in std::fs::read_dir(data.join("d4rl")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "hdf5") {
            files += 1;
            let options = ImportOptions {
                action_bounds: None,
                ..options()
            };
            assert_eq!(found(&path, &options), Vec::new(), "{}", path.display());
        }
    }
    assert!(files > 0);
}

/// Rows of the file after `fixes`, and what the origin says about them.
fn fixed(name: &str, fixes: &[&str]) -> (Transitions, String) {
    let root = tempfile::tempdir().unwrap();
    let mut options = options();
    options.write.fixes = fixes.iter().map(|fix| fix.parse().unwrap()).collect();
    let file = folder().join(format!("{name}.hdf5"));
    let written = import(root.path(), &file, None, &options, &mut |_, _| {}).unwrap();
    let dataset = Dataset::open(root.path(), &written.metadata.description.id).unwrap();
    let origin = serde_json::to_string(&written.metadata.description.origin).unwrap();
    (dataset.load().unwrap(), origin)
}

fn clean() -> Transitions {
    fixed("clean", &[]).0
}

fn same(a: &Transitions, b: &Transitions) -> bool {
    (
        a.episode(),
        a.observation(),
        a.action(),
        a.reward(),
        a.terminated(),
        a.truncated(),
    ) == (
        b.episode(),
        b.observation(),
        b.action(),
        b.reward(),
        b.terminated(),
        b.truncated(),
    )
}

#[test]
fn fixes_give_the_clean_data_back_and_are_recorded() {
    let clean = clean();
    for (name, fix) in [
        ("time-limit-terminated", "time-limit-terminated=50"),
        ("duplicate-trajectory", "duplicate-trajectory"),
        ("empty-episode", "empty-episode"),
    ] {
        let (rows, origin) = fixed(name, &[fix]);
        assert!(same(&rows, &clean), "{name}");
        assert!(origin.contains(&format!("fix `{fix}`")), "{origin}");
    }
}

#[test]
fn shifted_rewards_move_back_and_the_row_without_one_is_dropped() {
    let clean = clean();
    let n = clean.len();
    let (late, _) = fixed("reward-late", &["reward-shifted=1"]);
    assert_eq!(late.reward(), &clean.reward()[..n - 1]);
    assert_eq!(late.observation_at(0), clean.observation_at(0));
    let (early, _) = fixed("reward-early", &["reward-shifted=-1"]);
    assert_eq!(early.reward(), &clean.reward()[1..]);
    assert_eq!(early.observation_at(0), clean.observation_at(1));
}

#[test]
fn bad_values_cut_their_episode_and_actions_are_clipped() {
    let clean = clean();
    let (cut, _) = fixed("non-finite", &["non-finite"]);
    assert_eq!(cut.episode_count(), clean.episode_count());
    assert_eq!(cut.episode_rows(0), 0..37);
    assert!(cut.truncated()[36] && !cut.terminated()[36] && !cut.has_successor(36));
    let (clipped, _) = fixed("actions-out-of-bounds", &["actions-out-of-bounds"]);
    assert_eq!(
        (clipped.action_at(5)[1], clipped.action_at(77)[1]),
        (1.0, -1.0)
    );
    let (short, origin) = fixed("unequal-lengths", &["unequal-lengths"]);
    assert_eq!(short.len(), clean.len() - 3);
    assert!(origin.contains("unequal-lengths"), "{origin}");
}

#[test]
fn fixes_are_named_as_they_are_written() {
    for text in [
        "time-limit-terminated=1000",
        "reward-shifted=-1",
        "non-finite",
        "empty-episode",
    ] {
        assert_eq!(text.parse::<Fix>().unwrap().to_string(), text);
    }
    let refused = |text: &str| text.parse::<Fix>().unwrap_err();
    assert!(refused("time-limit-terminated").contains("=1000"));
    assert!(refused("reward-shifted=2").contains("reward-shifted=-1"));
    assert!(refused("non-finite=3").contains("takes no value"));
    assert!(refused("constant-column").contains("has no fix"));
    assert!(refused("nan").contains("non-finite"));
    assert_eq!(Code::ALL.iter().filter(|c| c.fixable()).count(), 7);
}
