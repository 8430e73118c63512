//! HalfCheetah and Hopper from the states of `tests/golden/mujoco`, which the native plugin `mujoco` equals bit for bit.

#![allow(
    clippy::unwrap_used,
    reason = "helper functions of tests, too, fail by panicking"
)]

mod common;

use common::{buffer, open, root, step};
use plugin_api::Environment;
use serde::Deserialize;

#[derive(Deserialize)]
struct Header {
    arrays: Vec<ArrayHeader>,
}

#[derive(Deserialize)]
struct ArrayHeader {
    name: String,
    shape: Vec<usize>,
    offset: usize,
}

/// Shape and bytes of an array whose elements have `width` bytes.
fn array(robot: &str, name: &str, width: usize) -> (Vec<usize>, Vec<u8>) {
    let folder = root().join("../../tests/golden/mujoco");
    let text = std::fs::read_to_string(folder.join(format!("{robot}.json"))).unwrap();
    let bytes = std::fs::read(folder.join(format!("{robot}.bin"))).unwrap();
    let header: Header = serde_json::from_str(&text).unwrap();
    let found = header.arrays.into_iter().find(|a| a.name == name).unwrap();
    let end = found.offset + width * found.shape.iter().product::<usize>();
    (found.shape, bytes[found.offset..end].to_vec())
}

fn float64(robot: &str, name: &str) -> Vec<f64> {
    let (_, bytes) = array(robot, name, 8);
    let number = |b: &[u8]| f64::from_le_bytes(b.try_into().unwrap());
    bytes.chunks_exact(8).map(number).collect()
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn the_bridge_and_the_native_plugin_are_equal_bit_for_bit() {
    for robot in ["halfcheetah", "hopper"] {
        let Some(mut bridge) = open(&format!("gymnasium/{robot}-v4"), "gymnasium, mujoco") else {
            return;
        };
        let spec = bridge.spec();
        let (shape, actions) = array(robot, "action", 4);
        let number = |b: &[u8]| f32::from_le_bytes(b.try_into().unwrap());
        let actions: Vec<f32> = actions.chunks_exact(4).map(number).collect();
        let steps = shape[1];
        let (states, rewards) = (float64(robot, "state"), float64(robot, "reward_gymnasium"));
        let observations = float64(robot, "observation");
        let mut expected = observations.chunks_exact(spec.observation_dim);
        for (i, state) in states.chunks_exact(spec.state_dim).enumerate() {
            let mut observation = buffer(&bridge);
            bridge.set_state(state, &mut observation).unwrap();
            assert_eq!(
                bits(&observation),
                bits(expected.next().unwrap()),
                "{robot} {i}"
            );
            for row in i * steps..(i + 1) * steps {
                let action = &actions[row * spec.action_dim..(row + 1) * spec.action_dim];
                let (step, observation) = step(&mut bridge, action).unwrap();
                assert_eq!(
                    bits(&observation),
                    bits(expected.next().unwrap()),
                    "{robot} {row}"
                );
                assert_eq!(
                    step.reward.to_bits(),
                    rewards[row].to_bits(),
                    "{robot} {row}"
                );
            }
        }
    }
}
