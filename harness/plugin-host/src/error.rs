//! Why a plugin was refused or failed.

use plugin_api::Failure;
use std::path::PathBuf;

/// Errors of finding, loading and calling plugins.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No library offers what was asked for.
    #[error("no plugin offers {kind} `{id}`{}", nearest.as_ref().map(|n| format!("; nearest is `{n}`")).unwrap_or_default())]
    NotFound {
        /// `learner`, `environment` or `plugin`.
        kind: &'static str,
        /// What was asked for.
        id: String,
        /// The closest id that exists.
        nearest: Option<String>,
        /// Every place searched and what was found there.
        trace: Vec<String>,
    },
    /// Two libraries offer the same id.
    #[error("{kind} `{id}` is offered by two plugins: {first} and {second}")]
    Ambiguous {
        /// `learner` or `environment`.
        kind: &'static str,
        /// The id.
        id: String,
        /// One library.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// The sidecar is missing or does not belong to the library's present bytes.
    #[error("plugin {library} is not sealed: {reason}")]
    Stale {
        /// The library.
        library: PathBuf,
        /// What is wrong with its sidecar.
        reason: String,
    },
    /// The sidecar cannot be read.
    #[error("sidecar {path} is not valid: {reason}")]
    Sidecar {
        /// The sidecar file.
        path: PathBuf,
        /// What was expected and found.
        reason: String,
    },
    /// The bytes on disk are not those that were asked for.
    #[error("plugin {library} has changed: expected sha256 {expected}, found {found}")]
    DigestMismatch {
        /// The library.
        library: PathBuf,
        /// The digest asked for.
        expected: String,
        /// The digest of the bytes on disk.
        found: String,
    },
    /// The dynamic loader refused the file.
    #[error("cannot load {path}: {reason}")]
    Load {
        /// The library.
        path: PathBuf,
        /// The loader's words.
        reason: String,
    },
    /// The file is a library without the entry symbol.
    #[error("{path} is not an Assay plugin: it exports no `{symbol}`")]
    NoEntry {
        /// The library.
        path: PathBuf,
        /// The symbol that is missing.
        symbol: &'static str,
    },
    /// Host and plugin have no ABI in common.
    #[error("plugin {path} needs ABI {needs} but this harness provides {provides}")]
    Abi {
        /// The library.
        path: PathBuf,
        /// What it was built for.
        needs: String,
        /// What this host speaks.
        provides: String,
    },
    /// The descriptor breaks the header's contract.
    #[error("plugin {path} has a descriptor that breaks the contract: {reason}")]
    Descriptor {
        /// The library.
        path: PathBuf,
        /// Which rule.
        reason: String,
    },
    /// A runtime that a plugin binds is not there.
    #[error("runtime `{name}` is needed by plugin {plugin} and was not provided")]
    RuntimeMissing {
        /// e.g. `libtorch 2.11.0`
        name: String,
        /// The plugin.
        plugin: String,
    },
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
    /// A call into the plugin failed.
    #[error("{function} of `{id}`: {failure}")]
    Call {
        /// The function of the boundary.
        function: &'static str,
        /// Learner or environment id.
        id: String,
        /// Code and message.
        failure: Failure,
    },
}

impl Error {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound { trace, .. } => Some(format!("searched\n  {}", trace.join("\n  "))),
            Self::Ambiguous { .. } => Some("remove one of the folders from the plugin path".into()),
            Self::Stale { library, .. } => {
                Some(format!("run `assay plugin seal {}`", library.display()))
            }
            Self::Sidecar { path, .. } => Some(format!(
                "delete {} and run `assay plugin seal` on its library",
                path.display()
            )),
            Self::DigestMismatch { .. } => {
                Some("run the command again: the plan is made from the new bytes".into())
            }
            Self::Load { .. } => Some(
                "a plugin is a shared library for Linux x86-64 built with `cargo build --release`"
                    .into(),
            ),
            Self::NoEntry { .. } => Some(
                "end the crate with `plugin_api::export!(...)` and build it as a cdylib".into(),
            ),
            Self::Abi { .. } => {
                Some("rebuild the plugin against the plugin-api of this harness".into())
            }
            Self::RuntimeMissing { .. } => {
                Some("run `assay doctor` to see which runtimes are there".into())
            }
            Self::Descriptor { .. } | Self::Io { .. } | Self::Call { .. } => None,
        }
    }

    /// The failure of the boundary behind this error, if there is one.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Call { failure, .. } => Some(failure),
            _ => None,
        }
    }
}
