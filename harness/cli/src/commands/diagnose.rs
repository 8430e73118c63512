//! `assay diagnose`: which of value learning, policy extraction and generalisation holds a method back.

use crate::commands::claims::Format;
use crate::commands::render::folder;
use crate::commands::session::read_manifest;
use crate::exit::{Exit, Outcome};
use crate::output;
use crate::settings::Settings;
use analysis::Results;
use analysis::diagnose::{diagnose, evidence};
use clap::Args;
use std::path::Path;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  assay diagnose manifests/study/diagnose-starved-critic.toml
  assay diagnose study-smoke --format markdown

Methods are pipelines with the labels `value` and `extraction`. Where the same extraction was also run with value = \"exact Q\"
or \"Q*\", the optimality gap is split by putting exact values in place of learned ones; elsewhere slopes and errors speak.

Exit codes: 0 a bottleneck is named for every method, 3 for not all, or nothing is measured.")]
pub(crate) struct DiagnoseArgs {
    /// A manifest that was run, the name of a study below the results folder, or its folder
    study: String,
    /// Output format
    #[arg(long, value_enum, default_value = "console")]
    format: Format,
    /// The same as --format json
    #[arg(long)]
    json: bool,
}

/// `assay diagnose`
pub(crate) fn run(args: &DiagnoseArgs, settings: &Settings) -> Outcome {
    let path = Path::new(&args.study);
    let study = if path.extension().is_some_and(|e| e == "toml") {
        read_manifest(path)?.0.study.id
    } else {
        args.study.clone()
    };
    let folder = folder(&study, settings)?;
    let results = Results::open(&folder).map_err(report::Error::from)?;
    let found = diagnose(&evidence(&results).map_err(report::Error::from)?);
    output::data(&report::diagnosis(&found, args.format.of(args.json))?);
    let named = found.subjects.iter().all(|s| s.bottleneck.is_some());
    Ok(if named && !found.subjects.is_empty() {
        Exit::Ok
    } else {
        Exit::NothingMeasured
    })
}
