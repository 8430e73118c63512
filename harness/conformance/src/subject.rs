//! The plugin under test, inside a child process.

use crate::bench::{Bench, Setup};
use crate::check::{Case, Kind, Target};
use crate::conduct::Baseline;
use crate::outcome::{Outcome, Stop, Verdict};
use crate::world::World;
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
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) library: Library,
    pub(crate) model_dir: PathBuf,
    pub(crate) target: Target,
    pub(crate) baseline: Baseline,
    /// The problem that learners are created for.
    pub(crate) world: World,
}

impl Context {
    /// The same with another problem.
    pub(crate) fn on(&self, world: World) -> Self {
        Self {
            world,
            ..self.clone()
        }
    }

    /// The problems that the learner can be created for; the plainest one if it refuses all.
    fn accepted(&self) -> Vec<World> {
        let accepts = |world: &World| {
            let attempt = Bench::attempt(&self.on(*world), &Setup::default());
            matches!(attempt, Ok(Ok(_)))
        };
        let accepted: Vec<World> = World::ALL.into_iter().filter(accepts).collect();
        if accepted.is_empty() {
            return vec![World::Continuous];
        }
        accepted
    }

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
        world: World::Continuous,
    };
    if case.target.kind() != Kind::Learner || !case.check.each_problem {
        return (case.check.run)(&context);
    }
    on_each_problem(case, &context)
}

/// Passes where every problem that the learner accepts passes or is skipped, and not all are.
fn on_each_problem(case: &Case, context: &Context) -> Verdict {
    let mut skipped = None;
    let mut passed = false;
    for world in context.accepted() {
        match (case.check.run)(&context.on(world)) {
            Ok(()) => passed = true,
            Err(Stop::Skipped { reason }) => skipped = skipped.or(Some(reason)),
            Err(Stop::Failed { expected, found }) if world != World::Continuous => {
                let found = format!("on a problem with {}: {found}", world.name());
                return Err(Stop::Failed { expected, found });
            }
            Err(stop) => return Err(stop),
        }
    }
    match skipped {
        Some(reason) if !passed => Err(Stop::Skipped { reason }),
        _ => Ok(()),
    }
}

/// Runs one check in this process, which it may crash, hang or leave changed: call it in a child made for it.
pub fn run_one(case: &Case, subject: &Subject) -> Outcome {
    judge(case, subject).into()
}
