//! Import of the larger files of every layout, against the counts that their makers state.

#![allow(clippy::unwrap_used, reason = "a failed helper fails the test")]

mod common;

use std::path::Path;

use common::{id, test_data};
use dataset::import::{ImportOptions, import};
use dataset::{Error, ImportProblem, Origin, Written};

/// File, needs rounding, transitions, complete episodes, terminated, mean return where it is stated.
type Case = (&'static str, bool, u64, u64, u64, Option<f64>);

const CASES: [Case; 12] = [
    ("d4rl/hopper_expert-v2.hdf5", false, 100_000, 105, 11, None),
    (
        "minari/local/halfcheetah/medium-v0",
        true,
        20_000,
        20,
        0,
        Some(4446.9),
    ),
    (
        "minari/local/halfcheetah/medium-arrow-v0",
        true,
        20_000,
        20,
        0,
        Some(4446.9),
    ),
    (
        "ogbench/antmaze-large-navigate-v0.npz",
        false,
        100_000,
        100,
        0,
        None,
    ),
    (
        "ogbench/antmaze-large-navigate-v0-val.npz",
        false,
        10_000,
        10,
        0,
        None,
    ),
    (
        "ogbench/pointmaze-medium-navigate-v0.npz",
        false,
        100_000,
        100,
        0,
        None,
    ),
    (
        "ogbench/pointmaze-medium-navigate-v0-val.npz",
        false,
        10_000,
        10,
        0,
        None,
    ),
    ("exorl/cheetah/mixed", false, 30_000, 30, 0, Some(152.6)),
    (
        "exorl/walker/mixed/buffer",
        false,
        30_000,
        30,
        0,
        Some(110.8),
    ),
    // 100,000 states: the last of each episode is a final observation.
    (
        "d3rlpy-samples/cartpole_random.h5",
        false,
        100_000 - 4324,
        4324,
        4323,
        None,
    ),
    (
        "d3rlpy-samples/pendulum_random.h5",
        false,
        100_000 - 498,
        498,
        0,
        None,
    ),
    (
        "hcai-imitation/cartpole_0_rollouts_final.npz",
        true,
        26_964,
        57,
        57,
        Some(473.1),
    ),
];

fn run(
    root: &Path,
    file: &Path,
    name: &str,
    change: impl FnOnce(&mut ImportOptions),
) -> dataset::Result<Written> {
    let mut options = ImportOptions::new(id(name));
    options.environment = Some("real/plain-v0".to_owned());
    change(&mut options);
    import(root, file, None, &options, &mut |_, _| {})
}

#[test]
fn every_file_gives_its_stated_counts() {
    let Some(data) = test_data() else { return };
    let root = tempfile::tempdir().unwrap();
    let mut digests = Vec::new();
    for (i, (file, convert, transitions, episodes, terminated, mean)) in CASES.iter().enumerate() {
        let name = format!("real/file-{i}-v0");
        let written = run(root.path(), &data.join(file), &name, |o| {
            o.convert_f64 = *convert
        });
        let written = written.unwrap_or_else(|error| panic!("{file}: {error}"));
        let counts = &written.metadata.counts;
        let found = (
            counts.transitions,
            counts.complete_episodes,
            counts.terminated,
        );
        assert_eq!(found, (*transitions, *episodes, *terminated), "{file}");
        if let Some(mean) = mean {
            let found = counts.mean_return.unwrap();
            assert!((found - mean).abs() < 0.05, "{file}: {found}");
        }
        digests.push(written.metadata.logical_digest);
    }
    assert_eq!(digests[1], digests[2], "Minari's two formats");
}

#[test]
fn pickles_are_refused_and_object_members_left_out() {
    let Some(data) = test_data() else { return };
    let root = tempfile::tempdir().unwrap();
    for file in [
        "expert_data_Hopper-v4.pkl",
        "expert_data_HalfCheetah-v4.pkl",
    ] {
        let path = data.join("cs285-fall2023").join(file);
        match run(root.path(), &path, "real/pickle-v0", |_| {}) {
            Err(Error::Import { problem, .. }) => {
                assert!(matches!(*problem, ImportProblem::Pickle), "{problem}");
            }
            other => panic!("{other:?}"),
        }
    }
    let file = data.join("hcai-imitation/cartpole_0_rollouts_final.npz");
    let written = run(root.path(), &file, "real/imitation-v0", |o| {
        o.convert_f64 = true
    })
    .unwrap();
    match &written.metadata.description.origin {
        Origin::File { notes, .. } => {
            assert!(
                notes
                    .iter()
                    .any(|n| n.contains("`infos`") && n.contains("pickle"))
            );
        }
        Origin::Recipe { .. } => panic!("an import has a file"),
    }
}

/// The stored rewards are those of one of the tasks, so that recomputing them must give them back.
#[test]
fn recomputed_rewards_equal_the_stored_ones() {
    let Some(data) = test_data() else { return };
    for (folder, task) in [
        ("exorl/walker/mixed", "walker_walk"),
        ("exorl/cheetah/mixed", "cheetah_run"),
    ] {
        let root = tempfile::tempdir().unwrap();
        let mut rewards = Vec::new();
        for (name, task) in [("real/stored-v0", None), ("real/recomputed-v0", Some(task))] {
            let relabel = |o: &mut ImportOptions| o.relabel = task.map(str::to_owned);
            run(root.path(), &data.join(folder), name, relabel).unwrap();
            let dataset = dataset::Dataset::open(root.path(), &id(name)).unwrap();
            rewards.push(dataset.load().unwrap().reward().to_vec());
        }
        let pairs = rewards[0].iter().zip(&rewards[1]);
        let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-5, "{task}: {worst}");
    }
}
