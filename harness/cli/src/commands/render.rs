//! `assay table`, `scaling`, `curve`: a study's results again, from its folder.

use super::published::TextFormat;
use super::study::normalizer_of;
use crate::exit::{Exit, Outcome, Refusal};
use crate::output;
use crate::settings::Settings;
use analysis::study::Normalizer;
use analysis::{FigureKind, ScalingOptions, Study};
use clap::{Args, ValueEnum};
use report::{FigureFormat, FigureOptions, TableFormat, TableOptions};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  assay table quickstart
  assay table quickstart --format latex --table evaluation-error
  assay table quickstart --format html > table.html
  assay table results/quickstart --metric regret_evaluation --format csv
  assay table my-hopper-study --normalizer d4rl")]
pub(crate) struct TableArgs {
    /// Name of a study below the results folder, or its folder
    study: String,
    /// Output format
    #[arg(long, value_enum, default_value = "console")]
    format: Format,
    /// Only this table
    #[arg(long)]
    table: Option<String>,
    /// Only this benchmark
    #[arg(long)]
    benchmark: Option<String>,
    /// Another metric in the places of the tables
    #[arg(long)]
    metric: Option<String>,
    /// Another score normaliser in the place of the benchmarks' own; captions name it
    #[arg(long, value_name = "ID")]
    normalizer: Option<String>,
    /// The same as --format json
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Console,
    Markdown,
    Csv,
    Json,
    Latex,
    Html,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  assay curve quickstart --metric action_mse_evaluation --output curve.png
  assay curve smoke --figure errors-online
  assay curve quickstart --json")]
pub(crate) struct FigureArgs {
    /// Name of a study below the results folder, or its folder
    study: String,
    /// File to write; its ending (.svg, .png, .json) chooses the format [default: <study>/<figure>.svg]
    #[arg(long, short)]
    output: Option<PathBuf>,
    /// The study's figure of this name [default: its first one of this kind]
    #[arg(long)]
    figure: Option<String>,
    /// Metric to draw
    #[arg(long)]
    metric: Option<String>,
    /// Only this benchmark
    #[arg(long)]
    benchmark: Option<String>,
    /// Only these pipelines; may be repeated
    #[arg(long)]
    pipeline: Vec<String>,
    /// The numbers drawn, to stdout
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  assay scaling quickstart --output scaling.svg
  assay scaling my-study --fits
  assay scaling my-study --fits --target 80 --metric normalized_score
  assay scaling my-study --fits --format csv > fits.csv

A fit is score = limit - amplitude x data^(-exponent), one per axis with at least four levels; slopes need two levels on two axes. \
Data are in units of the axis: 2 on `policy.data_fraction` is twice the dataset. A target beyond the levels is an extrapolation, and the \
width of its interval says so.

Exit codes: 0; 2 for an unknown name or format; 3 where nothing can be fitted.")]
pub(crate) struct ScalingArgs {
    #[command(flatten)]
    figure: FigureArgs,
    /// Print power laws and slopes with their intervals in place of drawing
    #[arg(long, conflicts_with_all = ["output", "figure"])]
    fits: bool,
    /// Say how much data brings each pipeline to this value of the metric
    #[arg(
        long,
        value_name = "VALUE",
        requires = "fits",
        allow_negative_numbers = true
    )]
    target: Option<f64>,
    /// Format of the fits
    #[arg(long, value_enum, default_value = "console", requires = "fits")]
    format: TextFormat,
}

pub(crate) fn folder(study: &str, settings: &Settings) -> Result<PathBuf, Refusal> {
    let places = [settings.results.join(study), PathBuf::from(study)];
    let found = places.iter().find(|p| p.join("study.json").is_file());
    found.cloned().ok_or_else(|| {
        Refusal::new(
            Exit::Usage,
            format!("no study `{study}` in {}", settings.results.display()),
        )
        .hint("run its manifest first, or give the folder that holds study.json")
    })
}

/// `assay table`
pub(crate) fn table(args: &TableArgs, settings: &Settings) -> Outcome {
    let folder = folder(&args.study, settings)?;
    let normalizers = match &args.normalizer {
        Some(name) => exchanged(&described(&folder)?, name, args.benchmark.as_deref())?,
        None => BTreeMap::new(),
    };
    let options = TableOptions {
        table: args.table.clone(),
        benchmark: args.benchmark.clone(),
        metric: args.metric.clone(),
        normalizers,
    };
    let format = match (args.json, args.format) {
        (true, _) | (_, Format::Json) => TableFormat::Json,
        (_, Format::Console) => TableFormat::Console,
        (_, Format::Markdown) => TableFormat::Markdown,
        (_, Format::Csv) => TableFormat::Csv,
        (_, Format::Latex) => TableFormat::Latex,
        (_, Format::Html) => TableFormat::Html,
    };
    output::data(&report::table(&folder, &options, format)?);
    Ok(Exit::Ok)
}

/// The normaliser `name` for every benchmark of the study, or for the one asked for.
fn exchanged(
    study: &Study,
    name: &str,
    only: Option<&str>,
) -> Result<BTreeMap<String, Normalizer>, Refusal> {
    let asked = |id: &str| only.is_none_or(|only| only == id);
    let benchmarks = study.benchmarks.iter().filter(|b| asked(&b.id));
    let of = |b: &analysis::study::Benchmark| {
        let found = normalizer_of(name, &b.id, &b.environment);
        let refuse = |error| no_normalizer(&error, &b.id, &b.environment);
        Ok((b.id.clone(), found.map_err(refuse)?))
    };
    benchmarks.map(of).collect()
}

fn no_normalizer(error: &envs::Error, benchmark: &str, environment: &str) -> Refusal {
    if !matches!(error, envs::Error::NoReferences { .. }) {
        return Refusal::new(Exit::Usage, error.to_string());
    }
    let names = envs::normalizer::serving(&[benchmark, environment]);
    let hint = match names.as_slice() {
        [] => "no normaliser has references for it: use `--metric episode_return_mean`".to_owned(),
        names => format!("normalisers with references for it: {}", names.join(", ")),
    };
    Refusal::new(Exit::Usage, format!("benchmark `{benchmark}`: {error}")).hint(hint)
}

/// Prints the tables and findings of a study for a person.
pub(crate) fn print(folder: &Path) -> Result<(), Refusal> {
    output::data(&report::table(
        folder,
        &TableOptions::default(),
        TableFormat::Console,
    )?);
    Ok(())
}

/// `assay scaling`
pub(crate) fn scaling(args: &ScalingArgs, settings: &Settings) -> Outcome {
    if !args.fits {
        return figure(&args.figure, settings, FigureKind::Scaling, report::scaling);
    }
    let options = ScalingOptions {
        metric: args.figure.metric.clone(),
        benchmark: args.figure.benchmark.clone(),
        pipelines: args.figure.pipeline.clone(),
        ..ScalingOptions::default()
    };
    let folder = folder(&args.figure.study, settings)?;
    let format = args.format.of(args.figure.json);
    let text = report::fits(&folder, &options, args.target, format)?;
    output::data(text.trim_end());
    Ok(Exit::Ok)
}

/// `assay curve`
pub(crate) fn curve(args: &FigureArgs, settings: &Settings) -> Outcome {
    figure(args, settings, FigureKind::Curve, report::curve)
}

type Draw = fn(&Path, &FigureOptions, FigureFormat) -> report::Result<Vec<u8>>;

/// The study's description.
fn described(folder: &Path) -> Result<Study, Refusal> {
    let file = folder.join("study.json");
    let text = std::fs::read_to_string(&file).map_err(|e| {
        Refusal::new(
            Exit::Execution,
            format!("cannot read {}: {e}", file.display()),
        )
    })?;
    let study = Study::parse(&text, &file.display().to_string());
    Ok(study.map_err(report::Error::from)?)
}

/// The figures of a study that were drawn, with what they show.
pub(crate) fn figures(folder: &Path) -> Result<Vec<(&'static str, PathBuf)>, Refusal> {
    let study = described(folder)?;
    let kinds = [
        ("matrix", FigureKind::Scaling),
        ("curves", FigureKind::Curve),
    ];
    let files = |(what, kind)| {
        let specs = study.figures_of(kind).into_iter();
        specs.map(move |spec| (what, folder.join(format!("{}.svg", spec.id))))
    };
    let all = kinds.into_iter().flat_map(files);
    Ok(all.filter(|(_, file)| file.exists()).collect())
}

fn figure(args: &FigureArgs, settings: &Settings, kind: FigureKind, draw: Draw) -> Outcome {
    let folder = folder(&args.study, settings)?;
    let name = || match &args.figure {
        Some(id) => Ok(id.clone()),
        None => Ok::<_, Refusal>(described(&folder)?.figures_of(kind).swap_remove(0).id),
    };
    let options = FigureOptions {
        figure: args.figure.clone(),
        metric: args.metric.clone(),
        benchmark: args.benchmark.clone(),
        pipelines: args.pipeline.clone(),
        ..FigureOptions::default()
    };
    if args.json {
        output::data(&String::from_utf8_lossy(&draw(
            &folder,
            &options,
            FigureFormat::Json,
        )?));
        return Ok(Exit::Ok);
    }
    let output = args.output.clone().map_or_else(
        || Ok(folder.join(format!("{}.svg", name()?))),
        Ok::<_, Refusal>,
    )?;
    let format = match output.extension().and_then(|e| e.to_str()) {
        Some("svg") => FigureFormat::Svg,
        Some("png") => FigureFormat::Png,
        Some("json") => FigureFormat::Json,
        other => {
            let found = other.map_or_else(|| "none".to_owned(), |e| format!("`.{e}`"));
            return Err(Refusal::new(
                Exit::Usage,
                format!(
                    "{}: expected the ending .svg, .png or .json, found {found}",
                    output.display()
                ),
            ));
        }
    };
    store::replace_file(&output, &draw(&folder, &options, format)?)?;
    output::data(&output.display().to_string());
    Ok(Exit::Ok)
}
