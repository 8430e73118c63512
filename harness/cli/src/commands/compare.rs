//! `assay compare`: two studies, or two pipelines of one, against each other.

use super::published::TextFormat;
use crate::exit::{Exit, Outcome, Refusal};
use crate::output;
use crate::settings::Settings;
use analysis::verdicts::{Against, Compared, compare};
use analysis::{Resampler, Results};
use clap::Args;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  assay compare before after       pipelines of equal names, on the benchmarks of both studies
  assay compare mine theirs --pipelines 'IQL + AWR' IQL --metric normalized_score@mean-last-10
  assay compare quickstart --pipelines BC 'IQL + DDPG+BC' --format markdown
  assay compare before after --benchmark hopper/medium-v2 --json

Scores are means over seeds with a 95 % interval (Student's t). Differences are paired where both sides have the same seeds, else \
Welch's. P(better) is how likely a run of the one beats a run of the other, with a bootstrap interval over whole seeds.

Exit codes:
  0  a row, or all benchmarks together, is decided: one side is better, or all values are equal
  2  a name or an option is wrong
  3  nothing is decided: open rows, one seed, no value, no benchmark or pipeline in common")]
pub(crate) struct CompareArgs {
    /// Name of a study below the results folder, or its folder
    first: String,
    /// Another one [default: the same]
    second: Option<String>,
    /// A pipeline of the first study and one of the second [default: all of equal names]
    #[arg(long, num_args = 2, value_names = ["FIRST", "SECOND"])]
    pipelines: Vec<String>,
    /// Metric, with a selection rule or without, e.g. normalized_score@best [default: that of the first study's first table]
    #[arg(long)]
    metric: Option<String>,
    /// Only this benchmark
    #[arg(long)]
    benchmark: Option<String>,
    /// Intervals of P(better) as rliable computes them: plain percentiles, both sides drawn apart
    #[arg(long)]
    rliable: bool,
    /// Output format
    #[arg(long, value_enum, default_value = "console")]
    format: TextFormat,
    /// The same as --format json
    #[arg(long)]
    json: bool,
}

/// `assay compare`
pub(crate) fn run(args: &CompareArgs, settings: &Settings) -> Outcome {
    let pipelines = match args.pipelines.as_slice() {
        [first, second] => Some((first.clone(), second.clone())),
        _ => None,
    };
    if args.second.is_none() && pipelines.is_none() {
        let message = "one study is compared with nothing";
        return Err(Refusal::new(Exit::Usage, message)
            .hint("name a second study, or two pipelines: --pipelines FIRST SECOND"));
    }
    let open = |name: &str| -> Result<Results, Refusal> {
        let folder = super::render::folder(name, settings)?;
        Ok(Results::open(&folder).map_err(report::Error::from)?)
    };
    let first = open(&args.first)?;
    let second = open(args.second.as_ref().unwrap_or(&args.first))?;
    let against = Against {
        metric: args.metric.clone(),
        benchmark: args.benchmark.clone(),
        pipelines,
        rliable: args.rliable,
    };
    let compared = compare(&first, &second, &against, &Resampler::default());
    let compared = compared.map_err(report::Error::from)?;
    output::data(&report::comparison(&compared, args.format.of(args.json))?);
    Ok(exit(&compared))
}

fn exit(compared: &Compared) -> Exit {
    let decided = compared.groups.iter().any(|group| {
        let row = group.rows.iter().any(|r| r.decision.is_decided());
        row || group
            .together
            .as_ref()
            .is_some_and(|t| t.decision.is_decided())
    });
    if decided {
        Exit::Ok
    } else {
        Exit::NothingMeasured
    }
}
