//! Every bit of 100 stretches of 20 steps per robot equals gymnasium's (`tests/golden/mujoco/reference.py`).

#![allow(
    clippy::unwrap_used,
    reason = "helper functions of tests, too, fail by panicking"
)]

mod common;

use plugin_api::Environment;
use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
struct Header {
    robot: String,
    bytes: usize,
    stretches_with_actions_out_of_bounds: usize,
    stretches_through_termination: usize,
    arrays: Vec<ArrayHeader>,
}

#[derive(Deserialize)]
struct ArrayHeader {
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
    fn read(robot: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/mujoco");
        let text = std::fs::read_to_string(folder.join(format!("{robot}.json"))).unwrap();
        let header: Header = serde_json::from_str(&text).unwrap();
        let bytes = std::fs::read(folder.join(format!("{robot}.bin"))).unwrap();
        assert_eq!((header.robot.as_str(), header.bytes), (robot, bytes.len()));
        Self { header, bytes }
    }

    /// Shape and raw bytes of an array.
    fn array(&self, name: &str, dtype: &str, width: usize) -> (&[usize], &[u8]) {
        let mut named = self.header.arrays.iter().filter(|a| a.name == name);
        let array = named.next().unwrap();
        assert_eq!(array.dtype, dtype, "{name}");
        let size = width * array.shape.iter().product::<usize>();
        (&array.shape, &self.bytes[array.offset..array.offset + size])
    }

    fn float64(&self, name: &str) -> (&[usize], Vec<f64>) {
        let (shape, bytes) = self.array(name, "float64", 8);
        let number = |b: &[u8]| f64::from_le_bytes(b.try_into().unwrap());
        (shape, bytes.chunks_exact(8).map(number).collect())
    }

    fn float32(&self, name: &str) -> (&[usize], Vec<f32>) {
        let (shape, bytes) = self.array(name, "float32", 4);
        let number = |b: &[u8]| f32::from_le_bytes(b.try_into().unwrap());
        (shape, bytes.chunks_exact(4).map(number).collect())
    }
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|x| x.to_bits()).collect()
}

/// Replays all stretches of `robot` in `<robot>/<flavour>-v4`; returns how many left the bounds and how many ended.
fn replay(robot: &str, flavour: &str) -> Option<(usize, usize)> {
    let golden = Golden::read(robot);
    let mut environment: mujoco::Locomotion = common::open(&format!("{robot}/{flavour}-v4"))?;
    let spec = environment.spec();
    let (shape, actions) = golden.float32("action");
    let &[stretches, steps, action_dim] = shape else {
        panic!("action has shape {shape:?}");
    };
    assert_eq!((stretches, steps, action_dim), (100, 20, spec.action_dim));
    let (_, states) = golden.float64("state");
    let (shape, observations) = golden.float64("observation");
    assert_eq!(shape, [stretches, steps + 1, spec.observation_dim]);
    let (_, rewards) = golden.float64(&format!("reward_{flavour}"));
    let (_, terminated) = golden.array("terminated", "uint8", 1);

    let mut observation = common::buffer(&environment);
    let mut expected_observations = observations.chunks_exact(spec.observation_dim);
    let (mut outside, mut ended) = (0, 0);
    for (i, state) in states.chunks_exact(spec.state_dim).enumerate() {
        environment.set_state(state, &mut observation).unwrap();
        let expected = expected_observations.next().unwrap();
        assert_eq!(bits(&observation), bits(expected), "stretch {i}, start");
        let rows = i * steps..(i + 1) * steps;
        for row in rows.clone() {
            let place = format!(
                "{robot}/{flavour}-v4, stretch {i}, step {}",
                row - rows.start
            );
            let action = &actions[row * action_dim..(row + 1) * action_dim];
            let step = environment.step(action, &mut observation).unwrap();
            let expected = expected_observations.next().unwrap();
            assert_eq!(bits(&observation), bits(expected), "{place}: observation");
            assert_eq!(
                step.reward.to_bits(),
                rewards[row].to_bits(),
                "{place}: reward"
            );
            assert_eq!(
                u8::from(step.terminated),
                terminated[row],
                "{place}: terminated"
            );
            assert!(!step.truncated, "{place}");
        }
        let actions = &actions[rows.start * action_dim..rows.end * action_dim];
        outside += usize::from(actions.iter().any(|a| a.abs() > 1.0));
        ended += usize::from(terminated[rows].contains(&1));
    }
    assert_eq!(outside, golden.header.stretches_with_actions_out_of_bounds);
    assert_eq!(ended, golden.header.stretches_through_termination);
    Some((outside, ended))
}

#[test]
fn hopper_with_raw_actions_equals_gymnasium() {
    if let Some((outside, ended)) = replay("hopper", "gymnasium") {
        assert!(outside >= 20 && ended >= 20, "{outside}, {ended}");
    }
}

#[test]
fn hopper_with_clipped_actions_equals_gymnasium_given_clipped_actions() {
    replay("hopper", "d4rl");
}

#[test]
fn halfcheetah_with_raw_actions_equals_gymnasium() {
    if let Some((outside, ended)) = replay("halfcheetah", "gymnasium") {
        assert!(outside >= 20 && ended == 0, "{outside}, {ended}");
    }
}

#[test]
fn halfcheetah_with_clipped_actions_equals_gymnasium_given_clipped_actions() {
    replay("halfcheetah", "d4rl");
}
