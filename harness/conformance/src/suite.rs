//! The parent: one child process per case, results through files.

use crate::check::{Case, Target};
use crate::error::Error;
use crate::outcome::{Ending, Outcome};
use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How the suite is run.
pub struct Suite<'a> {
    /// The command of the child for a case; it must write the outcome to the given file with [`write_result`].
    pub spawn: &'a (dyn Fn(&Case, &Path) -> Command + Sync),
    /// Time given to each child.
    pub timeout: Duration,
    /// Children at a time.
    pub jobs: usize,
}

/// The outcome of one case.
#[derive(Clone, Debug)]
pub struct CaseResult {
    /// The check's name.
    pub check: &'static str,
    /// The check's title.
    pub title: &'static str,
    /// What was judged.
    pub target: Target,
    /// How it ended.
    pub outcome: Outcome,
    /// Life of the child.
    pub wall_time_s: f64,
}

/// All outcomes, in the order of the cases.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// One per case.
    pub results: Vec<CaseResult>,
}

impl Report {
    /// Number of results with this word (see [`Outcome::word`]).
    pub fn count(&self, word: &str) -> usize {
        self.results
            .iter()
            .filter(|r| r.outcome.word() == word)
            .count()
    }

    /// Whether something was checked and nothing is bad.
    pub fn passed(&self) -> bool {
        self.count("ok") > 0 && self.results.iter().all(|r| !r.outcome.is_bad())
    }
}

/// Writes the outcome of a child to `path`.
///
/// # Errors
/// When the file cannot be written.
pub fn write_result(path: &Path, outcome: &Outcome) -> Result<(), Error> {
    let text = serde_json::to_string(outcome).unwrap_or_default();
    std::fs::write(path, text).map_err(io("writing", path))
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io {
        action,
        path,
        source,
    }
}

/// Runs every case in a child process of its own and reports each as it ends.
///
/// # Errors
/// When a child cannot be started or the scratch folder cannot be used. A child that crashes is an outcome.
pub fn run_suite(
    cases: &[Case],
    suite: &Suite<'_>,
    on_result: &mut dyn FnMut(&CaseResult),
) -> Result<Report, Error> {
    let scratch = tempfile::tempdir().map_err(io("creating", &std::env::temp_dir()))?;
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    let mut slots: Vec<Option<CaseResult>> = cases.iter().map(|_| None).collect();
    let mut error = None;
    std::thread::scope(|scope| {
        for _ in 0..suite.jobs.max(1) {
            let (next, sender, scratch) = (&next, sender.clone(), scratch.path());
            scope.spawn(move || {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(i) else { break };
                    let result = run_case(case, suite, &scratch.join(i.to_string()));
                    let broken = result.is_err();
                    if sender.send((i, result)).is_err() || broken {
                        next.store(cases.len(), Ordering::Relaxed);
                    }
                }
            });
        }
        drop(sender);
        for (i, result) in receiver {
            match result {
                Ok(result) => {
                    on_result(&result);
                    slots[i] = Some(result);
                }
                Err(e) => error = Some(e),
            }
        }
    });
    match error {
        Some(error) => Err(error),
        None => Ok(Report {
            results: slots.into_iter().flatten().collect(),
        }),
    }
}

/// Files of one child.
struct Files {
    result: PathBuf,
    stdout: PathBuf,
    stderr: PathBuf,
}

fn run_case(case: &Case, suite: &Suite<'_>, folder: &Path) -> Result<CaseResult, Error> {
    std::fs::create_dir_all(folder).map_err(io("creating", folder))?;
    let files = Files {
        result: folder.join("result.json"),
        stdout: folder.join("stdout"),
        stderr: folder.join("stderr"),
    };
    let create = |path: &Path| File::create(path).map_err(io("creating", path));
    let mut command = (suite.spawn)(case, &files.result);
    command
        .stdin(Stdio::null())
        .stdout(create(&files.stdout)?)
        .stderr(create(&files.stderr)?);
    let started = Instant::now();
    let mut child = command.spawn().map_err(|source| Error::Spawn {
        check: case.check.name,
        source,
    })?;
    let status = wait(&mut child, suite.timeout).map_err(|source| Error::Spawn {
        check: case.check.name,
        source,
    })?;
    Ok(CaseResult {
        check: case.check.name,
        title: case.check.title,
        target: case.target.clone(),
        outcome: judge(case, status, suite.timeout, &files),
        wall_time_s: started.elapsed().as_secs_f64(),
    })
}

/// Waits for the child; kills it after `timeout` and then answers nothing.
fn wait(child: &mut Child, timeout: Duration) -> std::io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + timeout;
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

fn judge(case: &Case, status: Option<ExitStatus>, timeout: Duration, files: &Files) -> Outcome {
    let log = || last_lines(&files.stderr);
    let crashed = |ending| Outcome::Crashed { ending, log: log() };
    let Some(status) = status else {
        return crashed(Ending::Timeout {
            limit_s: timeout.as_secs(),
        });
    };
    if let Some(signal) = status.signal() {
        return crashed(Ending::Signal { signal });
    }
    let result = std::fs::read_to_string(&files.result)
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok());
    let code = status.code().unwrap_or(-1);
    match result {
        Some(outcome) if code == 0 => printed(case, outcome, &files.stdout),
        // A result and a bad end: the process broke while it was being torn down.
        _ => crashed(Ending::Exit { code }),
    }
}

/// The check `stdout` passes only if the child's stdout stayed empty to its end, when buffers are flushed.
fn printed(case: &Case, outcome: Outcome, stdout: &Path) -> Outcome {
    if case.check.name != "stdout" || outcome != Outcome::Ok {
        return outcome;
    }
    let text = std::fs::read(stdout).unwrap_or_default();
    if text.is_empty() {
        return outcome;
    }
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().next().unwrap_or_default();
    Outcome::Failed {
        expected: "nothing on stdout, which belongs to the host".into(),
        found: format!("{} bytes, starting with `{line}`", text.len()),
    }
}

fn last_lines(path: &Path) -> String {
    let text = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    let start = lines.len().saturating_sub(5);
    lines[start..].join("\n")
}
