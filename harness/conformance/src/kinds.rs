//! Which problems a learner accepts. Refusing is no fault: a learner says so in `create`.

use crate::bench::{Bench, Setup};
use crate::outcome::{Stop, Verdict, fail, skip};
use crate::subject::Context;
use crate::world::World;
use plugin_api::{Code, Goals};

/// An instance for the problem, or the learner's words of refusal.
fn attempt(context: &Context, world: World) -> Result<Result<Bench, String>, Stop> {
    let what = world.name();
    match Bench::attempt(&context.on(world), &Setup::default())? {
        Ok(bench) => Ok(Ok(bench)),
        Err(error) => match error.failure() {
            Some(f) if f.code == Code::InvalidArgument => Ok(Err(f.message.clone())),
            _ => fail(
                format!(
                    "a problem with {what} to be accepted, or refused with code {}",
                    Code::InvalidArgument.name()
                ),
                error.to_string(),
            ),
        },
    }
}

/// Passes where one of the problems is accepted, and skips with the learner's words where all are refused.
fn accepts(context: &Context, worlds: &[World]) -> Verdict {
    let mut refusal = None;
    let mut accepted = false;
    for &world in worlds {
        match attempt(context, world) {
            Ok(Ok(_)) => accepted = true,
            Ok(Err(words)) => {
                let words = format!(
                    "the learner refuses problems with {}: {words}",
                    world.name()
                );
                refusal = refusal.or(Some(words));
            }
            Err(Stop::Skipped { reason }) => refusal = refusal.or(Some(reason)),
            Err(stop) => return Err(stop),
        }
    }
    match refusal {
        Some(words) if !accepted => skip(words),
        _ => Ok(()),
    }
}

/// `continuous-problems`
pub(crate) fn continuous(context: &Context) -> Verdict {
    accepts(context, &[World::Continuous, World::Goals])
}

/// `discrete-problems`
pub(crate) fn discrete(context: &Context) -> Verdict {
    accepts(context, &[World::Discrete, World::DiscreteGoals])
}

/// `goal-problems`
pub(crate) fn goals(context: &Context) -> Verdict {
    let worlds = [World::Goals, World::DiscreteGoals];
    accepts(context, &worlds)?;
    // `encode` is the only interface of states that is given no goal.
    let encodes_only = context.learner()?.provides.iter().all(|p| p == "encoder/1");
    for world in worlds {
        let Ok(Ok(mut bench)) = attempt(context, world) else {
            continue;
        };
        bench.learner.update(3)?;
        let requests = bench.requests();
        let asked = requests.iter().any(|r| r.goals != Goals::None);
        if !requests.is_empty() && !asked && !encodes_only {
            return fail(
                "a learner that accepts a problem with goals to ask for batches with goals",
                format!(
                    "none of {} batches was asked for with goals, on a problem with {}",
                    requests.len(),
                    world.name()
                ),
            );
        }
    }
    Ok(())
}
