//! The outcome of one check, and how checks stop early.

use serde::{Deserialize, Serialize};

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// The plugin keeps this part of the contract.
    Ok,
    /// It does not.
    Failed {
        /// What the contract promises.
        expected: String,
        /// What happened.
        found: String,
    },
    /// The check does not apply.
    Skipped {
        /// Why not.
        reason: String,
    },
    /// The child process ended without a result.
    Crashed {
        /// How it ended.
        ending: Ending,
        /// The last lines it wrote to stderr.
        log: String,
    },
}

/// How a child process ended when it should have written a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Ending {
    /// Killed by a signal.
    Signal {
        /// Its number.
        signal: i32,
    },
    /// Ended by itself.
    Exit {
        /// Exit code.
        code: i32,
    },
    /// Killed by the suite.
    Timeout {
        /// Seconds it was given.
        limit_s: u64,
    },
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Signal { signal } => match signal_name(*signal) {
                Some(name) => write!(f, "killed by signal {signal} ({name})"),
                None => write!(f, "killed by signal {signal}"),
            },
            Self::Exit { code } => write!(f, "exited with code {code}"),
            Self::Timeout { limit_s } => write!(f, "did not finish within {limit_s} s"),
        }
    }
}

fn signal_name(signal: i32) -> Option<&'static str> {
    // Linux x86-64 numbers of the signals that end crashing programs.
    match signal {
        4 => Some("SIGILL"),
        6 => Some("SIGABRT"),
        7 => Some("SIGBUS"),
        8 => Some("SIGFPE"),
        9 => Some("SIGKILL"),
        11 => Some("SIGSEGV"),
        15 => Some("SIGTERM"),
        _ => None,
    }
}

impl Outcome {
    /// Whether the plugin broke the contract.
    pub fn is_bad(&self) -> bool {
        matches!(self, Self::Failed { .. } | Self::Crashed { .. })
    }

    /// `ok`, `FAIL`, `skip` or `CRASH`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed { .. } => "FAIL",
            Self::Skipped { .. } => "skip",
            Self::Crashed { .. } => "CRASH",
        }
    }

    /// One sentence for a person; empty when the check passed.
    pub fn explanation(&self) -> String {
        match self {
            Self::Ok => String::new(),
            Self::Failed { expected, found } => format!("{found}; expected {expected}"),
            Self::Skipped { reason } => reason.clone(),
            Self::Crashed { ending, log } if log.is_empty() => {
                format!("the child process {}", verb(*ending))
            }
            Self::Crashed { ending, log } => {
                format!(
                    "the child process {}; its last words:\n{log}",
                    verb(*ending)
                )
            }
        }
    }
}

fn verb(ending: Ending) -> String {
    match ending {
        Ending::Signal { .. } => format!("was {ending}"),
        Ending::Exit { .. } => format!("{ending} without a result"),
        Ending::Timeout { .. } => ending.to_string(),
    }
}

/// Why a check ends before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    Failed { expected: String, found: String },
    Skipped { reason: String },
}

/// What a check returns.
pub(crate) type Verdict = Result<(), Stop>;

impl From<Verdict> for Outcome {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Ok(()) => Self::Ok,
            Err(Stop::Failed { expected, found }) => Self::Failed { expected, found },
            Err(Stop::Skipped { reason }) => Self::Skipped { reason },
        }
    }
}

/// A call that should have succeeded failed.
impl From<plugin_host::Error> for Stop {
    fn from(error: plugin_host::Error) -> Self {
        match error {
            plugin_host::Error::Call {
                function,
                id,
                failure,
            } => Self::Failed {
                expected: format!("`{function}` to succeed"),
                found: format!("`{function}` of `{id}` failed: {failure}"),
            },
            other => Self::Failed {
                expected: "the library to load".into(),
                found: other.to_string(),
            },
        }
    }
}

/// A result that should have been readable was not, or a call on an interface failed.
impl From<plugin_api::Failure> for Stop {
    fn from(failure: plugin_api::Failure) -> Self {
        Self::Failed {
            expected: "the call to succeed with a readable result".into(),
            found: failure.to_string(),
        }
    }
}

/// Ends a check: the contract is broken.
pub(crate) fn fail<T>(expected: impl Into<String>, found: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Failed {
        expected: expected.into(),
        found: found.into(),
    })
}

/// Ends a check: it does not apply.
pub(crate) fn skip<T>(reason: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Skipped {
        reason: reason.into(),
    })
}

/// Requires `holds`.
pub(crate) fn require(
    holds: bool,
    expected: impl FnOnce() -> String,
    found: impl FnOnce() -> String,
) -> Verdict {
    if holds {
        return Ok(());
    }
    fail(expected(), found())
}
