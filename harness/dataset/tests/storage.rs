//! Writing and reading: all rows, all or nothing, in order.

#![allow(clippy::unwrap_used, reason = "a failed helper fails the test")]

mod common;

use common::End::{Cut, Terminated, Truncated, TruncatedKnown};
use common::{batch, description, id, side_columns, tree, write};
use dataset::{
    Batch, Compression, DATA_FILE, Dataset, DatasetWriter, Error, OrderProblem, Outcome,
    SideValues, Stats, Transitions, WriteOptions, list,
};

const EPISODES: [(usize, common::End); 6] = [
    (40, Terminated),
    (1, Terminated),
    (33, Truncated),
    (70, TruncatedKnown),
    (5, Cut),
    (60, Cut),
];

fn options(row_group_rows: usize, compression: Compression) -> WriteOptions {
    WriteOptions {
        overwrite: false,
        row_group_rows,
        compression,
        ..WriteOptions::default()
    }
}

#[test]
fn what_is_written_is_read() {
    let root = tempfile::tempdir().unwrap();
    let rows = batch(1, &EPISODES);
    let written = write(
        root.path(),
        "toy/mixed-v0",
        &rows,
        50,
        WriteOptions::default(),
    )
    .unwrap();
    assert_eq!(written.outcome, Outcome::Created);

    let dataset = Dataset::open(root.path(), &id("toy/mixed-v0")).unwrap();
    assert_eq!(*dataset.metadata(), written.metadata);
    let counts = &dataset.metadata().counts;
    assert_eq!(
        (
            counts.transitions,
            counts.episodes,
            counts.complete_episodes
        ),
        (209, 6, 4)
    );
    assert_eq!(
        (
            counts.terminated,
            counts.truncated,
            counts.rows_after_last_complete_episode
        ),
        (2, 2, 65)
    );
    dataset.verify().unwrap();

    let loaded = dataset.load().unwrap();
    assert_eq!(loaded.observation(), rows.observation);
    assert_eq!(loaded.action(), rows.action);
    assert_eq!(loaded.reward(), rows.reward);
    assert_eq!(loaded.episode(), rows.episode);
    assert_eq!(loaded.terminated(), rows.terminated);
    assert_eq!(loaded.truncated(), rows.truncated);
    assert_eq!(
        loaded.final_observation(3),
        Some(rows.final_observation.as_slice())
    );
    assert_eq!(loaded.final_observation(2), None);

    let stats = Stats::of(&loaded, None);
    let mean = counts.mean_return.unwrap();
    assert!((stats.returns.unwrap().mean - mean).abs() < 1e-12 * mean.abs().max(1.0));
    assert_eq!(stats.sampleable, loaded.sampleable_rows().len() as u64);
}

#[test]
fn rows_without_successor_are_kept_and_never_sampled() {
    let transitions = Transitions::from_batch(
        3,
        2,
        Batch {
            side: Vec::new(),
            ..batch(2, &EPISODES)
        },
    )
    .unwrap();
    let lasts: Vec<usize> = transitions.episodes().map(|rows| rows.end - 1).collect();
    let without: Vec<usize> = (0..transitions.len())
        .filter(|&row| !transitions.has_successor(row))
        .collect();
    // Truncated with unknown next observation, and the two cut-off episodes.
    assert_eq!(without, [lasts[2], lasts[4], lasts[5]]);
    let sampleable = transitions.sampleable_rows();
    assert_eq!(sampleable.len() + without.len(), transitions.len());
    assert!(
        sampleable
            .iter()
            .all(|&row| !without.contains(&(row as usize)))
    );
    for &row in &sampleable {
        let row = row as usize;
        let expected = match lasts.iter().position(|&last| last == row) {
            None => transitions.observation_at(row + 1),
            Some(3) => transitions.final_observation(3).unwrap(),
            Some(_) => transitions.observation_at(row),
        };
        assert_eq!(transitions.next_observation(row), expected, "row {row}");
    }
}

#[test]
fn nothing_is_left_of_an_unfinished_dataset() {
    let root = tempfile::tempdir().unwrap();
    let rows = batch(8, &[(50, Terminated)]);
    let mut writer = DatasetWriter::create(
        root.path(),
        description("toy/half-v0"),
        (3, 2),
        &side_columns(),
        WriteOptions::default(),
    )
    .unwrap();
    writer.push(rows.clone()).unwrap();
    assert!(list(root.path()).unwrap().is_empty());
    drop(writer);
    assert_eq!(tree(root.path()), Vec::<String>::new());

    let mut bad = rows;
    bad.reward[3] = f32::NAN;
    match write(root.path(), "toy/half-v0", &bad, 2, WriteOptions::default()) {
        Err(Error::NotFinite { array, row, .. }) => {
            assert_eq!((array.as_str(), row), ("reward", 3))
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(tree(root.path()), Vec::<String>::new());
}

#[test]
fn an_existing_dataset_is_kept_unless_overwritten() {
    let root = tempfile::tempdir().unwrap();
    let (one, two) = (
        batch(9, &[(50, Terminated)]),
        batch(10, &[(50, Terminated)]),
    );
    let overwrite = WriteOptions {
        overwrite: true,
        ..WriteOptions::default()
    };
    let first = write(
        root.path(),
        "toy/twice-v0",
        &one,
        1000,
        WriteOptions::default(),
    )
    .unwrap();
    let again = write(
        root.path(),
        "toy/twice-v0",
        &one,
        7,
        options(9, Compression::None),
    )
    .unwrap();
    assert_eq!(again.outcome, Outcome::Unchanged);
    match write(
        root.path(),
        "toy/twice-v0",
        &two,
        1000,
        WriteOptions::default(),
    ) {
        Err(Error::Exists(m)) => {
            assert_eq!(m.expected, first.metadata.logical_digest);
            assert_ne!(m.expected, m.found);
        }
        other => panic!("{other:?}"),
    }
    let mut side_only = one.clone();
    side_only.side[0] = SideValues::F64(vec![1.0; 50]);
    match write(
        root.path(),
        "toy/twice-v0",
        &side_only,
        1000,
        WriteOptions::default(),
    ) {
        Err(Error::ExistsOtherFacts { facts, .. }) => assert_eq!(facts, ["columns"]),
        other => panic!("{other:?}"),
    }
    Dataset::open(root.path(), &id("toy/twice-v0"))
        .unwrap()
        .expect_digest(first.metadata.logical_digest)
        .unwrap();
    let replaced = write(root.path(), "toy/twice-v0", &two, 1000, overwrite).unwrap();
    assert_eq!(replaced.outcome, Outcome::Replaced);
    let dataset = Dataset::open(root.path(), &id("toy/twice-v0")).unwrap();
    dataset
        .expect_digest(replaced.metadata.logical_digest)
        .unwrap();
    assert!(
        tree(root.path())
            .iter()
            .all(|name| !name.contains(".incoming"))
    );
}

#[test]
fn writers_that_race_agree_or_exactly_one_wins() {
    for same in [true, false] {
        let root = tempfile::tempdir().unwrap();
        let results: Vec<_> = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..6)
                .map(|i| {
                    let rows = batch(if same { 20 } else { 20 + i }, &[(50, Terminated)]);
                    let root = root.path();
                    scope.spawn(move || {
                        write(root, "toy/race-v0", &rows, 10, WriteOptions::default())
                    })
                })
                .collect();
            handles
                .into_iter()
                .map(|handle| handle.join().unwrap())
                .collect()
        });
        let outcome = |wanted: Outcome| {
            results
                .iter()
                .flatten()
                .filter(|w| w.outcome == wanted)
                .count()
        };
        assert_eq!(outcome(Outcome::Created), 1);
        assert_eq!(outcome(Outcome::Unchanged), if same { 5 } else { 0 });
        let dataset = Dataset::open(root.path(), &id("toy/race-v0")).unwrap();
        dataset.verify().unwrap();
        for result in &results {
            match result {
                Ok(written) => assert_eq!(written.metadata, *dataset.metadata()),
                Err(Error::Exists(m)) => assert_eq!(m.expected, dataset.metadata().logical_digest),
                Err(error) => panic!("{error:?}"),
            }
        }
        assert!(
            tree(root.path())
                .iter()
                .all(|name| !name.contains(".incoming"))
        );
    }
}

#[test]
fn what_a_killed_writer_left_is_removed_and_what_a_live_one_holds_is_kept() {
    let root = tempfile::tempdir().unwrap();
    let (dead, live) = (
        root.path().join(".incoming-dead"),
        root.path().join(".incoming-live"),
    );
    for folder in [&dead, &live] {
        std::fs::create_dir_all(folder.join("dataset")).unwrap();
        std::fs::write(folder.join("lock"), "").unwrap();
    }
    let held = std::fs::File::open(live.join("lock")).unwrap();
    held.lock().unwrap();
    let rows = batch(20, &[(50, Terminated)]);
    let options = WriteOptions::default();
    write(root.path(), "toy/swept-v0", &rows, 10, options).unwrap();
    assert!(!dead.exists());
    assert!(live.exists());
}

type Disorder = (fn(&mut Batch), u64, OrderProblem);

#[test]
fn disorder_is_refused_with_its_row() {
    let good = batch(11, &[(10, Terminated), (10, TruncatedKnown)]);
    let cases: [Disorder; 5] = [
        (
            |b| b.episode.iter_mut().for_each(|e| *e += 1),
            0,
            OrderProblem::FirstEpisode { found: 1 },
        ),
        (
            |b| b.episode[15] = 3,
            15,
            OrderProblem::EpisodeJump { from: 1, to: 3 },
        ),
        (
            |b| b.episode[12] = 0,
            12,
            OrderProblem::EpisodeJump { from: 1, to: 0 },
        ),
        (
            |b| b.truncated[4] = true,
            5,
            OrderProblem::RowAfterEnd { episode: 0 },
        ),
        (
            |b| b.final_rows[0] = 13,
            14,
            OrderProblem::FinalObservationInside { episode: 1 },
        ),
    ];
    for (change, row, problem) in cases {
        for piece in [1, 3, 1000] {
            let root = tempfile::tempdir().unwrap();
            let mut rows = good.clone();
            change(&mut rows);
            match write(
                root.path(),
                "toy/disorder-v0",
                &rows,
                piece,
                WriteOptions::default(),
            ) {
                Err(Error::Order {
                    row: found,
                    problem: why,
                }) => assert_eq!((found, &why), (row, &problem)),
                other => panic!("{problem:?}: {other:?}"),
            }
        }
    }
}

#[test]
fn list_shows_datasets_and_broken_ones() {
    let root = tempfile::tempdir().unwrap();
    assert!(list(&root.path().join("missing")).unwrap().is_empty());
    let rows = batch(12, &[(5, Terminated)]);
    for name in ["toy/b-v0", "toy/a-v0", "other/deep/c-v1"] {
        write(root.path(), name, &rows, 10, WriteOptions::default()).unwrap();
    }
    std::fs::write(root.path().join("toy/b-v0").join(DATA_FILE), b"not parquet").unwrap();
    std::fs::create_dir(root.path().join("toy/empty-v0")).unwrap();
    std::fs::rename(
        root.path().join("toy/a-v0"),
        root.path().join("toy/renamed-v0"),
    )
    .unwrap();
    let found = list(root.path()).unwrap();
    let names: Vec<(&str, bool)> = found
        .iter()
        .map(|entry| (entry.id.as_str(), entry.dataset.is_ok()))
        .collect();
    // A renamed folder is refused too: the name is part of the metadata.
    assert_eq!(
        names,
        [
            ("other/deep/c-v1", true),
            ("toy/b-v0", false),
            ("toy/renamed-v0", false)
        ]
    );
}
