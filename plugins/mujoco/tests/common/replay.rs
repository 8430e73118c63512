//! Replays what a script under `tests/golden/mujoco/` recorded of a Python original.

#![allow(
    clippy::unwrap_used,
    reason = "helper functions of tests, too, fail by panicking"
)]

use plugin_api::Environment;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where the committed files are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/mujoco")
}

#[derive(Deserialize)]
struct Header {
    environments: Vec<String>,
    tolerance: f64,
    facts: BTreeMap<String, usize>,
    bytes: usize,
    arrays: Vec<Array>,
}

#[derive(Deserialize)]
struct Array {
    name: String,
    dtype: String,
    shape: Vec<usize>,
    offset: usize,
}

struct Golden {
    header: Header,
    bytes: Vec<u8>,
}

impl Golden {
    fn read(folder: &Path, name: &str) -> Self {
        let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        let header: Header = serde_json::from_str(&text).unwrap();
        let bytes = std::fs::read(folder.join(format!("{name}.bin"))).unwrap();
        assert_eq!(header.bytes, bytes.len(), "{name}");
        Self { header, bytes }
    }

    fn raw(&self, name: &str, dtype: &str, width: usize) -> (&[usize], &[u8]) {
        let mut named = self.header.arrays.iter().filter(|a| a.name == name);
        let array = named.next().unwrap_or_else(|| panic!("no array {name}"));
        assert_eq!(array.dtype, dtype, "{name}");
        let size = width * array.shape.iter().product::<usize>();
        (&array.shape, &self.bytes[array.offset..array.offset + size])
    }

    fn float64(&self, name: &str) -> (&[usize], Vec<f64>) {
        let (shape, bytes) = self.raw(name, "float64", 8);
        let number = |b: &[u8]| f64::from_le_bytes(b.try_into().unwrap());
        (shape, bytes.chunks_exact(8).map(number).collect())
    }

    fn float32(&self, name: &str) -> (&[usize], Vec<f32>) {
        let (shape, bytes) = self.raw(name, "float32", 4);
        let number = |b: &[u8]| f32::from_le_bytes(b.try_into().unwrap());
        (shape, bytes.chunks_exact(4).map(number).collect())
    }
}

/// Equal bits where `tolerance` is 0; else equal up to `tolerance (1 + |expected|)`.
fn expect_equal(found: &[f64], expected: &[f64], tolerance: f64, place: &str) {
    let near = |(a, b): (&f64, &f64)| match tolerance {
        0.0 => a.to_bits() == b.to_bits(),
        _ => (a - b).abs() <= tolerance * (1.0 + b.abs()),
    };
    let column = found.iter().zip(expected).position(|pair| !near(pair));
    assert!(
        column.is_none() && found.len() == expected.len(),
        "{place}, column {column:?}: {found:?}, expected {expected:?}"
    );
}

/// Replays `<folder>/<name>.bin` in every environment that it is for; returns its facts, or None where the models
/// are absent.
///
/// Arrays, for N stretches of T steps: `state [N, state_dim]`, `action [N, T, A]`, `observation [N, T + 1, S]`,
/// `terminated [N, T]`, and `reward:<environment> [N, T]` for each environment.
pub(crate) fn replay<E: Environment>(folder: &Path, name: &str) -> Option<BTreeMap<String, usize>> {
    let golden = Golden::read(folder, name);
    assert!(!golden.header.environments.is_empty());
    for id in &golden.header.environments {
        replay_in(&mut super::open::<E>(id)?, &golden, id);
    }
    Some(golden.header.facts)
}

/// Compares the observations `start [M, S]` of `<folder>/<name>.bin` with those of resets of its first environment that
/// draw `draw [M, D]`.
pub(crate) fn replay_starts<E: Environment>(folder: &Path, name: &str) {
    let golden = Golden::read(folder, name);
    let id = golden.header.environments.first().unwrap();
    let Some(mut environment) = super::open::<E>(id) else {
        return;
    };
    let (shape, draws) = golden.float64("draw");
    let width = shape[1];
    let (shape, starts) = golden.float64("start");
    assert!(shape[0] > 0 && shape[1] == environment.spec().observation_dim);
    for (draws, expected) in draws.chunks_exact(width).zip(starts.chunks_exact(shape[1])) {
        super::set_draws(draws);
        let found = super::start(&mut environment, 0);
        expect_equal(&found, expected, golden.header.tolerance, id);
    }
}

fn replay_in<E: Environment>(environment: &mut E, golden: &Golden, id: &str) {
    let spec = environment.spec();
    let tolerance = golden.header.tolerance;
    let (shape, actions) = golden.float32("action");
    let &[stretches, steps, action_dim] = shape else {
        panic!("{id}: action has shape {shape:?}");
    };
    assert_eq!(action_dim, spec.action_dim, "{id}");
    let (shape, states) = golden.float64("state");
    assert_eq!(shape, [stretches, spec.state_dim], "{id}");
    let (shape, observations) = golden.float64("observation");
    assert_eq!(shape, [stretches, steps + 1, spec.observation_dim], "{id}");
    let (shape, rewards) = golden.float64(&format!("reward:{id}"));
    assert_eq!(shape, [stretches, steps], "{id}");
    let (_, terminated) = golden.raw("terminated", "uint8", 1);

    let mut expected = observations.chunks_exact(spec.observation_dim);
    let mut actions = actions.chunks_exact(action_dim);
    let mut ends = rewards.iter().zip(terminated);
    let mut observation = super::buffer(environment);
    for (i, state) in states.chunks_exact(spec.state_dim).enumerate() {
        environment.set_state(state, &mut observation).unwrap();
        let place = format!("{id}, stretch {i}, start");
        expect_equal(&observation, expected.next().unwrap(), tolerance, &place);
        for t in 0..steps {
            let place = format!("{id}, stretch {i}, step {t}");
            let step = environment
                .step(actions.next().unwrap(), &mut observation)
                .unwrap();
            expect_equal(&observation, expected.next().unwrap(), tolerance, &place);
            let (reward, end) = ends.next().unwrap();
            let place = format!("{place}, reward");
            expect_equal(&[step.reward], &[*reward], tolerance, &place);
            assert_eq!(u8::from(step.terminated), *end, "{place}: terminated");
            assert!(!step.truncated, "{place}");
        }
    }
}
