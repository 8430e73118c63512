//! Rewards rescaled for learners: what changes, what does not, and where it is refused.

use crate::scene::{BENCHMARK, MANIFEST, Scene, nodes};
use std::collections::BTreeSet;
use store::{Node, read_metrics};

const RECIPE: &str = r#"format = 1
id = "line/uniform-v0"
label = "uniform"
description = "For tests."
environment = "fixtures/line-v0"
transitions = 120
behaviour = { kind = "uniform" }
"#;

/// The study of [`MANIFEST`] on an environment of a plugin, with rewards as they are and with `reward`.
fn manifest(reward: &str) -> String {
    MANIFEST
        .replace("count = 2", "count = 1")
        .replace("action_mse_evaluation", "episode_return_mean")
        .replace("[[finding]]", "#")
        .split("#\nkind")
        .next()
        .unwrap()
        .replace(
            "[[benchmark]]\nid = \"tiny/bandit-v0\"\n",
            &format!(
                "[[benchmark]]\nid = \"line/uniform-v0\"\n\n[[benchmark]]\nid = \"line/uniform-v0\"\nlabel = \"scaled\"\nreward = {reward}\n"
            ),
        )
}

fn scene() -> Scene {
    let scene = Scene::new();
    scene.write("home/uniform.toml", RECIPE);
    let benchmark = BENCHMARK
        .replace("ID", "line/uniform-v0")
        .replace("cbandit/default-v0", "fixtures/line-v0")
        .replace("normalizer = \"exact\"\n", "")
        .replace("SOURCE", "recipe = \"uniform.toml\"\ndataset_seed = 0");
    scene.write("benchmarks/line/benchmark.toml", &benchmark);
    scene
}

fn of<'n>(all: impl Iterator<Item = &'n Node>, learner: &str) -> Vec<&'n Node> {
    all.filter(|n| n.identity["learner"] == learner).collect()
}

fn mean_return(node: &Node) -> f64 {
    let path = node.folder.join("metrics.parquet");
    let rows = read_metrics(node.file("metrics.parquet").unwrap(), &path).unwrap();
    let found = rows.iter().find(|r| r.metric == "episode_return_mean");
    found.unwrap().value
}

#[test]
fn learners_see_other_rewards_and_scores_stay() {
    let scene = scene();
    scene.write(
        "rewards.toml",
        &manifest("{ divide_by = \"return-range\", scale = 10.0, shift = -1.0 }"),
    );
    scene.run(&["run", "rewards.toml"]).expect(0);
    let all = nodes(&scene.results());
    let critics = of(all.values(), "linear-critic");
    let states: BTreeSet<Vec<u8>> = critics
        .iter()
        .map(|n| n.file("checkpoint.bin").unwrap().to_vec())
        .collect();
    // Two levels of data, two rewards.
    assert_eq!((critics.len(), states.len()), (4, 4));
    // Cloning does not look at rewards, and is scored by those of the environment.
    let clones = of(all.values(), "linear-bc");
    assert_eq!(clones.len(), 2);
    let returns: Vec<f64> = clones
        .iter()
        .map(|clone| {
            let scores = |n: &&Node| {
                n.kind == "evaluation" && n.upstream.values().any(|id| *id == clone.run_id)
            };
            mean_return(all.values().find(scores).unwrap())
        })
        .collect();
    assert_eq!(returns[0], returns[1]);
}

#[test]
fn rewards_that_cannot_be_rescaled_are_refused() {
    let scene = scene();
    let exact = manifest("{ scale = 2.0 }").replace("line/uniform-v0", "tiny/bandit-v0");
    let exact = exact.replacen("[[benchmark]]\nid = \"tiny/bandit-v0\"\n\n", "", 1);
    for (text, words) in [
        (exact, "compared with exact ones"),
        (manifest("{ scale = 0.0 }"), "scale is 0"),
        (manifest("{ divide_by = \"returns\" }"), "return-range"),
    ] {
        scene.write("rewards.toml", &text);
        scene
            .run(&["validate", "rewards.toml"])
            .expect(2)
            .says(&[words, "reward"]);
    }
}
