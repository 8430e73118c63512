//! What goes wrong with a child, each kind by name.

use crate::frame::Request;
use plugin_api::{Code, Failure};
use std::path::PathBuf;
use std::time::Duration;

/// A failure of the bridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The model folder does not say which interpreter to use.
    NotSetUp { file: PathBuf, reason: String },
    /// The interpreter cannot be run.
    NoInterpreter { python: PathBuf, reason: String },
    /// The interpreter lacks a package.
    PackageMissing {
        python: PathBuf,
        package: String,
        detail: String,
    },
    /// The interpreter's packages are not those that the evaluation was planned with.
    OtherPackages { python: PathBuf, difference: String },
    /// No environment, or several, of this name.
    UnknownName { id: String, reason: String },
    /// The environment has a space that the bridge cannot carry, or no such function.
    Unsupported { id: String, reason: String },
    /// A call that the environment's state or sizes do not allow.
    Misused { call: Request, reason: String },
    /// The environment raised an exception.
    Raised { call: Request, exception: String },
    /// A reward, observation or goal is not finite.
    NonFinite {
        call: Request,
        what: &'static str,
        index: usize,
    },
    /// The child ended.
    Died {
        call: Request,
        status: String,
        last_words: String,
    },
    /// The child did not answer in time.
    Hung {
        call: Request,
        deadline: Duration,
        last_words: String,
    },
    /// The child's answer is no frame, or another one.
    Rubbish { call: Request, reason: String },
}

impl Trouble {
    /// The name in logs and documentation.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::NotSetUp { .. } => "not-set-up",
            Self::NoInterpreter { .. } => "no-interpreter",
            Self::PackageMissing { .. } => "package-missing",
            Self::OtherPackages { .. } => "other-packages",
            Self::UnknownName { .. } => "unknown-name",
            Self::Unsupported { .. } => "unsupported",
            Self::Misused { .. } => "misused",
            Self::Raised { .. } => "raised",
            Self::NonFinite { .. } => "non-finite",
            Self::Died { .. } => "child-died",
            Self::Hung { .. } => "child-hung",
            Self::Rubbish { .. } => "bad-frame",
        }
    }

    fn code(&self) -> Code {
        match self {
            Self::UnknownName { .. }
            | Self::Misused { .. }
            | Self::NotSetUp { .. }
            | Self::NoInterpreter { .. }
            | Self::PackageMissing { .. }
            | Self::OtherPackages { .. } => Code::InvalidArgument,
            Self::Unsupported { .. } => Code::Unsupported,
            Self::NonFinite { .. } => Code::NonFinite,
            Self::Raised { .. } | Self::Died { .. } | Self::Hung { .. } | Self::Rubbish { .. } => {
                Code::HostFailed
            }
        }
    }

    /// What happened and, where there is one, the command that mends it.
    fn text(&self) -> String {
        match self {
            Self::NotSetUp { file, reason } => format!(
                "{}: {reason}; `assay doctor --create gymnasium` sets up the Python side",
                file.display()
            ),
            Self::NoInterpreter { python, reason } => format!(
                "the interpreter {} cannot be run: {reason}; `assay doctor --create gymnasium` sets one up",
                python.display()
            ),
            Self::PackageMissing {
                python,
                package,
                detail,
            } => format!(
                "the interpreter {} has no package `{package}` ({detail}); `{} -m pip install {}`, then \
                 `assay doctor --create gymnasium`",
                python.display(),
                python.display(),
                package.replace('_', "-")
            ),
            Self::OtherPackages { python, difference } => format!(
                "the packages of the interpreter {} are not those that were planned with: {difference}; \
                 `assay doctor --create gymnasium` takes them down anew, under other ids",
                python.display()
            ),
            Self::UnknownName { id, reason } | Self::Unsupported { id, reason } => {
                format!("`{id}`: {reason}")
            }
            Self::Misused { call, reason } => format!("{}: {reason}", call.name()),
            Self::Raised { call, exception } => {
                format!("the environment raised in {}: {exception}", call.name())
            }
            Self::NonFinite { call, what, index } => {
                format!("{} {index} after {} is NaN or infinite", what, call.name())
            }
            Self::Died {
                call,
                status,
                last_words,
            } => format!(
                "the child ended in {} with {status}{last_words}",
                call.name()
            ),
            Self::Hung {
                call,
                deadline,
                last_words,
            } => format!(
                "the child did not answer {} within {} s and was killed{last_words}",
                call.name(),
                deadline.as_secs_f64()
            ),
            Self::Rubbish { call, reason } => format!(
                "the child answered {} with {reason}, and was killed",
                call.name()
            ),
        }
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        let message = format!("{}: {}", trouble.name(), trouble.text());
        Self::new(trouble.code(), message)
    }
}
