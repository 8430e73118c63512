//! `assay run`, `validate`, `status`.

use super::session::{Session, myself};
use super::{render, study};
use crate::exit::{Exit, Outcome, Refusal};
use crate::output;
use crate::progress::Progress;
use crate::settings::{self, Settings};
use clap::Args;
use runner::{CellState, NodeKind, Options, Plan, Report, execute, observe, origins};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::{Origins, Store};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  assay run manifests/quickstart.toml --show
  assay run manifests/d4rl-mujoco-small.toml --jobs 4 --results /data/results
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
}

#[derive(Debug, Args)]
pub(crate) struct ManifestArgs {
    /// The manifest file
    pub(crate) manifest: PathBuf,
    /// Machine-readable output
    #[arg(long)]
    pub(crate) json: bool,
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
    let session = Session::open(&args.manifest, settings)?;
    let text = if args.json {
        serde_json::json!({ "valid": true, "manifest_digest": manifest::identity::id_of(&session.manifest) }).to_string()
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
    let session = Session::open(&args.manifest, settings)?;
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
    let session = Session::open(&args.manifest.manifest, settings)?;
    let store = Store::open(&session.places.results)?;
    let lock = store.lock()?;
    let report = compute(&session, &store, args.jobs.unwrap_or(settings.jobs))?;
    let folder = store.study_folder(&session.manifest.study.id);
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

/// Beside the renderings: the digest of what they were made from. Written last, so that renderings which a kill left
/// unfinished or old are made anew.
const RENDERED: &str = "rendered.sha256";

/// Writes the study's long table, description and origins, and renders it anew unless that was done from the same bytes.
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
    let observations = folder.join("observations.parquet");
    let text = serde_json::to_string_pretty(&study::describe(&session.manifest, &session.plan))
        .map_err(|e| Refusal::new(Exit::Bug, e.to_string()))?;
    store::write_observations(&observations, &rows)?;
    store::replace_file(&folder.join("study.json"), text.as_bytes())?;
    let long_table = std::fs::read(&observations).map_err(|e| {
        let message = format!("reading {}: {e}", observations.display());
        Refusal::new(Exit::Execution, message)
    })?;
    let source = manifest::identity::id_of(&[
        env!("CARGO_PKG_VERSION"),
        &manifest::identity::sha256_hex(&long_table),
        &manifest::identity::sha256_hex(text.as_bytes()),
    ]);
    let rendered = folder.join(RENDERED);
    // Studies of earlier versions have no origins: theirs are written, and shown on a page, with the next run.
    let complete = folder.join(Origins::FILE).is_file();
    if complete && std::fs::read_to_string(&rendered).is_ok_and(|found| found == source) {
        return Ok(());
    }
    // What follows replaces files one by one: until all are new, they are those of no source.
    match std::fs::remove_file(&rendered) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            let message = format!("removing {}: {e}", rendered.display());
            return Err(Refusal::new(Exit::Execution, message));
        }
        _ => {}
    }
    let manifest = args.manifest.manifest.display().to_string();
    origins(&session.plan, store, &manifest)?.write(folder)?;
    match report::write_all(folder, folder) {
        Ok(written) => {
            for (figure, reason) in &written.left_out {
                output::note(&format!("no {figure}: {reason}"));
            }
            Ok(store::replace_file(&rendered, source.as_bytes())?)
        }
        // The exit code says so at the end, after the failures were listed.
        Err(error) if error.nothing_measured() => {
            let page = report::page(folder)?;
            Ok(store::replace_file(
                &folder.join(report::PAGE),
                page.html.as_bytes(),
            )?)
        }
        Err(error) => Err(error.into()),
    }
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
