//! `assay reproduce`: a verdict on every cell of a published table by the runs of a study.

use super::published::{FolderArgs, TextFormat, load, named};
use crate::exit::{Exit, Outcome, Refusal};
use crate::output;
use crate::settings::Settings;
use analysis::published::{Selection, Table};
use analysis::verdicts::{self, Reason, Reproduction, Request, default_margin};
use analysis::{Results, Study};
use clap::Args;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  assay reproduce d3rlpy-last my-study
  assay reproduce corl-offline-last my-study --only IQL --pipeline 'IQL + AWR=IQL'
  assay reproduce corl-offline-last my-study --benchmark hopper/medium-v2=hopper-medium-v2
  assay reproduce offlinerl-kit my-study --selection last --format markdown > verdicts.md
  assay results import d4rl_runs.parquet --id d3rlpy --origin D4RL --drop-first 1
  assay reproduce d3rlpy-last d3rlpy --only IQL     the table against the runs behind it

Verdicts:
  reproduced      the means differ by less than the margin (two one-sided Welch tests at .05)
  NOT reproduced  they differ (95 % interval), and not by less than the margin
  inconclusive    neither; with the number of further seeds that would decide
  not comparable  with every reason; results/published/README.md says what a table applies to
  missing         no run has a score

Exit codes, before Holm's adjustment:
  0  every decided cell is reproduced
  1  a cell is not reproduced
  2  a name or an option is wrong
  3  nothing is decided: no run, nothing comparable, or all inconclusive")]
pub(crate) struct ReproduceArgs {
    /// Id of the published table
    table: String,
    /// Name of a study below the results folder, or its folder
    study: String,
    /// Only this algorithm of the table; may be repeated
    #[arg(long, value_name = "ALGORITHM")]
    only: Vec<String>,
    /// Largest difference that does not matter, in the table's unit [default: 5 points; of fractions .05; returns have none]
    #[arg(long, value_name = "X", value_parser = margin)]
    margin: Option<f64>,
    /// A pipeline of the study is an algorithm of the table; may be repeated [default: those of equal names]
    #[arg(long, value_name = "OURS=THEIRS")]
    pipeline: Vec<String>,
    /// A benchmark of the study is a dataset of the table; may be repeated [default: those of equal names]
    #[arg(long, value_name = "OURS=THEIRS")]
    benchmark: Vec<String>,
    /// last, best, mean-last-K or best-of-last-K [default: as the table says]
    #[arg(long, value_name = "RULE", value_parser = str::parse::<Selection>)]
    selection: Option<Selection>,
    /// Give verdicts where data, environment, episodes or rule are not known to be the table's; the output says so
    #[arg(long)]
    assume_comparable: bool,
    #[command(flatten)]
    folder: FolderArgs,
    /// Output format
    #[arg(long, value_enum, default_value = "console")]
    format: TextFormat,
    /// The same as --format json
    #[arg(long)]
    json: bool,
}

fn margin(text: &str) -> Result<f64, String> {
    let parsed = text
        .parse()
        .ok()
        .filter(|x: &f64| x.is_finite() && *x > 0.0);
    parsed.ok_or_else(|| format!("`{text}` is no number above 0"))
}

/// `assay reproduce`
pub(crate) fn run(args: &ReproduceArgs, settings: &Settings) -> Outcome {
    let files = load(args.folder.dir.as_ref(), settings)?;
    let table = &named(&files, &args.table)?.table;
    let folder = super::render::folder(&args.study, settings)?;
    let results = Results::open(&folder).map_err(report::Error::from)?;
    let request = request(args, table, results.study())?;
    let found = verdicts::reproduce(&results, table, &request).map_err(report::Error::from)?;
    if found.cells.iter().all(|c| c.pipeline.is_none()) {
        return Err(nothing_paired(table, results.study()));
    }
    output::data(&report::reproduction(
        &found,
        table,
        args.format.of(args.json),
    )?);
    if let Some(hint) = hint(&found) {
        output::note(&format!("\nhint: {hint}"));
    }
    Ok(if found.raw.not_reproduced > 0 {
        Exit::Negative
    } else if found.raw.reproduced > 0 {
        Exit::Ok
    } else {
        Exit::NothingMeasured
    })
}

fn request(args: &ReproduceArgs, table: &Table, study: &Study) -> Result<Request, Refusal> {
    let margin = args.margin.or_else(|| default_margin(table.measure));
    let margin = margin.ok_or_else(|| {
        let message = format!(
            "table `{}` holds returns: no difference is small for all of them",
            table.id
        );
        Refusal::new(Exit::Usage, message)
            .hint("name the largest one that does not matter: --margin 200")
    })?;
    let pipelines = study.pipelines.iter().map(|p| p.name.as_str());
    let benchmarks = study.benchmarks.iter().map(|b| b.id.as_str());
    Ok(Request {
        only: args
            .only
            .iter()
            .map(|name| algorithm(table, name))
            .collect(),
        margin,
        pipelines: mappings("--pipeline", &args.pipeline, &pipelines.collect::<Vec<_>>())?,
        benchmarks: mappings(
            "--benchmark",
            &args.benchmark,
            &benchmarks.collect::<Vec<_>>(),
        )?,
        selection: args.selection.filter(|&s| s != Selection::Unknown),
        assume_comparable: args.assume_comparable,
    })
}

/// The table's spelling of an algorithm.
fn algorithm(table: &Table, name: &str) -> String {
    let names = || table.scores.iter().map(|s| &s.algorithm);
    let exact = names().find(|n| *n == name);
    let found = exact.or_else(|| names().find(|n| n.eq_ignore_ascii_case(name)));
    found.map_or_else(|| name.to_owned(), Clone::clone)
}

/// `OURS=THEIRS`, cut behind a name of ours: names may hold `=` themselves.
fn mappings(
    option: &str,
    texts: &[String],
    ours: &[&str],
) -> Result<Vec<(String, String)>, Refusal> {
    let mut all = Vec::new();
    for text in texts {
        let cuts = text
            .match_indices('=')
            .map(|(at, _)| (&text[..at], &text[at + 1..]));
        let cuts: Vec<(&str, &str)> = cuts.collect();
        let known = cuts.iter().find(|(own, _)| ours.contains(own));
        let Some((own, theirs)) = known else {
            let message = match cuts.first() {
                None => format!("{option}: `{text}` is not OURS=THEIRS"),
                Some((own, _)) => format!("{option}: the study has no `{own}`"),
            };
            let hint = format!("the study has {}", ours.join(", "));
            return Err(Refusal::new(Exit::Usage, message).hint(hint));
        };
        all.push(((*own).to_owned(), (*theirs).to_owned()));
    }
    Ok(all)
}

fn nothing_paired(table: &Table, study: &Study) -> Refusal {
    let list = |names: &mut dyn Iterator<Item = String>| {
        let mut all: Vec<String> = Vec::new();
        for name in names {
            if !all.contains(&name) {
                all.push(name);
            }
        }
        all.join(", ")
    };
    let message = format!("study `{}` has no run of `{}`", study.study, table.id);
    Refusal::new(Exit::NothingMeasured, message).hint(format!(
        "--pipeline OURS=THEIRS and --benchmark OURS=THEIRS say what goes together\n  ours    {}\n          {}\n  theirs  {}\n          {}",
        list(&mut study.pipelines.iter().map(|p| p.name.clone())),
        list(&mut study.benchmarks.iter().map(|b| b.id.clone())),
        list(&mut table.scores.iter().map(|s| s.algorithm.clone())),
        list(&mut table.scores.iter().map(analysis::published::Score::benchmark)),
    ))
}

/// How cells that are not comparable could be.
fn hint(found: &Reproduction) -> Option<&'static str> {
    let kept = found.cells.iter().filter(|c| {
        let own = c.own.is_some() && c.verdict == verdicts::Verdict::NotComparable;
        own && c.reasons.iter().all(Reason::can_be_assumed)
    });
    (kept.count() > 0).then_some(
        "where you know that data and protocol are the table's, --assume-comparable gives verdicts; \
         imported results declare it with `assay results import --origin D4RL --evaluation-episodes N`",
    )
}
