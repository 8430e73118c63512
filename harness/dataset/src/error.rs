//! Everything that can go wrong with a dataset.

use std::fmt;
use std::path::PathBuf;

use crate::digest::Digest;
use crate::id::DatasetId;
pub use crate::import::ImportProblem;

/// `Result` with this crate's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation on a dataset failed. [`Error::hint`] says what can be done about it.
#[derive(Debug, thiserror::Error)]
#[expect(
    missing_docs,
    reason = "the message of a variant says what its fields hold"
)]
pub enum Error {
    #[error("`{id}` is no dataset name: {rule}")]
    InvalidId { id: String, rule: &'static str },
    #[error("dataset `{id}` does not exist: no file {}", path.display())]
    NotFound { id: DatasetId, path: PathBuf },
    #[error("{}: cannot {action}", path.display())]
    Io {
        path: PathBuf,
        action: &'static str,
        #[source]
        source: std::io::Error,
    },
    #[error("{}: cannot {action}", path.display())]
    Parquet {
        path: PathBuf,
        action: &'static str,
        #[source]
        source: parquet::errors::ParquetError,
    },
    #[error("{}: the data cannot be decoded", path.display())]
    Corrupt {
        path: PathBuf,
        #[source]
        source: arrow::error::ArrowError,
    },
    #[error("rows do not make an Arrow batch")]
    Arrow(#[source] arrow::error::ArrowError),
    #[error("{}: no metadata entry `{key}`", path.display())]
    NoMetadata { path: PathBuf, key: &'static str },
    #[error("{}: metadata entry `{key}` is invalid", path.display())]
    Metadata {
        path: PathBuf,
        key: &'static str,
        #[source]
        source: serde_json::Error,
    },
    #[error("{}: dataset format {found}, but only formats up to {supported} are known", path.display())]
    Format {
        path: PathBuf,
        found: u32,
        supported: u32,
    },
    #[error("folder of dataset `{id}` holds dataset `{found}`: {}", path.display())]
    Renamed {
        id: DatasetId,
        found: DatasetId,
        path: PathBuf,
    },
    #[error("{}: the metadata say `{key}` = {expected}, but the file has {found}", path.display())]
    Disagreement {
        path: PathBuf,
        key: &'static str,
        expected: String,
        found: String,
    },
    #[error("{}: column `{column}`: expected {expected}, found {found}", path.display())]
    Schema {
        path: PathBuf,
        column: String,
        expected: String,
        found: String,
    },
    #[error("column `{column}`: {problem}")]
    InvalidColumn {
        column: String,
        problem: &'static str,
    },
    #[error("array `{array}` of a batch: expected {expected} elements, found {found}")]
    BatchLength {
        array: String,
        expected: usize,
        found: usize,
    },
    #[error("row {row}: {problem}")]
    Order { row: u64, problem: OrderProblem },
    #[error("array `{array}`, row {row}{}: expected a finite number, found {value}", InDimension(*dimension))]
    NotFinite {
        array: String,
        row: u64,
        dimension: Option<usize>,
        value: f64,
    },
    #[error("dataset `{id}` has no rows")]
    NoRows { id: DatasetId },
    #[error("dataset `{id}` has {rows} rows, more than the {limit} that an index can address")]
    TooManyRows {
        id: DatasetId,
        rows: u64,
        limit: u64,
    },
    #[error("the recipe cannot be written as canonical JSON")]
    Recipe(#[source] serde_json::Error),
    #[error("dataset `{}` is not the one that was pinned: expected sha256 {}, found sha256 {}", .0.id, .0.expected, .0.found)]
    Pinned(Box<Mismatch>),
    #[error(
        "{}: the data are not what the metadata say (differs: {}): expected sha256 {}, found sha256 {}",
        .0.path.display(), Names(&.0.columns), .0.expected, .0.found
    )]
    Digest(Box<Mismatch>),
    #[error("{}: side column `{column}` is not what the metadata say: expected sha256 {expected}, found sha256 {found}", path.display())]
    SideDigest {
        path: PathBuf,
        column: String,
        expected: Digest,
        found: Digest,
    },
    #[error("dataset `{}` exists with other data: existing sha256 {}, new sha256 {}", .0.id, .0.expected, .0.found)]
    Exists(Box<Mismatch>),
    #[error(
        "dataset `{id}` exists with the same transitions but another {}",
        Names(facts)
    )]
    ExistsOtherFacts {
        id: DatasetId,
        path: PathBuf,
        facts: Vec<&'static str>,
    },
    #[error("`data_fraction` = {value}: expected a number above 0 and at most 1")]
    Fraction { value: f64 },
    #[error(
        "a data view with `data_fraction` = {fraction} of {trajectories} trajectories holds no sampleable row"
    )]
    EmptyView { fraction: f64, trajectories: usize },
    #[error("{}: {problem}", file.display())]
    Import {
        file: PathBuf,
        problem: Box<ImportProblem>,
    },
}

/// A dataset whose digest is another than expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The dataset.
    pub id: DatasetId,
    /// Its data file.
    pub path: PathBuf,
    /// The pinned, recorded or existing digest.
    pub expected: Digest,
    /// The digest of the data at hand.
    pub found: Digest,
    /// Columns that differ, where known.
    pub columns: Vec<String>,
}

/// What is wrong with the order of rows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(
    missing_docs,
    reason = "the message of a variant says what its fields hold"
)]
pub enum OrderProblem {
    #[error("the first episode is numbered {found}, expected 0")]
    FirstEpisode { found: u32 },
    #[error("episode {to} follows episode {from}, expected the same or the next number")]
    EpisodeJump { from: u32, to: u32 },
    #[error("episode {episode} goes on after a terminated or truncated row")]
    RowAfterEnd { episode: u32 },
    #[error("episode {episode} goes on after a row with a final observation")]
    FinalObservationInside { episode: u32 },
}

impl Error {
    /// What the user can do about it, where there is something.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound { .. } => Some("`assay dataset list` shows what is there; `assay dataset import` or `generate` makes it".to_owned()),
            Self::Format { .. } => Some("use a newer version of assay, or make the dataset again with this one".to_owned()),
            Self::NoMetadata { .. } => Some("the file was not written by `assay dataset`; import it instead".to_owned()),
            Self::Renamed { .. } => Some("the name is part of a dataset: rename the folder back, or import under the new name".to_owned()),
            Self::Corrupt { .. } | Self::Digest(_) | Self::SideDigest { .. } => Some("the file has changed since it was written; make the dataset again".to_owned()),
            Self::Pinned(_) => Some("get the pinned data, or change the digest where it is pinned to accept these".to_owned()),
            Self::Exists(_) | Self::ExistsOtherFacts { .. } => {
                Some("use another name or version, or `--overwrite` to replace the existing dataset".to_owned())
            }
            Self::EmptyView { .. } => Some("raise `data_fraction`, or use a dataset with more trajectories".to_owned()),
            Self::Import { problem, .. } => problem.hint(),
            _ => None,
        }
    }
}

/// `, dimension 3`, or nothing.
pub(crate) struct InDimension(pub(crate) Option<usize>);

impl fmt::Display for InDimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .map_or(Ok(()), |dimension| write!(f, ", dimension {dimension}"))
    }
}

/// Names in backticks, separated by commas.
pub(crate) struct Names<'a, T>(pub(crate) &'a [T]);

impl<T: AsRef<str>> fmt::Display for Names<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted: Vec<String> = self
            .0
            .iter()
            .map(|name| format!("`{}`", name.as_ref()))
            .collect();
        f.write_str(if quoted.is_empty() { "nothing" } else { "" })?;
        f.write_str(&quoted.join(", "))
    }
}
