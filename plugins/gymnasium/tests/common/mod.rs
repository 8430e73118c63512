//! A model folder that names the interpreter of the tests.

#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(
    clippy::print_stdout,
    reason = "the test harness shows the reason of a skip"
)]
#![allow(
    clippy::unwrap_used,
    reason = "helper functions of tests, too, fail by panicking"
)]

use gymnasium::Bridge;
use plugin_api::{Environment, Outcome, Step};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// The crate's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The interpreter that `ASSAY_TEST_PYTHON` names, if it has the package `module`; else None after printing why.
#[allow(
    clippy::disallowed_methods,
    reason = "tests are configured by environment variables"
)]
pub(crate) fn python(module: &str) -> Option<PathBuf> {
    let Some(python) = std::env::var_os("ASSAY_TEST_PYTHON").map(PathBuf::from) else {
        println!("skipped: ASSAY_TEST_PYTHON names no interpreter with {module}");
        return None;
    };
    let tried = Command::new(&python)
        .args(["-c", &format!("import {module}")])
        .output();
    if tried.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    println!("skipped: {} does not import {module}", python.display());
    None
}

/// A model folder for the interpreter; None where a test of `module` is skipped.
pub(crate) fn folder(module: &str) -> Option<TempDir> {
    let python = python(module)?;
    let folder = tempfile::tempdir().unwrap();
    // The environments of these tests are installed nowhere: a script puts them on the path.
    let script = folder.path().join("python");
    let text = format!(
        "#!/bin/sh\nPYTHONPATH='{}' exec '{}' \"$@\"\n",
        root().join("tests/python").display(),
        python.display()
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let listing = format!(
        "import runpy; print(runpy.run_path({:?})['packages'](), end='')",
        root().join("python/bridge.py").display().to_string()
    );
    let listed = Command::new(&script)
        .args(["-c", &listing])
        .output()
        .unwrap();
    assert!(listed.status.success(), "{listed:?}");
    std::fs::write(folder.path().join("gymnasium-python.txt"), listed.stdout).unwrap();
    std::fs::write(
        folder.path().join("gymnasium-interpreter"),
        format!("{}\n", script.display()),
    )
    .unwrap();
    Some(folder)
}

/// The environment `id`; None where a test of `module` is skipped.
pub(crate) fn open(id: &str, module: &str) -> Option<Bridge> {
    Some(Bridge::open(id, folder(module)?.path()).unwrap())
}

/// An observation buffer of the right size.
pub(crate) fn buffer(bridge: &Bridge) -> Vec<f64> {
    vec![0.0; bridge.spec().observation_dim]
}

/// The first observation of the episode of `seed`.
pub(crate) fn reset(bridge: &mut Bridge, seed: u64) -> Vec<f64> {
    let mut observation = buffer(bridge);
    bridge.reset(seed, &mut observation).unwrap();
    observation
}

/// One step.
pub(crate) fn step(bridge: &mut Bridge, action: &[f32]) -> Outcome<(Step, Vec<f64>)> {
    let mut observation = buffer(bridge);
    let step = bridge.step(action, &mut observation)?;
    Ok((step, observation))
}

/// The action of step `t`, as in `tests/python/plain.py`.
pub(crate) fn action(bridge: &Bridge, t: usize) -> Vec<f32> {
    let spec = bridge.spec();
    if spec.action_count > 0 {
        return vec![(7 * t % spec.action_count) as f32];
    }
    let entry = |i: usize| ((7 * t + 3 * i) % 11) as f64 / 5.0 - 1.0;
    (0..spec.action_dim).map(|i| entry(i) as f32).collect()
}
