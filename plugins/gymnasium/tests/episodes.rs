//! Episodes of real environments through the bridge.

#![allow(
    clippy::unwrap_used,
    reason = "helper functions of tests, too, fail by panicking"
)]

mod common;

use common::{action, buffer, folder, open, python, reset, root, step};
use gymnasium::Bridge;
use plugin_api::{Code, Environment, EnvironmentSpec};
use std::process::Command;

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn sizes_and_limits_are_those_of_gymnasium() {
    let Some(folder) = folder("gymnasium") else {
        return;
    };
    let spec = |id: &str| Bridge::open(id, folder.path()).unwrap().spec();
    let cartpole = EnvironmentSpec {
        observation_dim: 4,
        action_dim: 1,
        action_count: 2,
        action_high: 1.0,
        horizon: 500,
        ..EnvironmentSpec::default()
    };
    assert_eq!(spec("gymnasium/cartpole-v1"), cartpole);
    let pendulum = EnvironmentSpec {
        observation_dim: 3,
        action_dim: 1,
        action_low: -2.0,
        action_high: 2.0,
        horizon: 200,
        ..EnvironmentSpec::default()
    };
    assert_eq!(spec("gymnasium/pendulum-v1"), pendulum);
    let pictures = spec("gymnasium/assay-test-envs--pictures-v0");
    assert_eq!(pictures.observation_shape, [3, 8, 9]);
    // No limit of its own.
    assert_eq!((pictures.observation_dim, pictures.horizon), (216, 1000));
    let aims = spec("gymnasium/assay-test-envs--aims-v0");
    assert_eq!(
        (aims.observation_dim, aims.goal_dim, aims.horizon),
        (2, 1, 20)
    );
    assert_eq!((aims.action_low, aims.action_high), (-2.0, 2.0));
}

/// What an episode shows.
fn episode(bridge: &mut Bridge, seed: u64, steps: usize) -> Vec<f64> {
    let mut trace = reset(bridge, seed);
    for t in 0..steps {
        let (step, observation) = step(bridge, &action(bridge, t)).unwrap();
        let [terminated, truncated] = [step.terminated, step.truncated].map(f64::from);
        trace.extend([step.reward, terminated, truncated]);
        trace.extend(observation);
    }
    trace
}

#[test]
fn episodes_equal_those_of_plain_gymnasium() {
    let cases = [
        ("gymnasium/cartpole-v1", "CartPole-v1", "gymnasium", 60),
        ("gymnasium/pendulum-v1", "Pendulum-v1", "gymnasium", 200),
        (
            "gymnasium/halfcheetah-v4",
            "HalfCheetah-v4",
            "gymnasium, mujoco",
            1000,
        ),
        ("gymnasium/hopper-v4", "Hopper-v4", "gymnasium, mujoco", 100),
    ];
    for (id, name, module, steps) in cases {
        let Some(mut bridge) = open(id, module) else {
            return;
        };
        assert_eq!(bridge.registry_id(), name);
        let plain = Command::new(python(module).unwrap())
            .envs(gymnasium::PINNED)
            .arg(root().join("tests/python/plain.py"))
            .args([name, "17", &steps.to_string()])
            .output()
            .unwrap();
        assert!(plain.status.success(), "{plain:?}");
        let number = |b: &[u8]| f64::from_le_bytes(b.try_into().unwrap());
        let expected: Vec<f64> = plain.stdout.chunks_exact(8).map(number).collect();
        let found = episode(&mut bridge, 17, steps);
        assert_eq!(bits(&found), bits(&expected), "{id}");
    }
}

#[test]
fn an_episode_is_a_function_of_its_seed_alone() {
    for (id, module) in [
        ("gymnasium/cartpole-v1", "gymnasium"),
        ("gymnasium/assay-test-envs--aims-v0", "gymnasium"),
        ("ogbench/pointmaze-medium-v0", "ogbench"),
        ("ogbench/antmaze-teleport-task2-v0", "ogbench"),
        ("ogbench/cube-single-task1-v0", "ogbench"),
    ] {
        let Some(folder) = folder(module) else {
            return;
        };
        let make = || Bridge::open(id, folder.path()).unwrap();
        let (mut first, mut second) = (make(), make());
        let seed = u64::MAX - 4;
        let alone = episode(&mut first, seed, 10);
        assert_ne!(alone, episode(&mut first, 6, 10), "{id}");
        assert_eq!(bits(&alone), bits(&episode(&mut first, seed, 10)), "{id}");
        // Two that take turns in one process disturb each other as little.
        let (mut a, mut b) = (reset(&mut first, seed), reset(&mut second, 6));
        for t in 0..10 {
            for (bridge, trace) in [(&mut first, &mut a), (&mut second, &mut b)] {
                let (step, observation) = step(bridge, &action(bridge, t)).unwrap();
                let [terminated, truncated] = [step.terminated, step.truncated].map(f64::from);
                trace.extend([step.reward, terminated, truncated]);
                trace.extend(observation);
            }
        }
        assert_eq!(bits(&alone), bits(&a), "{id}");
        // And so does another process.
        drop((first, second));
        assert_eq!(bits(&alone), bits(&episode(&mut make(), seed, 10)), "{id}");
    }
}

#[test]
fn pictures_come_channels_first() {
    let Some(mut bridge) = open("gymnasium/assay-test-envs--pictures-v0", "gymnasium") else {
        return;
    };
    reset(&mut bridge, 0);
    let (step, picture) = step(&mut bridge, &[3.0]).unwrap();
    // The action set begins at -1.
    assert_eq!(step.reward, 2.0);
    let pixel = |c: usize, i: usize, j: usize| ((100 * c + 10 * i + j + 1) % 256) as f64;
    let expected: Vec<f64> = (0..216).map(|k| pixel(k / 72, k / 9 % 8, k % 9)).collect();
    assert_eq!(picture, expected);
}

#[test]
fn a_time_limit_of_the_bridge_truncates() {
    let Some(mut bridge) = open("gymnasium/assay-test-envs--pictures-v0", "gymnasium") else {
        return;
    };
    reset(&mut bridge, 0);
    let cut: Vec<bool> = (0..1000)
        .map(|_| step(&mut bridge, &[0.0]).unwrap().0.truncated)
        .collect();
    assert_eq!(cut.iter().position(|c| *c), Some(999));
}

#[test]
fn goals_belong_to_episodes() {
    let Some(mut bridge) = open("gymnasium/assay-test-envs--aims-v0", "gymnasium") else {
        return;
    };
    let mut goal = [0.0];
    let early = bridge.goal(&mut goal).unwrap_err();
    assert_eq!(early.code, Code::InvalidArgument);
    reset(&mut bridge, 1);
    bridge.goal(&mut goal).unwrap();
    let first = goal;
    step(&mut bridge, &[1.0, 1.0]).unwrap();
    bridge.goal(&mut goal).unwrap();
    assert_eq!(first, goal);
    reset(&mut bridge, 2);
    bridge.goal(&mut goal).unwrap();
    assert_ne!(first, goal);
}

#[test]
fn ogbench_has_tasks_and_goals() {
    let Some(folder) = folder("ogbench") else {
        return;
    };
    let open = |id: &str| Bridge::open(id, folder.path());
    let goal = |id: &str| {
        let mut bridge = open(id).unwrap();
        reset(&mut bridge, 5);
        let mut goal = vec![0.0; bridge.spec().goal_dim];
        bridge.goal(&mut goal).unwrap();
        goal
    };
    let (one, two) = (
        goal("ogbench/pointmaze-medium-task1-v0"),
        goal("ogbench/pointmaze-medium-task2-v0"),
    );
    assert_eq!(one.len(), 2);
    assert_ne!(one, two);
    assert_eq!(
        open("ogbench/cube-single-singletask-task2-v0")
            .unwrap()
            .spec()
            .goal_dim,
        0
    );
    assert_eq!(
        open("ogbench/cube-single-task3-v0")
            .unwrap()
            .spec()
            .goal_dim,
        28
    );
    let text = open("ogbench/cartpole-v1").err().unwrap().message;
    assert!(text.starts_with("unknown-name"), "{text}");
    let text = open("ogbench/pointmaze-medium-task9-v0")
        .err()
        .unwrap()
        .message;
    assert!(text.contains("[1, 5]"), "{text}");
}

#[test]
fn names_that_are_not_there_get_near_ones() {
    let Some(folder) = folder("gymnasium") else {
        return;
    };
    let refusal = |id: &str| Bridge::open(id, folder.path()).err().unwrap();
    let text = refusal("gymnasium/cart-pole-v1").message;
    assert!(
        text.starts_with("unknown-name") && text.contains("near: cartpole-v1"),
        "{text}"
    );
    let text = refusal("gymnasium/assay-test-envs--twice-v0").message;
    assert!(text.contains("Twice-v0, twice-v0"), "{text}");
    let text = refusal("gymnasium/no-such-module--thing-v0").message;
    assert!(text.starts_with("package-missing"), "{text}");
    assert!(text.contains("-m pip install no-such-module"), "{text}");
    let sequences = refusal("gymnasium/assay-test-envs--sequences-v0");
    assert_eq!(sequences.code, Code::Unsupported, "{sequences}");
}

#[test]
fn environments_that_go_wrong_are_typed_failures() {
    let Some(folder) = folder("gymnasium") else {
        return;
    };
    let make = || Bridge::open("gymnasium/assay-test-envs--trouble-v0", folder.path()).unwrap();
    let mut bridge = make();
    let early = step(&mut bridge, &[5.0]).unwrap_err();
    assert!(early.message.contains("before reset"), "{early}");
    reset(&mut bridge, 0);
    let mut wrong = |way: f32| step(&mut bridge, &[way]).unwrap_err();
    let raised = wrong(0.0);
    let expected =
        "raised: the environment raised in step: ValueError: no such way (assay_test_envs.py:";
    assert!(raised.message.starts_with(expected), "{raised}");
    assert_eq!(wrong(2.0).code, Code::NonFinite);
    assert_eq!(wrong(3.0).code, Code::NonFinite);
    assert!(wrong(4.0).message.contains("has 2 numbers"));
    assert!(wrong(9.0).message.contains("no index below 6"));
    assert_eq!(wrong(f32::NAN).code, Code::NonFinite);
    // Nothing of this ended the child.
    assert!(step(&mut bridge, &[5.0]).is_ok());
    let mut other = make();
    reset(&mut other, 0);
    let died = step(&mut bridge, &[1.0]).unwrap_err();
    assert!(died.message.contains("exit status: 3"), "{died}");
    // What shared the child has lost it; what is made now has a new one.
    assert!(step(&mut other, &[5.0]).is_err());
    let mut fresh = make();
    reset(&mut fresh, 0);
    assert!(step(&mut fresh, &[5.0]).is_ok());
}

#[test]
fn sizes_are_checked() {
    let Some(mut bridge) = open("gymnasium/cartpole-v1", "gymnasium") else {
        return;
    };
    assert!(bridge.reset(0, &mut [0.0; 3]).is_err());
    let mut observation = buffer(&bridge);
    bridge.reset(0, &mut observation).unwrap();
    assert!(bridge.step(&[0.0, 0.0], &mut observation).is_err());
    assert!(bridge.step(&[0.5], &mut observation).is_err());
    let unset = bridge.set_state(&[0.0; 4], &mut observation).unwrap_err();
    assert_eq!(unset.code, Code::Unsupported);
}
