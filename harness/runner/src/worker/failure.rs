//! Why a worker stopped: every error becomes a typed result.

use plugin_api::{Code, Failure};
use store::FailureKind;

/// A node that cannot be computed.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
}

impl Stop {
    pub(crate) fn new(kind: FailureKind, message: impl ToString) -> Self {
        Self {
            kind,
            message: message.to_string(),
        }
    }

    pub(crate) fn store(error: store::Error) -> Self {
        Self::new(FailureKind::Failed, error)
    }
}

impl From<plugin_host::Error> for Stop {
    fn from(error: plugin_host::Error) -> Self {
        let kind = match &error {
            plugin_host::Error::Call { failure, .. } => kind_of(failure.code),
            _ => FailureKind::Refused,
        };
        Self::new(kind, error)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::new(kind_of(failure.code), failure)
    }
}

impl From<dataset::Error> for Stop {
    fn from(error: dataset::Error) -> Self {
        Self::new(FailureKind::Failed, error)
    }
}

impl From<envs::Error> for Stop {
    fn from(error: envs::Error) -> Self {
        Self::new(FailureKind::Failed, error)
    }
}

fn kind_of(code: Code) -> FailureKind {
    match code {
        Code::NonFinite => FailureKind::NonFinite,
        Code::Internal | Code::Poisoned => FailureKind::Panicked,
        _ => FailureKind::Failed,
    }
}
