//! `assay aggregate`: pipelines over all benchmarks of a study.

use super::published::TextFormat;
use super::render;
use crate::exit::{Exit, Outcome, Refusal};
use crate::output;
use crate::settings::Settings;
use analysis::AggregateOptions;
use clap::Args;
use report::FigureFormat;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  assay aggregate my-study
  assay aggregate my-study --benchmark hopper/medium-v0 --benchmark walker2d/medium-v0
  assay aggregate my-study --rliable --format csv        point estimates and intervals as rliable 1.2.0 has them
  assay aggregate my-study --profile profile.svg         performance profiles
  assay aggregate my-study --improvement                 how likely a run of each pipeline beats one of each other
  assay aggregate my-study --improvement-figure matrix.svg

A pipeline without a value on one of the benchmarks is left out and named: a mean over other benchmarks is another question.
Exit codes: 0; 2 for an unknown name; 3 where no pipeline has a value on every benchmark.")]
pub(crate) struct AggregateArgs {
    /// Name of a study below the results folder, or its folder
    study: String,
    /// Metric, with a selection rule if one is wanted: normalized_score@best
    #[arg(long, default_value = "normalized_score")]
    metric: String,
    /// Only these benchmarks; may be repeated
    #[arg(long = "benchmark", value_name = "NAME")]
    benchmarks: Vec<String>,
    /// Only these pipelines; may be repeated
    #[arg(long = "pipeline", value_name = "NAME")]
    pipelines: Vec<String>,
    /// Plain percentile intervals, as rliable computes them
    #[arg(long)]
    rliable: bool,
    /// Output format
    #[arg(long, value_enum, default_value = "console")]
    format: TextFormat,
    /// The same as --format json
    #[arg(long)]
    json: bool,
    /// Draw performance profiles into this file (.svg or .png) instead
    #[arg(long, value_name = "FILE", conflicts_with_all = ["improvement", "improvement_figure"])]
    profile: Option<PathBuf>,
    /// Print the probability of improvement of every pipeline over every other instead
    #[arg(long)]
    improvement: bool,
    /// Draw the probabilities of improvement into this file (.svg or .png) instead
    #[arg(long, value_name = "FILE")]
    improvement_figure: Option<PathBuf>,
}

/// `assay aggregate`
pub(crate) fn run(args: &AggregateArgs, settings: &Settings) -> Outcome {
    let folder = render::folder(&args.study, settings)?;
    let options = AggregateOptions {
        metric: args.metric.clone(),
        benchmarks: args.benchmarks.clone(),
        pipelines: args.pipelines.clone(),
        rliable: args.rliable,
        profiles: args.json || args.profile.is_some() || matches!(args.format, TextFormat::Json),
    };
    if let Some(file) = &args.profile {
        return draw("--profile", file, |format| {
            report::profile(&folder, &options, format)
        });
    }
    if let Some(file) = &args.improvement_figure {
        return draw("--improvement-figure", file, |format| {
            report::improvement_figure(&folder, &options, format)
        });
    }
    let format = args.format.of(args.json);
    let text = if args.improvement {
        report::improvement(&folder, &options, format)?
    } else {
        report::aggregate(&folder, &options, format)?
    };
    output::data(text.trim_end());
    Ok(Exit::Ok)
}

/// Draws a figure into `file`, which `option` names.
fn draw(
    option: &str,
    file: &Path,
    make: impl Fn(FigureFormat) -> report::Result<Vec<u8>>,
) -> Outcome {
    let bytes = make(figure_format(option, file)?)?;
    store::replace_file(file, &bytes)?;
    output::data(&file.display().to_string());
    Ok(Exit::Ok)
}

fn figure_format(option: &str, file: &Path) -> Result<FigureFormat, Refusal> {
    match file.extension().and_then(|e| e.to_str()) {
        Some("svg") => Ok(FigureFormat::Svg),
        Some("png") => Ok(FigureFormat::Png),
        _ => {
            let message = format!(
                "{option} {}: expected the ending .svg or .png",
                file.display()
            );
            Err(Refusal::new(Exit::Usage, message)
                .hint("--format json prints the numbers, those of all pairs with --improvement"))
        }
    }
}
