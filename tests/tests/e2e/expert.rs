//! Declared experts: one policy, trained once, that all methods of a benchmark are compared with.

use crate::identity::Planner;
use crate::scene::{Scene, nodes};
use manifest::parse_manifest;
use std::collections::BTreeSet;
use store::{Node, read_metrics};

const RECIPE: &str = r#"format = 1
id = "tiny/maze-v0"
label = "navigate"
description = "Drives between random cells, enough for some to be held out."
environment = "point-maze/large-goals-v0"
transitions = 24_000
behaviour = { kind = "navigate", noise = 0.5 }
"#;

const BENCHMARK: &str = r#"format = 1
id = "tiny/maze-v0"
description = "A maze whose optimal policy is not computed."
environment = "point-maze/large-goals-v0"
dataset = "tiny/maze-v0"
discount = 0.99
normalizer = "exact"
recipe = "recipes/tiny-maze-v0.toml"

[goal]
observation = [0, 1]
reached = "distance"
radius = 0.45

[evaluation]
episodes = 2
environments_per_batch = 2
"#;

/// The expert learns from the data of seed 0, which the study generates.
const MANIFEST: &str = r#"manifest_version = 1

[study]
id = "tiny"
seeds = { base = 0, count = 2 }

[[benchmark]]
id = "tiny/maze-v0"
expert = { learner = "linear-bc", dataset = "tiny/maze-seed0-v0", updates = 30, params = { learning_rate = 0.001 }, seed = 0 }

[[pipeline]]
name = "clone"
stages = [
  { role = "policy", learner = "linear-bc", updates = 20, params = { learning_rate = 0.0005 } },
]

[training]
batch_size = 16
"#;

fn add_maze(scene: &Scene) {
    scene.write("home/recipes/tiny-maze-v0.toml", RECIPE);
    scene.write("benchmarks/tiny-maze-v0/benchmark.toml", BENCHMARK);
}

fn value(node: &Node, metric: &str) -> Option<f64> {
    let path = node.folder.join("metrics.parquet");
    let rows = read_metrics(node.file("metrics.parquet").unwrap(), &path).unwrap();
    rows.iter().find(|r| r.metric == metric).map(|r| r.value)
}

#[test]
fn all_methods_are_compared_with_one_expert() {
    let scene = Scene::new();
    add_maze(&scene);
    scene.write("expert.toml", MANIFEST);
    scene.run(&["run", "expert.toml"]).expect(0);
    let all = nodes(&scene.results());
    let experts: Vec<&Node> = all
        .values()
        .filter(|n| n.identity["role"] == "expert")
        .collect();
    assert_eq!(experts.len(), 1);
    let evaluations: Vec<&Node> = all.values().filter(|n| n.kind == "evaluation").collect();
    assert_eq!(evaluations.len(), 2);
    for evaluation in &evaluations {
        assert_eq!(evaluation.upstream["expert"], experts[0].run_id);
        for set in ["train", "validation", "evaluation", "probe"] {
            let error = value(evaluation, &format!("action_mse_{set}"));
            assert!(error.is_some_and(|e| e > 0.0), "{set}: {error:?}");
            assert_eq!(value(evaluation, &format!("regret_{set}")), None);
        }
    }

    // The expert itself makes no errors.
    let own = MANIFEST
        .replace(
            "role = \"policy\", learner = \"linear-bc\", updates = 20, params = { learning_rate = 0.0005 }",
            "role = \"expert\", learner = \"linear-bc\", updates = 30, params = { learning_rate = 0.001 }",
        )
        .replace("count = 2", "count = 1")
        .replace("id = \"tiny\"", "id = \"own\"");
    scene.write("own.toml", &own);
    scene.run(&["run", "own.toml"]).expect(0);
    let known: BTreeSet<&String> = all.keys().collect();
    let after = nodes(&scene.results());
    let fresh: Vec<&Node> = after
        .values()
        .filter(|n| !known.contains(&n.run_id))
        .collect();
    let [scored] = fresh.as_slice() else {
        panic!(
            "the expert's stage is shared, found {} new nodes",
            fresh.len()
        )
    };
    for set in ["train", "validation", "evaluation", "probe"] {
        assert_eq!(value(scored, &format!("action_mse_{set}")), Some(0.0));
    }
}

#[test]
fn every_key_of_an_expert_changes_its_stage_and_the_evaluations_and_nothing_else() {
    let planner = Planner::new();
    add_maze(&planner.scene);
    let ids = |text: &str| {
        let plan = planner.plan(&parse_manifest(text, "m.toml").unwrap());
        let of = |role: &str, evaluation: bool| -> BTreeSet<String> {
            let chosen = plan.nodes.values().filter(|n| {
                n.job.evaluation.is_some() == evaluation
                    && n.job.stages.last().unwrap().role == role
            });
            chosen.map(|n| n.ids.spec_id.clone()).collect()
        };
        [of("expert", false), of("policy", false), of("policy", true)]
    };
    let original = ids(MANIFEST);
    assert_eq!(original.each_ref().map(BTreeSet::len), [1, 2, 2]);
    for (from, to) in [
        (
            "learner = \"linear-bc\", dataset",
            "learner = \"linear-bc-twin\", dataset",
        ),
        ("maze-seed0-v0", "maze-seed1-v0"),
        ("updates = 30", "updates = 31"),
        ("learning_rate = 0.001", "learning_rate = 0.002"),
        ("seed = 0 }", "seed = 1 }"),
    ] {
        let changed = ids(&MANIFEST.replace(from, to));
        assert!(changed[0].is_disjoint(&original[0]), "{to}: expert");
        assert_eq!(changed[1], original[1], "{to}: policies");
        assert!(changed[2].is_disjoint(&original[2]), "{to}: evaluations");
    }
}

#[test]
fn experts_that_cannot_be_one_are_refused() {
    let scene = Scene::new();
    add_maze(&scene);
    for (from, to, words) in [
        (
            "tiny/maze-v0\"\nexpert",
            "tiny/bandit-v0\"\nexpert",
            "knows its optimal policy",
        ),
        (
            "learner = \"linear-bc\", dataset",
            "learner = \"linear-ascent\", dataset",
            "requires `critic/1` of an earlier stage",
        ),
        (
            "learner = \"linear-bc\", dataset",
            "learner = \"linear-critic\", dataset",
            "provides no policy",
        ),
        ("updates = 30", "updates = 0", "expected at least 1"),
        ("learning_rate", "lerning_rate", "learning_rate"),
    ] {
        scene.write("expert.toml", &MANIFEST.replace(from, to));
        scene
            .run(&["validate", "expert.toml"])
            .expect(2)
            .says(&[words]);
    }
    // What is missing is data, not an error of the manifest.
    scene.write("expert.toml", &MANIFEST.replace("seed0-v0", "seed7-v0"));
    scene
        .run(&["validate", "expert.toml"])
        .expect(4)
        .says(&["dataset `tiny/maze-seed7-v0` does not exist"]);
}
