//! `assay dataset generate`, and the child process in which a simulated dataset is collected.

use super::{Flags, json, last_words, line};
use crate::commands::session::{myself, with_resolver};
use crate::exit::{Exit, Outcome, Refusal};
use crate::output;
use crate::progress::Collection;
use crate::settings::{self, Settings};
use clap::Args;
use plugin_host::numeric;
use runner::{Collecting, GenerateRequest};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::Stdio;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  assay dataset generate manifests/datasets/cbandit-suboptimal-high-coverage-v0.toml --seed 3
  assay dataset generate manifests/datasets/hopper-file-v0.toml --policy sac.zip
  assay dataset generate manifests/datasets/hopper-medium-v0.toml    trains the policy first, and keeps it for the other ages

The same recipe, seed and plugins give the same dataset. An interrupted training goes on where its last snapshot is.")]
pub(super) struct GenerateArgs {
    /// The recipe
    recipe: PathBuf,
    /// Policy for a recipe whose behaviour is of kind `file`: a zip file of Stable-Baselines3
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Seed
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(args: &GenerateArgs, settings: &Settings) -> Outcome {
    let mut recipe = runner::read_recipe(&args.recipe)?;
    if let Some(policy) = &args.policy {
        recipe = runner::with_policy_file(recipe, policy)?;
    }
    let id = runner::generated_id(recipe.id(), args.seed);
    let dataset = with_resolver(settings, args.policy.as_deref(), |places, resolver| {
        runner::ensure_generated(&id, &recipe, args.seed, places, resolver)
    })?;
    output::data(&if args.flags.json {
        json(dataset.metadata())
    } else {
        line(dataset.metadata())
    });
    Ok(Exit::Ok)
}

/// What the child says of itself, one line of JSON each.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    Progress {
        what: String,
        position: u64,
        total: u64,
        episode_return: Option<f64>,
    },
    Failed(String),
}

/// Collects the dataset of `request` in a child process, because plugins take part.
pub(crate) fn collect(request: &GenerateRequest) -> Result<(), String> {
    let text = serde_json::to_string(request).map_err(|e| e.to_string())?;
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let (asked, log) = (folder.path().join("request"), folder.path().join("log"));
    std::fs::write(&asked, text).map_err(|e| e.to_string())?;
    let log_file = std::fs::File::create(&log).map_err(|e| e.to_string())?;
    let mut child = myself()
        .map_err(|refusal| refusal.message)?
        .arg("collect")
        .arg(&asked)
        .envs(numeric::worker_environment(&request.numeric))
        // The child ends when this pipe closes, so that it does not outlive this process.
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log_file)
        .spawn()
        .map_err(|e| e.to_string())?;
    let mut collection = Collection::new();
    let mut failure = None;
    for line in child
        .stdout
        .take()
        .map(BufReader::new)
        .into_iter()
        .flat_map(BufRead::lines)
    {
        match line.ok().as_deref().map(serde_json::from_str) {
            Some(Ok(Word::Progress {
                what,
                position,
                total,
                episode_return,
            })) => {
                collection.advance(&Collecting {
                    what,
                    position,
                    total,
                    episode_return,
                });
            }
            Some(Ok(Word::Failed(reason))) => failure = Some(reason),
            // What a plugin prints is none of ours.
            _ => {}
        }
    }
    collection.end();
    let status = child.wait().map_err(|e| e.to_string())?;
    match failure {
        None if status.success() => Ok(()),
        Some(reason) => Err(reason),
        None => {
            let words = last_words(&std::fs::read(&log).unwrap_or_default());
            Err(match words.as_str() {
                "" => format!("its process ended with {status}, without a word"),
                words => format!("its process ended with {status}; {words}"),
            })
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct CollectArgs {
    /// What to collect
    request: PathBuf,
}

/// Seconds between two lines of progress.
const INTERVAL_S: f64 = 0.2;

/// The child of [`collect`].
#[expect(
    clippy::exit,
    reason = "a child without its parent must end at once, from the thread that notices"
)]
#[expect(clippy::disallowed_methods, reason = "as above")]
pub(crate) fn collect_here(args: &CollectArgs) -> Outcome {
    store::failpoint::arm(settings::failpoint("ASSAY_FAILPOINT_WORKER"));
    let failed = |e: &dyn std::fmt::Display| Refusal::new(Exit::Execution, e.to_string());
    let text = std::fs::read_to_string(&args.request).map_err(|e| failed(&e))?;
    let request: GenerateRequest = serde_json::from_str(&text).map_err(|e| failed(&e))?;
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(i32::from(Exit::Execution as u8));
    });
    let say = |word: &Word| output::data(&serde_json::to_string(word).unwrap_or_default());
    let watch = runner::clock::Stopwatch::start();
    let mut said_s = -1.0;
    let outcome = runner::collect(&request, &mut |c: Collecting| {
        if watch.seconds() - said_s >= INTERVAL_S {
            said_s = watch.seconds();
            say(&Word::Progress {
                what: c.what,
                position: c.position,
                total: c.total,
                episode_return: c.episode_return,
            });
        }
    });
    match outcome {
        Ok(()) => Ok(Exit::Ok),
        Err(error) => {
            say(&Word::Failed(error.reason()));
            Ok(Exit::Execution)
        }
    }
}
