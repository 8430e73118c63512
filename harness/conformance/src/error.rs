//! What keeps the suite itself from running; verdicts on plugins are outcomes, not errors.

use std::path::PathBuf;

/// Errors of the suite.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No check of that name.
    #[error("no check is called `{name}`{}", nearest.as_ref().map(|n| format!("; nearest is `{n}`")).unwrap_or_default())]
    UnknownCheck {
        /// What was asked for.
        name: String,
        /// The closest name.
        nearest: Option<String>,
    },
    /// The plugin offers no such learner or environment.
    #[error("plugin `{plugin}` offers no learner or environment `{name}`; it offers [{offered}]")]
    UnknownTarget {
        /// The plugin.
        plugin: String,
        /// What was asked for.
        name: String,
        /// What there is.
        offered: String,
    },
    /// The check exists but judges something that was not selected.
    #[error("check `{check}` does not apply to {target}")]
    NotApplicable {
        /// The check.
        check: String,
        /// What it was asked to judge.
        target: String,
    },
    /// A child could not be started.
    #[error("starting the child process of check `{check}`: {source}")]
    Spawn {
        /// The check.
        check: &'static str,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A file operation of the suite failed.
    #[error("{action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
}

impl Error {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownCheck { .. } | Self::NotApplicable { .. } => {
                Some("`assay plugin check --list` prints every check".into())
            }
            Self::UnknownTarget { .. } | Self::Spawn { .. } | Self::Io { .. } => None,
        }
    }
}
