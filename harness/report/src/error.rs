//! What can go wrong between results and renderings.

use std::path::PathBuf;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a rendering could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The study could not be analysed, or holds nothing to show.
    #[error(transparent)]
    Analysis(#[from] analysis::Error),
    /// What lies beside a study's results could not be read.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A record beside a study's results is none.
    #[error("{} is not valid: {reason}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What was expected and found.
        reason: String,
    },
    /// A rendering could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Scores were to be normalised otherwise, and no table shows one.
    #[error("study `{study}`: no table asked for shows `normalized_score`")]
    NothingNormalized {
        /// The study.
        study: String,
    },
    /// No curve has enough levels.
    #[error("study `{study}`: nothing can be fitted\n  {}", reasons.join("\n  "))]
    NothingToFit {
        /// The study.
        study: String,
        /// One for each curve.
        reasons: Vec<String>,
    },
    /// Results could not be written as JSON.
    #[error("cannot write results as json")]
    Json(#[from] serde_json::Error),
    /// A figure is too large for a bitmap.
    #[error("a figure of {width} x {height} pixels cannot be drawn as png")]
    Bitmap {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
}

impl Error {
    /// Whether there was nothing to show, as opposed to a fault.
    pub fn nothing_measured(&self) -> bool {
        matches!(
            self,
            Self::Analysis(
                analysis::Error::NothingMeasured { .. } | analysis::Error::NothingShared { .. }
            ) | Self::NothingToFit { .. }
        )
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Analysis(error) => error.hint(),
            Self::Write { .. } => Some("name an output folder that can be written".into()),
            Self::Bitmap { .. } => {
                Some("use svg, or choose fewer pipelines or one benchmark".into())
            }
            Self::NothingNormalized { .. } => {
                Some("add `--metric normalized_score`, or leave `--normalizer` out".into())
            }
            Self::NothingToFit { .. } => Some(
                "give the manifest four levels or more on an axis, such as [0.1, 0.2, 0.5, 1.0]"
                    .into(),
            ),
            Self::Store(error) => error.hint(),
            Self::Record { .. } => Some("make it again with the command that wrote it".into()),
            Self::Json(_) => None,
        }
    }
}
