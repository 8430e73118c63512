//! The plugin under test, inside a child process.

use crate::check::{Case, Target};
use crate::conduct::Baseline;
use crate::outcome::{Outcome, Stop, Verdict};
use plugin_host::{LearnerMeta, Library, Runtime, load_runtime};
use std::path::PathBuf;

/// The library and what must be there before it is loaded.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The library file.
    pub library: PathBuf,
    /// Runtimes to load first, in order.
    pub runtimes: Vec<Runtime>,
    /// Folder that holds the model files of environments.
    pub model_dir: PathBuf,
}

/// What a check sees.
pub(crate) struct Context {
    pub(crate) library: Library,
    pub(crate) model_dir: PathBuf,
    pub(crate) target: Target,
    pub(crate) baseline: Baseline,
}

impl Context {
    /// The metadata of the learner under test.
    pub(crate) fn learner(&self) -> Result<LearnerMeta, Stop> {
        let id = self.target.id().unwrap_or_default();
        let all = self.library.learners()?;
        match all.into_iter().find(|(m, _)| m.id == id) {
            Some((meta, _)) => Ok(meta),
            None => crate::outcome::fail(format!("a learner `{id}`"), "none of that id"),
        }
    }
}

fn judge(case: &Case, subject: &Subject) -> Verdict {
    for runtime in &subject.runtimes {
        load_runtime(runtime)?;
    }
    let baseline = Baseline::take();
    let context = Context {
        library: Library::open(&subject.library, None)?,
        model_dir: subject.model_dir.clone(),
        target: case.target.clone(),
        baseline,
    };
    (case.check.run)(&context)
}

/// Runs one check in this process, which it may crash, hang or leave changed: call it in a child made for it.
pub fn run_one(case: &Case, subject: &Subject) -> Outcome {
    judge(case, subject).into()
}
