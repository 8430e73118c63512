//! Import of D4RL-layout HDF5 against numbers from h5py.

#![allow(clippy::unwrap_used, reason = "a failed helper fails the test")]

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::{Float32Type, Float64Type};
use common::{fixture, import_options as options, test_data};
use dataset::import::d4rl;
use dataset::{DATA_FILE, Dataset, Outcome, Stats};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    files: BTreeMap<String, Expected>,
}

#[derive(Deserialize)]
struct Expected {
    transitions: u64,
    episodes: u64,
    complete_episodes: u64,
    terminated: u64,
    truncated: u64,
    final_observations: u64,
    mean_return: f64,
    checked_rows: Vec<usize>,
    columns: BTreeMap<String, ExpectedColumn>,
    digests: BTreeMap<String, String>,
    logical_digest: String,
}

#[derive(Deserialize)]
struct ExpectedColumn {
    dtype: String,
    width: u32,
    sum: f64,
    rows: Vec<Vec<f64>>,
}

fn reference() -> Reference {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/golden/dataset/h5py_reference.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Imports a file and holds every number against the reference.
fn check(path: &Path, expected: &Expected) {
    let root = tempfile::tempdir().unwrap();
    let file = path.file_name().unwrap().to_str().unwrap();
    let mut calls = Vec::new();
    let written = d4rl::import(root.path(), path, &options(file), &mut |rows, total| {
        calls.push((rows, total))
    })
    .unwrap();
    assert_eq!(written.outcome, Outcome::Created);
    assert_eq!(calls.first(), Some(&(0, expected.transitions)));
    assert_eq!(
        calls.last(),
        Some(&(expected.transitions, expected.transitions))
    );

    let dataset = Dataset::open(root.path(), &options(file).id).unwrap();
    let counts = &dataset.metadata().counts;
    assert_eq!(counts.transitions, expected.transitions);
    assert_eq!(counts.episodes, expected.episodes);
    assert_eq!(counts.complete_episodes, expected.complete_episodes);
    assert_eq!(
        (counts.terminated, counts.truncated),
        (expected.terminated, expected.truncated)
    );
    let mean = counts.mean_return.unwrap();
    assert!(
        (mean - expected.mean_return).abs() <= 1e-12 * mean.abs(),
        "{mean} != {}",
        expected.mean_return
    );

    let verified = dataset.verify().unwrap();
    for (name, digest) in &verified.digests.columns {
        assert_eq!(
            digest.to_string(),
            expected.digests[name],
            "{file}: column `{name}`"
        );
    }
    assert_eq!(
        verified.digests.logical.to_string(),
        expected.logical_digest
    );
    let stats = Stats::of(&dataset.load().unwrap(), None);
    assert_eq!(stats.final_observations, expected.final_observations);

    for (name, column) in &expected.columns {
        check_column(
            &written.folder.join(DATA_FILE),
            name,
            column,
            &expected.checked_rows,
        );
    }
    let stored = dataset.metadata().side_columns().count() + 3;
    assert_eq!(
        stored,
        expected.columns.len(),
        "{file}: the reference knows other columns"
    );
}

/// Reads a column with nothing but the Parquet crate: float64 sum and some rows.
fn check_column(path: &Path, name: &str, expected: &ExpectedColumn, rows: &[usize]) {
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(path).unwrap()).unwrap();
    let mut values = Vec::new();
    for batch in builder.build().unwrap() {
        let batch = batch.unwrap();
        let array = batch.column_by_name(name).unwrap();
        let flat = array
            .as_fixed_size_list_opt()
            .map_or(array.as_ref(), |list| list.values().as_ref());
        match expected.dtype.as_str() {
            "f32" => values.extend(
                flat.as_primitive::<Float32Type>()
                    .values()
                    .iter()
                    .map(|&x| f64::from(x)),
            ),
            _ => values.extend(flat.as_primitive::<Float64Type>().values()),
        }
    }
    let width = expected.width as usize;
    assert_eq!(exact_sum(&values), expected.sum, "sum of `{name}`");
    for (row, want) in rows.iter().zip(&expected.rows) {
        assert_eq!(
            values[row * width..(row + 1) * width],
            want[..],
            "`{name}`, row {row}"
        );
    }
}

/// The correctly rounded sum, as Python's `math.fsum` gives it: partial sums that do not overlap.
fn exact_sum(values: &[f64]) -> f64 {
    let mut partials: Vec<f64> = Vec::new();
    for &value in values {
        let mut x = value;
        let mut kept = 0;
        for i in 0..partials.len() {
            let y = partials[i];
            let (large, small) = if x.abs() < y.abs() { (y, x) } else { (x, y) };
            let sum = large + small;
            let error = small - (sum - large);
            if error != 0.0 {
                partials[kept] = error;
                kept += 1;
            }
            x = sum;
        }
        partials.truncate(kept);
        partials.push(x);
    }
    // Partials grow in magnitude and do not overlap, so adding from the largest rounds once, ties aside.
    partials.iter().rev().sum()
}

#[test]
fn committed_files_equal_h5py() {
    let reference = reference();
    for file in ["toy.hdf5", "toy-contiguous.hdf5"] {
        check(&fixture("d4rl").join(file), &reference.files[file]);
    }
}

#[test]
fn larger_files_equal_h5py_and_their_side_files() {
    let Some(data) = test_data() else { return };
    let reference = reference();
    let mut seen = 0;
    for entry in std::fs::read_dir(data.join("d4rl")).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "hdf5")
        {
            assert!(
                path.with_extension("toml").is_file(),
                "no side file, so nothing checks the mean return"
            );
            check(
                &path,
                &reference.files[path.file_name().unwrap().to_str().unwrap()],
            );
            seen += 1;
        }
    }
    let expected = reference
        .files
        .keys()
        .filter(|name| !name.starts_with("toy"))
        .count();
    assert_eq!(
        seen, expected,
        "the reference and the folder name different files"
    );
}
