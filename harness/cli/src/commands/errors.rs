//! From the errors of the libraries to refusals with exit codes.

use crate::exit::{Exit, Refusal};
use std::error::Error as _;

/// The chain of causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

impl From<manifest::Error> for Refusal {
    fn from(error: manifest::Error) -> Self {
        Self::new(Exit::Usage, error.to_string()).maybe_hint(error.hint())
    }
}

impl From<runner::Error> for Refusal {
    fn from(error: runner::Error) -> Self {
        let exit = if error.is_usage() {
            Exit::Usage
        } else {
            Exit::Execution
        };
        Self::new(exit, chain(&error)).maybe_hint(error.hint())
    }
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        Self::new(Exit::Execution, error.to_string()).maybe_hint(error.hint())
    }
}

impl From<::dataset::Error> for Refusal {
    fn from(error: ::dataset::Error) -> Self {
        Self::new(Exit::Execution, chain(&error)).maybe_hint(error.hint())
    }
}

impl From<envs::Error> for Refusal {
    fn from(error: envs::Error) -> Self {
        Self::new(Exit::Execution, chain(&error)).maybe_hint(error.hint())
    }
}

impl From<plugin_host::Error> for Refusal {
    fn from(error: plugin_host::Error) -> Self {
        Self::new(Exit::Execution, error.to_string()).maybe_hint(error.hint())
    }
}

impl From<provision::Error> for Refusal {
    fn from(error: provision::Error) -> Self {
        let text = error
            .source()
            .map_or_else(|| error.to_string(), |_| chain(&error));
        Self::new(Exit::Execution, text).hint(error.hint())
    }
}

impl From<report::Error> for Refusal {
    fn from(error: report::Error) -> Self {
        let exit = if error.nothing_measured() {
            Exit::NothingMeasured
        } else {
            Exit::Usage
        };
        Self::new(exit, chain(&error)).maybe_hint(error.hint())
    }
}
