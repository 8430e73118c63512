//! The plugins of this repository, and a new one made outside it, with the real executable. Needs what
//! `cargo xtask test` builds; says why it skips otherwise.

#![allow(clippy::unwrap_used, reason = "a failed helper fails the test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

#[track_caller]
fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{stdout}\n{stderr}",
        output.status
    );
    stdout
}

fn libraries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path());
    let mut libraries: Vec<PathBuf> = entries
        .filter(|p| p.extension().is_some_and(|e| e == "so"))
        .collect();
    libraries.sort();
    assert!(!libraries.is_empty(), "no plugin in {}", folder.display());
    libraries
}

#[test]
fn every_plugin_of_the_repository_keeps_the_contract() {
    let (Some(assay), Some(plugins)) = (
        tests::provided("ASSAY_TEST_BINARY"),
        tests::provided("ASSAY_TEST_PLUGINS"),
    ) else {
        return;
    };
    for library in libraries(&plugins) {
        let check = || {
            let mut command = Command::new(&assay);
            command.args(["plugin", "check"]).arg(&library);
            command
        };
        let sealed = std::fs::read_to_string(plugin_host::sidecar_path(&library)).unwrap();
        match sample(&toml::from_str(&sealed).unwrap()) {
            None => drop(succeed(&mut check())),
            Some(ids) => {
                for id in ids {
                    succeed(check().args(["--of", &id]));
                }
            }
        }
    }
}

/// More environments than this are of few families, whose members share their code.
const MANY_ENVIRONMENTS: usize = 12;

/// The first and the last environment of each family, where a plugin has many; `assay plugin check` without `--of` takes all.
fn sample(sidecar: &plugin_host::Sidecar) -> Option<BTreeSet<String>> {
    let ids: Vec<&str> = sidecar.environments.iter().map(|m| m.id.as_str()).collect();
    if ids.len() <= MANY_ENVIRONMENTS {
        return None;
    }
    let family = |id: &str| id.split('/').next().unwrap_or_default().to_owned();
    let mut chosen = BTreeSet::new();
    for id in &ids {
        let mut own = ids.iter().filter(|other| family(other) == family(id));
        chosen.extend(own.next().map(ToString::to_string));
        chosen.extend(own.next_back().map(ToString::to_string));
    }
    Some(chosen)
}

/// The four commands of a new algorithm, in a folder outside the clone.
#[test]
fn a_new_plugin_builds_passes_and_runs_outside_the_clone() {
    let (Some(assay), Some(plugins)) = (
        tests::provided("ASSAY_TEST_BINARY"),
        tests::provided("ASSAY_TEST_PLUGINS"),
    ) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().join("demo");
    let here = |program: &Path, arguments: &[&str]| {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(&demo)
            .env("ASSAY_PLUGIN_PATH", &plugins)
            // The bindings to libtorch take minutes; the new crate itself lies elsewhere each time.
            .env(
                "CARGO_BUILD_BUILD_DIR",
                tests::root().join("target/new-plugins"),
            )
            // Cargo's own variables are about the package under test, not about the new one.
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env_remove("LD_LIBRARY_PATH");
        command
    };
    succeed(
        Command::new(&assay)
            .args(["plugin", "new", "demo"])
            .current_dir(folder.path()),
    );
    succeed(&mut here(Path::new("cargo"), &["build", "--release"]));
    let report = succeed(&mut here(&assay, &["plugin", "check", "."]));
    assert!(report.contains(" 0 failed"), "{report}");
    succeed(&mut here(&assay, &["run", "manifest.toml"]));
    let table = std::fs::read_to_string(demo.join("results/demo/table.md")).unwrap();
    for pipeline in ["IQL + demo", "IQL + AWR", "IQL + DDPG+BC"] {
        assert!(table.contains(pipeline), "{table}");
    }
}
