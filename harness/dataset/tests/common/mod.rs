//! Helpers of the dataset tests.

#![allow(dead_code, reason = "each test file uses a part")]

use std::path::{Path, PathBuf};

use dataset::import::ImportOptions;
use dataset::{
    Batch, Column, DatasetId, DatasetWriter, Description, Dtype, Generator, Origin, SideValues,
    Transition, WriteOptions, Written,
};
use manifest::random::Stream;

/// The committed data folder.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fixtures/data")
        .join(name)
}

/// The larger files, where the environment names them.
#[allow(clippy::disallowed_methods, reason = "tests have no settings module")]
#[allow(clippy::print_stdout, reason = "a skipped test says why")]
pub(crate) fn test_data() -> Option<PathBuf> {
    let root = std::env::var_os("ASSAY_TEST_DATA").map(PathBuf::from);
    if root.is_none() {
        println!("skipped: ASSAY_TEST_DATA is not set");
    }
    root
}

pub(crate) fn id(name: &str) -> DatasetId {
    DatasetId::new(name).unwrap()
}

pub(crate) fn description(name: &str) -> Description {
    Description {
        id: id(name),
        environment: "toy/line-v0".to_owned(),
        generator: Generator::assay("dataset generate"),
        origin: Origin::recipe(serde_json::json!({ "environment": "toy/line-v0", "seed": 3 }))
            .unwrap(),
        behaviour: Vec::new(),
        licence: None,
        source: None,
        action_bounds: None,
        declared: Default::default(),
    }
}

/// How an episode of [`batch`] ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum End {
    Terminated,
    Truncated,
    TruncatedKnown,
    Cut,
}

pub(crate) const WIDTHS: (u32, u32) = (3, 2);

/// Random rows in episodes of the given lengths and ends, with a scalar f64 and a wide f32 side column.
pub(crate) fn batch(seed: u64, episodes: &[(usize, End)]) -> Batch {
    let mut random = Stream::new(seed, &["test"]);
    let mut batch = Batch::default();
    let mut draw = |n: usize| {
        let mut values = vec![0.0; n];
        random.fill_normal(&mut values);
        values
    };
    for (episode, &(length, end)) in episodes.iter().enumerate() {
        for step in 0..length {
            let last = step + 1 == length;
            let known = draw(3);
            batch.push(Transition {
                episode: episode as u32,
                observation: &draw(3),
                action: &draw(2),
                reward: draw(1)[0],
                terminated: last && end == End::Terminated,
                truncated: last && matches!(end, End::Truncated | End::TruncatedKnown),
                final_observation: (last && end == End::TruncatedKnown).then_some(known.as_slice()),
            });
        }
    }
    let n = batch.len();
    batch.side = vec![
        SideValues::F64(draw(n).into_iter().map(f64::from).collect()),
        SideValues::F32(draw(4 * n)),
    ];
    batch
}

pub(crate) fn side_columns() -> [Column; 2] {
    [
        Column::new("action_log_prob", Dtype::F64, 1),
        Column::new("qpos", Dtype::F32, 4),
    ]
}

/// Rows `from..to` of a batch.
pub(crate) fn slice(batch: &Batch, from: usize, to: usize) -> Batch {
    let finals: Vec<usize> = (0..batch.final_rows.len())
        .filter(|&k| (from..to).contains(&(batch.final_rows[k] as usize)))
        .collect();
    let side = batch.side.iter().map(|values| match values {
        SideValues::F32(v) => SideValues::F32(v[4 * from..4 * to].to_vec()),
        SideValues::F64(v) => SideValues::F64(v[from..to].to_vec()),
    });
    Batch {
        episode: batch.episode[from..to].to_vec(),
        observation: batch.observation[3 * from..3 * to].to_vec(),
        action: batch.action[2 * from..2 * to].to_vec(),
        reward: batch.reward[from..to].to_vec(),
        terminated: batch.terminated[from..to].to_vec(),
        truncated: batch.truncated[from..to].to_vec(),
        final_rows: finals
            .iter()
            .map(|&k| batch.final_rows[k] - from as u32)
            .collect(),
        final_observation: finals
            .iter()
            .flat_map(|&k| batch.final_observation[3 * k..3 * k + 3].to_vec())
            .collect(),
        side: side.collect(),
    }
}

/// Writes a batch in pieces of `piece` rows.
pub(crate) fn write(
    root: &Path,
    name: &str,
    batch: &Batch,
    piece: usize,
    options: WriteOptions,
) -> dataset::Result<Written> {
    let mut writer =
        DatasetWriter::create(root, description(name), WIDTHS, &side_columns(), options)?;
    for from in (0..batch.len()).step_by(piece) {
        writer.push(slice(batch, from, (from + piece).min(batch.len())))?;
    }
    writer.finish()
}

/// Names of everything under a folder, sorted.
pub(crate) fn tree(root: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            names.push(path.strip_prefix(root).unwrap().display().to_string());
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    names.sort();
    names
}

/// `hopper_medium_replay-v2.hdf5` -> `hopper/medium-replay-local-v0`.
pub(crate) fn import_options(file: &str) -> ImportOptions {
    let stem = file
        .trim_end_matches(".hdf5")
        .trim_end_matches("-v2")
        .replace('_', "-");
    let name = stem.replacen('-', "/", 1);
    let name = if name.contains('/') {
        name
    } else {
        format!("{name}/plain")
    };
    let mut options = ImportOptions::new(id(&format!("{name}-local-v0")));
    if file.starts_with("toy-") || file.starts_with("bad-") {
        options.environment = Some("Toy-v0".to_owned());
    }
    options
}
