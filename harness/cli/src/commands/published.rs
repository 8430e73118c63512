//! `assay published`: the tables of published scores, and what is wrong with them.

use crate::exit::{Exit, Outcome, Refusal};
use crate::output;
use crate::settings::Settings;
use analysis::Results;
use analysis::published::{self, Defect, File, Selection};
use clap::{Args, Subcommand, ValueEnum};
use report::TableFormat;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  assay published list
  assay published show corl-offline-last --format markdown
  assay published check
  assay published check --dir my-tables --json
  assay published recompute d3rlpy-best d3rlpy      from the runs that `assay results import` made the study d3rlpy of

The format and the validator's rules: results/published/README.md.
Exit codes: check 0 nothing found, or only suspicions and what a table says is known of its source; 1 something is wrong; recompute 0 every cell
with runs equals the printed one, 1 some differ, 3 there is no such cell. Without any table 3.")]
pub(crate) struct PublishedArgs {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    folder: FolderArgs,
}

/// Where published tables are.
#[derive(Clone, Debug, Args)]
pub(crate) struct FolderArgs {
    /// Folder with the tables [default: results/published in the installation]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List all tables: scores, trust, runs, selection rule, title
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print one table with its source and protocol
    Show(ShowArgs),
    /// Look for numbers that cannot be right
    Check(CheckArgs),
    /// Make a table again from the runs behind it, with its selection rule and convention of spreads
    Recompute(RecomputeArgs),
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// Id of the table
    table: String,
    /// Output format
    #[arg(long, value_enum, default_value = "console")]
    format: TextFormat,
    /// The same as --format json
    #[arg(long)]
    json: bool,
}

/// What tables without figures are written as.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TextFormat {
    Console,
    Markdown,
    Csv,
    Json,
}

impl TextFormat {
    /// The format of a report; `json` wins.
    pub(crate) fn of(self, json: bool) -> TableFormat {
        match (json, self) {
            (true, _) | (_, Self::Json) => TableFormat::Json,
            (_, Self::Console) => TableFormat::Console,
            (_, Self::Markdown) => TableFormat::Markdown,
            (_, Self::Csv) => TableFormat::Csv,
        }
    }
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// Only these tables; may be repeated
    #[arg(long)]
    table: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct RecomputeArgs {
    /// Id of the table
    table: String,
    /// Name of a study below the results folder, or its folder
    study: String,
    /// last, best, mean-last-K or best-of-last-K [default: as the table says]
    #[arg(long, value_name = "RULE", value_parser = str::parse::<Selection>)]
    selection: Option<Selection>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// `assay published ...`
pub(crate) fn run(args: &PublishedArgs, settings: &Settings) -> Outcome {
    let files = load(args.folder.dir.as_ref(), settings)?;
    match &args.verb {
        Verb::List { json } => {
            output::data(&report::published_list(&files, *json)?);
            Ok(Exit::Ok)
        }
        Verb::Show(args) => {
            let file = named(&files, &args.table)?;
            let format = args.format.of(args.json);
            output::data(&report::published_table(&file.table, format)?);
            Ok(Exit::Ok)
        }
        Verb::Check(args) => check(args, files),
        Verb::Recompute(args) => recompute(args, &files, settings),
    }
}

/// The tables of a folder; a folder without any has nothing to show.
pub(crate) fn load(dir: Option<&PathBuf>, settings: &Settings) -> Result<Vec<File>, Refusal> {
    let built_in = || settings.home.join("results/published");
    let folder = dir.cloned().unwrap_or_else(built_in);
    let files = published::load(&folder).map_err(report::Error::from)?;
    if files.is_empty() {
        let message = format!("no table in {}", folder.display());
        return Err(Refusal::new(Exit::NothingMeasured, message)
            .hint("a table is a TOML file: results/published/README.md"));
    }
    Ok(files)
}

/// The table of this id.
pub(crate) fn named<'a>(files: &'a [File], id: &str) -> Result<&'a File, Refusal> {
    let found = files.iter().find(|f| f.table.id == id);
    found.ok_or_else(|| {
        let known: Vec<&str> = files.iter().map(|f| f.table.id.as_str()).collect();
        let nearest =
            manifest::nearest(id, known.iter().copied()).map(|n| format!("did you mean `{n}`?"));
        let hint = nearest.unwrap_or_else(|| "`assay published list` names all tables".into());
        Refusal::new(Exit::Usage, format!("no published table `{id}`")).hint(hint)
    })
}

/// Reference returns of a normaliser for a dataset.
pub(crate) fn references(normalizer: &str, id: &str) -> Option<(f64, f64)> {
    let found = envs::normalizer::lookup(normalizer, id).ok()?;
    Some((found.ref_min, found.ref_max))
}

fn check(args: &CheckArgs, files: Vec<File>) -> Outcome {
    for id in &args.table {
        named(&files, id)?;
    }
    let tables: Vec<_> = files.iter().map(|f| &f.table).collect();
    let mut defects = published::check(&tables, &references);
    let asked = |id: &String| args.table.is_empty() || args.table.contains(id);
    defects.retain(|d| asked(&d.table));
    let mut shown = files;
    shown.retain(|f| asked(&f.table.id));
    output::data(&report::published_defects(&shown, &defects, args.json)?);
    let tolerated = |d: &Defect| d.acknowledged || d.code.is_suspicion();
    Ok(if defects.iter().all(tolerated) {
        Exit::Ok
    } else {
        Exit::Negative
    })
}

fn recompute(args: &RecomputeArgs, files: &[File], settings: &Settings) -> Outcome {
    let table = &named(files, &args.table)?.table;
    let selection = args.selection.unwrap_or(table.selection);
    if selection == Selection::Unknown {
        let message = format!(
            "table `{}` does not say which evaluation of a run counts",
            table.id
        );
        return Err(
            Refusal::new(Exit::Usage, message).hint("name a rule, for example --selection last")
        );
    }
    let folder = super::render::folder(&args.study, settings)?;
    let results = Results::open(&folder).map_err(report::Error::from)?;
    let cells = published::recompute(&results, table, selection).map_err(report::Error::from)?;
    if cells.is_empty() {
        let message = format!("study `{}` has no run of `{}`", args.study, table.id);
        return Err(Refusal::new(Exit::NothingMeasured, message).hint(
            "its benchmarks and pipelines must be named as the table's datasets and algorithms",
        ));
    }
    let title = &results.study().title;
    output::data(&report::published_recomputed(
        table, title, &cells, args.json,
    )?);
    Ok(if cells.iter().all(|c| c.equal) {
        Exit::Ok
    } else {
        Exit::Negative
    })
}
