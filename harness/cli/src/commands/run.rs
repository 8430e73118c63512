//! `assay run`, `validate`, `status`.

use super::session::{Session, myself};
use super::{keep_folder, parts, render, study};
use crate::exit::{Exit, Outcome, Refusal};
use crate::output;
use crate::progress::Progress;
use crate::settings::{self, Settings};
use clap::Args;
use manifest::{Part, SeedRange};
use runner::{CellState, NodeKind, Options, Plan, Report, execute, observe, origins};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::Store;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  assay run manifests/quickstart.toml --show
  assay run manifests/d4rl-mujoco-small.toml --jobs 4 --results /data/results
  assay run study.toml --part first --seeds 0-3
                         a part; run others elsewhere or later, then `assay results merge`
Finished work is kept: after a kill, or after adding seeds, the same command computes only what is missing.")]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) manifest: ManifestArgs,
    /// Workers at a time [default: number of cores]
    #[arg(long, short, value_name = "N")]
    jobs: Option<usize>,
    /// Print the tables and findings at the end
    #[arg(long)]
    show: bool,
    /// Keep what is run as this part of the study, apart from the study's own folder
    #[arg(long, value_name = "NAME")]
    part: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ManifestArgs {
    /// The manifest file
    pub(crate) manifest: PathBuf,
    /// Machine-readable output
    #[arg(long)]
    pub(crate) json: bool,
    /// Only this benchmark, by its name in the manifest; may be repeated
    #[arg(long = "benchmark", value_name = "NAME")]
    benchmarks: Vec<String>,
    /// Only these run seeds, first to last
    #[arg(long, value_name = "FIRST-LAST")]
    seeds: Option<SeedRange>,
}

impl ManifestArgs {
    /// What of the study is meant.
    pub(crate) fn part(&self) -> Part {
        Part {
            benchmarks: self.benchmarks.clone(),
            seeds: self.seeds,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct WorkerArgs {
    /// The job file
    #[arg(long)]
    pub(crate) job: PathBuf,
    /// The coordinator's socket
    #[arg(long)]
    pub(crate) socket: PathBuf,
}

/// `assay validate`
pub(crate) fn validate(args: &ManifestArgs, settings: &Settings) -> Outcome {
    let session = Session::open(&args.manifest, &args.part(), settings)?;
    let text = if args.json {
        serde_json::json!({ "valid": true, "manifest_digest": manifest::identity::id_of(&session.whole) }).to_string()
    } else {
        format!(
            "{} is valid: {}",
            args.manifest.display(),
            summary(&session.plan)
        )
    };
    output::data(&text);
    Ok(Exit::Ok)
}

fn summary(plan: &Plan) -> String {
    let skipped = plan
        .cells
        .iter()
        .filter(|c| matches!(c.state, CellState::Skipped { .. }))
        .count();
    let skipped = if skipped == 0 {
        String::new()
    } else {
        format!(", {skipped} skipped")
    };
    format!(
        "{} runs{skipped}, {} stages to train, {} evaluations",
        plan.cells.len(),
        plan.count(NodeKind::Stage),
        plan.count(NodeKind::Evaluation)
    )
}

/// `assay status`
pub(crate) fn status(args: &ManifestArgs, settings: &Settings) -> Outcome {
    let session = Session::open(&args.manifest, &args.part(), settings)?;
    let store = Store::open(&session.places.results)?;
    let (mut ok, mut failed, mut missing) = (0, Vec::new(), 0);
    for id in &session.plan.order {
        if store.has(id) {
            ok += 1;
        } else if let Some((failure, folder)) = store.failure(id) {
            failed.push((session.plan.nodes[id].label.clone(), failure, folder));
        } else {
            missing += 1;
        }
    }
    if args.json {
        let list: Vec<_> = failed
            .iter()
            .map(|(label, f, _)| serde_json::json!({ "id": f.run_id, "label": label, "kind": f.kind.name(), "message": f.message }))
            .collect();
        output::data(
            &serde_json::json!({ "complete": ok, "missing": missing, "failed": list }).to_string(),
        );
        return Ok(Exit::Ok);
    }
    let mut text = format!(
        "{ok}/{} nodes complete, {missing} to come, {} failed\n",
        session.plan.order.len(),
        failed.len()
    );
    for (label, failure, _) in &failed {
        text.push_str(&format!(
            "  {}  {label}: {} (assay show {})\n",
            failure.kind.name(),
            failure.message,
            &failure.run_id[..12]
        ));
    }
    output::data(&text);
    Ok(Exit::Ok)
}

/// `assay run`
pub(crate) fn run(args: &RunArgs, settings: &Settings) -> Outcome {
    store::failpoint::arm(settings::failpoint("ASSAY_FAILPOINT_RUN"));
    let part = args.manifest.part();
    let name = part_name(args, &part)?;
    let session = Session::open(&args.manifest.manifest, &part, settings)?;
    let store = Store::open(&session.places.results)?;
    let lock = store.lock()?;
    let report = compute(&session, &store, args.jobs.unwrap_or(settings.jobs))?;
    let mut folder = store.study_folder(&session.manifest.study.id);
    if let Some(name) = name {
        folder = parts::folder(&folder, name);
        parts::record(&session, &folder)?;
    }
    keep(args, &session, &store, &report, &folder)?;
    drop(lock);
    if report.stopped {
        return Err(
            Refusal::new(Exit::Execution, "stopped; finished work is kept")
                .hint("run the same command to go on"),
        );
    }
    conclude(args, &report, &folder, &session.manifest.study.id)
}

fn compute(session: &Session, store: &Store, jobs: usize) -> Result<Report, Refusal> {
    let executable = std::env::current_exe()
        .map_err(|e| Refusal::new(Exit::Bug, format!("cannot find this executable: {e}")))?;
    myself()?;
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    // A second handler in one process is refused; the first one then stays in force.
    let _ = ctrlc::set_handler(move || flag.store(true, Ordering::SeqCst));
    let worker = || {
        let mut command = std::process::Command::new(&executable);
        command.arg("worker");
        command
    };
    let limits = &session.manifest.limits;
    let options = Options {
        jobs,
        timeout_s: limits.timeout_s,
        memory_mib: limits.memory_mib,
        worker: &worker,
        stop: &stop,
    };
    let mut progress = Progress::new(&session.manifest.study.id, &session.plan, store, jobs);
    let report = execute(&session.plan, store, &options, &mut |event| {
        progress.observe(&event)
    })?;
    progress.finish(&report);
    Ok(report)
}

/// The name of the part that is run; none for the whole study.
fn part_name<'a>(args: &'a RunArgs, part: &Part) -> Result<Option<&'a str>, Refusal> {
    let Some(name) = args.part.as_deref() else {
        if part.is_whole() {
            return Ok(None);
        }
        let message = "--benchmark and --seeds choose a part of the study, which needs a name";
        return Err(Refusal::new(Exit::Usage, message)
            .hint("add --part NAME; `assay results merge results/<study>` joins the parts later"));
    };
    parts::check_name(name)?;
    Ok(Some(name))
}

/// Writes the study's long table, description and origins, and renders it.
fn keep(
    args: &RunArgs,
    session: &Session,
    store: &Store,
    report: &Report,
    folder: &Path,
) -> Result<(), Refusal> {
    // Only a table that asks for time gets it: other studies are the same bytes wherever they run.
    let tables = &session.manifest.tables;
    let timings = tables.iter().any(|t| t.metric == runner::MS_PER_ACTION);
    let rows = observe(&session.plan, store, report, timings)?;
    keep_folder::keep(folder, &study::describe(session), &rows, || {
        let manifest = args.manifest.manifest.display().to_string();
        Ok(origins(&session.plan, store, &manifest)?)
    })
}

fn conclude(args: &RunArgs, report: &Report, folder: &Path, study: &str) -> Outcome {
    if args.manifest.json {
        let failed: Vec<_> = report
            .failed
            .values()
            .map(|f| serde_json::json!({ "id": f.run_id, "kind": f.kind.name(), "message": f.message }))
            .collect();
        let text = serde_json::json!({
            "study": study, "folder": folder, "cached": report.cached, "computed": report.computed, "failed": failed,
        });
        output::data(&text.to_string());
    }
    if args.show {
        render::print(folder)?;
    }
    if !args.manifest.json {
        // A study without axes has no matrix, one without snapshots and sweeps no curves.
        let table = ("table", folder.join("table.md"));
        let table = Some(table).filter(|(_, file)| file.exists());
        let page = ("page", folder.join(report::PAGE));
        let page = Some(page).filter(|(_, file)| file.exists());
        let made = table
            .into_iter()
            .chain(render::figures(folder)?)
            .chain(page);
        let line = |(what, file): (&str, PathBuf)| format!("\n{what:<8} {}", file.display());
        output::note(&made.map(line).collect::<String>());
    }
    if !report.failed.is_empty() {
        let own = report
            .failed
            .values()
            .filter(|f| f.kind != store::FailureKind::Upstream)
            .count();
        return Err(Refusal::new(
            Exit::Execution,
            format!(
                "{own} nodes failed; everything else is in {}",
                folder.display()
            ),
        )
        .hint("`assay status` lists them, `assay show <id>` prints the log; run again to retry"));
    }
    if !folder.join("table.json").exists() {
        return Err(Refusal::new(Exit::NothingMeasured, "nothing was measured"));
    }
    Ok(Exit::Ok)
}
