//! Plugins that misbehave: a typed result with its log, and no harm to the siblings.

use crate::scene::{Scene, nodes};
use plugin_host::{Sidecar, sha256_hex};
use std::path::Path;

/// A learner that must fail: how it is recorded, and the words about it.
struct Fault {
    learner: &'static str,
    kind: &'static str,
    says: &'static [&'static str],
    logs: &'static str,
}

const FAULTS: &[Fault] = &[
    Fault {
        learner: "panics-in-update",
        kind: "panicked",
        says: &["panicked: this fixture panics on purpose"],
        logs: "this fixture panics on purpose",
    },
    Fault {
        learner: "aborts",
        kind: "crashed",
        says: &["signal 6 (abort)"],
        logs: "",
    },
    Fault {
        learner: "constant-c",
        kind: "crashed",
        says: &["signal 11 (segmentation fault)"],
        logs: "",
    },
    Fault {
        learner: "nan-actions",
        kind: "non-finite",
        says: &["action is not finite"],
        logs: "",
    },
    Fault {
        learner: "nan-metric",
        kind: "non-finite",
        says: &["metric `mean_action` is NaN at update 1"],
        logs: "",
    },
    Fault {
        learner: "wrong-shape",
        kind: "failed",
        says: &["shape"],
        logs: "",
    },
    Fault {
        learner: "refuses-defaults",
        kind: "failed",
        says: &["rate is 0.1, expected 0.2"],
        logs: "",
    },
    Fault {
        learner: "future",
        kind: "refused",
        says: &["needs ABI 99.0", "provides 1.3"],
        logs: "",
    },
    Fault {
        learner: "text",
        kind: "refused",
        says: &["cannot load", "libtext.so"],
        logs: "",
    },
];

fn head(timeout_s: u64) -> String {
    format!(
        r#"manifest_version = 1

[study]
id = "faults"
seeds = {{ base = 0, count = 2 }}

[[benchmark]]
id = "tiny/bandit-v0"

[training]
batch_size = 16

[limits]
timeout_s = {timeout_s}

[[table]]
id = "error"
metric = "action_mse_evaluation"
rows = "pipeline"
columns = "benchmark"
better = "lower"
"#
    )
}

fn pipeline(learner: &str) -> String {
    format!(
        "\n[[pipeline]]\nname = \"with {learner}\"\nstages = [ {{ role = \"policy\", learner = \"{learner}\", updates = 20 }} ]\n"
    )
}

/// Writes metadata for `library` as its author's machine would: those of `constant-c` under another learner id.
fn sealed_elsewhere(library: &Path, like: &Sidecar, learner: &str) {
    let mut sidecar = like.clone();
    sidecar.id = learner.into();
    sidecar.learners[0].id = learner.into();
    sidecar.library.sha256 = sha256_hex(&std::fs::read(library).unwrap());
    sidecar.write(library).unwrap();
}

/// Adds what the Rust fixtures do not offer: `constant-c` that crashes, `future` of another ABI, `text` that is no library.
fn add_unusable_plugins(scene: &Scene) {
    let library = |name: &str| scene.path("plugins").join(format!("lib{name}.so"));
    let crashing = library("segfault");
    tests::compile_c("bad.c", &["-DFAULT_SEGFAULT"], &crashing);
    let sidecar = tests::metadata(&crashing);
    sidecar.write(&crashing).unwrap();
    let future = library("future");
    tests::compile_c("bad.c", &["-DFAULT_ABI"], &future);
    sealed_elsewhere(&future, &sidecar, "future");
    let text = library("text");
    std::fs::write(&text, "this is not a library\n").unwrap();
    sealed_elsewhere(&text, &sidecar, "text");
}

/// The place of a learner's pipeline in the one table.
fn entry<'a>(table: &'a serde_json::Value, learner: &str) -> &'a serde_json::Value {
    let table = &table["tables"][0];
    let rows = table["rows"].as_array().unwrap();
    let name = format!("with {learner}");
    let row = rows.iter().position(|r| *r == name.as_str()).unwrap();
    &table["cells"][row][0]
}

#[test]
fn faults_of_plugins_are_typed_results_and_siblings_finish() {
    let scene = Scene::new();
    add_unusable_plugins(&scene);
    let all: String = FAULTS.iter().map(|f| pipeline(f.learner)).collect();
    scene.write("faults.toml", &(head(120) + &pipeline("linear-bc") + &all));
    let ended = scene.run(&["run", "faults.toml", "--json"]).expect(4);
    let report = ended.json();
    let failed = report["failed"].as_array().unwrap();
    let read =
        |name: &str| std::fs::read_to_string(scene.results().join("faults").join(name)).unwrap();
    let (markdown, table) = (read("table.md"), read("table.json"));
    let table: serde_json::Value = serde_json::from_str(&table).unwrap();
    for fault in FAULTS {
        judge(
            &scene,
            fault,
            failed,
            &markdown,
            entry(&table, fault.learner),
        );
    }
    assert_eq!(entry(&table, "linear-bc")["cell"]["n"], 2, "{table:#}");
    let nodes = nodes(&scene.results());
    let scored = nodes.values().filter(|node| node.kind == "evaluation");
    assert_eq!(
        scored.count(),
        2,
        "both seeds of the sound sibling, no other"
    );
}

/// The fault is recorded, shown with its log, and named in the table.
fn judge(
    scene: &Scene,
    fault: &Fault,
    failed: &[serde_json::Value],
    markdown: &str,
    entry: &serde_json::Value,
) {
    let has = |text: &str| fault.says.iter().all(|w| text.contains(w));
    let own: Vec<&serde_json::Value> = failed
        .iter()
        .filter(|f| f["kind"] == fault.kind && has(f["message"].as_str().unwrap()))
        .collect();
    let name = fault.learner;
    assert_eq!(own.len(), 2, "{name}: two seeds in {failed:#?}");
    let shown = scene
        .run(&["show", own[0]["id"].as_str().unwrap()])
        .expect(0);
    assert!(shown.stdout.starts_with(fault.kind), "{}", shown.stdout);
    assert!(has(&shown.stdout), "{}", shown.stdout);
    let (_, log) = shown.stdout.split_once("\nlog (").unwrap();
    assert!(log.contains(fault.logs), "{name}: {log}");
    assert!(has(&entry.to_string()), "{name}: {entry:#}");
    assert!(has(markdown), "{name}: {markdown}");
}

#[test]
fn a_learner_that_hangs_is_ended_and_its_sibling_finishes() {
    let scene = Scene::new();
    scene.write(
        "hangs.toml",
        &(head(5) + &pipeline("linear-bc") + &pipeline("hangs")),
    );
    let report = scene.run(&["run", "hangs.toml", "--json"]).expect(4).json();
    let failed = report["failed"].as_array().unwrap();
    let own = failed.iter().filter(|f| f["kind"] == "timed-out");
    let messages: Vec<_> = own.map(|f| f["message"].as_str().unwrap()).collect();
    assert_eq!(messages, ["not finished after 5 s"; 2]);
    let table = std::fs::read_to_string(scene.results().join("faults/table.json")).unwrap();
    let table: serde_json::Value = serde_json::from_str(&table).unwrap();
    assert_eq!(entry(&table, "linear-bc")["cell"]["n"], 2);
    assert!(
        entry(&table, "hangs")
            .to_string()
            .contains("not finished after 5 s")
    );
}

#[test]
fn a_loss_that_leaves_the_numbers_names_step_term_and_last_good_checkpoint() {
    let scene = Scene::new();
    let steep = pipeline("linear-bc").replace(
        "updates = 20",
        "updates = 60, params = { learning_rate = 1e12 }",
    );
    let text = head(60).replace(
        "batch_size = 16",
        "batch_size = 16\nresume_interval_updates = 5",
    );
    scene.write("steep.toml", &(text + &steep));
    let report = scene.run(&["run", "steep.toml", "--json"]).expect(4).json();
    let failed = report["failed"].as_array().unwrap();
    let own: Vec<_> = failed
        .iter()
        .filter(|f| f["kind"] == "non-finite")
        .collect();
    assert_eq!(own.len(), 2, "two seeds in {failed:#?}");
    for failure in own {
        let message = failure["message"].as_str().unwrap();
        let number = |after: &str| -> u64 {
            let (_, rest) = message
                .split_once(after)
                .unwrap_or_else(|| panic!("{message}"));
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().unwrap_or_else(|_| panic!("{message}"))
        };
        assert!(message.contains("metric `loss` is "), "{message}");
        let (step, good) = (
            number(" at update "),
            number("checkpoint is that of update "),
        );
        assert_eq!(good, (step - 1) / 5 * 5, "{message}");
        let id = failure["id"].as_str().unwrap();
        let folder = scene.results().join("store/partial").join(id);
        assert!(
            message.contains(&format!("store/partial/{id}")),
            "{message}"
        );
        assert!(
            folder.join(format!("state-{good}.bin")).is_file(),
            "{message}"
        );
    }
}
