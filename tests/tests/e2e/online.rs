//! Interaction after offline training: what is kept, what is scored, what is refused.

use crate::scene::{Scene, climbing_twice, nodes};
use std::collections::BTreeMap;
use store::{Node, read_metrics};

const ONLINE: &str = "online = { stages = [\"policy\", \"value\"], steps = 40, snapshots = 2 }";

/// The climbing pipeline twice: as it is and with an online phase.
fn manifest() -> String {
    climbing_twice("interact", ONLINE)
}

/// Metrics of an evaluation by name and update.
fn metrics(node: &Node) -> BTreeMap<(String, u64), f64> {
    let path = node.folder.join("metrics.parquet");
    let rows = read_metrics(node.file("metrics.parquet").unwrap(), &path).unwrap();
    let entry = |row: store::MetricRow| ((row.metric, row.update), row.value);
    rows.into_iter().map(entry).collect()
}

#[test]
fn an_online_phase_starts_from_the_offline_policy_and_is_scored_as_it_goes() {
    let scene = Scene::new();
    scene.write("online.toml", &manifest());
    scene.run(&["run", "online.toml"]).expect(0);
    let all = nodes(&scene.results());
    let online: Vec<&Node> = all.values().filter(|n| n.kind == "online").collect();
    let [online] = online.as_slice() else {
        panic!("one online phase, found {}", online.len())
    };
    let state = |step: u64| online.file(&format!("snapshots/{step}.bin")).unwrap();
    assert_ne!(state(0), state(20));
    assert_ne!(state(20), state(40));
    let returns = metrics(online);
    let names: Vec<&str> = returns.keys().map(|(name, _)| name.as_str()).collect();
    assert!(names.contains(&"interaction_return"), "{names:?}");

    let interacted = |n: &&Node| n.kind == "evaluation" && n.upstream.contains_key("online");
    let scored = metrics(all.values().find(interacted).unwrap());
    let offline = |n: &&Node| n.kind == "evaluation" && !interacted(n);
    let before: Vec<_> = all.values().filter(offline).map(metrics).collect();
    for metric in [
        "episode_return_mean",
        "action_mse_train",
        "action_mse_validation",
        "action_mse_evaluation",
    ] {
        let at = |update: u64| scored[&(metric.to_owned(), update)];
        let same = |m: &BTreeMap<(String, u64), f64>| m[&(metric.to_owned(), 20)] == at(0);
        assert!(
            before.iter().any(same),
            "{metric} before the first step is the offline one"
        );
        assert!(at(20) != at(40), "{metric} stays at {}", at(20));
    }
}

#[test]
fn an_online_phase_of_what_does_not_learn_is_refused() {
    let scene = Scene::new();
    for (to, words) in [
        (
            "\"nobody\"",
            ["no stage has the role `nobody`", "online.stages[0]"],
        ),
        (
            "\"policy\", \"policy\"",
            ["named twice", "online.stages[1]"],
        ),
    ] {
        let text = manifest().replace("\"policy\", \"value\"", to);
        scene.write("online.toml", &text);
        scene
            .run(&["validate", "online.toml"])
            .expect(2)
            .says(&words);
    }
    let idle = manifest().replacen(
        "learner = \"linear-ascent\", updates = 20",
        "learner = \"linear-ascent\"",
        2,
    );
    scene.write("online.toml", &idle);
    let refused = scene.run(&["validate", "online.toml"]).expect(2);
    refused.says(&["stage `policy` is not trained", "online.stages[0]"]);
}
