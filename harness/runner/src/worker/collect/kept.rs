//! Trainings on disk, by the hash of all that decides them.

use super::Collecting;
use super::training::Run;
use crate::generate::GenerateRequest;
use crate::worker::failure::Stop;
use crate::worker::replay::Replay;
use crate::worker::train::{pack, unpack};
use crate::worker::transform::Transform;
use envs::{Age, COLLECTOR_VERSION, Spec, Training};
use plugin_host::sha256_hex;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use store::FailureKind;

/// Folder below the data root.
const FOLDER: &str = ".trainings";
/// Hexadecimal digits of a training's hash in its folder's name.
const DIGITS: usize = 16;

/// A learner after some steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Snapshot {
    pub(super) step: u64,
    pub(super) mean_return: f64,
    pub(super) state: Vec<u8>,
}

/// A training so far: what it goes on from, and what it gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Kept {
    pub(super) step: u64,
    pub(super) episode: u64,
    pub(super) learner: Vec<u8>,
    pub(super) interaction: Vec<u8>,
    pub(super) snapshots: Vec<Snapshot>,
}

impl Kept {
    fn to_bytes(&self) -> Vec<u8> {
        let snapshot = |s: &Snapshot| (s.step, pack(&[(s.mean_return.to_bits(), s.state.clone())]));
        let snapshots: Vec<_> = self.snapshots.iter().map(snapshot).collect();
        pack(&[
            (self.step, self.learner.clone()),
            (self.episode, self.interaction.clone()),
            (0, pack(&snapshots)),
        ])
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut parts = unpack(bytes)?.into_iter();
        let (Some((step, learner)), Some((episode, interaction)), Some((_, snapshots))) =
            (parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let snapshot = |(step, bytes): (u64, Vec<u8>)| {
            let (bits, state) = unpack(&bytes)?.into_iter().next()?;
            Some(Snapshot {
                step,
                mean_return: f64::from_bits(bits),
                state,
            })
        };
        Some(Self {
            step,
            episode,
            learner,
            interaction,
            snapshots: unpack(&snapshots)?
                .into_iter()
                .map(snapshot)
                .collect::<Option<_>>()?,
        })
    }
}

/// Sizes and bounds of what was observed and done.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Space {
    pub(super) observation_dim: usize,
    pub(super) action_dim: usize,
    /// Lower and upper bound of every action entry.
    pub(super) action_bounds: [f32; 2],
}

impl Space {
    pub(super) fn of(spec: &Spec) -> Self {
        Self {
            observation_dim: spec.observation_dim,
            action_dim: spec.action_dim,
            action_bounds: [spec.action_low, spec.action_high],
        }
    }
}

/// What is said of a finished training, beside its bytes.
#[derive(Serialize, Deserialize)]
struct Record {
    training: Training,
    seed: u64,
    made_with: serde_json::Value,
    space: Space,
    state_sha256: String,
    scores: Vec<Score>,
}

#[derive(Serialize, Deserialize)]
struct Score {
    step: u64,
    mean_return: f64,
}

/// A finished training.
pub(super) struct Trained {
    pub(super) space: Space,
    kept: Kept,
}

impl Trained {
    /// The training `name` of the request: read if it is there, else run, from its last kept state if there is one.
    pub(super) fn ensure(
        request: &GenerateRequest,
        name: &str,
        progress: &mut dyn FnMut(Collecting),
    ) -> Result<Self, Stop> {
        let training = &request.recipe.trainings[name];
        let folder = request.data.join(FOLDER).join(key(request, name));
        if let Some(found) = Self::open(&folder, training) {
            return Ok(found);
        }
        std::fs::create_dir_all(&folder).map_err(disk(&folder))?;
        let partial = folder.join("partial.bin");
        let mut run = Run::create(request, name).map_err(|stop| told(stop, name))?;
        if let Some(kept) = std::fs::read(&partial)
            .ok()
            .and_then(|bytes| Kept::from_bytes(&bytes))
        {
            run.resume(kept)?;
        }
        let space = run.space();
        let mut keep =
            |kept: &Kept| store::replace_file(&partial, &kept.to_bytes()).map_err(Stop::store);
        let kept = run
            .finish(&mut keep, progress)
            .map_err(|stop| told(stop, name))?;
        let trained = Self { space, kept };
        trained.write(&folder, request, training)?;
        // Best effort: what is left is written over by the next training of this hash.
        let _ = std::fs::remove_file(&partial);
        Ok(trained)
    }

    /// The record is written last, and holds the digest of the rest.
    fn write(
        &self,
        folder: &Path,
        request: &GenerateRequest,
        training: &Training,
    ) -> Result<(), Stop> {
        let bytes = self.kept.to_bytes();
        let score = |s: &Snapshot| Score {
            step: s.step,
            mean_return: s.mean_return,
        };
        let record = Record {
            training: training.clone(),
            seed: request.seed,
            made_with: request.made_with(),
            space: self.space,
            state_sha256: sha256_hex(&bytes),
            scores: self.kept.snapshots.iter().map(score).collect(),
        };
        store::replace_file(&folder.join("state.bin"), &bytes).map_err(Stop::store)?;
        let text =
            serde_json::to_vec_pretty(&record).map_err(|e| Stop::new(FailureKind::Failed, e))?;
        store::replace_file(&folder.join("training.json"), &text).map_err(Stop::store)
    }

    fn open(folder: &Path, training: &Training) -> Option<Self> {
        let record = std::fs::read(folder.join("training.json")).ok()?;
        let record: Record = serde_json::from_slice(&record).ok()?;
        let bytes = std::fs::read(folder.join("state.bin")).ok()?;
        if record.training != *training || record.state_sha256 != sha256_hex(&bytes) {
            return None;
        }
        Some(Self {
            space: record.space,
            kept: Kept::from_bytes(&bytes)?,
        })
    }

    /// Everything that was stepped.
    pub(super) fn interaction(&self) -> Result<Replay, Stop> {
        let identity = Transform::identity(self.space.observation_dim);
        let mut replay = Replay::new(&identity, self.space.observation_dim, self.space.action_dim);
        replay.load(&self.kept.interaction)?;
        Ok(replay)
    }

    /// The snapshot of an age.
    pub(super) fn snapshot(&self, age: Age) -> Result<&Snapshot, Stop> {
        let all = &self.kept.snapshots;
        let best = all
            .iter()
            .reduce(|a, b| if b.mean_return > a.mean_return { b } else { a });
        let found = match age {
            Age::Best => best,
            Age::Last => all.last(),
            Age::Steps(steps) => all.iter().find(|s| s.step == steps),
            Age::Progress(share) => all.first().zip(best).and_then(|(first, best)| {
                let gain = best.mean_return - first.mean_return;
                let enough = first.mean_return + share * gain;
                all.iter().find(|s| s.mean_return >= enough)
            }),
        };
        found.ok_or_else(|| {
            let message = format!("the training has no snapshot of age {age:?}");
            Stop::new(FailureKind::Failed, message)
        })
    }
}

/// The name of a training's folder: all that decides its numbers.
fn key(request: &GenerateRequest, name: &str) -> String {
    let (training, learner) = (&request.recipe.trainings[name], &request.learners[name]);
    let decides = serde_json::json!({
        "collector_version": COLLECTOR_VERSION,
        "training": training,
        "seed": request.seed,
        "learner": learner.library.1,
        "params": learner.params,
        "environment": request.worlds.get(&training.environment).and_then(|w| w.library.as_ref()).map(|l| &l.1),
        "runtimes": request.runtimes.iter().map(|r| &r.name).collect::<Vec<_>>(),
        "instruction_path": request.numeric.instruction_path,
    });
    sha256_hex(decides.to_string().as_bytes())[..DIGITS].to_owned()
}

/// Says which training a failure is of.
fn told(stop: Stop, name: &str) -> Stop {
    Stop {
        message: format!("training `{name}`: {}", stop.message),
        ..stop
    }
}

fn disk(path: &Path) -> impl FnOnce(std::io::Error) -> Stop {
    let path: PathBuf = path.to_owned();
    move |e| Stop::new(FailureKind::Failed, format!("{}: {e}", path.display()))
}
