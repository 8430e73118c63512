//! `assay results import`: learning curves of others to a study's folder.

use crate::exit::{Exit, Outcome, Refusal};
use crate::output;
use crate::settings::Settings;
use analysis::study::{
    Benchmark, Better, FORMAT, Normalizer, Over, Pipeline, Protocol, Study, TableSpec,
};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use store::{CurveColumns, CurveRun, Cuts, RETURN, run_names};

/// The file that marks a study's folder as imported, and says from what and how.
const RECORD: &str = "import.json";

#[derive(Debug, Args)]
#[command(
    after_help = "d3rlpy-benchmarks: a folder a run, IQL_hopper-medium-v0_4_20220523084247/environment.csv, or all runs in one Parquet file.
Anything else: CSV (with a line of names) or Parquet with a row an evaluation, and --map for columns that are not called algorithm, env
and dataset (joined by `-`: the benchmark), seed, step (updates), return (undiscounted, averaged over episodes).

The study has the tables normalized-score-last, -best and -mean-last-10 and the same of the return. A failed import leaves
nothing behind.

Examples:
  assay results import d3rlpy-benchmarks/data --id d3rlpy
  assay results import d4rl_runs.parquet --id d3rlpy --origin D4RL --drop-first 1 --keep-last PLAS=500 --keep-last PLAS+P=500
  assay results import runs.csv --id mine --map benchmark=task --map seed=run --map update=iteration --map return=score
  assay results import iql.csv --id mine --map algorithm==IQL --map benchmark==hopper-medium-v2 --normalizer none"
)]
pub(super) struct ImportArgs {
    /// The file or folder
    source: PathBuf,
    /// Name of the new study
    #[arg(long)]
    id: String,
    /// One line for people [default: the source]; what was cut is added
    #[arg(long)]
    title: Option<String>,
    /// Layout of the source
    #[arg(long, value_enum, default_value = "auto")]
    layout: Layout,
    /// Columns: algorithm= benchmark= environment= seed= update= return=; may be repeated. KEY==TEXT is the same text for all rows
    #[arg(long, value_name = "KEY=COLUMNS")]
    map: Vec<String>,
    /// Normaliser of the returns, or `none`; benchmarks without reference returns have no normalised score
    #[arg(long, default_value = "d4rl")]
    normalizer: String,
    /// Collection whose datasets the benchmarks are named after, e.g. D4RL: published numbers on it then apply
    #[arg(long, value_name = "COLLECTION")]
    origin: Option<String>,
    /// Episodes of one evaluation, for comparison with published numbers
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    evaluation_episodes: Option<u32>,
    /// Drop the first so many evaluations of every run
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    drop_first: usize,
    /// Keep only the last so many evaluations of an algorithm's runs; may be repeated
    #[arg(long, value_name = "ALGORITHM=COUNT", value_parser = kept)]
    keep_last: Vec<(String, usize)>,
    /// Replace an imported study of the same name
    #[arg(long)]
    overwrite: bool,
    /// Print what was imported as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Layout {
    /// A folder is d3rlpy's, a file a table
    Auto,
    /// Folders of d3rlpy-benchmarks
    D3rlpy,
    /// CSV or Parquet with a row an evaluation
    Table,
}

/// `PLAS=500`; the name of an algorithm may hold `=`.
fn kept(text: &str) -> Result<(String, usize), String> {
    let wrong = || format!("`{text}` is not ALGORITHM=COUNT, for example PLAS=500");
    let (algorithm, count) = text.rsplit_once('=').ok_or_else(wrong)?;
    let count = count.parse().ok().filter(|&k| k > 0).ok_or_else(wrong)?;
    Ok((algorithm.to_owned(), count))
}

/// What `import.json` says.
#[derive(Debug, Serialize)]
struct Record {
    format: u32,
    source: String,
    sha256: String,
    cuts: Vec<String>,
    normalizer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluation_episodes: Option<u32>,
    algorithms: Vec<String>,
    benchmarks: Vec<String>,
    without_normalizer: Vec<String>,
    runs: usize,
    evaluations: usize,
}

/// `assay results import ...`
pub(super) fn run(args: &ImportArgs, settings: &Settings) -> Outcome {
    let folder = target(args, settings)?;
    let mut runs = read(args)?;
    let cuts = Cuts {
        drop_first: args.drop_first,
        keep_last: args.keep_last.iter().cloned().collect(),
    };
    cuts.apply(&mut runs, &args.source).map_err(refused)?;
    let name = args
        .source
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let sha256 = store::curves_digest(&runs);
    let study = describe(args, &runs, &title(args, &name, &cuts))?;
    let lacking = study.benchmarks.iter().filter(|b| b.normalizer.is_none());
    let record = Record {
        format: 1,
        source: name.into_owned(),
        cuts: cuts.words(),
        normalizer: (args.normalizer != "none").then(|| args.normalizer.clone()),
        origin: args.origin.clone(),
        evaluation_episodes: args.evaluation_episodes,
        algorithms: run_names(&runs, |r| &r.algorithm),
        benchmarks: run_names(&runs, |r| &r.benchmark),
        without_normalizer: lacking.map(|b| b.id.clone()).collect(),
        runs: runs.len(),
        evaluations: runs.iter().map(|r| r.evaluations.len()).sum(),
        sha256,
    };
    write(&folder, &study, &record, &runs)?;
    report(args, &folder, &study, &record, &runs);
    Ok(Exit::Ok)
}

/// The folder of the study, if it may be written.
fn target(args: &ImportArgs, settings: &Settings) -> Result<PathBuf, Refusal> {
    let usage = |message: String| Refusal::new(Exit::Usage, message);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if args.id.is_empty()
        || args.id.starts_with('.')
        || args.id == "store"
        || !args.id.chars().all(plain)
    {
        return Err(
            usage(format!("`{}` cannot be the name of a study", args.id))
                .hint("letters, digits, `-`, `_` and `.`, not `store`"),
        );
    }
    let folder = settings.results.join(&args.id);
    if !folder.exists() {
        return Ok(folder);
    }
    if !folder.join(RECORD).is_file() {
        return Err(
            usage(format!("{} is no imported study", folder.display())).hint("choose another --id")
        );
    }
    if !args.overwrite {
        return Err(
            usage(format!("{} is there already", folder.display())).hint("--overwrite replaces it")
        );
    }
    Ok(folder)
}

/// A source that is refused is a mistake of the command line or of the file, not of the machine.
fn refused(error: store::Error) -> Refusal {
    let usage = matches!(error, store::Error::Source { .. });
    let refusal = Refusal::from(error);
    let exit = if usage { Exit::Usage } else { refusal.exit };
    Refusal { exit, ..refusal }
}

fn read(args: &ImportArgs) -> Result<Vec<CurveRun>, Refusal> {
    let mut columns = CurveColumns::default();
    for entry in &args.map {
        let set = columns.set(entry);
        set.map_err(|text| Refusal::new(Exit::Usage, format!("--map: {text}")))?;
    }
    let layout = match args.layout {
        Layout::Auto if args.source.is_dir() => Layout::D3rlpy,
        Layout::Auto => Layout::Table,
        named => named,
    };
    let runs = if layout == Layout::D3rlpy {
        store::read_d3rlpy(&args.source)
    } else {
        store::read_curves(&args.source, &columns)
    };
    runs.map_err(refused)
}

/// The title always says what was cut, so that every output that names the study does.
fn title(args: &ImportArgs, source: &str, cuts: &Cuts) -> String {
    let words = cuts.words();
    match (&args.title, words.is_empty()) {
        (Some(title), true) => title.clone(),
        (None, true) => format!("{source}, every evaluation"),
        (title, false) => {
            let title = title.as_deref().unwrap_or(source);
            format!("{title}; {}", words.join("; "))
        }
    }
}

fn describe(args: &ImportArgs, runs: &[CurveRun], title: &str) -> Result<Study, Refusal> {
    let mut benchmarks = Vec::new();
    for id in run_names(runs, |r| &r.benchmark) {
        let environment = runs
            .iter()
            .find(|r| r.benchmark == id)
            .and_then(|r| r.environment.clone());
        let normalizer = normalizer(&args.normalizer, &id)?;
        benchmarks.push(Benchmark {
            environment: environment.unwrap_or_else(|| id.clone()),
            normalizer,
            protocol: Protocol {
                origin: args.origin.as_ref().map(|c| format!("{c}/{id}")),
                evaluation_episodes: args.evaluation_episodes,
                ..Protocol::default()
            },
            id,
        });
    }
    let pipelines = run_names(runs, |r| &r.algorithm).into_iter().map(|name| {
        let own = |r: &&CurveRun| r.algorithm == name;
        let own: Vec<CurveRun> = runs.iter().filter(own).cloned().collect();
        let ids = run_names(&own, |r| &r.benchmark);
        let partial = ids.len() < benchmarks.len();
        Pipeline {
            name,
            labels: BTreeMap::new(),
            benchmarks: partial.then_some(ids),
            over: Over::Updates,
        }
    });
    Ok(Study {
        format: FORMAT,
        study: args.id.clone(),
        title: title.to_owned(),
        manifest_digest: "none: imported".into(),
        pipelines: pipelines.collect(),
        axes: Vec::new(),
        sweeps: Vec::new(),
        reference: BTreeMap::new(),
        tables: tables(benchmarks.iter().any(|b| b.normalizer.is_some())),
        figures: Vec::new(),
        findings: Vec::new(),
        benchmarks,
    })
}

/// Reference returns of a benchmark; none where the normaliser has no such row.
fn normalizer(name: &str, id: &str) -> Result<Option<Normalizer>, Refusal> {
    if name == "none" {
        return Ok(None);
    }
    match envs::normalizer::lookup(name, id) {
        Ok(n) => Ok(Some(Normalizer {
            id: n.normalizer.clone(),
            version: n.version.to_string(),
            ref_min: n.ref_min,
            ref_max: n.ref_max,
        })),
        Err(envs::Error::NoReferences { .. }) => Ok(None),
        Err(error) => Err(Refusal {
            exit: Exit::Usage,
            ..Refusal::from(error)
        }),
    }
}

/// Every selection rule, by name.
fn tables(normalized: bool) -> Vec<TableSpec> {
    let metrics = normalized
        .then_some("normalized_score")
        .into_iter()
        .chain([RETURN]);
    let table = |metric: &str, rule: &str| TableSpec {
        id: format!("{}-{rule}", metric.replace('_', "-")),
        benchmark: None,
        metric: format!("{metric}@{rule}"),
        rows: "benchmark".into(),
        columns: "pipeline".into(),
        better: Better::Higher,
        only: BTreeMap::new(),
    };
    let rules = ["last", "best", "mean-last-10"];
    metrics
        .flat_map(|metric| rules.map(|rule| table(metric, rule)))
        .collect()
}

/// The folder appears by one rename, complete.
fn write(folder: &Path, study: &Study, record: &Record, runs: &[CurveRun]) -> Result<(), Refusal> {
    let fail = |action: &str, e: &dyn std::fmt::Display| {
        Refusal::new(
            Exit::Execution,
            format!("cannot {action} {}: {e}", folder.display()),
        )
    };
    let parent = folder.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(|e| fail("make the folder of", &e))?;
    let fresh = tempfile::Builder::new()
        .prefix(".import-")
        .tempdir_in(parent)
        .map_err(|e| fail("write", &e))?;
    let source = format!("import/{}", &record.sha256[..12]);
    store::write_curves(&fresh.path().join("observations.parquet"), runs, &source)?;
    let study = serde_json::to_vec_pretty(study).map_err(|e| fail("write", &e))?;
    store::replace_file(&fresh.path().join("study.json"), &study)?;
    let record = serde_json::to_vec_pretty(record).map_err(|e| fail("write", &e))?;
    store::replace_file(&fresh.path().join(RECORD), &record)?;
    let parked = tempfile::Builder::new()
        .prefix(".replaced-")
        .tempdir_in(parent)
        .map_err(|e| fail("replace", &e))?;
    let old = parked.path().join("study");
    if folder.exists() {
        std::fs::rename(folder, &old).map_err(|e| fail("replace", &e))?;
    }
    std::fs::rename(fresh.path(), folder).map_err(|e| {
        // What was there comes back; where even that fails, the first error says why.
        if old.exists() && std::fs::rename(&old, folder).is_err() {
            let kept = parked.keep();
            return fail(&format!("put back {} as", kept.display()), &e);
        }
        fail("write", &e)
    })
}

fn report(args: &ImportArgs, folder: &Path, study: &Study, record: &Record, runs: &[CurveRun]) {
    if args.json {
        output::data(&serde_json::to_string_pretty(record).unwrap_or_default());
        return;
    }
    output::data(&format!(
        "{}: {} runs, {} evaluations, {} algorithms, {} benchmarks in {}",
        study.title,
        record.runs,
        record.evaluations,
        record.algorithms.len(),
        record.benchmarks.len(),
        folder.display()
    ));
    if !record.without_normalizer.is_empty() && args.normalizer != "none" {
        output::note(&format!(
            "without reference returns in normaliser {}: {}",
            args.normalizer,
            record.without_normalizer.join(", ")
        ));
    }
    let mut ends: BTreeMap<(&str, &str), (i64, i64)> = BTreeMap::new();
    for run in runs {
        let end = run.evaluations.last().map_or(0, |e| e.0);
        let range = ends
            .entry((&run.algorithm, &run.benchmark))
            .or_insert((end, end));
        *range = (range.0.min(end), range.1.max(end));
    }
    for ((algorithm, benchmark), (first, last)) in ends {
        if first != last {
            output::note(&format!(
                "runs of {algorithm} on {benchmark} end between {first} and {last} updates"
            ));
        }
    }
}
