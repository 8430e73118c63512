//! Scripted behaviours: they repeat, refuse what they do not know, and get where they are going.

#![allow(
    clippy::unwrap_used,
    reason = "helper functions of tests, too, fail by panicking"
)]

mod common;

use common::{buffer, open};
use manifest::random::Family;
use mujoco::{Gait, Maze};
use mujoco_rs::prelude::{MjData, MjModel};
use plugin_api::{BehaviourRequest, Code, Environment, Outcome};
use std::f64::consts::FRAC_PI_4;

fn begin(environment: &mut Maze, name: &str, parameters: &str, seed: u64) -> Outcome<Vec<f64>> {
    let request = BehaviourRequest::new(environment.behaviours(), name, parameters)?;
    let mut observation = buffer(environment);
    environment.begin_behaviour(&request, seed, &mut observation)?;
    Ok(observation)
}

/// Acts `steps` times with Gaussian noise on actions; what was observed, and how many steps reached a goal.
fn act(environment: &mut Maze, steps: u32, noise: f64, seed: u64) -> (Vec<Vec<f64>>, u32) {
    let mut random = Family::new(seed, &["test", "noise"]).at(0);
    let (mut trace, mut reached) = (Vec::new(), 0);
    let mut action = vec![0.0; environment.spec().action_dim];
    for _ in 0..steps {
        environment.behaviour_action(&mut action).unwrap();
        for a in &mut action {
            *a = (*a + (noise * random.normal()) as f32).clamp(-1.0, 1.0);
        }
        let mut observation = buffer(environment);
        let step = environment.step(&action, &mut observation).unwrap();
        assert!(!step.terminated && !step.truncated);
        reached += u32::from(step.reward > 0.0);
        trace.push(observation);
    }
    (trace, reached)
}

#[test]
fn an_episode_is_a_function_of_name_parameters_and_seed() {
    for id in [
        "pointmaze/ogbench-teleport-v0",
        "antmaze/ogbench-medium-v0",
        "antmaze/d4rl-umaze-v2",
    ] {
        let (Some(mut one), Some(mut other)) = (open::<Maze>(id), open::<Maze>(id)) else {
            return;
        };
        let mut episode = |which: bool, name: &str, seed| {
            let environment = if which { &mut one } else { &mut other };
            let first = begin(environment, name, "{}", seed).unwrap();
            (first, act(environment, 60, 0.1, seed).0)
        };
        for name in ["navigate", "stitch", "explore"] {
            let first = episode(true, name, 5);
            assert_eq!(first, episode(false, name, 5), "{id} {name}");
            assert_ne!(first.0, episode(true, name, 6).0, "{id} {name}");
            assert_eq!(first, episode(true, name, 5), "{id} {name}");
        }
    }
}

#[test]
fn what_is_not_offered_is_refused_with_what_is() {
    let Some(mut environment) = open::<Maze>("pointmaze/ogbench-medium-v0") else {
        return;
    };
    let mut refused = |name: &str, parameters: &str| {
        let failure = begin(&mut environment, name, parameters, 1).unwrap_err();
        assert_eq!(failure.code, Code::InvalidArgument);
        failure.message
    };
    let message = refused("play", "{}");
    for offered in ["navigate", "stitch", "explore"] {
        assert!(message.contains(offered), "{message}");
    }
    assert!(refused("stitch", r#"{"hold": 3}"#).contains(r#"{"distance": 4}"#));
    assert!(refused("explore", r#"{"hold": "long"}"#).contains("hold"));
    assert!(refused("explore", r#"{"hold": 0}"#).contains("at least 1"));
    let (mut observation, mut action) = (buffer(&environment), [0.0; 2]);
    environment.reset(1, &mut observation).unwrap();
    let failure = environment.behaviour_action(&mut action).unwrap_err();
    assert_eq!(failure.code, Code::InvalidArgument);
}

#[test]
fn a_navigating_point_reaches_goal_after_goal() {
    for (maze, least) in [("medium", 10), ("large", 7), ("giant", 4)] {
        let Some(mut environment) = open::<Maze>(&format!("pointmaze/ogbench-{maze}-v0")) else {
            return;
        };
        let mut total = 0;
        for seed in 0..3 {
            begin(&mut environment, "navigate", "{}", seed).unwrap();
            let mut goal = [0.0; 2];
            environment.goal(&mut goal).unwrap();
            let (_, reached) = act(&mut environment, 1000, 0.5, seed);
            let mut last = [0.0; 2];
            environment.goal(&mut last).unwrap();
            assert_ne!(goal, last, "{maze}");
            total += reached;
        }
        println!("{maze}: {total} goals in 3000 steps");
        assert!(total >= 3 * least, "{maze}: {total} goals in 3000 steps");
    }
}

#[test]
fn a_stitching_point_reaches_its_goal_and_stays() {
    let Some(mut environment) = open::<Maze>("pointmaze/ogbench-large-v0") else {
        return;
    };
    for seed in 0..10 {
        begin(&mut environment, "stitch", "{}", seed).unwrap();
        let (_, reached) = act(&mut environment, 200, 0.2, seed);
        assert!(
            reached > 50,
            "seed {seed}: at its goal in {reached} of 200 steps"
        );
    }
}

#[test]
fn an_exploring_point_keeps_its_direction_for_as_long_as_it_is_told() {
    let Some(mut environment) = open::<Maze>("pointmaze/ogbench-medium-v0") else {
        return;
    };
    begin(&mut environment, "explore", r#"{"hold": 4}"#, 3).unwrap();
    let mut actions = Vec::new();
    let mut observation = buffer(&environment);
    for _ in 0..12 {
        let mut action = [0.0; 2];
        environment.behaviour_action(&mut action).unwrap();
        environment.step(&action, &mut observation).unwrap();
        actions.push(action);
    }
    for held in actions.chunks(4) {
        assert!(held.iter().all(|action| *action == held[0]), "{actions:?}");
    }
    assert_ne!(actions[3], actions[4]);
    assert_ne!(actions[7], actions[8]);
}

/// Metres that the ant makes good in direction `angle` on open ground in `steps` steps without noise.
fn walked_m(data: &mut MjData<Box<MjModel>>, angle: f64, steps: u32) -> f64 {
    let standing = [
        0.0, 0.0, 0.55, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, -1.0, 0.0, -1.0, 0.0, 1.0,
    ];
    data.reset();
    data.qpos_mut().copy_from_slice(&standing);
    data.forward();
    let mut gait = Gait::committed().unwrap();
    let direction = [angle.cos(), angle.sin()];
    for step in 0..steps {
        let action = gait.action(data.qpos(), data.qvel(), direction, step);
        data.ctrl_mut().copy_from_slice(&action);
        (0..5).for_each(|_| data.step());
    }
    data.qpos()[0] * direction[0] + data.qpos()[1] * direction[1]
}

#[test]
fn the_ant_walks_in_each_of_eight_directions_at_nine_tenths_of_a_metre_a_second() {
    let file = "ogbench-1.2.1/ant.xml";
    let Some(models) = common::model_dir(&[file]) else {
        return;
    };
    let model = MjModel::from_xml(models.join(file)).unwrap();
    let mut data = MjData::try_new(Box::new(model)).unwrap();
    for k in 0..8 {
        let made = walked_m(&mut data, f64::from(k) * FRAC_PI_4, 100);
        println!("direction {k}: {made:.2} m in 10 s");
        assert!(made >= 9.0, "direction {k}: {made:.2} m in 10 s");
    }
}

#[test]
fn a_navigating_ant_reaches_most_of_the_goals_that_it_is_given() {
    // In an episode of 1000 steps all goals drawn but the last are reached: of `reached + episodes`, `reached`.
    for (id, episodes, least) in [
        ("antmaze/ogbench-medium-v0", 10, 45),
        ("antmaze/ogbench-large-v0", 10, 25),
        ("antmaze/d4rl-large-v2", 3, 6),
    ] {
        let Some(mut environment) = open::<Maze>(id) else {
            return;
        };
        let reached: Vec<u32> = (0..episodes)
            .map(|seed| {
                begin(&mut environment, "navigate", "{}", seed).unwrap();
                act(&mut environment, 1000, 0.2, seed).1
            })
            .collect();
        let total: u32 = reached.iter().sum();
        println!(
            "{id}: {total} goals of {} drawn, by episode {reached:?}",
            total + episodes as u32
        );
        assert!(total >= least, "{id}: {reached:?} goals");
    }
}
