//! The kitchen's behaviour `plan`: it repeats, leaves the simulation as it was, refuses what it does not know, and completes
//! its tasks.

#![allow(
    clippy::unwrap_used,
    reason = "helper functions of tests, too, fail by panicking"
)]

mod common;

use common::{buffer, open, start};
use mujoco::Kitchen;
use plugin_api::{BehaviourRequest, Code, Environment, Outcome};

fn begin(environment: &mut Kitchen, parameters: &str, seed: u64) -> Outcome<Vec<f64>> {
    let request = BehaviourRequest::new(environment.behaviours(), "plan", parameters)?;
    let mut observation = buffer(environment);
    environment.begin_behaviour(&request, seed, &mut observation)?;
    Ok(observation)
}

/// Actions and observations of an episode with small plans.
fn episode(environment: &mut Kitchen, seed: u64) -> (Vec<[f32; 9]>, Vec<Vec<f64>>) {
    let parameters = r#"{"samples": 4, "horizon": 3}"#;
    let mut observations = vec![begin(environment, parameters, seed).unwrap()];
    let mut actions = Vec::new();
    for _ in 0..4 {
        let (mut action, mut again) = ([0.0; 9], [0.0; 9]);
        environment.behaviour_action(&mut action).unwrap();
        environment.behaviour_action(&mut again).unwrap();
        assert_eq!(action, again);
        let mut observation = buffer(environment);
        environment.step(&action, &mut observation).unwrap();
        actions.push(action);
        observations.push(observation);
    }
    (actions, observations)
}

#[test]
fn an_episode_is_a_function_of_its_seed_and_planning_leaves_no_trace() {
    for id in ["kitchen/d4rl-partial-v0", "kitchen/noiseless-mixed-v0"] {
        let (Some(mut one), Some(mut other)) = (open::<Kitchen>(id), open::<Kitchen>(id)) else {
            return;
        };
        let (actions, observations) = episode(&mut one, 3);
        assert_eq!(
            (actions.clone(), observations.clone()),
            episode(&mut other, 3)
        );
        assert_ne!(actions, episode(&mut one, 4).0);
        assert_eq!(actions, episode(&mut one, 3).0);
        // The same actions without any planning lead to the same states.
        let mut replayed = vec![start(&mut other, 3)];
        for action in &actions {
            let mut observation = buffer(&other);
            other.step(action, &mut observation).unwrap();
            replayed.push(observation);
        }
        assert_eq!(observations, replayed, "{id}");
    }
}

#[test]
fn what_cannot_be_planned_is_refused() {
    let Some(mut environment) = open::<Kitchen>("kitchen/noiseless-partial-v0") else {
        return;
    };
    for (parameters, says) in [
        (r#"{"task": "dishes"}"#, "`all` or one of slide cabinet"),
        (r#"{"task": 3}"#, "task"),
        (r#"{"samples": 0}"#, "1 to 4096"),
        (r#"{"horizon": 1000}"#, "1 to 280"),
        (r#"{"steps": 3}"#, r#""horizon": 8"#),
    ] {
        let failure = begin(&mut environment, parameters, 1).unwrap_err();
        assert_eq!(failure.code, Code::InvalidArgument);
        assert!(failure.message.contains(says), "{failure}");
    }
    start(&mut environment, 1);
    let failure = environment.behaviour_action(&mut [0.0; 9]).unwrap_err();
    assert_eq!(failure.code, Code::InvalidArgument);
}

/// Steps after which a task is first completed, and the last observation.
fn completed_after(
    environment: &mut Kitchen,
    task: &str,
    seed: u64,
    limit: u32,
) -> (Option<u32>, Vec<f64>) {
    begin(environment, &format!("{{\"task\": \"{task}\"}}"), seed).unwrap();
    let mut observation = buffer(environment);
    let steps = (1..=limit).find(|_| {
        let mut action = [0.0; 9];
        environment.behaviour_action(&mut action).unwrap();
        environment.step(&action, &mut observation).unwrap().reward > 0.0
    });
    (steps, observation)
}

#[test]
fn plans_complete_the_task_that_they_are_for() {
    // The coordinate that a task is mainly about, and where it shall be within .3.
    for (id, task, column, goal) in [
        ("kitchen/d4rl-partial-v0", "slide cabinet", 19, 0.37),
        ("kitchen/noiseless-mixed-v0", "kettle", 24, 0.75),
    ] {
        let Some(mut environment) = open::<Kitchen>(id) else {
            return;
        };
        let (steps, observation) = completed_after(&mut environment, task, 0, 80);
        println!(
            "{id}: {task} after {steps:?} steps, at {:.3}",
            observation[column]
        );
        assert!(steps.is_some(), "{id}: no {task} in 80 steps");
        assert!((observation[column] - goal).abs() < 0.3, "{id}: {task}");
    }
}
