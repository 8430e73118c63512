//! Import of D4RL-layout HDF5: options, side files, bad input.

#![allow(clippy::unwrap_used, reason = "a failed helper fails the test")]

mod common;

use std::path::Path;

use common::{fixture, id, import_options as options, tree};
use dataset::import::{ImportOptions, SideFile, d4rl};
use dataset::{Error, ImportProblem, Origin, Outcome};

fn import_fixture(
    root: &Path,
    file: &str,
    change: impl FnOnce(&mut ImportOptions),
) -> dataset::Result<dataset::Written> {
    let mut options = options(file);
    change(&mut options);
    d4rl::import(root, &fixture("d4rl").join(file), &options, &mut |_, _| {})
}

#[test]
fn side_facts_are_kept() {
    let root = tempfile::tempdir().unwrap();
    let written = import_fixture(root.path(), "toy.hdf5", |_| {}).unwrap();
    let description = &written.metadata.description;
    assert_eq!(description.environment, "Toy-v0");
    assert_eq!(description.licence.as_deref(), Some("MIT OR Apache-2.0"));
    assert_eq!(description.behaviour[0].policy, "clipped standard normal");
    assert_eq!(description.declared["seed"], 20_260_406);
    assert_eq!(description.declared["metadata/algorithm"], "toy");
    assert_eq!(description.declared["metadata/iteration"], 7);
    assert_eq!(description.action_bounds, Some(vec![[-1.0, 1.0]; 2]));
    let Origin::File {
        notes,
        dtypes,
        file,
        ..
    } = &description.origin
    else {
        panic!("{:?}", description.origin)
    };
    assert_eq!(file, "toy.hdf5");
    assert_eq!(dtypes["infos/qpos"], "f64");
    assert_eq!(dtypes["terminals"], "bool");
    assert!(
        notes.iter().any(|note| note.contains("infos/note")),
        "{notes:?}"
    );

    let again = import_fixture(root.path(), "toy.hdf5", |_| {}).unwrap();
    assert_eq!(again.outcome, Outcome::Unchanged);
    let overridden = import_fixture(root.path(), "toy.hdf5", |options| {
        options.id = id("toy/other-v0");
        options.environment = Some("line-v1".to_owned());
    });
    assert_eq!(
        overridden.unwrap().metadata.description.environment,
        "line-v1"
    );
}

#[test]
fn without_timeouts_episodes_end_at_terminals_or_the_declared_length() {
    let root = tempfile::tempdir().unwrap();
    let notes = |written: &dataset::Written| match &written.metadata.description.origin {
        Origin::File { notes, .. } => notes.join("; "),
        Origin::Recipe { .. } => unreachable!("an import has a file"),
    };
    let plain = import_fixture(root.path(), "toy-no-timeouts.hdf5", |_| {}).unwrap();
    assert_eq!(
        (
            plain.metadata.counts.episodes,
            plain.metadata.counts.truncated
        ),
        (5, 0)
    );
    assert!(
        notes(&plain).contains("terminals only"),
        "{}",
        notes(&plain)
    );
    let limited = import_fixture(root.path(), "toy-no-timeouts.hdf5", |options| {
        options.id = id("toy/limited-v0");
        options.episode_length = Some(30);
    })
    .unwrap();
    // 40 = 30 + 10t, 1t, 25 + 60 + 7t = 3 x 30 + 2t, 100 + 50t = 5 x 30 with a terminal last, 28 cut off.
    let counts = &limited.metadata.counts;
    assert_eq!(
        (
            counts.episodes,
            counts.truncated,
            counts.terminated,
            counts.complete_episodes
        ),
        (13, 8, 4, 12)
    );
    assert!(
        notes(&limited).contains("after 30 steps"),
        "{}",
        notes(&limited)
    );
}

#[test]
fn double_precision_is_rounded_on_request_only() {
    let root = tempfile::tempdir().unwrap();
    let refused = import_fixture(root.path(), "toy-float64.hdf5", |_| {}).unwrap_err();
    let shown = refused.to_string();
    assert!(
        shown.contains("`observations`") && shown.contains("f64") && refused.hint().is_some(),
        "{shown}"
    );
    let converted = import_fixture(root.path(), "toy-float64.hdf5", |options| {
        options.convert_f64 = true
    })
    .unwrap();
    let single = import_fixture(root.path(), "toy-contiguous.hdf5", |_| {}).unwrap();
    assert_eq!(
        converted.metadata.logical_digest,
        single.metadata.logical_digest
    );
}

#[test]
fn malformed_files_are_refused_and_leave_nothing() {
    let cases = [
        (
            "bad-unequal-lengths.hdf5",
            &["unequal", "`rewards` 308", "`observations` 311"][..],
        ),
        (
            "bad-missing-key.hdf5",
            &["missing array `actions`", "`observations`", "`timeouts`"],
        ),
        (
            "bad-nan.hdf5",
            &["`observations`", "row 123", "dimension 2", "NaN"],
        ),
        (
            "bad-infinite-reward.hdf5",
            &["`rewards`", "row 200", "-inf"],
        ),
        ("bad-rank.hdf5", &["`actions`", "[311]"]),
        ("bad-dtype.hdf5", &["`terminals`", "bool", "f32"]),
        ("bad-flag.hdf5", &["`terminals`", "row 39", "found 3"]),
        ("bad-empty.hdf5", &["`observations`", "no rows"]),
        ("bad-discontinuity.hdf5", &["row 70", "next_observations"]),
    ];
    for (file, words) in cases {
        let root = tempfile::tempdir().unwrap();
        let error = import_fixture(root.path(), file, |_| {}).unwrap_err();
        let shown = error.to_string();
        for word in words.iter().chain(&[file]) {
            assert!(
                shown.contains(word),
                "{file}: `{word}` is missing in: {shown}"
            );
        }
        assert_eq!(
            tree(root.path()),
            Vec::<String>::new(),
            "{file} left something"
        );
    }
}

#[test]
fn a_discontinuity_can_end_an_episode() {
    let root = tempfile::tempdir().unwrap();
    let split = import_fixture(root.path(), "bad-discontinuity.hdf5", |options| {
        options.split_discontinuities = true
    });
    let whole = import_fixture(root.path(), "toy.hdf5", |_| {}).unwrap();
    assert_eq!(
        split.unwrap().metadata.counts.episodes,
        whole.metadata.counts.episodes + 1
    );
}

#[test]
fn a_side_file_that_disagrees_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let side = root.path().join("wrong.toml");
    let data = root.path().join("data");
    let cases = [
        (
            "environment = 'x'\nmean_return = 7.26",
            "`mean_return` = 7.26",
        ),
        (
            "environment = 'x'\ntransitions = 310",
            "`transitions` = 310",
        ),
        ("environment = 3", "`environment`: expected a string"),
        ("environment = ", "invalid TOML"),
        ("seed = 1", "no environment"),
    ];
    for (text, words) in cases {
        std::fs::write(&side, text).unwrap();
        let error = import_fixture(&data, "toy.hdf5", |options| {
            options.side_file = SideFile::At(side.clone())
        })
        .unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(!data.exists() || tree(&data).is_empty());
    }
}

#[test]
fn damaged_files_give_errors_not_panics() {
    let root = tempfile::tempdir().unwrap();
    let good = std::fs::read(fixture("d4rl/toy.hdf5")).unwrap();
    let path = root.path().join("damaged.hdf5");
    let data = root.path().join("data");
    let mut options = options("toy.hdf5");
    options.environment = Some("Toy-v0".to_owned());
    options.write.overwrite = true;
    for length in (0..good.len()).step_by(1511) {
        std::fs::write(&path, &good[..length]).unwrap();
        let result = d4rl::import(&data, &path, &options, &mut |_, _| {});
        assert!(result.is_err(), "the first {length} bytes were imported");
    }
    for at in (0..good.len()).step_by(211) {
        let mut bytes = good.clone();
        bytes[at] ^= 0xff;
        std::fs::write(&path, &bytes).unwrap();
        // Either outcome is right, depending on what the byte meant; a panic or an abort is not.
        if let Err(error) = d4rl::import(&data, &path, &options, &mut |_, _| {}) {
            assert!(
                matches!(error, Error::Import { .. } | Error::InvalidColumn { .. }),
                "{error:?}"
            );
        }
    }
    let missing = d4rl::import(
        &data,
        &root.path().join("missing.hdf5"),
        &options,
        &mut |_, _| {},
    );
    assert!(matches!(missing, Err(Error::Io { .. })));
    assert!(matches!(
        d4rl::import(&data, &fixture("d4rl/toy.toml"), &options, &mut |_, _| {}),
        Err(Error::Import { problem, .. }) if matches!(*problem, ImportProblem::Hdf5 { .. })
    ));
}
