//! `assay claims` and `assay diagnose` on small studies, as a user calls them.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use analysis::study::{Benchmark, FORMAT, Normalizer, Over, Pipeline, Protocol, Study};
use store::Observation;

const MANIFEST: &str = r#"
manifest_version = 1
[study]
id = "tiny"
seeds = { base = 0, count = 6 }
[[benchmark]]
id = "maze/a-v0"
[[pipeline]]
name = "A"
labels = { extraction = "A", value = "IQL" }
stages = [ { role = "policy", learner = "bc", updates = 10 } ]
"#;

const CLAIMS: &str = r#"
format = 1
id = "tiny"
title = "One claim"
manifests = ["tiny.toml", "large.toml"]

[[claim]]
id = "order"
number = 1
statement = "A is better than B."
tag = "C"
least = { settings = 1, seeds = 3 }
power = { settings = 1, seeds = 6, effect = 1.0, sd = 0.5, power = 0.8 }

[claim.test]
kind = "difference"
metric = "normalized_score"
first = { extraction = "A" }
second = { extraction = "B" }
margin = 0.0
"#;

fn assay(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_assay"))
        .args(arguments)
        .current_dir(folder)
        .env("ASSAY_RESULTS", folder.join("results"))
        .output()
        .unwrap()
}

fn text(output: &Output) -> (Option<i32>, String, String) {
    let utf8 = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        utf8(&output.stdout),
        utf8(&output.stderr),
    )
}

/// Writes a study in which the return of A is `ahead` of that of B and regrets are as an extraction problem has them.
fn study(folder: &Path, ahead: f64) {
    let labels = |extraction: &str, value: &str| -> BTreeMap<String, String> {
        [
            ("extraction".into(), extraction.into()),
            ("value".into(), value.into()),
        ]
        .into()
    };
    let dir = folder.join("results/tiny");
    std::fs::create_dir_all(&dir).unwrap();
    let study = Study {
        format: FORMAT,
        study: "tiny".into(),
        title: "Tiny".into(),
        manifest_digest: "00".into(),
        benchmarks: vec![Benchmark {
            id: "maze/a-v0".into(),
            environment: "maze/default-v0".into(),
            normalizer: Some(Normalizer {
                id: "exact".into(),
                version: "1".into(),
                ref_min: 0.0,
                ref_max: 100.0,
            }),
            protocol: Protocol::default(),
        }],
        pipelines: [("A", "IQL"), ("B", "IQL"), ("A", "Q*"), ("B", "Q*")]
            .map(|(e, v)| Pipeline {
                name: format!("{v} + {e}"),
                labels: labels(e, v),
                benchmarks: None,
                over: Over::default(),
            })
            .into(),
        axes: Vec::new(),
        sweeps: Vec::new(),
        reference: BTreeMap::new(),
        tables: Vec::new(),
        figures: Vec::new(),
        findings: Vec::new(),
    };
    std::fs::write(
        dir.join("study.json"),
        serde_json::to_string(&study).unwrap(),
    )
    .unwrap();
    let mut rows = Vec::new();
    for seed in 0..6i64 {
        let noise = [0.1, -0.3, 0.2, 0.4, -0.2, -0.1][seed as usize];
        for pipeline in &study.pipelines {
            let better = if pipeline.name.ends_with('A') {
                ahead
            } else {
                0.0
            };
            let numbers = [
                (
                    "episode_return_mean",
                    50.0 + better + noise * (1.0 + better),
                ),
                ("regret_train", 0.9 + 0.1 * noise),
                ("regret_evaluation", 1.0 + 0.1 * noise),
            ];
            rows.extend(numbers.map(|(metric, value)| Observation {
                benchmark: "maze/a-v0".into(),
                pipeline: pipeline.name.clone(),
                seed,
                tuning: false,
                point: "{}".into(),
                reference: true,
                update: 10,
                last: true,
                metric: metric.into(),
                value: Some(value),
                status: "ok".into(),
                reason: None,
                evaluation_id: format!("{} {seed}", pipeline.name),
            }));
        }
    }
    store::write_observations(&dir.join("observations.parquet"), &rows).unwrap();
}

fn files(folder: &Path) {
    std::fs::write(folder.join("tiny.toml"), MANIFEST).unwrap();
    let one_value = CLAIMS.replace("least =", "settings = { value = [\"IQL\"] }\nleast =");
    std::fs::write(folder.join("claims.toml"), one_value).unwrap();
}

#[test]
fn claims_are_registered_decided_and_marked_when_edited() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    files(folder);
    let (code, out, err) = text(&assay(folder, &["claims", "claims.toml"]));
    assert_eq!((code, out.as_str()), (Some(3), ""), "{err}");
    assert!(
        err.contains("none of its studies has results") && err.contains("large.toml, left out"),
        "{err}"
    );

    study(folder, 5.0);
    let (code, out, err) = text(&assay(folder, &["claims", "claims.toml"]));
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(
        out.contains("order  supported") && out.contains("registered before the study had results"),
        "{out}"
    );
    assert!(
        out.contains("null pairs (a method against itself): 2 tested"),
        "{out}"
    );
    let markdown = std::fs::read_to_string(folder.join("results/tiny/claims.md")).unwrap();
    assert!(
        markdown.contains("| 1 | A is better than B. | confirmed | supported | supported |"),
        "{markdown}"
    );

    let edited = std::fs::read_to_string(folder.join("claims.toml"))
        .unwrap()
        .replace("margin = 0.0", "margin = 9.0");
    std::fs::write(folder.join("claims.toml"), edited).unwrap();
    let (code, out, _) = text(&assay(
        folder,
        &["claims", "claims.toml", "--study", "tiny"],
    ));
    assert_eq!(code, Some(1), "{out}");
    assert!(
        out.contains("EDITED since it was registered") && out.contains("edited or added: order"),
        "{out}"
    );

    let (code, out, _) = text(&assay(folder, &["claims", "claims.toml", "--json"]));
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, json["report"]["claims"][0]["verdict"].as_str()),
        (Some(1), Some("contradicted"))
    );
    assert_eq!(json["registration"]["edited"][0].as_str(), Some("order"));
}

#[test]
fn unknown_studies_and_mistakes_are_usage_errors() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    files(folder);
    let (code, _, err) = text(&assay(
        folder,
        &["claims", "claims.toml", "--study", "other"],
    ));
    assert!(
        code == Some(2) && err.contains("its studies are tiny"),
        "{err}"
    );
    let broken = CLAIMS.replace("margin = 0.0", "margins = 0.0");
    std::fs::write(folder.join("claims.toml"), broken).unwrap();
    let (code, _, err) = text(&assay(folder, &["claims", "claims.toml"]));
    assert!(
        code == Some(2) && err.contains("margins") && err.contains("claims.toml:"),
        "{err}"
    );
}

#[test]
fn a_forecast_names_its_seeds_and_refuses_what_it_does_not_know() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    files(folder);
    study(folder, 5.0);
    let ask = |seeds: &str| {
        text(&assay(
            folder,
            &["claims", "claims.toml", "--forecast", seeds],
        ))
    };
    let (code, out, err) = ask("maze/*=12");
    assert_eq!(code, Some(0), "{err}");
    assert!(
        out.contains("With 12 seeds of maze/*") && out.contains("100 %"),
        "{out}"
    );
    assert!(!folder.join("results/tiny/claims.md").exists());
    let (code, _, err) = ask("hopper/*=12");
    assert!(
        code == Some(2) && err.contains("no benchmark `hopper/*`") && err.contains("maze/a-v0"),
        "{err}"
    );
    let (code, _, err) = ask("maze/*");
    assert!(code == Some(2) && err.contains("BENCHMARK=SEEDS"), "{err}");
}

#[test]
fn a_bottleneck_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    files(folder);
    study(folder, 5.0);
    let (code, out, err) = text(&assay(folder, &["diagnose", "tiny.toml"]));
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("bottleneck  policy extraction"), "{out}");
    assert!(out.contains("good value but poor policy: yes"), "{out}");
}
