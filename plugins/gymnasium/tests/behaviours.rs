//! The scripts of OGBench's manipulation environments through the bridge.

#![allow(
    clippy::unwrap_used,
    reason = "helper functions of tests, too, fail by panicking"
)]

mod common;

use common::{buffer, open, python, reset, root, step};
use gymnasium::{Bridge, PINNED};
use plugin_api::{BehaviourRequest, Code, Environment, Outcome};
use std::process::Command;

fn begin(bridge: &mut Bridge, name: &str, parameters: &str, seed: u64) -> Outcome<Vec<f64>> {
    let request = BehaviourRequest::new(bridge.behaviours(), name, parameters)?;
    let mut observation = buffer(bridge);
    bridge.begin_behaviour(&request, seed, &mut observation)?;
    Ok(observation)
}

/// Observation, then action, reward and observation of each step; and how many steps had their target in place.
fn episode(
    bridge: &mut Bridge,
    (name, parameters): (&str, &str),
    seed: u64,
    steps: usize,
) -> (Vec<f64>, usize) {
    let mut trace = begin(bridge, name, parameters, seed).unwrap();
    let mut in_place = 0;
    for _ in 0..steps {
        let mut action = vec![0.0; bridge.spec().action_dim];
        let mut again = action.clone();
        bridge.behaviour_action(&mut action).unwrap();
        bridge.behaviour_action(&mut again).unwrap();
        assert_eq!(action, again);
        let (step, observation) = step(bridge, &action).unwrap();
        assert!(!step.terminated && !step.truncated);
        in_place += usize::from(step.reward > 0.0);
        trace.extend(action.iter().map(|a| f64::from(*a)));
        trace.push(step.reward);
        trace.extend(observation);
    }
    (trace, in_place)
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn an_episode_equals_that_of_ogbench_and_puts_cubes_in_place() {
    let Some(mut bridge) = open("ogbench/cube-single-v0", "ogbench") else {
        return;
    };
    for rule in ["play", "noisy"] {
        let plain = Command::new(python("ogbench").unwrap())
            .envs(PINNED)
            .arg(root().join("tests/python/collect.py"))
            .args(["cube-single-v0", rule, "3", "250"])
            .output()
            .unwrap();
        assert!(plain.status.success(), "{plain:?}");
        let number = |b: &[u8]| f64::from_le_bytes(b.try_into().unwrap());
        let expected: Vec<f64> = plain.stdout.chunks_exact(8).map(number).collect();
        // Longer than the horizon of 200.
        let (found, in_place) = episode(&mut bridge, (rule, "{}"), 3, 250);
        assert_eq!(bits(&found), bits(&expected), "{rule}");
        assert!(in_place > 0, "{rule}: no cube came to its place");
    }
}

#[test]
fn an_episode_is_a_function_of_name_parameters_and_seed() {
    for id in ["ogbench/cube-double-v0", "ogbench/scene-v0"] {
        let Some(mut one) = open(id, "ogbench") else {
            return;
        };
        let mut other = open(id, "ogbench").unwrap();
        for rule in ["play", "noisy"] {
            let setting = (rule, r#"{"p_random_action": 0.2}"#);
            let first = episode(&mut one, setting, 5, 60);
            assert_eq!(first, episode(&mut other, setting, 5, 60), "{id} {rule}");
            assert_ne!(first, episode(&mut one, setting, 6, 60), "{id} {rule}");
            assert_ne!(first, episode(&mut one, (rule, "{}"), 5, 60), "{id} {rule}");
            assert_eq!(first, episode(&mut one, setting, 5, 60), "{id} {rule}");
        }
        // A reset goes back to the environment's own tasks and goals.
        let start = reset(&mut one, 9);
        assert_eq!(start, reset(&mut open(id, "ogbench").unwrap(), 9), "{id}");
        let mut goal = vec![0.0; one.spec().goal_dim];
        one.goal(&mut goal).unwrap();
        begin(&mut one, "play", "{}", 9).unwrap();
        let failure = one.goal(&mut goal).unwrap_err();
        assert_eq!(failure.code, Code::Unsupported);
    }
}

#[test]
fn puzzles_have_scripts_and_other_environments_have_none() {
    let Some(mut puzzle) = open("ogbench/puzzle-3x3-v0", "ogbench") else {
        return;
    };
    let (_, pressed) = episode(&mut puzzle, ("play", "{}"), 1, 100);
    assert!(pressed > 0);
    for id in ["gymnasium/cartpole-v1", "ogbench/pointmaze-medium-v0"] {
        let mut bridge = open(id, "ogbench").unwrap();
        assert!(bridge.behaviours().is_empty(), "{id}");
        assert!(begin(&mut bridge, "play", "{}", 1).is_err());
    }
}

#[test]
fn bad_parameters_and_actions_outside_an_episode_are_refused() {
    let Some(mut bridge) = open("ogbench/cube-single-v0", "ogbench") else {
        return;
    };
    let mut action = [0.0; 5];
    let mut code = |bridge: &mut Bridge| bridge.behaviour_action(&mut action).unwrap_err().code;
    assert_eq!(code(&mut bridge), Code::InvalidArgument);
    for (name, parameters, says) in [
        ("navigate", "{}", "`play`"),
        ("play", r#"{"min_norm": 0.4}"#, "noise_smoothing"),
        ("play", r#"{"noise": null}"#, "noise"),
        ("noisy", r#"{"noise": -1.0}"#, "at least 0"),
        ("noisy", r#"{"p_random_action": 1.5}"#, "at most 1"),
    ] {
        let failure = begin(&mut bridge, name, parameters, 1).unwrap_err();
        assert_eq!(failure.code, Code::InvalidArgument, "{failure}");
        assert!(failure.message.contains(says), "{failure}");
    }
    begin(&mut bridge, "play", "{}", 1).unwrap();
    reset(&mut bridge, 1);
    assert_eq!(code(&mut bridge), Code::InvalidArgument);
}
