//! The logical digest and its checks.

#![allow(clippy::unwrap_used, reason = "a failed helper fails the test")]

mod common;

use std::path::Path;

use common::End::{Cut, Terminated, Truncated, TruncatedKnown};
use common::{batch, id, write};
use dataset::{Batch, Compression, DATA_FILE, Dataset, Digest, Error, SideValues, WriteOptions};

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
fn digest_depends_on_no_storage_detail() {
    let root = tempfile::tempdir().unwrap();
    let rows = batch(3, &EPISODES);
    let mut digests = Vec::new();
    for (i, (group, compression, piece)) in [
        (65_536, Compression::Zstd(3), 1000),
        (7, Compression::None, 1000),
        (64, Compression::Zstd(19), 1),
        (100, Compression::None, 13),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("toy/storage-v{i}");
        let written = write(
            root.path(),
            &name,
            &rows,
            piece,
            options(group, compression),
        )
        .unwrap();
        let verified = Dataset::open(root.path(), &id(&name))
            .unwrap()
            .verify()
            .unwrap();
        assert_eq!(verified.digests.logical, written.metadata.logical_digest);
        digests.push(verified.digests);
    }
    assert!(digests.iter().all(|d| *d == digests[0]), "{digests:?}");
}

type Change = (&'static str, fn(&mut Batch));

#[test]
fn every_core_value_enters_the_digest_and_no_side_column_does() {
    let root = tempfile::tempdir().unwrap();
    let digest = |i: usize, rows: &Batch| {
        let written = write(
            root.path(),
            &format!("toy/changed-v{i}"),
            rows,
            1000,
            WriteOptions::default(),
        )
        .unwrap();
        written.metadata.logical_digest
    };
    let original = batch(4, &EPISODES);
    let changes: [Change; 8] = [
        ("observation", |b| b.observation[100] = -b.observation[100]),
        ("action", |b| b.action[17] += 1.0),
        ("reward", |b| {
            b.reward[208] = f32::from_bits(b.reward[208].to_bits() ^ 1)
        }),
        ("terminated", |b| b.terminated[39] = false),
        ("truncated", |b| b.truncated[39] = true),
        ("final_observation", |b| b.final_observation[2] += 1.0),
        ("final_rows", |b| b.final_rows[0] = 73),
        ("episode", |b| {
            b.episode[144..149].iter_mut().for_each(|e| *e = 5)
        }),
    ];
    let before = digest(0, &original);
    for (i, (what, change)) in changes.into_iter().enumerate() {
        let mut rows = original.clone();
        change(&mut rows);
        if what == "episode" {
            rows.episode[149..].iter_mut().for_each(|e| *e = 5);
            rows.episode[144..149].iter_mut().for_each(|e| *e = 4);
            rows.episode[148] = 5;
        }
        assert_ne!(
            before,
            digest(i + 1, &rows),
            "a change of `{what}` left the digest as it was"
        );
    }
    let mut rows = original.clone();
    rows.side[1] = SideValues::F32(vec![0.5; 4 * rows.len()]);
    assert_eq!(before, digest(20, &rows));
}

#[test]
fn any_flipped_byte_is_detected_or_changes_no_value() {
    let root = tempfile::tempdir().unwrap();
    let rows = batch(5, &[(30, Terminated), (20, TruncatedKnown)]);
    let written = write(
        root.path(),
        "toy/flip-v0",
        &rows,
        1000,
        options(16, Compression::Zstd(3)),
    )
    .unwrap();
    let path = written.folder.join(DATA_FILE);
    let good = std::fs::read(&path).unwrap();
    let (mut by_digest, mut harmless) = (0, 0);
    for at in (0..good.len()).step_by(7) {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        std::fs::write(&path, &bytes).unwrap();
        match Dataset::open_file(&path).and_then(|dataset| dataset.verify()) {
            // Thrift fields that no reader uses: the decoded values are those of the digest.
            Ok(verified) => {
                assert_eq!(verified.digests.logical, written.metadata.logical_digest);
                harmless += 1;
            }
            Err(Error::Digest(mismatch)) => {
                assert_ne!(mismatch.expected, mismatch.found);
                by_digest += 1;
            }
            Err(_) => {}
        }
    }
    assert!(
        by_digest > 0 && harmless < good.len() / 14,
        "{by_digest} by digest, {harmless} harmless"
    );
}

/// Flips the lowest bit of one reward in an uncompressed file of one row group, where the lowest bytes lie together.
fn flip_reward(path: &Path, rewards: &[f32], row: usize) {
    let lowest: Vec<u8> = rewards
        .iter()
        .map(|reward| reward.to_le_bytes()[0])
        .collect();
    let mut bytes = std::fs::read(path).unwrap();
    let at = bytes
        .windows(lowest.len())
        .position(|window| window == lowest)
        .unwrap();
    bytes[at + row] ^= 1;
    std::fs::write(path, &bytes).unwrap();
}

#[test]
fn a_changed_value_is_named_by_column() {
    let root = tempfile::tempdir().unwrap();
    let rows = batch(6, &[(50, Terminated)]);
    let written = write(
        root.path(),
        "toy/value-v0",
        &rows,
        1000,
        options(1000, Compression::None),
    )
    .unwrap();
    let path = written.folder.join(DATA_FILE);
    flip_reward(&path, &rows.reward, 20);
    match Dataset::open_file(&path).unwrap().verify() {
        Err(Error::Digest(mismatch)) => {
            assert_eq!(mismatch.columns, ["reward"]);
            assert_eq!(mismatch.expected, written.metadata.logical_digest);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_cache_serves_unchanged_files_only() {
    let root = tempfile::tempdir().unwrap();
    let rows = batch(7, &[(50, Terminated)]);
    let written = write(
        root.path(),
        "toy/cache-v0",
        &rows,
        1000,
        options(1000, Compression::None),
    )
    .unwrap();
    let digest = written.metadata.logical_digest;
    let path = written.folder.join(DATA_FILE);
    let dataset = Dataset::open(root.path(), &id("toy/cache-v0")).unwrap();
    dataset.expect_digest(digest).unwrap();
    assert!(written.folder.join("verified.json").is_file());
    match dataset.expect_digest(Digest::of(b"other")) {
        Err(Error::Pinned(m)) => assert_eq!((m.expected, m.found), (Digest::of(b"other"), digest)),
        other => panic!("{other:?}"),
    }

    // The same bytes with their time restored are not read again, so a defect stays unseen; a full check finds it.
    let time = std::fs::metadata(&path).unwrap().modified().unwrap();
    flip_reward(&path, &rows.reward, 20);
    std::fs::File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .set_modified(time)
        .unwrap();
    assert_eq!(dataset.verified_digest().unwrap(), digest);
    assert!(matches!(dataset.verify(), Err(Error::Digest(_))));

    // Any other time means another file.
    let later = time + std::time::Duration::from_secs(1);
    std::fs::File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .set_modified(later)
        .unwrap();
    assert!(matches!(dataset.verified_digest(), Err(Error::Digest(_))));
}
