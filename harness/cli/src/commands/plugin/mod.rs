//! `assay plugin`: make, list, show, check and seal plugins.

mod check;
mod grid;
mod list;
mod new;
mod scaffold;
mod seal;
mod source;

use crate::exit::Outcome;
use crate::settings::Settings;
use clap::{Args, Subcommand};

pub(crate) use seal::seal;

#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:
  assay plugin new my-awr                  a standing crate in ./my-awr
  assay plugin check my-awr                does it keep the contract?
  assay plugin list                        what is on the plugin path
  assay plugin show iql                    hyperparameters and interfaces of a learner

Plugins are searched in --plugin-dir, $ASSAY_PLUGIN_PATH and the installation's own folder."
)]
pub(crate) struct PluginArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a standing crate for a new learner, outside the workspace
    New(new::NewArgs),
    /// List plugins, learners and environments from sealed metadata, without loading anything
    List(list::ListArgs),
    /// Show one learner, environment or plugin in full, without loading anything
    Show(list::ShowArgs),
    /// Run the conformance suite, each check in a child process
    Check(check::CheckArgs),
    /// Write the metadata beside a library, read from it in a child process
    Seal(seal::SealArgs),
}

/// Runs the chosen verb.
pub(crate) fn run(args: PluginArgs, settings: &Settings) -> Outcome {
    match args.verb {
        Verb::New(args) => new::run(&args, settings),
        Verb::List(args) => list::run(&args, settings),
        Verb::Show(args) => list::show(&args, settings),
        Verb::Check(args) => check::run(&args, settings),
        Verb::Seal(args) => seal::run(&args, settings),
    }
}
