//! What a worker is told: one node, with everything it needs resolved to paths, digests and numbers.

use manifest::{GoalRules, Online, PolicyView, RewardSpec, TransformSpec};
use plugin_host::Runtime;
use plugin_host::numeric::Resolved;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// One node of the graph for one worker process.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Id with binaries.
    pub run_id: String,
    /// Id without binaries.
    pub spec_id: String,
    /// What is computed; copied into the node's record.
    pub identity: Value,
    /// Nodes it is computed from, by role.
    pub upstream: BTreeMap<String, String>,
    /// The results folder.
    pub results: PathBuf,
    /// Stages in pipeline order; the last one is trained or evaluated, the others are loaded.
    pub stages: Vec<StageJob>,
    /// Data and problem.
    pub data: DataJob,
    /// Present for evaluations.
    pub evaluation: Option<EvaluationJob>,
    /// Present for online phases and for the evaluations of what they made.
    pub online: Option<OnlineJob>,
    /// Present where stages are trained in turn, and for the evaluations of what they became.
    pub joint: Option<JointJob>,
    /// For evaluations: the stage of the declared expert, if there is one.
    pub expert: Option<Box<Job>>,
    /// Runtimes to load first.
    pub runtimes: Vec<Runtime>,
    /// Resolved numeric mode.
    pub numeric: Resolved,
    /// Updates between resumable states.
    pub resume_interval_updates: u64,
}

impl Job {
    /// Where workers keep the solutions of environments for each other; nothing else is read from there.
    pub(crate) fn solutions(&self) -> PathBuf {
        self.results.join("store/solutions")
    }
}

/// A stage inside a job.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageJob {
    /// Role.
    pub role: String,
    /// Learner id.
    pub learner: String,
    /// Id of its node; empty for the oracle and for stages without training, which have none.
    pub run_id: String,
    /// Plugin library and its SHA-256; absent for the oracle.
    pub library: Option<(PathBuf, String)>,
    /// All hyperparameters.
    pub params: Map<String, Value>,
    /// Roles of the stages whose interfaces it gets.
    pub bound_roles: Vec<String>,
    /// Its data view.
    pub view: ViewJob,
    /// Run seed.
    pub seed: u64,
    /// Budget of updates.
    pub updates: u64,
    /// Rows of a minibatch.
    pub batch_size: u32,
    /// Updates at which the state is kept.
    pub snapshots: Vec<u64>,
    /// float64 instead of float32.
    pub double: bool,
}

/// A data view.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewJob {
    /// Share of the training transitions.
    pub data_fraction: f64,
    /// Seed of the permutation.
    pub subset_seed: u64,
    /// Which trajectories come first.
    pub view: PolicyView,
}

/// The dataset and the problem it poses.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataJob {
    /// Data root.
    pub root: PathBuf,
    /// Dataset id.
    pub dataset: String,
    /// Logical digest it must have.
    pub digest: String,
    /// Discount factor.
    pub discount: f64,
    /// Lower action bound.
    pub action_low: f64,
    /// Upper action bound.
    pub action_high: f64,
    /// Size of a finite action set; 0 where actions are continuous.
    pub action_count: usize,
    /// Channels, height, width where observations are pictures; else zeros.
    pub observation_shape: [usize; 3],
    /// Goals of the benchmark, if it has any.
    pub goal: Option<GoalRules>,
    /// How states are shown to learners and policies; absent: as they are.
    pub transform: Option<TransformSpec>,
    /// How rewards are shown to learners; absent: as they are.
    pub reward: Option<RewardSpec>,
    /// Environment id, for the oracle and for evaluations.
    pub environment: String,
}

/// Interaction after training.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnlineJob {
    /// Id of its node.
    pub run_id: String,
    /// Its rules.
    pub rules: Online,
    /// Indices of the job's stages that go on learning, ascending.
    pub continued: Vec<usize>,
    /// Run seed.
    pub seed: u64,
    /// Steps after which the states are kept.
    pub snapshots: Vec<u64>,
    /// Library and model files of the environment.
    pub world: World,
}

/// Stages that are trained in turn.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JointJob {
    /// Id of their node.
    pub run_id: String,
    /// Indices of the job's stages that are trained, ascending.
    pub trained: Vec<usize>,
    /// Updates of each.
    pub updates: u64,
    /// Updates after which the states are kept.
    pub snapshots: Vec<u64>,
}

/// Where a simulator comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Library of the environment and its SHA-256; absent for built-ins.
    pub library: Option<(PathBuf, String)>,
    /// Folder of its model files.
    pub model_dir: Option<PathBuf>,
}

/// How a policy is scored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluationJob {
    /// Library and model files of the environment.
    pub world: World,
    /// Episodes per snapshot.
    pub episodes: u32,
    /// Environments stepped together.
    pub environments_per_batch: u32,
    /// Sampled instead of greedy actions.
    pub sampled: bool,
    /// Seed behind every episode's start.
    pub seed: u64,
    /// Snapshots scored.
    pub snapshots: Vec<u64>,
}
