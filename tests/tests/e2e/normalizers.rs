//! Tables of a finished study under another score normaliser.

use crate::scene::{BENCHMARK, MANIFEST, Scene, bytes};
use serde_json::Value;

/// Scores and returns, so that the one can be computed from the other.
const TABLES: &str = r#"
[[table]]
id = "score"
metric = "normalized_score"
rows = "pipeline"
columns = "benchmark"
better = "higher"

[[table]]
id = "return"
metric = "episode_return_mean"
rows = "pipeline"
columns = "benchmark"
better = "higher"
"#;

/// D4RL's references of Hopper.
const HOPPER: [f64; 2] = [-20.272305, 3234.3];

/// A study that was run in a bandit.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.write("tiny.toml", &format!("{MANIFEST}{TABLES}"));
    scene.run(&["run", "tiny.toml"]).expect(0);
    scene
}

/// Lets the study's description claim that it was Hopper: no environment that runs in milliseconds has two normalisers.
fn claim_hopper(scene: &Scene) {
    let file = scene.results().join("tiny/study.json");
    let text = std::fs::read_to_string(&file).unwrap();
    let claimed = text.replace("cbandit/default-v0", "hopper/d4rl-v4");
    assert_ne!(claimed, text);
    std::fs::write(&file, claimed).unwrap();
}

/// The interquartile means of a table, row by row.
fn means(document: &Value, table: &str) -> Vec<f64> {
    let mut tables = document["tables"].as_array().unwrap().iter();
    let table = tables.find(|t| t["id"] == table).unwrap();
    let rows = table["cells"].as_array().unwrap().iter();
    let cells = rows.flat_map(|row| row.as_array().unwrap());
    cells.map(|c| c["cell"]["iqm"].as_f64().unwrap()).collect()
}

#[test]
fn scores_are_those_of_the_normaliser_that_captions_name() {
    let scene = scene();
    claim_hopper(&scene);
    let before = bytes(&scene.results().join("tiny"));
    let table = |format: &str| {
        let arguments = ["table", "tiny", "--normalizer", "d4rl", "--format", format];
        scene.run(&arguments).expect(0)
    };
    let document = table("json").json();
    let scores = means(&document, "score");
    let returns = means(&document, "return");
    assert_eq!(scores.len(), 2);
    for (score, value) in scores.iter().zip(returns) {
        let expected = 100.0 * (value - HOPPER[0]) / (HOPPER[1] - HOPPER[0]);
        assert!(
            (score - expected).abs() < 1e-9,
            "{score} for a return of {value}"
        );
    }
    let own = scene.run(&["table", "tiny", "--json"]).expect(0).json();
    assert_ne!(means(&own, "score"), scores);
    for format in ["console", "markdown", "latex", "csv"] {
        let text = table(format).stdout;
        assert!(text.contains("d4rl, version 1"), "{format}:\n{text}");
    }
    assert!(
        !scene
            .run(&["table", "tiny"])
            .expect(0)
            .stdout
            .contains("version 1")
    );
    assert_eq!(bytes(&scene.results().join("tiny")), before);
}

#[test]
fn the_benchmarks_own_normaliser_gives_the_same_numbers() {
    let scene = scene();
    let named = ["table", "tiny", "--json", "--normalizer", "exact"];
    let named = scene.run(&named).expect(0).json();
    let own = scene.run(&["table", "tiny", "--json"]).expect(0).json();
    assert_eq!(means(&named, "score"), means(&own, "score"));
}

#[test]
fn normalisers_that_do_not_exist_or_do_not_fit_are_refused_with_those_that_do() {
    let scene = scene();
    let refused = |arguments: &[&str], words: &[&str]| {
        scene.run(arguments).expect(2).says(words);
    };
    refused(
        &["table", "tiny", "--normalizer", "d5rl"],
        &[
            "unknown score normaliser `d5rl`",
            "exact, d4rl, ogbench, exorl",
        ],
    );
    refused(
        &["table", "tiny", "--normalizer", "exorl"],
        &[
            "`tiny/bandit-v0`",
            "`exorl` has no references for `cbandit/default-v0`",
            "normalisers with references for it: exact",
        ],
    );
    let arguments = ["table", "tiny", "--normalizer", "exact", "--table", "error"];
    refused(&arguments, &["no table asked for shows `normalized_score`"]);
}

#[test]
fn a_normaliser_without_references_for_its_environment_is_refused() {
    let scene = Scene::new();
    let wrong = BENCHMARK
        .replace("ID", "tiny/wrong-v0")
        .replace("SOURCE", "recipe = \"recipes/tiny-bandit-v0.toml\"")
        .replace("\"exact\"", "\"exorl\"");
    scene.write("benchmarks/tiny-wrong-v0/benchmark.toml", &wrong);
    let text = MANIFEST.replace("tiny/bandit-v0", "tiny/wrong-v0");
    scene.write("wrong.toml", &text);
    let refused = scene.run(&["validate", "wrong.toml"]).expect(2);
    refused.says(&["names normaliser `exorl`", "cbandit/default-v0", "exact"]);
}
