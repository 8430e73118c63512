//! What can go wrong between a study folder and its statistics.

use std::path::PathBuf;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a study could not be analysed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file of the study cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// `study.json` is not what its format says.
    #[error("`{file}` is not a study description")]
    Malformed {
        /// The file.
        file: String,
        /// Where and why.
        source: serde_json::Error,
    },
    /// `study.json` has another format number.
    #[error("`{file}` has format {found}, expected {expected}")]
    UnsupportedFormat {
        /// The file.
        file: String,
        /// The format that this version reads.
        expected: u32,
        /// The format of the file.
        found: u32,
    },
    /// A file of published numbers is none.
    #[error(transparent)]
    Published(#[from] manifest::Error),
    /// Polars could not read or filter the observations.
    #[error("cannot read observations from {}", path.display())]
    Observations {
        /// The file.
        path: PathBuf,
        /// Why.
        source: polars::error::PolarsError,
    },
    /// A cell of the observations holds something outside its column's domain.
    #[error("{}: column `{column}`, expected {expected}, found {found}", path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
        /// What is allowed.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// A name that the study does not have.
    #[error("unknown {kind} `{name}`, the study has: {}", known.join(", "))]
    UnknownName {
        /// What kind of thing was named.
        kind: &'static str,
        /// The name.
        name: String,
        /// What exists.
        known: Vec<String>,
    },
    /// A name that a published table does not have.
    #[error("unknown {kind} `{name}`, the table has: {}", known.join(", "))]
    NotInTable {
        /// What kind of thing was named.
        kind: &'static str,
        /// The name.
        name: String,
        /// What exists.
        known: Vec<String>,
    },
    /// Two studies, or two pipelines, have nothing in common that could be compared.
    #[error("`{first}` and `{second}` have no {what} in common")]
    NothingShared {
        /// One side.
        first: String,
        /// The other.
        second: String,
        /// What is lacking, e.g. `benchmark`.
        what: &'static str,
        /// What to do about it.
        hint: String,
    },
    /// Two pipelines want the same place in a table.
    #[error("table `{table}`: row `{row}`, column `{column}` is claimed by {}", pipelines.join(" and "))]
    AmbiguousCell {
        /// The table.
        table: String,
        /// Row label.
        row: String,
        /// Column label.
        column: String,
        /// The pipelines.
        pipelines: Vec<String>,
    },
    /// One evaluation was recorded with two values.
    #[error("evaluation `{evaluation_id}` has two values of `{metric}`: {first} and {second}")]
    Conflict {
        /// The evaluation.
        evaluation_id: String,
        /// The metric.
        metric: String,
        /// One value.
        first: f64,
        /// The other.
        second: f64,
    },
    /// A normalised score was asked for where no normaliser is defined.
    #[error("benchmark `{benchmark}` has no normaliser, so it has no `normalized_score`")]
    NoNormalizer {
        /// The benchmark.
        benchmark: String,
    },
    /// Two parts that are not of one study.
    #[error("{second} and {first} are not parts of one study: {what} differs")]
    DifferentParts {
        /// What differs.
        what: String,
        /// A part.
        first: String,
        /// Another part.
        second: String,
    },
    /// There is nothing to make statistics of.
    #[error("study `{study}`: nothing measured{}", what.as_deref().map(|w| format!(" for {w}")).unwrap_or_default())]
    NothingMeasured {
        /// The study.
        study: String,
        /// What was looked for, where it was narrower than the study.
        what: Option<String>,
    },
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Read { .. } => {
                Some("run the study first, or name the folder that holds its study.json".into())
            }
            Self::UnsupportedFormat { .. } => {
                Some("use the version of assay that wrote this study, or run it again".into())
            }
            Self::Observations { .. } | Self::Column { .. } | Self::Malformed { .. } => Some(
                "run the study again: the index is rebuilt from the store, nothing is trained anew"
                    .into(),
            ),
            Self::AmbiguousCell { .. } => Some(
                "give the pipelines different labels, or use `pipeline` as rows of the table"
                    .into(),
            ),
            Self::NoNormalizer { .. } => {
                Some("use `episode_return_mean` for this benchmark".into())
            }
            Self::NothingMeasured { .. } => Some(
                "`assay status` lists the cells of the study and why they have no result".into(),
            ),
            Self::Published(error) => error.hint(),
            Self::DifferentParts { .. } => {
                Some("join parts of one manifest, with the keys as they were".into())
            }
            Self::NothingShared { hint, .. } => Some(hint.clone()),
            Self::NotInTable { name, known, .. } | Self::UnknownName { name, known, .. } => {
                let nearest = manifest::nearest(name, known.iter().map(String::as_str));
                nearest.map(|n| format!("did you mean `{n}`?"))
            }
            Self::Conflict { .. } => None,
        }
    }
}
