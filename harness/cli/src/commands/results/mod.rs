//! `assay results`: results that others recorded, as studies.

mod import;

use crate::exit::Outcome;
use crate::settings::Settings;
use clap::{Args, Subcommand};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  assay results import d3rlpy-benchmarks/data --id d3rlpy
  assay table d3rlpy --table normalized-score-best")]
pub(crate) struct ResultsArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a study of learning curves that others recorded
    Import(Box<import::ImportArgs>),
}

/// `assay results ...`
pub(crate) fn run(args: ResultsArgs, settings: &Settings) -> Outcome {
    match args.verb {
        Verb::Import(args) => import::run(&args, settings),
    }
}
