//! `assay plugin check`: the conformance suite from the command line, and the child that runs one check of it.

use super::{grid, seal, source};
use crate::commands::session::{Runtimes, fetch_models, model_folders, myself};
use crate::exit::{Exit, Outcome, Refusal};
use crate::output;
use crate::settings::Settings;
use clap::Args;
use conformance::{Case, CaseResult, Report, Subject, Suite};
use plugin_host::{Error, Sidecar};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  assay plugin check .                               the plugin of the crate in this folder
  assay plugin check target/release/libmy_awr.so     a library
  assay plugin check . --only truncated-state        one check
  assay plugin check . --only resume --in-process    in this process, for a debugger
  assay plugin check --list                          what is checked

Exit codes: 0 every check passed, 1 a check failed, 3 every check was skipped, 4 the plugin cannot be loaded.")]
pub(crate) struct CheckArgs {
    /// Library, or folder of its crate
    #[arg(value_name = "PATH", required_unless_present = "list")]
    path: Option<PathBuf>,
    /// Run this check only; may be repeated
    #[arg(long, value_name = "CHECK")]
    only: Vec<String>,
    /// Check this learner or environment only
    #[arg(long, value_name = "ID")]
    of: Option<String>,
    /// Seconds given to each check
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u64,
    /// Run the checks one after the other in this process
    #[arg(long)]
    in_process: bool,
    /// Machine-readable output
    #[arg(long)]
    json: bool,
    /// Print every check with its description
    #[arg(long)]
    list: bool,
    /// In the child: the check to run
    #[arg(long, hide = true, requires = "result")]
    one: Option<String>,
    /// In the child: where its outcome goes
    #[arg(long, hide = true)]
    result: Option<PathBuf>,
}

impl From<conformance::Error> for Refusal {
    fn from(error: conformance::Error) -> Self {
        use conformance::Error as E;
        let exit = match &error {
            E::UnknownCheck { .. } | E::UnknownTarget { .. } | E::NotApplicable { .. } => {
                Exit::Usage
            }
            E::Spawn { .. } | E::Io { .. } => Exit::Execution,
        };
        Self::new(exit, error.to_string()).maybe_hint(error.hint())
    }
}

/// `assay plugin check`
pub(crate) fn run(args: &CheckArgs, settings: &Settings) -> Outcome {
    let Some(path) = args.path.as_deref().filter(|_| !args.list) else {
        list(args.json);
        return Ok(Exit::Ok);
    };
    if let (Some(check), Some(result)) = (&args.one, &args.result) {
        return one(path, check, args.of.as_deref(), result, settings);
    }
    let library = source::library(path)?;
    let sidecar = seal::seal(&library)?;
    let subject = subject(&library, &sidecar, args.of.as_deref(), settings)?;
    let cases = conformance::cases(&sidecar, &args.only, args.of.as_deref())?;
    if !args.json {
        output::data(&heading(&sidecar));
    }
    let report = if args.in_process {
        in_process(&cases, &subject)?
    } else {
        in_children(&cases, &library, args, settings)?
    };
    if args.json {
        output::data(&json(&report, &sidecar, &library).to_string());
    } else {
        let several = several(&sidecar);
        output::data(&grid::render(&report, &path.display().to_string(), several));
    }
    Ok(if report.results.iter().any(|r| r.outcome.is_bad()) {
        Exit::Negative
    } else if report.passed() {
        Exit::Ok
    } else {
        Exit::NothingMeasured
    })
}

/// From more environments on, the heading counts them; the results below name them.
const MANY: usize = 8;

fn several(sidecar: &Sidecar) -> bool {
    sidecar.learners.len() + sidecar.environments.len() > 1
}

/// The library with its runtimes and the model files of its environments, or of the one that is checked alone; an error
/// names the runtime that is not there and why.
fn subject(
    library: &Path,
    sidecar: &Sidecar,
    of: Option<&str>,
    settings: &Settings,
) -> Result<Subject, Refusal> {
    let runtimes = Runtimes { settings };
    let find = |name: &String| {
        runtimes.find(name).map_err(|reason| {
            let error = Error::RuntimeMissing {
                name: name.clone(),
                plugin: sidecar.id.clone(),
            };
            Refusal::new(Exit::Execution, format!("{error}: {reason}"))
                .hint("`assay doctor --fix` fetches what is missing")
        })
    };
    let environments = sidecar.environments.iter();
    let environments = environments.filter(|e| of.is_none_or(|id| e.id == id));
    let files: Vec<String> = environments.flat_map(|e| e.model_files.clone()).collect();
    fetch_models(settings, &files).map_err(|reason| Refusal::new(Exit::Execution, reason))?;
    let mut folders = model_folders(settings).into_iter();
    let models = folders.find(|folder| files.iter().all(|file| folder.join(file).is_file()));
    Ok(Subject {
        library: library.to_owned(),
        runtimes: sidecar
            .runtimes
            .iter()
            .map(find)
            .collect::<Result<_, _>>()?,
        model_dir: models.unwrap_or_else(|| PathBuf::from("/")),
    })
}

fn in_children(
    cases: &[Case],
    library: &Path,
    args: &CheckArgs,
    settings: &Settings,
) -> Result<Report, Refusal> {
    // Prepared once, so that starting a child cannot fail for another reason than the system's.
    let program = myself()?.get_program().to_owned();
    let mut probe = Command::new(&program);
    seal::loading(&mut probe)?;
    let variables: Vec<_> = probe
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    let spawn = |case: &Case, result: &Path| {
        let mut command = Command::new(&program);
        command
            .envs(variables.iter().cloned())
            .args(["plugin", "check"])
            .arg(library)
            .args(["--one", case.check.name, "--result"])
            .arg(result);
        if let Some(id) = case.target.id() {
            command.args(["--of", id]);
        }
        command
    };
    let suite = Suite {
        spawn: &spawn,
        timeout: Duration::from_secs(args.timeout),
        jobs: settings.jobs,
    };
    let (mut finished, total) = (0, cases.len());
    let mut progress = |result: &CaseResult| {
        finished += 1;
        if output::is_terminal() && result.outcome.is_bad() {
            output::note(&format!(
                "{finished}/{total}  {} {}",
                result.outcome.word(),
                result.check
            ));
        }
    };
    Ok(conformance::run_suite(cases, &suite, &mut progress)?)
}

/// Without isolation: a crash ends this process, which is what a debugger wants.
fn in_process(cases: &[Case], subject: &Subject) -> Result<Report, Refusal> {
    let run = |case: &Case| {
        let started = Instant::now();
        let outcome = conformance::run_one(case, subject);
        CaseResult {
            check: case.check.name,
            title: case.check.title,
            target: case.target.clone(),
            outcome,
            wall_time_s: started.elapsed().as_secs_f64(),
        }
    };
    Ok(Report {
        results: cases.iter().map(run).collect(),
    })
}

/// In the child: one check, its outcome to a file.
fn one(
    library: &Path,
    check: &str,
    of: Option<&str>,
    result: &Path,
    settings: &Settings,
) -> Outcome {
    let sidecar = Sidecar::read(library)?;
    let case = Case::named(&sidecar, check, of)?;
    let subject = subject(library, &sidecar, of, settings)?;
    conformance::write_result(result, &conformance::run_one(&case, &subject))?;
    Ok(Exit::Ok)
}

/// `my-awr 0.1.0  policy/1, requires critic/1   (sha256 4f0c…, ABI 1.0)`
fn heading(sidecar: &Sidecar) -> String {
    let mut parts: Vec<String> = Vec::new();
    for learner in &sidecar.learners {
        let mut part = learner.provides.join(", ");
        if !learner.requires.is_empty() {
            part = format!("{part}, requires {}", learner.requires.join(", "));
        }
        if learner.id != sidecar.id {
            part = format!("{}: {part}", learner.id);
        }
        parts.push(part);
    }
    match sidecar.environments.len() {
        many if many > MANY => parts.push(format!("{many} environments")),
        _ => parts.extend(sidecar.environments.iter().map(|e| e.id.clone())),
    }
    let short = sidecar.library.sha256.get(..4).unwrap_or_default();
    format!(
        "{} {}  {}   (sha256 {short}…, ABI {}.{})",
        sidecar.id,
        sidecar.version,
        parts.join("; "),
        sidecar.abi.major,
        sidecar.abi.minor
    )
}

fn json(report: &Report, sidecar: &Sidecar, library: &Path) -> serde_json::Value {
    let path = library.display().to_string();
    let results: Vec<_> = report
        .results
        .iter()
        .map(|r| {
            serde_json::json!({
                "check": r.check,
                "target": r.target,
                "result": r.outcome,
                "wall_time_s": r.wall_time_s,
                "reproduce": grid::reproduce(r, &path, several(sidecar)),
            })
        })
        .collect();
    serde_json::json!({
        "plugin": sidecar.id,
        "version": sidecar.version,
        "library": path,
        "sha256": sidecar.library.sha256,
        "abi": format!("{}.{}", sidecar.abi.major, sidecar.abi.minor),
        "ok": report.count("ok"),
        "failed": report.count("FAIL"),
        "crashed": report.count("CRASH"),
        "skipped": report.count("skip"),
        "results": results,
    })
}

fn list(as_json: bool) {
    let judges = |check: &conformance::Check| {
        let kinds = check.kinds.iter().map(|k| format!("{k:?}").to_lowercase());
        kinds.collect::<Vec<_>>().join(", ")
    };
    if as_json {
        let all: Vec<_> = conformance::checks()
            .iter()
            .map(|c| {
                serde_json::json!({
                    "check": c.name, "title": c.title, "description": c.description, "judges": judges(c),
                })
            })
            .collect();
        output::data(&serde_json::Value::from(all).to_string());
        return;
    }
    for check in conformance::checks() {
        output::data(&format!(
            "{} ({})\n    {}",
            check.name,
            judges(check),
            check.description
        ));
    }
}

#[cfg(test)]
mod tests {
    use conformance::Target;

    #[test]
    fn targets_are_named_in_json() {
        let target = Target::Learner("iql".into());
        let text = serde_json::to_string(&target).unwrap();
        assert_eq!(text, r#"{"learner":"iql"}"#);
    }
}
