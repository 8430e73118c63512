//! `assay report`: the page of a real run, from its command to the bytes behind a number, and in a browser.

use crate::scene::{MANIFEST, Scene, nodes};
use std::process::Command;

/// A table, a matrix with curves, and a pipeline that fails on one seed.
fn manifest() -> String {
    let failing = r#"[[pipeline]]
name = "broken"
stages = [
  { role = "policy", learner = "panics-in-update", updates = 5 },
]

[axes]"#;
    MANIFEST.replacen("[axes]", failing, 1)
}

#[test]
fn a_run_leaves_a_page_that_leads_from_numbers_to_bytes() {
    let scene = Scene::new();
    let run = scene.run(&["run", "tiny.toml"]).expect(0);
    let file = scene.results().join("tiny/report.html");
    run.says(&["page     ", "tiny/report.html"]);
    let page = std::fs::read_to_string(&file).unwrap();
    let again = scene.run(&["report", "tiny"]).expect(0);
    assert!(
        again.stdout.trim_end().ends_with("tiny/report.html"),
        "{}",
        again.stdout
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), page);
    let origins = store::Origins::read(&scene.results().join("tiny"))
        .unwrap()
        .unwrap();
    let all = nodes(&scene.results());
    let evaluations = all.values().filter(|n| n.kind == "evaluation").count();
    assert_eq!(origins.evaluations.len(), evaluations);
    let source = &origins.sources[0];
    let digests = source.datasets.values().chain(source.libraries.values());
    for digest in digests.chain(source.code.values()) {
        assert!(page.contains(digest.as_str()), "{digest}");
    }
    for (id, evaluation) in &origins.evaluations {
        assert!(!evaluation.nodes.is_empty(), "{id}");
        for (_, behind) in &evaluation.nodes {
            assert!(all.contains_key(behind), "{behind}");
        }
    }
    assert!(page.contains("tiny.toml"));
    let elsewhere = scene.path("elsewhere.html");
    scene
        .run(&["report", "tiny", "--output", "elsewhere.html"])
        .expect(0);
    assert_eq!(std::fs::read_to_string(elsewhere).unwrap(), page);
    let fragment = scene.run(&["table", "tiny", "--format", "html"]).expect(0);
    assert!(fragment.stdout.contains("<table") && !fragment.stdout.contains("<script"));
}

#[test]
fn a_study_without_a_result_has_a_page_and_leaves_with_3() {
    let scene = Scene::new();
    scene.run(&["run", "tiny.toml"]).expect(0);
    let study = std::fs::read(scene.results().join("tiny/study.json")).unwrap();
    let folder = scene.results().join("empty");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("study.json"), study).unwrap();
    let none = scene.run(&["report", "empty"]).expect(3);
    none.says(&["nothing was measured"]);
    let page = std::fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(page.contains("Nothing was measured"));
    scene.run(&["report", "unknown"]).expect(2);
}

#[test]
fn a_browser_finds_a_page_without_faults() {
    let Some(browser) = tests::provided("ASSAY_TEST_BROWSER") else {
        return;
    };
    let scene = Scene::new();
    scene.write("tiny.toml", &manifest());
    scene.run(&["run", "tiny.toml"]).expect(4);
    let script = tests::root().join("tests/page/check.mjs");
    let page = scene.results().join("tiny/report.html");
    let output = Command::new("node")
        .args([&script, &page])
        .env("ASSAY_TEST_BROWSER", browser)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}
