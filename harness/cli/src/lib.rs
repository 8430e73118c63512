//! The `assay` command line: the only printer, the only reader of environment variables, the only place where errors
//! become text, hints and exit codes.

mod args;
mod commands;
mod exit;
mod output;
mod progress;
mod settings;

pub use exit::main;
