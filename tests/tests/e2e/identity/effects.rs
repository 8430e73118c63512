//! What each leaf of the manifest does to ids.

use super::shown;
use serde_json::{Value, json};

/// How the manifest is changed.
pub(super) enum Edit {
    /// The value at a JSON pointer.
    Set(&'static str, Value),
    /// A name wherever it stands, as key, value or start of a parameter.
    Rename(&'static str, &'static str),
    /// The digest of the dataset as it is, at a JSON pointer.
    Pin(&'static str),
}

/// The node sets, in the order of the letters of an effect.
pub(super) const GROUPS: [&str; 6] = [
    "stage estimate",
    "stage rival",
    "stage climb",
    "stage clone",
    "evaluation climb",
    "evaluation clone",
];

pub(super) const NONE: &str = "======";
const ALL: &str = "RRRRRR";
const EVALUATIONS: &str = "====RR";
/// The parser refuses any other value.
pub(super) const REFUSED: &str = "refused";

/// A leaf, a change of it, and what becomes of each group of ids: `=` the same, `R` all replaced, `G` grown, `S` shrunk,
/// `M` some kept and some replaced.
pub(super) type Row = (&'static str, Edit, &'static str);

pub(super) fn set(
    leaf: &'static str,
    pointer: &'static str,
    value: Value,
    effect: &'static str,
) -> Row {
    (leaf, Edit::Set(pointer, value), effect)
}

/// A key of the transform, which the second benchmark has.
fn coded(key: &str, pointer: &'static str, value: Value) -> Row {
    let leaves = [
        "benchmark[].transform.kind",
        "benchmark[].transform.entries[]",
        "benchmark[].transform.low",
        "benchmark[].transform.high",
        "benchmark[].transform.features",
        "benchmark[].transform.seed",
    ];
    let leaf = leaves.iter().find(|leaf| leaf.ends_with(key)).unwrap();
    set(leaf, pointer, value, "MMM=M=")
}

/// A key of the online phase, which the climbing pipeline has.
fn online(key: &str, pointer: &'static str, value: Value) -> Row {
    let leaves = [
        "pipeline[].online.stages[]",
        "pipeline[].online.steps",
        "pipeline[].online.updates_per_step",
        "pipeline[].online.warmup_steps",
        "pipeline[].online.replay_share",
        "pipeline[].online.noise",
        "pipeline[].online.snapshots",
    ];
    let found = |leaf: &&&str| leaf.strip_prefix("pipeline[].online.") == Some(key);
    set(leaves.iter().find(found).unwrap(), pointer, value, "==M=R=")
}

fn study_and_benchmarks() -> Vec<Row> {
    vec![
        set("manifest_version", "/manifest_version", json!(2), REFUSED),
        set("study.id", "/study/id", json!("other"), NONE),
        set("study.title", "/study/title", json!("Other"), NONE),
        // The tuning runs of the cloning pipeline stay.
        set("study.seeds.base", "/study/seeds/base", json!(7), "RRRMRM"),
        set(
            "study.seeds.count",
            "/study/seeds/count",
            json!(3),
            "GGGGGG",
        ),
        set("study.dataset_seed", "/study/dataset_seed", json!(5), ALL),
        set("study.subset_seed", "/study/subset_seed", json!(5), ALL),
        set(
            "study.tuning.seeds.base",
            "/study/tuning/seeds/base",
            json!(200),
            "===M=M",
        ),
        set(
            "study.tuning.seeds.count",
            "/study/tuning/seeds/count",
            json!(2),
            "===G=G",
        ),
        set(
            "study.tuning.evaluation_seed",
            "/study/tuning/evaluation_seed",
            json!(2),
            "=====M",
        ),
        set(
            "benchmark[].id",
            "/benchmark/1/id",
            json!("tiny/third-v0"),
            "MMM=M=",
        ),
        (
            "benchmark[].dataset_digest",
            Edit::Pin("/benchmark/0/dataset_digest"),
            NONE,
        ),
        set(
            "benchmark[].label",
            "/benchmark/1/label",
            json!("second"),
            NONE,
        ),
        // Scored, and met online, elsewhere; trained as before.
        set(
            "benchmark[].environment",
            "/benchmark/1/environment",
            json!("lqr-nav/default-v0"),
            "==M=M=",
        ),
        // Only the second benchmark's data are made anew.
        set(
            "benchmark[].recipe.*",
            "/benchmark/1/recipe/behaviour.noise",
            json!(0.5),
            "MMM=M=",
        ),
        coded("kind", "/benchmark/1/transform/kind", json!("linear-code")),
        coded("entries[]", "/benchmark/1/transform/entries/0", json!(1)),
        coded("low", "/benchmark/1/transform/low", json!(-2.0)),
        coded("high", "/benchmark/1/transform/high", json!(2.0)),
        coded("features", "/benchmark/1/transform/features", json!(8)),
        coded("seed", "/benchmark/1/transform/seed", json!(6)),
        set(
            "benchmark[].axes",
            "/benchmark/1/axes",
            json!(true),
            "G=G=G=",
        ),
        // One seed more on the second benchmark, where only the climbing pipeline runs.
        set(
            "benchmark[].seed_count",
            "/benchmark/1/seed_count",
            json!(3),
            "GGG=G=",
        ),
    ]
}

fn pipelines() -> Vec<Row> {
    let at = |field| -> &'static str {
        match field {
            "learner" => "/pipeline/1/stages/0/learner",
            "updates" => "/pipeline/1/stages/0/updates",
            "data_fraction" => "/pipeline/1/stages/0/data_fraction",
            _ => "/pipeline/1/stages/0/view",
        }
    };
    let stage = |leaf, field, value| set(leaf, at(field), value, "===R=R");
    vec![
        ("pipeline[].name", Edit::Rename("Cloning", "Copying"), NONE),
        set(
            "pipeline[].labels.*",
            "/pipeline/1/labels/kind",
            json!("c"),
            NONE,
        ),
        set(
            "pipeline[].benchmarks[]",
            "/pipeline/1/benchmarks/0",
            json!("tiny/second-v0"),
            "===R=R",
        ),
        set(
            "pipeline[].axes",
            "/pipeline/0/axes",
            json!(false),
            "S=S=S=",
        ),
        // The online phase counts among the stages of its policy.
        online("stages[]", "/pipeline/0/online/stages/0", json!("estimate")),
        online("steps", "/pipeline/0/online/steps", json!(60)),
        online(
            "updates_per_step",
            "/pipeline/0/online/updates_per_step",
            json!(2),
        ),
        online("warmup_steps", "/pipeline/0/online/warmup_steps", json!(6)),
        online(
            "replay_share",
            "/pipeline/0/online/replay_share",
            json!(0.25),
        ),
        online("noise", "/pipeline/0/online/noise", json!(0.2)),
        online("snapshots", "/pipeline/0/online/snapshots", json!(4)),
        // The role names the random streams of its stage.
        (
            "pipeline[].stages[].role",
            Edit::Rename("estimate", "appraise"),
            "S=R=R=",
        ),
        set(
            "pipeline[].stages[].learner",
            at("learner"),
            json!("linear-bc-twin"),
            "===R=R",
        ),
        stage("pipeline[].stages[].updates", "updates", json!(30)),
        set(
            "pipeline[].stages[].params.*",
            "/pipeline/0/stages/0/params/learning_rate",
            json!(0.1),
            "R=R=R=",
        ),
        set(
            "pipeline[].stages[].from",
            "/pipeline/0/stages/2/from",
            json!("rival"),
            "==R=R=",
        ),
        // The swept rate runs at the declared fraction, so both of its cells move.
        stage(
            "pipeline[].stages[].data_fraction",
            "data_fraction",
            json!(0.6),
        ),
        stage("pipeline[].stages[].view", "view", json!("disjoint")),
        set(
            "axes.*[]",
            "/axes/estimate.data_fraction/0",
            json!(0.25),
            "M=M=M=",
        ),
        set(
            "sweep[].parameter",
            "/sweep/1/parameter",
            json!("climb.learning_rate"),
            "==M=M=",
        ),
        set(
            "sweep[].values[]",
            "/sweep/0/values/0",
            json!(0.3),
            "===M=M",
        ),
        set(
            "sweep[].pipelines[]",
            "/sweep/0/pipelines/0",
            json!("Climbing"),
            "===S=S",
        ),
        set(
            "sweep[].benchmarks[]",
            "/sweep/0/benchmarks/0",
            json!("tiny/second-v0"),
            "===S=S",
        ),
        set("sweep[].tune", "/sweep/1/tune", json!(true), "GGG=G="),
    ]
}

fn training_and_evaluation() -> Vec<Row> {
    vec![
        set("training.batch_size", "/training/batch_size", json!(8), ALL),
        set(
            "training.precision",
            "/training/precision",
            json!("float64"),
            ALL,
        ),
        set(
            "training.numeric",
            "/training/numeric",
            json!("portable"),
            ALL,
        ),
        set(
            "training.identity",
            "/training/identity",
            json!("version"),
            ALL,
        ),
        set(
            "training.resume_interval_updates",
            "/training/resume_interval_updates",
            json!(5),
            NONE,
        ),
        set(
            "evaluation.episodes",
            "/evaluation/episodes",
            json!(30),
            EVALUATIONS,
        ),
        set(
            "evaluation.environments_per_batch",
            "/evaluation/environments_per_batch",
            json!(20),
            EVALUATIONS,
        ),
        set(
            "evaluation.action_mode",
            "/evaluation/action_mode",
            json!("sampled"),
            EVALUATIONS,
        ),
        // One rule exists so far.
        set(
            "evaluation.selection",
            "/evaluation/selection",
            json!("best"),
            REFUSED,
        ),
        // Policies keep the states that are scored; critics keep their last.
        set(
            "evaluation.snapshots",
            "/evaluation/snapshots",
            json!(2),
            "==RRRR",
        ),
        // Tuning runs have an evaluation seed of their own.
        set("evaluation.seed", "/evaluation/seed", json!(9), "====RM"),
        set("limits.timeout_s", "/limits/timeout_s", json!(9), NONE),
        set("limits.memory_mib", "/limits/memory_mib", json!(999), NONE),
        set("plugins.path[]", "/plugins/path/0", json!("two"), NONE),
    ]
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = study_and_benchmarks();
    rows.extend(pipelines());
    rows.extend(training_and_evaluation());
    rows.extend(shown::rows());
    rows
}
