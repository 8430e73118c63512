//! The command line as data.

use crate::commands::{
    aggregate, claims, compare, dataset, diagnose, diff, doctor, plugin, published, render, report,
    reproduce, results, run, show,
};
use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// A reproducible benchmark harness for offline reinforcement learning.
#[derive(Debug, Parser)]
#[command(
    name = "assay",
    version,
    arg_required_else_help = true,
    after_help = "Examples:
  assay run manifests/quickstart.toml --show     run a study and print its tables
  assay plan manifests/quickstart.toml           what it would compute, and what is cached
  assay table quickstart                         its tables again
  assay report quickstart                        all of it on one page, every number with its origin
  assay claims manifests/study/claims.toml       verdicts on the paper's statements, from the study's results
  assay reproduce d3rlpy-last my-study           a verdict for every cell of a published table
  assay dataset import hopper.hdf5 --id hopper/medium-local-v0 --environment hopper/d4rl-v4
  assay plugin new my-algorithm                  a standing crate for a new learner

Exit codes: 0 ok, 1 negative verdict, 2 usage or invalid manifest, 3 nothing measured, 4 execution failure, 70 bug.
Data go to stdout, everything else to stderr."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) places: PlaceArguments,
}

/// Where things are; each overrides an environment variable.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct PlaceArguments {
    /// Results folder [env: ASSAY_RESULTS] [default: results]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) results: Option<PathBuf>,
    /// Data root [env: ASSAY_DATA] [default: data in the installation]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Further folder with plugins, searched first; may be repeated [env: ASSAY_PLUGIN_PATH]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) plugin_dir: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Execute a manifest: train and score what the store lacks, then render tables and figures
    Run(run::RunArgs),
    /// Check a manifest without running anything
    Validate(run::ManifestArgs),
    /// List what a manifest would compute, what is cached, and the cost
    Plan(run::ManifestArgs),
    /// Say how far a manifest has come
    Status(run::ManifestArgs),
    /// Show one stage or evaluation in full, by the start of its id
    Show(show::ShowArgs),
    /// Print comparison tables and findings of a study
    Table(render::TableArgs),
    /// Draw data-scaling matrices and curves of a study, or fit power laws and slopes to them
    Scaling(render::ScalingArgs),
    /// Draw learning and sensitivity curves of a study
    Curve(render::FigureArgs),
    /// Aggregate pipelines over all benchmarks: IQM, median, mean, optimality gap, performance profiles
    Aggregate(aggregate::AggregateArgs),
    /// Write a study on one HTML page: claims, tables, figures, failures, and the origin of every number
    Report(report::ReportArgs),
    /// Decide the claims of a file by a study: supported, contradicted, inconclusive or not testable here
    Claims(claims::ClaimsArgs),
    /// Say which of value learning, policy extraction and generalisation holds each method back
    Diagnose(diagnose::DiagnoseArgs),
    /// Import, generate, list, show, verify and summarise datasets
    Dataset(dataset::DatasetArgs),
    /// Make studies of results that others recorded, and of parts that were run apart
    Results(results::ResultsArgs),
    /// List, show, check and recompute tables of published scores
    Published(published::PublishedArgs),
    /// Hold a published table against a study's runs: a verdict for every cell
    Reproduce(reproduce::ReproduceArgs),
    /// Hold two studies, or two pipelines, against each other
    Compare(compare::CompareArgs),
    /// Say where two protocols differ: manifests, or published tables
    Diff(diff::DiffArgs),
    /// Make, list, show, check and seal plugins
    Plugin(plugin::PluginArgs),
    /// Report what is installed and what is missing
    Doctor(doctor::DoctorArgs),
    /// Print the JSON Schema of a manifest
    Schema,
    /// Replay recorded states; started by `assay dataset lint --physics`
    #[command(hide = true)]
    Physics(dataset::PhysicsArgs),
    /// Collect a dataset; started by `assay dataset generate` and by planning
    #[command(hide = true)]
    Collect(dataset::CollectArgs),
    /// Compute one node; started by `assay run`
    #[command(hide = true)]
    Worker(run::WorkerArgs),
}
