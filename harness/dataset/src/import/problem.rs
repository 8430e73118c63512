//! What can be wrong with a file that is to be imported.

use std::fmt;
use std::path::PathBuf;

use crate::error::{InDimension, Names};

/// Why a file could not be imported.
#[derive(Debug, thiserror::Error)]
#[expect(
    missing_docs,
    reason = "the message of a variant says what its fields hold"
)]
pub enum ImportProblem {
    #[error("not readable as HDF5: {object}")]
    Hdf5 {
        object: String,
        #[source]
        source: hdf5_pure::Error,
    },
    #[error("missing array `{key}`; present: {}", Names(present))]
    MissingArray { key: String, present: Vec<String> },
    #[error("arrays of unequal length: {}", Lengths(lengths))]
    UnequalLengths { lengths: Vec<(String, u64)> },
    #[error("array `{array}`: expected dtype {expected}, found {found}")]
    Dtype {
        array: String,
        expected: &'static str,
        found: String,
    },
    #[error("array `{array}`: expected shape {expected}, found {found:?}")]
    Shape {
        array: String,
        expected: String,
        found: Vec<u64>,
    },
    #[error("array `{array}` has no rows")]
    NoRows { array: String },
    #[error("array `{array}`, row {row}: expected 0 or 1, found {value}")]
    NotBoolean { array: String, row: u64, value: u8 },
    #[error("array `{array}`, row {row}{}: expected a finite number, found {value}", InDimension(*dimension))]
    NotFinite {
        array: String,
        row: u64,
        dimension: Option<usize>,
        value: f64,
    },
    #[error("array `{array}`, row {row}{}: {value} does not fit f32", InDimension(*dimension))]
    Overflow {
        array: String,
        row: u64,
        dimension: Option<usize>,
        value: f64,
    },
    #[error("row {row}: `next_observations` differs from the observation of row {}, and no episode ends there", row + 1)]
    Discontinuity { row: u64 },
    #[error("no environment is named")]
    NoEnvironment,
    #[error("side file {}: invalid TOML", path.display())]
    SideToml {
        path: PathBuf,
        #[source]
        source: Box<toml::de::Error>,
    },
    #[error("side file {}: key `{key}`: expected {expected}, found {found}", path.display())]
    SideKey {
        path: PathBuf,
        key: String,
        expected: &'static str,
        found: String,
    },
    #[error("side file {}: `{key}` = {declared}, but the arrays give {found}", path.display())]
    SideDisagrees {
        path: PathBuf,
        key: &'static str,
        declared: f64,
        found: f64,
    },
    #[error("two arrays would become column `{column}`: {}", Names(arrays))]
    SameColumn { column: String, arrays: Vec<String> },
    #[error("not readable as a zip archive: {object}")]
    Zip {
        object: String,
        #[source]
        source: zip::result::ZipError,
    },
    #[error("{object}: {found}")]
    Damaged { object: String, found: String },
    #[error("{object}: {found} is more than the limit of {limit}")]
    TooLarge {
        object: String,
        found: String,
        limit: String,
    },
    #[error("member `{name}` of the archive has a name that leads out of it")]
    UnsafeName { name: String },
    #[error(
        "array `{array}` holds Python objects: they are stored as a pickle, and reading a pickle runs the program in it"
    )]
    Objects { array: String },
    #[error("a pickle: reading one runs the program in it, so pickles are never opened")]
    Pickle,
    #[error("array `{array}` is stored column by column (Fortran order)")]
    FortranOrder { array: String },
    #[error("array `{array}`, row {row}{}: {value} is no integer that f32 holds exactly", InDimension(*dimension))]
    Inexact {
        array: String,
        row: u64,
        dimension: Option<usize>,
        value: String,
    },
    #[error("array `{array}`, row {row}: {value} is no flag (0 or 1)")]
    NotFlag { array: String, row: u64, value: f32 },
    #[error("array `{array}`: {problem}")]
    Boundaries { array: String, problem: String },
    #[error("the layout is not recognised: found {found}")]
    UnknownLayout { found: String },
    #[error("layout `{layout}` expects {expected}, found {found}")]
    WrongContainer {
        layout: &'static str,
        expected: &'static str,
        found: String,
    },
    #[error("not readable as JSON: {}", path.display())]
    Json {
        path: PathBuf,
        #[source]
        source: serde_json::Error,
    },
    #[error("{}: key `{key}`: expected {expected}, found {found}", path.display())]
    Fact {
        path: PathBuf,
        key: String,
        expected: String,
        found: String,
    },
    #[error("not readable as Arrow IPC: {}", path.display())]
    Arrow {
        path: PathBuf,
        #[source]
        source: arrow::error::ArrowError,
    },
    #[error("not readable as CSV")]
    Csv(#[source] csv::Error),
    #[error("line {line}, column `{column}`: expected {expected}, found `{found}`")]
    Cell {
        line: u64,
        column: String,
        expected: &'static str,
        found: String,
    },
    #[error("the column mapping {problem}")]
    Mapping { problem: String },
    #[error("no task `{task}` for {domain}; known: {}", Names(known))]
    Relabel {
        task: String,
        domain: String,
        known: Vec<String>,
    },
}

impl ImportProblem {
    pub(crate) fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Hdf5 { .. } => {
                "is the download complete? `h5ls` of the HDF5 tools shows what is in the file"
            }
            Self::Dtype { found, .. } if found == "f64" => {
                "`--convert-f64` rounds double precision to single"
            }
            Self::Discontinuity { .. } => "`--split-discontinuities` ends the episode at such rows",
            Self::NoEnvironment => {
                "name it with `--environment`, or as `environment` in the `.toml` beside the file"
            }
            Self::NotFinite { array, .. } if array.contains("infos/") => {
                "`--exclude infos/<name>` leaves a side array out"
            }
            Self::UnequalLengths { .. } => "`--exclude <array>` leaves an array under `infos/` out",
            Self::SameColumn { .. } => "`--exclude <array>` leaves one of them out",
            Self::SideDisagrees { .. } => {
                "the side file belongs to other data; correct it, or name another with `--metadata`"
            }
            Self::Zip { .. } | Self::Damaged { .. } => "is the download complete?",
            Self::Objects { .. } => "save the array again with a numeric dtype",
            Self::Pickle => {
                "load it in Python and save its arrays with `numpy.savez`, or as Parquet or CSV"
            }
            Self::FortranOrder { .. } => "save it again from `numpy.ascontiguousarray(array)`",
            Self::UnknownLayout { .. } => {
                "name it with `--layout`: d4rl, minari, ogbench, exorl, neorl, d3rlpy, imitation, npz, parquet or csv; \
                 parquet and csv need `--map`"
            }
            Self::Mapping { .. } => {
                "for example `--map observation=obs_0,obs_1 --map action=act --map reward=rew --map terminated=done`"
            }
            _ => return None,
        };
        Some(text.to_owned())
    }
}

/// Names with lengths.
struct Lengths<'a>(&'a [(String, u64)]);

impl fmt::Display for Lengths<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each: Vec<String> = self
            .0
            .iter()
            .map(|(name, n)| format!("`{name}` {n}"))
            .collect();
        f.write_str(&each.join(", "))
    }
}
