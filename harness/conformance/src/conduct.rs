//! Checks of how a plugin behaves as a guest in the process.

use crate::bench::{Bench, Setup};
use crate::check::Kind;
use crate::outcome::{Verdict, fail, require, skip};
use crate::subject::Context;
use plugin_api::Code;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The process before the plugin was loaded and after its runtimes were.
#[derive(Clone)]
pub(crate) struct Baseline {
    directory: Option<PathBuf>,
    variables: BTreeMap<OsString, OsString>,
    threads: usize,
}

impl Baseline {
    pub(crate) fn take() -> Self {
        Self {
            directory: std::env::current_dir().ok(),
            // Compared with itself later, never interpreted.
            variables: std::env::vars_os().collect(),
            threads: threads(),
        }
    }
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

/// Uses the target as a worker would: create, update, save, ask, destroy; or reset and step.
fn exercise(context: &Context) -> Verdict {
    if context.target.kind() == Kind::Environment {
        return crate::environment::exercise(context);
    }
    Bench::trained(context, 3)?.trace(0)?;
    Ok(())
}

/// `stdout`: the parent looks at what the child printed.
pub(crate) fn stdout(context: &Context) -> Verdict {
    exercise(context)
}

/// `working-directory`
pub(crate) fn working_directory(context: &Context) -> Verdict {
    exercise(context)?;
    let (before, after) = (&context.baseline.directory, std::env::current_dir().ok());
    require(
        *before == after,
        || format!("the working directory to stay {before:?}"),
        || format!("{after:?}"),
    )
}

/// `environment-variables`
pub(crate) fn environment_variables(context: &Context) -> Verdict {
    exercise(context)?;
    let before = &context.baseline.variables;
    let after: BTreeMap<OsString, OsString> = std::env::vars_os().collect();
    let mut names = before.keys().chain(after.keys());
    match names.find(|name| before.get(*name) != after.get(*name)) {
        None => Ok(()),
        Some(name) => fail(
            "environment variables to stay as they are",
            format!(
                "{} is {:?}, was {:?}",
                name.display(),
                after.get(name),
                before.get(name)
            ),
        ),
    }
}

/// `threads`
pub(crate) fn no_threads(context: &Context) -> Verdict {
    exercise(context)?;
    let before = context.baseline.threads;
    // A thread that is ending may still be listed for a moment.
    let patience = Instant::now() + Duration::from_secs(1);
    while threads() > before && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(5));
    }
    let after = threads();
    require(
        after <= before,
        || format!("{before} thread(s), as before the plugin was loaded"),
        || format!("{after}"),
    )
}

/// `poisoning`
pub(crate) fn poisoning(context: &Context) -> Verdict {
    let internal =
        |error: &plugin_host::Error| error.failure().is_some_and(|f| f.code == Code::Internal);
    let mut bench = match Bench::attempt(context, &Setup::default())? {
        Ok(bench) => bench,
        Err(error) if internal(&error) => return skip("create panicked: there is no instance"),
        Err(error) => return Err(error.into()),
    };
    let panicked = bench.learner.update(3).is_err_and(|e| internal(&e))
        || bench.learner.save().is_err_and(|e| internal(&e));
    if !panicked {
        return skip("no call panicked, and the suite cannot make a sound learner panic");
    }
    let later = [
        ("update", bench.learner.update(1)),
        ("save", bench.learner.save().map(|_| ())),
    ];
    for (name, result) in later {
        crate::creation::refused(result, Code::Poisoned, &format!("{name} after a panic"))?;
    }
    Ok(())
}
