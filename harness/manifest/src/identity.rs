//! Identity: SHA-256 over canonical JSON (RFC 8785), compositional.
//!
//! A stage's id is a hash over its fully defaulted specification and the ids of its upstream stages; an evaluation's
//! id is a hash over its policy stage and protocol. Every node has two ids: `spec_id` leaves binaries out and groups
//! results; `run_id` holds them and is what is cached and proved. Names, paths, order of keys, tables, normalisers,
//! workers and executors are in neither.

use crate::goal::GoalRules;
use crate::online::Online;
use crate::transform::TransformSpec;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// Version of the identity rules; raising it makes every id new.
pub const IDENTITY_VERSION: u32 = 1;

/// The canonical JSON text of a value. Numbers that are not finite cannot be represented and panic.
pub fn canonical(value: &impl Serialize) -> String {
    serde_json_canonicalizer::to_string(value)
        .expect("identities hold finite numbers and string keys only")
}

/// SHA-256 of bytes in hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// The id of a value: SHA-256 of its canonical JSON.
pub fn id_of(value: &impl Serialize) -> String {
    sha256_hex(canonical(value).as_bytes())
}

/// Both ids of a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ids {
    /// Without binaries.
    pub spec_id: String,
    /// With binaries.
    pub run_id: String,
}

/// A data view in an identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataIdentity {
    /// Logical digest of the dataset.
    pub dataset: String,
    /// Share of the training transitions.
    pub data_fraction: f64,
    /// Seed of the permutation.
    pub subset_seed: u64,
    /// `shared`, `disjoint` or `best`.
    pub view: String,
    /// Version of the split and view rules.
    pub rules: u32,
}

/// What a stage computes; binaries apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageIdentity {
    /// Learner id.
    pub learner: String,
    /// Learner version.
    pub learner_version: String,
    /// Role, which names the random streams.
    pub role: String,
    /// All hyperparameters.
    pub params: Map<String, Value>,
    /// Data view; absent for stages that do not learn from data.
    pub data: Option<DataIdentity>,
    /// Facts about the benchmark that reach the learner: bounds, discount, rules of goals, transform of states and of rewards.
    pub problem: Value,
    /// Run seed.
    pub seed: u64,
    /// Budget of updates.
    pub updates: u64,
    /// Rows of a minibatch.
    pub batch_size: u32,
    /// `float32` or `float64`.
    pub precision: String,
    /// Requested numeric mode.
    pub numeric: String,
    /// Updates at which the state is kept, the last included.
    pub snapshots: Vec<u64>,
    /// Source hash of the sampler and generator.
    pub sampler: String,
}

/// The binaries behind a stage or evaluation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Binaries {
    /// SHA-256 of the plugin library, if one is used.
    pub plugin: Option<String>,
    /// SHA-256 of the runtime libraries in loading order.
    pub runtimes: Vec<String>,
    /// Resolved instruction path.
    pub instruction_path: String,
    /// Computing threads.
    pub threads: u32,
}

/// The ids of a stage. `upstream`: (role, ids) of the stages it is bound to, in pipeline order.
/// With `binaries` absent, the run id trusts declared versions.
pub fn stage_ids(
    stage: &StageIdentity,
    upstream: &[(String, Ids)],
    binaries: Option<&Binaries>,
) -> Ids {
    node_ids("stage", stage, upstream, binaries)
}

/// What an online phase computes; binaries apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OnlineIdentity {
    /// Its rules; `stages` in pipeline order.
    pub online: Online,
    /// Environment id.
    pub environment: String,
    /// Environment version.
    pub environment_version: String,
    /// Digests of the environment's model files, in its order.
    pub model_files: Vec<String>,
    /// Run seed.
    pub seed: u64,
    /// Source hash of the sampler and generator.
    pub sampler: String,
    /// Source hash of the interaction and of built-in environments.
    pub source: String,
}

/// The ids of an online phase. `upstream`: (role, ids) of the policy's stage and of those that go on learning.
pub fn online_ids(
    online: &OnlineIdentity,
    upstream: &[(String, Ids)],
    binaries: Option<&Binaries>,
) -> Ids {
    node_ids("online", online, upstream, binaries)
}

/// Stages that are trained in turn; what each computes is upstream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JointIdentity {
    /// Roles in the order of their updates.
    pub stages: Vec<String>,
    /// Updates of each.
    pub updates: u64,
    /// Updates at which all states are kept, the last included.
    pub snapshots: Vec<u64>,
    /// Source hash of the loop.
    pub source: String,
}

/// The ids of stages that are trained in turn. `upstream`: (role, ids) of each stage as if it were trained after those it is bound to.
pub fn joint_ids(
    joint: &JointIdentity,
    upstream: &[(String, Ids)],
    binaries: Option<&Binaries>,
) -> Ids {
    node_ids("joint", joint, upstream, binaries)
}

/// What an evaluation computes; binaries apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluationIdentity {
    /// Environment id.
    pub environment: String,
    /// Environment version.
    pub environment_version: String,
    /// Digests of the environment's model files, in its order.
    pub model_files: Vec<String>,
    /// Episodes per snapshot.
    pub episodes: u32,
    /// Environments stepped together.
    pub environments_per_batch: u32,
    /// `greedy` or `sampled`.
    pub action_mode: String,
    /// Seed behind every episode's start.
    pub seed: u64,
    /// Snapshots scored.
    pub snapshots: Vec<u64>,
    /// Discount of the exact values behind regret.
    pub discount: f64,
    /// Data on which training and validation errors are taken.
    pub data: DataIdentity,
    /// Goal rules of the benchmark, if it has goals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal: Option<GoalRules>,
    /// How states are shown to the policy; absent: as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transform: Option<TransformSpec>,
    /// Source hash of evaluator and built-in environments.
    pub evaluator: String,
}

/// The ids of an evaluation. `upstream`: (role, ids) of the policy's stage, and of the declared expert, if there is one.
pub fn evaluation_ids(
    evaluation: &EvaluationIdentity,
    upstream: &[(String, Ids)],
    binaries: Option<&Binaries>,
) -> Ids {
    node_ids("evaluation", evaluation, upstream, binaries)
}

fn node_ids(
    kind: &str,
    body: &impl Serialize,
    upstream: &[(String, Ids)],
    binaries: Option<&Binaries>,
) -> Ids {
    let children = |pick: fn(&Ids) -> &String| -> Vec<Value> {
        upstream
            .iter()
            .map(|(role, ids)| serde_json::json!({ "role": role, "id": pick(ids) }))
            .collect()
    };
    let spec = serde_json::json!({
        "identity_version": IDENTITY_VERSION, "kind": kind, "body": body, "upstream": children(|ids| &ids.spec_id),
    });
    let run = serde_json::json!({
        "identity_version": IDENTITY_VERSION, "kind": kind, "body": body, "upstream": children(|ids| &ids.run_id),
        "binaries": binaries,
    });
    Ids {
        spec_id: id_of(&spec),
        run_id: id_of(&run),
    }
}
