//! `assay report`: a study on one page.

use super::render::folder;
use crate::exit::{Exit, Outcome, Refusal};
use crate::output;
use crate::settings::Settings;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  assay report quickstart                          writes results/quickstart/report.html
  assay report results/quickstart --output q.html  the page elsewhere
  assay claims manifests/study/claims.toml && assay report study-smoke
                                                   with the verdicts on a file of claims

The page is one file that needs no network and no server. A number opens its origin: interval, seeds, runs, digests, commit,
and the commands that reproduce it. Equal results give equal bytes.

Exit codes: 0 the page shows numbers, 3 nothing was measured (the page is written and says so).")]
pub(crate) struct ReportArgs {
    /// Name of a study below the results folder, or its folder
    study: String,
    /// File to write [default: <study>/report.html]
    #[arg(long, short)]
    output: Option<PathBuf>,
}

/// `assay report`
pub(crate) fn run(args: &ReportArgs, settings: &Settings) -> Outcome {
    let folder = folder(&args.study, settings)?;
    let page = report::page(&folder)?;
    let beside = folder.join(report::PAGE);
    let output = args.output.clone().unwrap_or(beside);
    store::replace_file(&output, page.html.as_bytes())?;
    output::data(&output.display().to_string());
    if !page.measured {
        return Err(Refusal::new(Exit::NothingMeasured, "nothing was measured")
            .hint("the page says what was asked; run the study's manifest"));
    }
    Ok(Exit::Ok)
}
