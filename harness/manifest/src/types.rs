//! The manifest as typed data. Every field is documented here; `assay schema` prints the same as JSON Schema.

use crate::expert::ExpertSpec;
use crate::online::Online;
use crate::reward::RewardSpec;
use crate::shown::{Figure, Finding, Table};
use crate::transform::TransformSpec;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What to run: pipelines on benchmarks, axes, seeds, budgets, and what to show of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Format of this file; readers refuse a higher number.
    pub manifest_version: u32,
    /// Name and seeds.
    pub study: Study,
    /// Benchmarks to run on.
    #[serde(rename = "benchmark")]
    pub benchmarks: Vec<BenchmarkRef>,
    /// Pipelines to compare.
    #[serde(rename = "pipeline")]
    pub pipelines: Vec<Pipeline>,
    /// Axes crossed with each other and with every pipeline that has the key: `"<role>.data_fraction"`,
    /// `"<role>.updates"` or `"<role>.<hyperparameter>"` to a list of values. The value that the stage itself declares is
    /// the reference and must be among them.
    #[serde(default)]
    pub axes: BTreeMap<String, Vec<Value>>,
    /// Parameters varied one at a time, all axes at their reference.
    #[serde(default, rename = "sweep", skip_serializing_if = "Vec::is_empty")]
    pub sweeps: Vec<Sweep>,
    /// How stages are trained.
    #[serde(default)]
    pub training: Training,
    /// How pipelines are scored.
    #[serde(default)]
    pub evaluation: Evaluation,
    /// Limits of one worker.
    #[serde(default)]
    pub limits: Limits,
    /// Where else plugins are looked for.
    #[serde(default)]
    pub plugins: Plugins,
    /// Tables to show.
    #[serde(default, rename = "table", skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<Table>,
    /// Figures to draw. They are not part of the manifest's digest: drawing a study anew leaves it the same study.
    #[serde(default, rename = "figure", skip_serializing)]
    pub figures: Vec<Figure>,
    /// Comparisons to evaluate and print with their intervals.
    #[serde(default, rename = "finding", skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// Name and seeds of a study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Study {
    /// Folder name below the results folder: lower-case letters, digits and `-`.
    pub id: String,
    /// One line for people.
    #[serde(default)]
    pub title: String,
    /// Run seeds.
    pub seeds: Seeds,
    /// Seed of generated datasets; absent: the run seed, so that every run draws its own data.
    #[serde(default)]
    pub dataset_seed: Option<u64>,
    /// Seed of the permutation behind data fractions; absent: the run seed.
    #[serde(default)]
    pub subset_seed: Option<u64>,
    /// Where the values of tuned sweeps are chosen; absent: nothing is tuned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuning: Option<Tuning>,
}

/// Seeds on which values are chosen. Reports are made on others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tuning {
    /// Run seeds, disjoint from those of the report.
    pub seeds: Seeds,
    /// Seed of the episodes on which tuning runs are scored, other than that of the report.
    #[serde(default = "tuning_evaluation_seed")]
    pub evaluation_seed: u64,
}

fn tuning_evaluation_seed() -> u64 {
    1
}

/// Run seeds `base, base + 1, ... base + count - 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Seeds {
    /// First seed.
    pub base: u64,
    /// How many.
    #[schemars(range(min = 1))]
    pub count: u64,
}

/// A benchmark of the study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BenchmarkRef {
    /// Id of a folder under `benchmarks/`.
    pub id: String,
    /// Name in this manifest and in tables; absent: the id. A benchmark may be listed twice under two names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Where policies are scored, in place of the benchmark's environment: one task of several, or another version. Its
    /// observations, actions and goals must have the same shapes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// How states are shown to learners and policies; absent: as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transform: Option<TransformSpec>,
    /// How rewards are shown to learners; absent: as they are. Scores are those of the environment either way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reward: Option<RewardSpec>,
    /// Keys of the dataset's recipe set anew, by dotted path, e.g. `"behaviour.noise" = 0.3` or `action_label = "clean"`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub recipe: BTreeMap<String, serde_json::Value>,
    /// The policy that action errors are taken to, where the environment does not know its optimal one; absent: no action errors there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expert: Option<ExpertSpec>,
    /// Logical digest that the dataset must have (`sha256:...`); absent: whatever is there, recorded.
    #[serde(default)]
    pub dataset_digest: Option<String>,
    /// Whether the axes are crossed here; otherwise pipelines run at their declared values only.
    #[serde(default = "yes")]
    pub axes: bool,
    /// How many run seeds, from `study.seeds.base` on, so that noisy benchmarks can have more than others; absent:
    /// `study.seeds.count`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub seed_count: Option<u64>,
}

fn yes() -> bool {
    true
}

impl BenchmarkRef {
    /// The name by which the rest of the manifest, cells and tables know it.
    pub fn name(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.id)
    }

    /// The run seeds of the report here.
    pub fn seeds(&self, study: &Study) -> Seeds {
        Seeds {
            base: study.seeds.base,
            count: self.seed_count.unwrap_or(study.seeds.count),
        }
    }
}

/// Ordered stages that end in a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// Name in tables.
    pub name: String,
    /// Labels by which tables arrange pipelines, e.g. `critic = "IQL"`.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Benchmarks it runs on; absent: all.
    #[serde(default)]
    pub benchmarks: Option<Vec<String>>,
    /// Whether the axes are crossed; otherwise it runs at its declared values only.
    #[serde(default = "yes")]
    pub axes: bool,
    /// Stages in order.
    #[schemars(length(min = 1))]
    pub stages: Vec<StageSpec>,
    /// In which order stages are trained.
    #[serde(default, skip_serializing_if = "Schedule::is_decoupled")]
    pub schedule: Schedule,
    /// Interaction after offline training; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub online: Option<Online>,
}

impl Pipeline {
    /// The stages that are trained.
    pub fn trained(&self) -> impl Iterator<Item = &StageSpec> {
        let is_trained = |s: &&StageSpec| s.updates > 0 && crate::check::uses_data(s);
        self.stages.iter().filter(is_trained)
    }
}

/// In which order the stages of a pipeline are trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// One after the other: each is trained to its end, frozen, then used.
    #[default]
    Decoupled,
    /// In turn, one update each, as published code trains values and policies; all have the same number of updates.
    Joint,
}

impl Schedule {
    fn is_decoupled(&self) -> bool {
        *self == Self::Decoupled
    }
}

/// One learner with its hyperparameters, data view and budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageSpec {
    /// Name of the stage within the pipeline, e.g. `value`, `policy`.
    pub role: String,
    /// Learner id, e.g. `iql`, or `oracle`.
    pub learner: String,
    /// Budget of updates.
    #[serde(default)]
    pub updates: u64,
    /// Hyperparameters; the learner's schema gives the defaults of the rest.
    #[serde(default)]
    pub params: BTreeMap<String, Value>,
    /// Role of the stage whose interfaces are used; absent: the nearest earlier stage that provides each.
    #[serde(default)]
    pub from: Option<String>,
    /// Share of the training transitions that the stage sees.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub data_fraction: f64,
    /// Which trajectories the share is taken of first: random ones, or those of the highest returns.
    #[serde(default)]
    pub view: PolicyView,
}

fn one() -> f64 {
    1.0
}

/// Which trajectories a data view takes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyView {
    /// From the common end of a seeded permutation: views of different fractions are nested.
    #[default]
    Shared,
    /// From its other end: disjoint from the shared views as long as both fractions add up to at most 1.
    Disjoint,
    /// Those of the highest returns: `data_fraction = 0.1` is cloning of the best tenth. For data with rewards, not with goals.
    Best,
}

impl PolicyView {
    /// The word in manifests and identities.
    pub fn word(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Disjoint => "disjoint",
            Self::Best => "best",
        }
    }
}

/// Parameters varied one at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// `"<role>.<hyperparameter>"`.
    pub parameter: String,
    /// Values besides the declared one, which is always run.
    #[schemars(length(min = 1))]
    pub values: Vec<Value>,
    /// Pipelines it applies to; absent: all that have the parameter.
    #[serde(default)]
    pub pipelines: Option<Vec<String>>,
    /// Benchmarks it applies to; absent: all.
    #[serde(default)]
    pub benchmarks: Option<Vec<String>>,
    /// Whether the value is chosen on the tuning seeds. All values are run on both sets of seeds.
    #[serde(default)]
    pub tune: bool,
}

/// How stages are trained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Training {
    /// Rows of a minibatch.
    #[schemars(range(min = 1))]
    pub batch_size: u32,
    /// Floating-point type of parameters and batches.
    pub precision: Precision,
    /// Instruction path of the matrix kernels.
    pub numeric: NumericMode,
    /// Whether ids hold the digests of binaries or trust declared versions.
    pub identity: IdentityMode,
    /// Updates between resumable states of a running stage; changes no result.
    #[schemars(range(min = 1))]
    pub resume_interval_updates: u64,
}

impl Default for Training {
    fn default() -> Self {
        Self {
            batch_size: 256,
            precision: Precision::Float32,
            numeric: NumericMode::Fast,
            identity: IdentityMode::Binary,
            resume_interval_updates: 10_000,
        }
    }
}

/// Floating-point type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// 32 bits.
    #[default]
    Float32,
    /// 64 bits.
    Float64,
}

/// Instruction path of the matrix kernels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NumericMode {
    /// The widest path of the processor: reproducible on one type of processor.
    #[default]
    Fast,
    /// AVX2 everywhere: slower, reproducible across processors.
    Portable,
}

/// What an id trusts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityMode {
    /// Digests of plugin and runtime libraries.
    #[default]
    Binary,
    /// Declared versions; results say so.
    Version,
}

/// How pipelines are scored. Absent values come from the benchmark.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Evaluation {
    /// Episodes per snapshot.
    pub episodes: Option<u32>,
    /// Environments stepped together, so that the policy acts on a batch.
    pub environments_per_batch: Option<u32>,
    /// How the policy acts.
    pub action_mode: ActionMode,
    /// Which snapshot tables show; all are stored.
    pub selection: Selection,
    /// Equally spaced snapshots of the last stage that are scored, the final one included.
    pub snapshots: Option<u32>,
    /// Seed from which every episode's start is derived; the same for all methods.
    pub seed: u64,
}

/// How a policy acts in evaluation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ActionMode {
    /// Mean or mode.
    #[default]
    Greedy,
    /// Sampled.
    Sampled,
}

/// Which snapshot tables show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Selection {
    /// The final one.
    #[default]
    Last,
}

/// Limits of one worker; exceeding one is a result, not an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Wall-clock seconds.
    #[schemars(range(min = 1))]
    pub timeout_s: u64,
    /// Resident memory in MiB.
    #[schemars(range(min = 64))]
    pub memory_mib: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout_s: 86_400,
            memory_mib: 8_192,
        }
    }
}

/// Where else plugins are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Plugins {
    /// Folders, relative to the manifest.
    pub path: Vec<String>,
}
