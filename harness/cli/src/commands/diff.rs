//! `assay diff`: where two protocols differ.

use super::published::{FolderArgs, TextFormat, load, named};
use super::session::{definitions, read_manifest};
use crate::exit::{Exit, Outcome, Refusal};
use crate::output;
use crate::settings::Settings;
use analysis::protocol::{Facts, differences};
use clap::Args;
use std::path::Path;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  assay diff before.toml after.toml                              two manifests
  assay diff manifests/published/corl-locomotion-small.toml corl-offline-last    a manifest and a published table
  assay diff corl-offline-last d3rlpy-last                       two published tables
  assay diff a.toml b.toml --json

Shown are runs, selection rule, episodes, actions, normaliser; datasets, environments, discounts, how observations, rewards and ends are
treated; schedule and budgets; every hyperparameter that is set. A side that does not say something shows `not said`.
Exit codes: 0 nothing differs; 1 something does; 2 a file or table that cannot be read.")]
pub(crate) struct DiffArgs {
    /// A manifest file, or the id of a published table
    first: String,
    /// Another one
    second: String,
    #[command(flatten)]
    folder: FolderArgs,
    /// Output format
    #[arg(long, value_enum, default_value = "console")]
    format: TextFormat,
    /// The same as --format json
    #[arg(long)]
    json: bool,
}

/// `assay diff`
pub(crate) fn run(args: &DiffArgs, settings: &Settings) -> Outcome {
    let (first, second) = (
        facts(&args.first, args, settings)?,
        facts(&args.second, args, settings)?,
    );
    let (found, agreed) = differences(&first, &second);
    let names = (args.first.as_str(), args.second.as_str());
    let text = report::protocol_differences(names, &found, agreed, args.format.of(args.json))?;
    output::data(text.trim_end());
    Ok(if found.is_empty() {
        Exit::Ok
    } else {
        Exit::Negative
    })
}

fn facts(name: &str, args: &DiffArgs, settings: &Settings) -> Result<Facts, Refusal> {
    let path = Path::new(name);
    if path.extension().is_some_and(|e| e == "toml") || path.is_file() {
        let (manifest, text) = read_manifest(path)?;
        let found = definitions(&manifest, &text, name, settings)?;
        return Ok(Facts::of_manifest(&manifest, &found));
    }
    let files = load(args.folder.dir.as_ref(), settings)?;
    let table = named(&files, name).map_err(|refusal| {
        let message = format!("`{name}` is neither a manifest file nor a published table");
        Refusal { message, ..refusal }
    })?;
    Ok(Facts::of_table(&table.table))
}
