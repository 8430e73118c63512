//! The plugins of this repository, and a new one made outside it, with the real executable. Needs what
//! `cargo xtask test` builds; says why it skips otherwise.

#![allow(clippy::unwrap_used, reason = "a failed helper fails the test")]

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
        succeed(Command::new(&assay).args(["plugin", "check"]).arg(library));
    }
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
