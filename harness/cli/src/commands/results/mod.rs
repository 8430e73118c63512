//! `assay results`: results that others recorded, as studies; and studies that were run in parts.

mod import;
mod merge;

use crate::exit::Outcome;
use crate::settings::Settings;
use clap::{Args, Subcommand};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  assay results import d3rlpy-benchmarks/data --id d3rlpy
  assay table d3rlpy --table normalized-score-best
  assay results merge results/my-study")]
pub(crate) struct ResultsArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a study of learning curves that others recorded
    Import(Box<import::ImportArgs>),
    /// Make one study of the parts in which it was run
    Merge(merge::MergeArgs),
}

/// `assay results ...`
pub(crate) fn run(args: ResultsArgs, settings: &Settings) -> Outcome {
    match args.verb {
        Verb::Import(args) => import::run(&args, settings),
        Verb::Merge(args) => merge::run(&args),
    }
}
