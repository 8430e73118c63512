//! The bridge to Gymnasium as a worker sees it: set up by the real executable, loaded through the C interface. Needs what
//! `cargo xtask test` builds, and an interpreter that has gymnasium; says why it skips otherwise.

#![allow(clippy::unwrap_used, reason = "a failed helper fails the test")]

use plugin_api::{Failure, Outcome};
use plugin_host::{
    BatchBuffers, BatchRequest, Environment, Library, Random, Services, SharedServices,
};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

/// Environments of the bridge ask the host for nothing.
struct Nothing;

impl Services for Nothing {
    fn batch(&mut self, _: &str, _: u64, _: BatchRequest, _: &mut BatchBuffers) -> Outcome<()> {
        Err(Failure::invalid_argument("no data"))
    }

    fn random(&mut self, _: &str, _: u64, _: Random, _: &mut [f64]) -> Outcome<()> {
        Err(Failure::invalid_argument("no random numbers"))
    }

    fn log(&mut self, _: bool, _: &str) {}

    fn metric(&mut self, _: &str, _: u64, _: f64) -> Outcome<()> {
        Err(Failure::invalid_argument("no metrics"))
    }

    fn cancelled(&mut self) -> bool {
        false
    }
}

/// Has the executable take down what `python` has, and returns the model folder.
fn set_up(assay: &Path, python: &Path, cache: &Path) -> PathBuf {
    let doctor = Command::new(assay)
        .args(["doctor", "--create", "gymnasium"])
        .env("ASSAY_CACHE", cache)
        .env("ASSAY_GYMNASIUM_PYTHON", python)
        .output()
        .unwrap();
    // Other components are missing from this cache, so the exit code says nothing.
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    let line = said.lines().find(|l| l.contains("gymnasium in Python"));
    assert!(line.unwrap().trim_start().starts_with("ok"), "{doctor:?}");
    let folders = std::fs::read_dir(cache).unwrap().map(|e| e.unwrap().path());
    let name = |p: &PathBuf| p.file_name().unwrap().to_string_lossy().into_owned();
    let mut own = folders.filter(|p| name(p).starts_with("gymnasium-own-"));
    own.next().unwrap()
}

#[test]
fn an_interpreter_that_was_set_up_runs_environments_behind_the_c_interface() {
    let (Some(assay), Some(plugins), Some(python)) = (
        tests::provided("ASSAY_TEST_BINARY"),
        tests::provided("ASSAY_TEST_PLUGINS"),
        tests::provided("ASSAY_TEST_PYTHON"),
    ) else {
        return;
    };
    let cache = tempfile::tempdir().unwrap();
    let folder = set_up(&assay, &python, cache.path());
    let library = Library::open(&plugins.join("libgymnasium.so"), None).unwrap();
    let services: SharedServices = Rc::new(RefCell::new(Nothing));
    let make = |id: &str| Environment::create(&library, id, services.clone(), &folder);
    let mut cartpole = make("gymnasium/cartpole-v1").unwrap();
    let spec = *cartpole.spec();
    let sizes = (spec.observation_dim, spec.action_dim, spec.action_count);
    assert_eq!((sizes, spec.horizon), ((4, 1, 2), 500));
    let (mut first, mut second) = ([0.0; 4], [0.0; 4]);
    cartpole.reset(3, &mut first).unwrap();
    let step = cartpole.step(&[1.0], &mut second).unwrap();
    assert_eq!(step.reward, 1.0);
    assert_ne!(first, second);
    let error = make("gymnasium/cart-pole-v1").err().unwrap().to_string();
    assert!(error.contains("near: cartpole-v1"), "{error}");

    // A package list that is not the interpreter's is refused before anything is computed.
    drop(cartpole);
    let list = folder.join("gymnasium-python.txt");
    let text = std::fs::read_to_string(&list).unwrap();
    let changed = text.replace("gymnasium==", "gymnasium==0.");
    std::fs::write(&list, changed).unwrap();
    let error = make("gymnasium/cartpole-v1").err().unwrap().to_string();
    assert!(error.contains("other-packages"), "{error}");
}
