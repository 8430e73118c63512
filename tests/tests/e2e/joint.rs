//! Stages that are trained in turn: one node, the critic that it would be alone, another policy; what is refused.

use crate::scene::{MANIFEST, Scene, climbing_twice, nodes};
use store::Node;

const JOINT: &str = "schedule = \"joint\"\n";

/// The climbing pipeline twice: stage after stage, and in turn.
fn manifest() -> String {
    climbing_twice("in turn", JOINT)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_critic_ends_in_turn_as_it_does_alone_and_the_policy_does_not() {
    let scene = Scene::new();
    let text = manifest().replace("[[table]]", "[evaluation]\nsnapshots = 2\n\n[[table]]");
    scene.write("joint.toml", &text);
    scene.run(&["run", "joint.toml"]).expect(0);
    let all = nodes(&scene.results());
    let joint: Vec<&Node> = all.values().filter(|n| n.kind == "joint").collect();
    let [joint] = joint.as_slice() else {
        panic!("one node of stages in turn, found {}", joint.len())
    };
    let both = joint.file("snapshots/20.bin").unwrap();
    assert!(joint.files.contains_key("snapshots/10.bin"));
    for (learner, same) in [("linear-critic", true), ("linear-ascent", false)] {
        let alone = |n: &&Node| n.identity["learner"] == learner;
        let alone = all.values().find(alone).unwrap();
        let state = alone.file("checkpoint.bin").unwrap();
        assert_eq!(contains(&both, &state), same, "{learner}");
    }
    let scored = all.values().find(|n| n.upstream.contains_key("joint"));
    assert_eq!(scored.unwrap().upstream["joint"], joint.run_id);
    // Nothing is computed again, and the origins name the node.
    let again = scene.run(&["run", "joint.toml", "--json"]).expect(0).json();
    assert_eq!(again["computed"], 0, "{again}");
    let origins = std::fs::read_to_string(scene.results().join("tiny/origins.json")).unwrap();
    assert!(origins.contains(&joint.run_id), "{origins}");
}

#[test]
fn what_cannot_be_trained_in_turn_is_refused() {
    let scene = Scene::new();
    let unequal = manifest().replacen("updates = 20, params", "updates = 30, params", 2);
    let alone = MANIFEST.replace("name = \"clone\"\n", &format!("name = \"clone\"\n{JOINT}"));
    let phase = format!("{JOINT}online = {{ stages = [\"value\"], steps = 40 }}\n");
    let online = manifest().replace(JOINT, &phase);
    for (text, words) in [
        (unequal, "`value` has 30 updates and stage `policy` 20"),
        (alone, "stage `policy` alone is trained"),
        (online, "an online phase cannot follow"),
    ] {
        scene.write("joint.toml", &text);
        let refused = scene.run(&["validate", "joint.toml"]).expect(2);
        refused.says(&[words, ".schedule"]);
    }
}
