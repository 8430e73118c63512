//! Collecting a dataset: trainings that the recipe names, then episodes under its behaviours, as a function of recipe, seed and
//! libraries alone.
//!
//! Trainings are kept in `<data root>/.trainings/`, so that the sets of several ages come from one of them, and a training
//! that was interrupted goes on where its last kept state is.

mod kept;
mod output;
mod pupil;
mod rollout;
mod training;

use super::failure::Stop;
use crate::error::Error;
use crate::generate::GenerateRequest;
use envs::SimulatedBehaviour;
use kept::Trained;
use output::Output;
use rollout::Rollout;
use std::collections::BTreeMap;
use store::FailureKind;

/// How far it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Collecting {
    /// What is under way, e.g. `training td3 in hopper/v4`.
    pub what: String,
    /// Steps so far.
    pub position: u64,
    /// Out of.
    pub total: u64,
    /// The mean return of the newest snapshot, while training.
    pub episode_return: Option<f64>,
}

/// Collects the dataset. Loads plugins: call it in a process of its own.
pub fn collect(
    request: &GenerateRequest,
    progress: &mut dyn FnMut(Collecting),
) -> Result<(), Error> {
    run(request, progress).map_err(|stop| Error::Collecting {
        id: request.id.to_string(),
        reason: stop.message,
    })
}

fn run(request: &GenerateRequest, progress: &mut dyn FnMut(Collecting)) -> Result<(), Stop> {
    for runtime in &request.runtimes {
        plugin_host::load_runtime(runtime).map_err(|e| Stop::new(FailureKind::Refused, e))?;
    }
    let mut trained = BTreeMap::new();
    for name in request.recipe.trainings.keys() {
        let found = Trained::ensure(request, name, progress)?;
        trained.insert(name.as_str(), found);
    }
    match &request.recipe.behaviour {
        SimulatedBehaviour::Replay { training } => replay(request, &trained[training.as_str()]),
        _ => roll_out(request, &trained, progress),
    }
}

/// The interaction of a training, from its start.
fn replay(request: &GenerateRequest, trained: &Trained) -> Result<(), Stop> {
    let replay = trained.interaction()?;
    let interaction = replay.raw();
    let mut output = Output::create(request, trained.space)?;
    let rows = (request.recipe.transitions as usize).min(interaction.len());
    for row in 0..rows {
        let last = row + 1 == rows && !interaction.terminated()[row];
        output.push(dataset::Transition {
            episode: interaction.episode()[row],
            observation: interaction.observation_at(row),
            action: interaction.action_at(row),
            reward: interaction.reward()[row],
            terminated: interaction.terminated()[row],
            truncated: interaction.truncated()[row] || last,
            final_observation: (interaction.is_last(row) || last)
                .then(|| interaction.next_observation(row)),
        })?;
    }
    output.finish(vec![(request.recipe.behaviour.to_string(), None)])
}

/// Episodes under the recipe's behaviours.
fn roll_out(
    request: &GenerateRequest,
    trained: &BTreeMap<&str, Trained>,
    progress: &mut dyn FnMut(Collecting),
) -> Result<(), Stop> {
    let total = request.recipe.transitions;
    let mut rollout = Rollout::create(request, trained)?;
    let mut output = Output::create(request, rollout.space())?;
    let mut episode = 0;
    while output.rows() < total {
        rollout.episode(episode, total - output.rows(), &mut |t| output.push(t))?;
        episode += 1;
        progress(Collecting {
            what: format!("collecting {}", request.id),
            position: output.rows(),
            total,
            episode_return: None,
        });
    }
    output.finish(rollout.tally())
}
