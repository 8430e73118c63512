//! The study of `manifests/study` with the plugins of this repository, run to its end: the small one with one seed, and the
//! three planted bottlenecks. Needs what `cargo xtask test` builds; says why it skips otherwise.

use crate::scene::Done;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A folder with copies of manifests, and results and data of its own.
struct Study {
    folder: TempDir,
    assay: PathBuf,
    plugins: PathBuf,
}

impl Study {
    /// None where the real executable and plugins were not provided.
    fn new() -> Option<Self> {
        let assay = tests::provided("ASSAY_TEST_BINARY")?;
        let plugins = tests::provided("ASSAY_TEST_PLUGINS")?;
        let folder = tempfile::tempdir().unwrap();
        Some(Self {
            folder,
            assay,
            plugins,
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Copies a file of the study, a manifest with fewer seeds, which is all that is changed.
    fn copy(&self, name: &str, seeds: usize) {
        let source = tests::root().join("manifests/study").join(name);
        let text = std::fs::read_to_string(source).unwrap();
        let text = text.replacen("count = 5", &format!("count = {seeds}"), 1);
        std::fs::write(self.path(name), text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Done {
        // Recipes and benchmarks are relative to the installation; its own plugins are those that the tests were given.
        let home = self.path("home");
        for name in ["manifests", "benchmarks"] {
            let link = home.join(name);
            if !link.exists() {
                std::fs::create_dir_all(&home).unwrap();
                std::os::unix::fs::symlink(tests::root().join(name), link).unwrap();
            }
        }
        let output = Command::new(&self.assay)
            .args(arguments)
            .current_dir(self.folder.path())
            .env("ASSAY_HOME", &home)
            .env("ASSAY_DATA", self.path("data"))
            .env("ASSAY_RESULTS", self.path("results"))
            .env("ASSAY_PLUGIN_PATH", &self.plugins)
            .stdin(Stdio::null())
            .output();
        output.unwrap().into()
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Entries of a list below `key`.
fn list<'a>(value: &'a Value, key: &str) -> &'a Vec<Value> {
    let list = value[key].as_array();
    list.unwrap_or_else(|| panic!("no list `{key}` in {value}"))
}

#[test]
fn the_small_study_runs_to_its_end_with_all_tables_figures_and_verdicts() {
    let Some(study) = Study::new() else { return };
    study.copy("smoke.toml", 1);
    study.copy("claims.toml", 1);
    let registered = study.run(&["claims", "claims.toml"]).expect(3);
    registered.says(&["none of its studies has results", "is registered"]);
    study.run(&["run", "smoke.toml"]).expect(0);
    let status = study
        .run(&["status", "smoke.toml", "--json"])
        .expect(0)
        .json();
    assert_eq!(
        (&status["missing"], list(&status, "failed").len()),
        (&Value::from(0), 0)
    );

    let text = std::fs::read_to_string(study.path("smoke.toml")).unwrap();
    let manifest = manifest::parse_manifest(&text, "smoke.toml").unwrap();
    let results = study.path("results/smoke");
    tables_are_complete(&manifest, &json(&results.join("table.json")));
    for figure in &manifest.figures {
        for ending in ["svg", "png"] {
            let file = results.join(format!("{}.{ending}", figure.id));
            assert!(file.is_file(), "{} is missing", file.display());
        }
    }

    let claims = study.run(&["claims", "claims.toml", "--json"]);
    let claims: Value = claims.json();
    let verdicts = list(&claims["report"], "claims");
    assert_eq!(verdicts.len(), 10);
    for claim in verdicts {
        let reason = claim["reason"].as_str().unwrap_or_default();
        assert!(!claim["verdict"].is_null() && !reason.is_empty(), "{claim}");
    }
    assert_eq!(claims["registration"]["before_results"], true);
}

/// Every table of the manifest is there, and every place of it that a pipeline belongs to has a number from every run.
fn tables_are_complete(manifest: &manifest::Manifest, rendered: &Value) {
    let asked: Vec<&str> = manifest.tables.iter().map(|t| t.id.as_str()).collect();
    let tables = list(rendered, "tables");
    let found: Vec<&str> = tables.iter().filter_map(|t| t["id"].as_str()).collect();
    assert_eq!(found, asked);
    for table in tables {
        let rows = list(table, "cells").iter();
        let cells = rows.flat_map(|row| row.as_array().unwrap());
        let places: Vec<&Value> = cells.filter(|cell| !cell.is_null()).collect();
        assert!(!places.is_empty(), "{} is empty", table["id"]);
        for place in places {
            let missing = list(place, "missing");
            let whole = place["cell"]["n"].as_u64().unwrap_or_default() > 0 && missing.is_empty();
            assert!(whole, "{}: {place}", table["id"]);
        }
    }
}

#[test]
fn planted_bottlenecks_are_named() {
    let Some(study) = Study::new() else { return };
    for (manifest, planted) in [
        ("diagnose-starved-critic.toml", "value"),
        ("diagnose-perfect-critic.toml", "extraction"),
        ("diagnose-low-coverage.toml", "generalisation"),
    ] {
        study.copy(manifest, 3);
        study.run(&["run", manifest]).expect(0);
        let found = study
            .run(&["diagnose", manifest, "--json"])
            .expect(0)
            .json();
        let named: Vec<&Value> = list(&found, "subjects")
            .iter()
            .map(|s| &s["bottleneck"])
            .collect();
        assert_eq!(named, [planted], "{manifest}: {found}");
    }
}
