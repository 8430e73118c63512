//! Failures that cross the boundary: a status code with one sentence.

use crate::abi;
use std::fmt;

/// What kind of failure a call ended in; the numbers are those of the C header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Code {
    /// Wrong shape, dtype, unknown hyperparameter, value out of range.
    InvalidArgument = abi::INVALID_ARGUMENT,
    /// Bytes given to `load` are truncated, foreign or corrupted.
    InvalidState = abi::INVALID_STATE,
    /// A NaN or infinity in input, loss or parameters.
    NonFinite = abi::NON_FINITE,
    /// The interface has no such function for this instance.
    Unsupported = abi::UNSUPPORTED,
    /// The host asked to stop.
    Cancelled = abi::CANCELLED,
    /// A host function failed.
    HostFailed = abi::HOST_FAILED,
    /// A panic was caught at the boundary.
    Internal = abi::INTERNAL,
    /// An earlier call ended in `Internal`.
    Poisoned = abi::POISONED,
}

impl Code {
    /// The code of a status; unknown numbers count as `Internal`.
    pub fn from_status(status: u32) -> Self {
        match status {
            abi::INVALID_ARGUMENT => Self::InvalidArgument,
            abi::INVALID_STATE => Self::InvalidState,
            abi::NON_FINITE => Self::NonFinite,
            abi::UNSUPPORTED => Self::Unsupported,
            abi::CANCELLED => Self::Cancelled,
            abi::HOST_FAILED => Self::HostFailed,
            abi::POISONED => Self::Poisoned,
            _ => Self::Internal,
        }
    }

    /// The code's name in results and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid-argument",
            Self::InvalidState => "invalid-state",
            Self::NonFinite => "non-finite",
            Self::Unsupported => "unsupported",
            Self::Cancelled => "cancelled",
            Self::HostFailed => "host-failed",
            Self::Internal => "panicked",
            Self::Poisoned => "poisoned",
        }
    }
}

/// A failed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its kind.
    pub code: Code,
    /// One sentence: what was expected and what was found.
    pub message: String,
}

impl Failure {
    /// A failure of the given kind.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// Wrong shape, dtype, unknown hyperparameter, value out of range.
    pub fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    /// Bytes given to `load` are truncated, foreign or corrupted.
    pub fn invalid_state(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidState, message)
    }

    /// A NaN or infinity.
    pub fn non_finite(message: impl Into<String>) -> Self {
        Self::new(Code::NonFinite, message)
    }

    /// Not offered by this instance.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(Code::Unsupported, message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code.name())
    }
}

impl std::error::Error for Failure {}

/// An I/O error during `save` comes from the host's stream; during `load` it means that bytes are missing.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::UnexpectedEof => {
                Self::invalid_state("the state ends before its last field")
            }
            _ => Self::new(Code::HostFailed, error.to_string()),
        }
    }
}

/// The result of anything that crosses the boundary.
pub type Outcome<T> = Result<T, Failure>;
