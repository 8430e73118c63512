//! The plugin conformance suite: named checks of the contract in `assay/plugin.h`, each run in a child process.
//!
//! ```text
//! parent                                     child (one check, one learner or environment)
//! cases(sidecar, ..)  which checks apply
//! run_suite(..)       starts one child each  ->  run_one(case, subject)  ->  write_result(file, outcome)
//!                     reads the file, judges how the child ended and what it printed
//! ```
//!
//! A check ends [`Outcome::Ok`], failed with what was expected and found, skipped with a reason, or crashed with a
//! signal, an exit code or a timeout. Results go through a file, so a plugin that prints cannot disturb them.
//!
//! Learners are given small synthetic problems (continuous and discrete actions, without and with goals; those that they do
//! not refuse) whose data, batches and noise come from the harness's counter-based
//! generator, and synthetic upstream stages for whatever they require. The suite never judges how well a learner
//! learns, and it never loads a plugin in the parent.

mod batches;
mod behaviour;
mod bench;
mod catalog;
mod check;
mod conduct;
mod creation;
mod critic;
mod descriptor;
mod discrete;
mod environment;
mod error;
mod kinds;
mod oracle;
mod outcome;
mod policy;
mod probe;
mod problem;
mod requests;
mod shapes;
mod state;
mod subject;
mod suite;
mod test_time;
mod training;
mod update;
mod upstream;
mod world;

pub use catalog::checks;
pub use check::{Case, Check, Kind, Target, cases};
pub use error::Error;
pub use outcome::{Ending, Outcome};
pub use subject::{Subject, run_one};
pub use suite::{CaseResult, Report, Suite, run_suite, write_result};
