//! From the result of a command to text on stderr and an exit code.

use crate::args::Arguments;
use crate::settings::Settings;
use crate::{commands, output};
use clap::Parser;
use std::process::ExitCode;

/// Exit codes; documented in the README and in `assay --help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Everything asked for was made or was there already.
    Ok = 0,
    /// A verdict is negative: regressed, not reproduced, contradicted, digest differs, a check failed.
    Negative = 1,
    /// The command line or the manifest is not valid; nothing ran.
    Usage = 2,
    /// Inconclusive, or nothing was measured.
    NothingMeasured = 3,
    /// A plugin, a dataset or a worker failed.
    Execution = 4,
    /// A bug in Assay.
    Bug = 70,
}

/// An error with its hint and exit code, ready to be printed.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Refusal {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            hint: None,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn maybe_hint(mut self, hint: Option<impl Into<String>>) -> Self {
        self.hint = hint.map(Into::into);
        self
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

/// What a command returns.
pub(crate) type Outcome = Result<Exit, Refusal>;

/// Parses the command line, runs the command, prints its error.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to stdout and are no error; clap decides and colours.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() {
                Exit::Usage as u8
            } else {
                Exit::Ok as u8
            });
        }
    };
    let settings = Settings::read();
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        commands::run(arguments, &settings)
    }));
    let exit = match outcome {
        Ok(Ok(exit)) => exit,
        Ok(Err(refusal)) => {
            output::error(&refusal.message, refusal.hint.as_deref());
            refusal.exit
        }
        Err(_) => {
            output::error(
                "this is a bug in Assay",
                Some("please report the lines above with the command"),
            );
            Exit::Bug
        }
    };
    ExitCode::from(exit as u8)
}
