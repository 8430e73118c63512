//! `assay dataset`: import, lint, generate, list, show, verify, stats.

mod generate;
mod import;
mod lint;

pub(crate) use generate::{CollectArgs, collect, collect_here};
pub(crate) use lint::{PhysicsArgs, physics};

use crate::exit::{Exit, Outcome, Refusal};
use crate::output;
use crate::settings::Settings;
use clap::{Args, Subcommand};
use dataset::{Dataset, DatasetId, Metadata, Stats, Summary};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  assay dataset import hopper_medium-v2.hdf5 --id hopper/medium-local-v0 --environment hopper/d4rl-v4
  assay dataset import pointmaze-medium-navigate-v0.npz --id pointmaze/medium-navigate-local-v0 --environment pointmaze/ogbench-medium-v0
  assay dataset lint hopper/medium-local-v0 --physics
  assay dataset generate manifests/datasets/cbandit-suboptimal-high-coverage-v0.toml --seed 3
  assay dataset list
  assay dataset verify hopper/medium-local-v0")]
pub(crate) struct DatasetArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Import a file or folder of another layout as checked, digest-identified Parquet
    Import(Box<import::ImportArgs>),
    /// Look for the historical defects of offline data in a dataset or a file
    Lint(lint::LintArgs),
    /// Generate a dataset from a recipe
    Generate(generate::GenerateArgs),
    /// List all datasets
    List(Flags),
    /// Show the metadata of a dataset
    Show(OneArgs),
    /// Recompute every digest of a dataset
    Verify(OneArgs),
    /// Summarise returns, lengths, observations and actions
    Stats(OneArgs),
}

#[derive(Debug, Args)]
struct Flags {
    /// Machine-readable output
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct OneArgs {
    /// Dataset id, family/name-vN
    id: String,
    #[command(flatten)]
    flags: Flags,
}

/// `assay dataset ...`
pub(crate) fn run(args: DatasetArgs, settings: &Settings) -> Outcome {
    match args.verb {
        Verb::Import(args) => import::run(*args, settings),
        Verb::Lint(args) => lint::run(&args, settings),
        Verb::Generate(args) => generate::run(&args, settings),
        Verb::List(flags) => list(&flags, settings),
        Verb::Show(args) => show(&args, settings),
        Verb::Verify(args) => verify(&args, settings),
        Verb::Stats(args) => stats(&args, settings),
    }
}

fn id(text: &str) -> Result<DatasetId, Refusal> {
    DatasetId::new(text).map_err(|e| {
        let refusal = Refusal::from(e);
        Refusal {
            exit: Exit::Usage,
            ..refusal
        }
    })
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// The last lines of what a child process that failed has written, for a message.
fn last_words(output: &[u8]) -> String {
    let words = String::from_utf8_lossy(output);
    let lines: Vec<&str> = words.lines().collect();
    lines[lines.len().saturating_sub(4)..].join("; ")
}

fn line(m: &Metadata) -> String {
    let c = &m.counts;
    let mean = c.mean_return.map_or_else(
        || "no complete episode".into(),
        |r| format!("mean return {r:.1}"),
    );
    format!(
        "{}  {} transitions, {} episodes, {mean}, {}  {}",
        m.description.id, c.transitions, c.episodes, m.description.environment, m.logical_digest
    )
}

fn list(flags: &Flags, settings: &Settings) -> Outcome {
    let all = dataset::list(&settings.data)?;
    let readable: Vec<&Metadata> = all
        .iter()
        .filter_map(|l| l.dataset.as_ref().ok())
        .map(Dataset::metadata)
        .collect();
    if flags.json {
        output::data(&json(&readable));
        return Ok(Exit::Ok);
    }
    for listed in &all {
        match &listed.dataset {
            Ok(dataset) => output::data(&line(dataset.metadata())),
            Err(error) => output::note(&format!("unreadable: {error}")),
        }
    }
    if all.is_empty() {
        output::note(&format!("no datasets in {}", settings.data.display()));
    }
    Ok(Exit::Ok)
}

fn show(args: &OneArgs, settings: &Settings) -> Outcome {
    let dataset = Dataset::open(&settings.data, &id(&args.id)?)?;
    let text = if args.flags.json {
        json(dataset.metadata())
    } else {
        toml::to_string(dataset.metadata()).unwrap_or_else(|_| json(dataset.metadata()))
    };
    output::data(&text);
    Ok(Exit::Ok)
}

fn verify(args: &OneArgs, settings: &Settings) -> Outcome {
    let dataset = Dataset::open(&settings.data, &id(&args.id)?)?;
    let verified = match dataset.verify() {
        Ok(verified) => verified,
        // A digest that differs is the verdict that was asked for.
        Err(error) => {
            let refusal = Refusal::from(error);
            return Err(Refusal {
                exit: Exit::Negative,
                ..refusal
            });
        }
    };
    let text = if args.flags.json {
        serde_json::json!({ "id": args.id, "logical_digest": verified.digests.logical, "file_digest": verified.file_digest, "verified": true }).to_string()
    } else {
        format!(
            "{}  verified  logical {}  file {}",
            args.id, verified.digests.logical, verified.file_digest
        )
    };
    output::data(&text);
    Ok(Exit::Ok)
}

fn stats(args: &OneArgs, settings: &Settings) -> Outcome {
    let dataset = Dataset::open(&settings.data, &id(&args.id)?)?;
    let bounds = dataset.metadata().description.action_bounds.clone();
    let stats = Stats::of(&dataset.load()?, bounds.as_deref());
    if args.flags.json {
        output::data(&json(&stats));
        return Ok(Exit::Ok);
    }
    let row = |name: &str, s: Option<&Summary>| match s {
        Some(s) => format!(
            "  {name:<16} {:>12.4} {:>12.4} {:>12.4} {:>12.4}\n",
            s.mean, s.sd, s.min, s.max
        ),
        None => format!("  {name:<16} none\n"),
    };
    let mut text = format!(
        "{}: {} transitions ({} can be sampled), {} episodes, {} terminated, {} truncated\n  {:<16} {:>12} {:>12} {:>12} {:>12}\n",
        args.id,
        stats.transitions,
        stats.sampleable,
        stats.episodes,
        stats.terminated,
        stats.truncated,
        "",
        "mean",
        "sd",
        "min",
        "max"
    );
    text.push_str(&row("return", stats.returns.as_ref()));
    text.push_str(&row("length", stats.lengths.as_ref()));
    text.push_str(&row("reward", stats.reward.as_ref()));
    for (i, s) in stats.observation.iter().enumerate() {
        text.push_str(&row(&format!("observation[{i}]"), Some(s)));
    }
    for (i, s) in stats.action.iter().enumerate() {
        text.push_str(&row(&format!("action[{i}]"), Some(s)));
    }
    if let Some(shares) = &stats.action_share_at_bounds {
        let shares: Vec<String> = shares
            .iter()
            .map(|s| format!("{:.1} %", 100.0 * s))
            .collect();
        text.push_str(&format!(
            "  actions at their bounds: {}\n",
            shares.join(", ")
        ));
    }
    output::data(&text);
    Ok(Exit::Ok)
}
