//! `assay plugin seal`: the metadata beside a library. The library is loaded in a child process, which it may crash.

use crate::commands::session::{Runtimes, myself};
use crate::exit::{Exit, Outcome, Refusal};
use crate::output;
use crate::settings::Settings;
use clap::Args;
use plugin_host::numeric::{self, Request};
use plugin_host::{Error, Library, Sidecar, sidecar_path};
use provision::Component;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  assay plugin seal target/release/libmy_awr.so     writes target/release/libmy_awr.so.toml

`assay plugin check` and `assay run` seal what is stale by themselves.
Exit codes: 0 sealed, 4 a library cannot be loaded.")]
pub(crate) struct SealArgs {
    /// Plugin libraries
    #[arg(required = true, value_name = "LIBRARY")]
    libraries: Vec<PathBuf>,
    /// Machine-readable output
    #[arg(long)]
    json: bool,
    /// Load the libraries in this process
    #[arg(long, hide = true)]
    in_process: bool,
}

/// Longest time for loading one library.
const PATIENCE: Duration = Duration::from_secs(120);

/// `assay plugin seal`
pub(crate) fn run(args: &SealArgs, settings: &Settings) -> Outcome {
    let mut lines = Vec::new();
    for library in &args.libraries {
        if args.in_process {
            seal_here(library, settings)?;
            continue;
        }
        let before = Sidecar::read(library).is_ok();
        let sidecar = seal(library)?;
        let word = if before { "unchanged" } else { "sealed" };
        lines.push((word, library, sidecar));
    }
    if args.in_process {
        return Ok(Exit::Ok);
    }
    if args.json {
        let list: Vec<_> = lines
            .iter()
            .map(|(word, library, s)| {
                serde_json::json!({
                    "state": word, "library": library, "sidecar": sidecar_path(library),
                    "id": s.id, "version": s.version, "sha256": s.library.sha256,
                })
            })
            .collect();
        output::data(&serde_json::Value::from(list).to_string());
    } else {
        for (word, library, s) in lines {
            let file = sidecar_path(library);
            output::data(&format!(
                "{word}  {} {}  {}",
                s.id,
                s.version,
                file.display()
            ));
        }
    }
    Ok(Exit::Ok)
}

/// The metadata of `library`, sealed anew in a child process where they are missing or stale.
pub(crate) fn seal(library: &Path) -> Result<Sidecar, Refusal> {
    match Sidecar::read(library) {
        Ok(sidecar) => return Ok(sidecar),
        // Both are mended by writing the file again.
        Err(Error::Stale { .. } | Error::Sidecar { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let mut child = myself()?;
    child.args(["plugin", "seal", "--in-process"]).arg(library);
    let (status, words) = run_guarded(child)?;
    match status {
        Some(status) if status.success() => Ok(Sidecar::read(library)?),
        Some(status) => Err(refusal(library, status, &words)),
        None => Err(Refusal::new(
            Exit::Execution,
            format!(
                "cannot seal {}: loading it did not finish within {} s",
                library.display(),
                PATIENCE.as_secs()
            ),
        )),
    }
}

/// From the words of the child, or from how it died, to an error of this process.
fn refusal(library: &Path, status: ExitStatus, words: &str) -> Refusal {
    let library = library.display();
    if let Some(signal) = status.signal() {
        let text =
            format!("cannot seal {library}: loading it crashed the process (signal {signal})");
        return Refusal::new(Exit::Execution, text)
            .hint("a library must not run code that can fail when it is loaded");
    }
    let Some((_, words)) = words.split_once("error: ") else {
        let text = format!("cannot seal {library}: the process ended with {status}\n{words}");
        return Refusal::new(Exit::Execution, text);
    };
    match words.split_once("\n\nhint: ") {
        Some((message, hint)) => Refusal::new(Exit::Execution, message.trim()).hint(hint.trim()),
        None => Refusal::new(Exit::Execution, words.trim()),
    }
}

/// A command that will load plugins, with the environment of the default numeric mode.
pub(super) fn loading(command: &mut Command) -> Result<(), Refusal> {
    let mode = numeric::resolve(Request::Fast).map_err(|e| Refusal::new(Exit::Execution, e))?;
    command.envs(numeric::worker_environment(&mode));
    Ok(())
}

/// Runs a child whose stdout is of no interest; answers its end (nothing: it was killed) and its stderr.
fn run_guarded(mut command: Command) -> Result<(Option<ExitStatus>, String), Refusal> {
    loading(&mut command)?;
    let failed = |e: std::io::Error| {
        Refusal::new(
            Exit::Execution,
            format!("cannot start the sealing process: {e}"),
        )
    };
    // A file takes any amount of text without a reader.
    let log = tempfile::NamedTempFile::new().map_err(failed)?;
    let stderr = log.reopen().map_err(failed)?;
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(stderr);
    let mut child = command.spawn().map_err(failed)?;
    let status = wait(&mut child).map_err(failed)?;
    let words = std::fs::read(log.path()).unwrap_or_default();
    Ok((status, String::from_utf8_lossy(&words).into_owned()))
}

fn wait(child: &mut Child) -> std::io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// In the child: what the library binds is not known before it is loaded, so every runtime that is there goes first.
fn seal_here(library: &Path, settings: &Settings) -> Result<(), Refusal> {
    let runtimes = Runtimes { settings };
    let mut missing = Vec::new();
    for component in [Component::Libtorch, Component::Mujoco] {
        match runtimes.find(&component.to_string()) {
            Ok(runtime) => plugin_host::load_runtime(&runtime)?,
            Err(reason) => missing.push(format!("{component}: {reason}")),
        }
    }
    let loaded = Library::open(library, None).map_err(|error| explain(error, &missing))?;
    loaded.sidecar()?.write(library)?;
    Ok(())
}

/// A loader error that may come from a runtime that is not there says so.
fn explain(error: Error, missing: &[String]) -> Refusal {
    let needs_runtime = matches!(&error, Error::Load { reason, .. }
        if reason.contains("cannot open shared object") || reason.contains("undefined symbol"));
    if needs_runtime && !missing.is_empty() {
        let hint = format!(
            "if the plugin needs one of these runtimes, `assay doctor --fix` fetches it\n  {}",
            missing.join("\n  ")
        );
        return Refusal::new(Exit::Execution, error.to_string()).hint(hint);
    }
    error.into()
}
