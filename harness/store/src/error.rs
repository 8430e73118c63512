//! What can go wrong in the store.

use std::path::{Path, PathBuf};

/// Errors of the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file operation failed.
    #[error("{action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{path} is not valid: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was expected and found.
        reason: String,
    },
    /// The bytes of a file changed after they were written.
    #[error(
        "{path} does not have the bytes that were recorded: expected sha256 {expected}, found {found}"
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The recorded digest.
        expected: String,
        /// The digest of what is there.
        found: String,
    },
    /// The store was written by a newer version.
    #[error("{path} has format {found}, this version reads {expected}")]
    Format {
        /// The file.
        path: PathBuf,
        /// Readable format.
        expected: u32,
        /// Found format.
        found: String,
    },
    /// Another run writes to the store.
    #[error("another run is writing to {path}")]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// A file or folder of others cannot be imported.
    #[error("{path} cannot be imported: {reason}")]
    Source {
        /// The file or folder.
        path: PathBuf,
        /// What was expected and found.
        reason: String,
    },
    /// A value in a file of others is not what its column holds.
    #[error("{path} row {row}, column `{column}`: expected {expected}, found {found}")]
    Cell {
        /// The file.
        path: PathBuf,
        /// Line of a text file, number of the row of another, from 1.
        row: u64,
        /// The column.
        column: String,
        /// What is allowed.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// Two parts of a study have different results of one cell.
    #[error("{cell} was computed twice, differently: in {first} and in {second}")]
    TwoResults {
        /// The cell.
        cell: String,
        /// A part.
        first: String,
        /// Another part.
        second: String,
    },
    /// A Parquet file cannot be written or read.
    #[error("{action} {path}: {reason}")]
    Parquet {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// The library's words.
        reason: String,
    },
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Corrupt { path, .. } | Self::Malformed { path, .. } => {
                let node = path.parent().unwrap_or(path);
                Some(format!(
                    "remove {} and run again: the node is computed anew",
                    node.display()
                ))
            }
            Self::Format { .. } => Some("use a newer Assay, or another results folder".into()),
            Self::Locked { .. } => {
                Some("wait for it to finish, or choose another folder with --results".into())
            }
            Self::Source { .. } | Self::Cell { .. } => {
                Some("nothing was written; --map says which columns are what".into())
            }
            Self::TwoResults { .. } => {
                Some("take one of the two parts away, or run both with the same binaries".into())
            }
            Self::Io { .. } | Self::Parquet { .. } => None,
        }
    }
}
