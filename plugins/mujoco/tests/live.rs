//! The comparison with the Python originals on fresh stretches: the scripts under `tests/golden/mujoco/` run again, with
//! another seed, where `ASSAY_TEST_PYTHON` names a Python that has the packages they pin.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helper functions of tests, too, fail by panicking, and the test harness shows why a test is skipped"
)]

mod common;

use common::replay::{folder, replay};
use mujoco::{Kitchen, Locomotion, Maze, Suite};
use plugin_api::Environment;
use std::path::{Path, PathBuf};
use std::process::Command;

const SEED: &str = "20260101";

/// The interpreter, or None after printing why the test is skipped.
#[allow(
    clippy::disallowed_methods,
    reason = "tests are configured by environment variables"
)]
fn python() -> Option<PathBuf> {
    let found = std::env::var_os("ASSAY_TEST_PYTHON").map(PathBuf::from);
    if found.is_none() {
        println!(
            "skipped: ASSAY_TEST_PYTHON does not name a Python with the packages of tests/golden/mujoco"
        );
    }
    found
}

/// Records with `script` and replays all that it wrote.
fn compare<E: Environment>(script: &str) {
    let Some(python) = python() else {
        return;
    };
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("live-{script}"));
    let _ = std::fs::remove_dir_all(&out);
    let output = Command::new(&python)
        .arg(folder().join(script))
        .arg("--out")
        .arg(&out)
        .args(["--seed", SEED])
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(3) {
        println!("skipped: {script} {}", words.trim());
        return;
    }
    assert!(output.status.success(), "{script}: {words}");
    let mut replayed = 0;
    for entry in std::fs::read_dir(&out).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            replayed += usize::from(replay::<E>(&out, &name).is_some());
        }
    }
    println!("{script}: {replayed} files replayed");
}

#[test]
fn locomotion_equals_gymnasium_run_now() {
    compare::<Locomotion>("locomotion.py");
}

#[test]
fn the_suite_equals_dm_control_run_now() {
    compare::<Suite>("dm.py");
}

#[test]
fn mazes_equal_ogbench_run_now() {
    compare::<Maze>("maze.py");
}

#[test]
fn the_kitchen_equals_gymnasium_robotics_run_now() {
    compare::<Kitchen>("kitchen.py");
}
