//! The bridge to Gymnasium as a worker sees it: set up by the real executable, loaded through the C interface. Needs what
//! `cargo xtask test` builds, and an interpreter that has gymnasium; says why it skips otherwise.

#![allow(clippy::unwrap_used, reason = "a failed helper fails the test")]

use manifest::random::Family;
use plugin_api::{Failure, Outcome};
use plugin_host::{
    BatchBuffers, BatchRequest, Environment, Library, Random, Runtime, RuntimeLibrary, Services,
    SharedServices,
};
use provision::Component;
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

/// A robot whose episodes are played on both sides.
struct Robot {
    name: &'static str,
    /// Coordinates of the model's initial state; its velocities are 0.
    initial: &'static [f64],
    /// Half the width of the noise on starts.
    noise: f64,
}

const ROBOTS: [Robot; 2] = [
    Robot {
        name: "hopper",
        initial: &[0.0, 1.25, 0.0, 0.0, 0.0, 0.0],
        noise: 5e-3,
    },
    Robot {
        name: "halfcheetah",
        initial: &[0.0; 9],
        noise: 0.1,
    },
];

impl Robot {
    /// Coordinates, then velocities, of the start `seed`.
    fn start(&self, seed: u64) -> Vec<f64> {
        let mut draws = Family::new(seed, &["start", self.name]).at(0);
        let still = vec![0.0; self.initial.len()];
        let state = self.initial.iter().chain(&still);
        state
            .map(|x| x + draws.uniform_in(-self.noise, self.noise))
            .collect()
    }
}

/// Among so many random policies there is one under which the hopper hops a few times before it falls.
const CANDIDATES: u64 = 300;

/// `tanh(W observation)` with fixed weights.
struct Policy {
    weights: Vec<f64>,
    observation_dim: usize,
}

impl Policy {
    fn new(seed: u64, observation_dim: usize, action_dim: usize) -> Self {
        let mut draws = Family::new(4, &["policy"]).at(seed);
        let weights = (0..observation_dim * action_dim).map(|_| 0.3 * draws.normal());
        Self {
            weights: weights.collect(),
            observation_dim,
        }
    }

    /// The first policy with the longest episode from `start`.
    fn lasting(environment: &mut Environment, start: &[f64]) -> Self {
        let spec = *environment.spec();
        let mut best = (0, Self::new(0, spec.observation_dim, spec.action_dim));
        for seed in 0..CANDIDATES {
            let policy = Self::new(seed, spec.observation_dim, spec.action_dim);
            let (_, steps) = play(environment, &policy, start);
            if steps > best.0 {
                best = (steps, policy);
            }
            if steps == spec.horizon {
                break;
            }
        }
        best.1
    }

    fn act(&self, observation: &[f64]) -> Vec<f32> {
        let rows = self.weights.chunks_exact(self.observation_dim);
        let sum = |row: &[f64]| row.iter().zip(observation).map(|(w, x)| w * x).sum::<f64>();
        rows.map(|row| sum(row).tanh() as f32).collect()
    }
}

/// Return and length of the whole episode that `policy` plays from `start`.
fn play(environment: &mut Environment, policy: &Policy, start: &[f64]) -> (f64, u32) {
    let mut observation = vec![0.0; environment.spec().observation_dim];
    environment.set_state(start, &mut observation).unwrap();
    let (mut total, mut steps) = (0.0, 0);
    loop {
        let action = policy.act(&observation);
        let step = environment.step(&action, &mut observation).unwrap();
        total += step.reward;
        steps += 1;
        if step.terminated || step.truncated {
            return (total, steps);
        }
    }
}

/// Loads MuJoCo from the cache that the executable uses; None after printing that it lacks MuJoCo or the models.
#[expect(
    clippy::print_stdout,
    reason = "the test harness shows the reason of a skip"
)]
fn load_mujoco(cache: &Path) -> Option<()> {
    let value = cache.display().to_string();
    let lookup = |name: &str| (name == "ASSAY_CACHE").then(|| value.clone());
    let settings = provision::Settings::from_lookup(lookup).unwrap();
    let located = |component| provision::located(&settings, component).unwrap();
    let (Some(folder), Some(_)) = (
        located(Component::Mujoco),
        located(Component::GymnasiumModels),
    ) else {
        println!("skipped: no MuJoCo or no models in {}", cache.display());
        return None;
    };
    let paths = provision::runtime_libraries(Component::Mujoco, &folder).into_iter();
    let library = |path| RuntimeLibrary {
        path,
        sha256: String::new(),
    };
    let runtime = Runtime {
        name: Component::Mujoco.to_string(),
        libraries: paths.map(library).collect(),
    };
    plugin_host::load_runtime(&runtime).unwrap();
    Some(())
}

#[test]
fn a_policy_has_the_same_returns_natively_and_through_the_bridge() {
    let (Some(assay), Some(plugins), Some(python), Some(models)) = (
        tests::provided("ASSAY_TEST_BINARY"),
        tests::provided("ASSAY_TEST_PLUGINS"),
        tests::provided("ASSAY_TEST_PYTHON"),
        tests::provided("ASSAY_TEST_MODELS"),
    ) else {
        return;
    };
    if load_mujoco(&models).is_none() {
        return;
    }
    let cache = tempfile::tempdir().unwrap();
    let packages = set_up(&assay, &python, cache.path());
    let library = |name: &str| Library::open(&plugins.join(name), None).unwrap();
    let (native, bridge) = (library("libmujoco.so"), library("libgymnasium.so"));
    let services: SharedServices = Rc::new(RefCell::new(Nothing));
    let make = |library: &Library, id: &str, folder: &Path| {
        Environment::create(library, id, services.clone(), folder).unwrap()
    };
    for robot in ROBOTS {
        let name = robot.name;
        let mut here = make(&native, &format!("{name}/gymnasium-v4"), &models);
        let mut there = make(&bridge, &format!("gymnasium/{name}-v4"), &packages);
        let policy = Policy::lasting(&mut here, &robot.start(0));
        let (mut returns, mut lengths) = (Vec::new(), Vec::new());
        for seed in 0..5 {
            let start = robot.start(seed);
            let (a, b) = (
                play(&mut here, &policy, &start),
                play(&mut there, &policy, &start),
            );
            assert_eq!(
                (a.0.to_bits(), a.1),
                (b.0.to_bits(), b.1),
                "{name} {seed}: {a:?} natively, {b:?} through the bridge"
            );
            lengths.push(a.1);
            returns.push(a.0);
        }
        returns.dedup();
        assert_eq!(returns.len(), 5, "{name}: other starts give other returns");
        assert!(
            lengths.iter().any(|&n| n > 40),
            "{name}: {lengths:?} steps show little"
        );
        println!("{name}: returns {returns:?} in {lengths:?} steps");
    }
}
