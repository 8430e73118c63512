//! Episodes: reset noise, time limit, bounds, and what bad input gets.

#![allow(
    clippy::unwrap_used,
    reason = "helper functions of tests, too, fail by panicking"
)]

mod common;

use common::{buffer, model_dir, start};
use mujoco::Locomotion;
use plugin_api::{Code, Environment, Outcome};
use std::path::Path;

fn open(id: &str) -> Option<Locomotion> {
    common::open(id)
}

fn create(id: &str, models: &Path) -> Outcome<Locomotion> {
    common::create(id, models)
}

#[test]
fn an_episode_is_a_function_of_its_seed_alone() {
    for id in Locomotion::INFOS.iter().map(|info| info.id) {
        let Some(mut environment) = open(id) else {
            return;
        };
        let action = vec![0.3; environment.spec().action_dim];
        let mut episode = |seed| {
            let mut trace = vec![start(&mut environment, seed)];
            for _ in 0..30 {
                let mut observation = buffer(&environment);
                let step = environment.step(&action, &mut observation).unwrap();
                observation.push(step.reward);
                trace.push(observation);
            }
            trace
        };
        let (first, other, again) = (episode(5), episode(6), episode(5));
        assert_eq!(first, again, "{id}");
        assert_ne!(first[0], other[0], "{id}");
    }
}

/// Offsets from the model's initial state over many seeds; observation column `column`.
fn noise(id: &str, column: usize, initial: f64) -> Option<Vec<f64>> {
    let mut environment = open(id)?;
    let draw = |seed| start(&mut environment, seed)[column] - initial;
    Some((0..2000).map(draw).collect())
}

fn root_mean_square(values: &[f64]) -> f64 {
    (values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64).sqrt()
}

#[test]
fn reset_noise_has_the_distribution_of_gymnasium() {
    let uniform = 1.0 / 3.0_f64.sqrt();
    // Observation columns: height of hopper and walker2d at 1.25 (0), pitch of the halfcheetah (1), velocities (7, 12).
    let cases = [
        ("hopper/d4rl-v4", 0, 1.25, 5e-3, 5e-3 * uniform),
        ("hopper/d4rl-v4", 7, 0.0, 5e-3, 5e-3 * uniform),
        ("walker2d/d4rl-v4", 0, 1.25, 5e-3, 5e-3 * uniform),
        ("walker2d/gymnasium-v5", 12, 0.0, 5e-3, 5e-3 * uniform),
        ("halfcheetah/d4rl-v4", 1, 0.0, 0.1, 0.1 * uniform),
        ("halfcheetah/d4rl-v4", 12, 0.0, f64::INFINITY, 0.1),
    ];
    for (id, column, initial, limit, deviation) in cases {
        let Some(noise) = noise(id, column, initial) else {
            return;
        };
        assert!(
            noise.iter().all(|x| x.abs() <= limit + 1e-12),
            "{id} {column}"
        );
        // The standard error of a root mean square of 2000 draws is below 2 %.
        let found = root_mean_square(&noise);
        assert!(
            (found / deviation - 1.0).abs() < 0.08,
            "{id} {column}: {found}"
        );
        let beyond_uniform = noise.iter().filter(|x| x.abs() > 0.15).count();
        assert_eq!(beyond_uniform > 0, limit.is_infinite(), "{id} {column}");
    }
}

#[test]
fn the_thousandth_step_truncates_and_a_reset_starts_the_count_anew() {
    let Some(mut environment) = open("halfcheetah/d4rl-v4") else {
        return;
    };
    let mut observation = start(&mut environment, 0);
    let mut run = |environment: &mut Locomotion| {
        for step in 1..=1000 {
            let result = environment.step(&[0.0; 6], &mut observation).unwrap();
            assert_eq!(result.truncated, step == 1000, "step {step}");
            assert!(!result.terminated);
        }
    };
    run(&mut environment);
    start(&mut environment, 1);
    run(&mut environment);
    let state = vec![0.0; 18];
    let mut first = buffer(&environment);
    environment.set_state(&state, &mut first).unwrap();
    run(&mut environment);
}

#[test]
fn an_action_beyond_the_bounds_costs_what_its_clipped_self_costs_in_the_d4rl_flavour_only() {
    let (Some(mut clips), Some(mut raw)) = (
        open("halfcheetah/d4rl-v4"),
        open("halfcheetah/gymnasium-v4"),
    ) else {
        return;
    };
    let reward = |environment: &mut Locomotion, action: [f32; 6]| {
        let mut observation = start(environment, 3);
        environment.step(&action, &mut observation).unwrap().reward
    };
    let (wide, clipped) = (
        [2.0, -2.0, 0.5, 2.0, 2.0, 2.0],
        [1.0, -1.0, 0.5, 1.0, 1.0, 1.0],
    );
    assert_eq!(reward(&mut clips, wide), reward(&mut clips, clipped));
    assert_eq!(reward(&mut clips, clipped), reward(&mut raw, clipped));
    // Five actions of 2 instead of 1: .1 * 5 * (4 - 1).
    let difference = reward(&mut raw, clipped) - reward(&mut raw, wide);
    assert!((difference - 1.5).abs() < 1e-6, "{difference}");
}

#[test]
fn the_alive_bonus_is_paid_on_the_terminating_step_up_to_v4() {
    for (id, bonus) in [("hopper/d4rl-v4", 1.0), ("hopper/gymnasium-v5", 0.0)] {
        let Some(mut environment) = open(id) else {
            return;
        };
        let mut observation = buffer(&environment);
        let mut state = vec![0.0; 12];
        (state[1], state[2]) = (1.25, 0.19);
        state[8] = 5.0;
        environment.set_state(&state, &mut observation).unwrap();
        let step = environment.step(&[0.0; 3], &mut observation).unwrap();
        assert!(step.terminated && observation[1] >= 0.2, "{observation:?}");
        assert!((step.reward - bonus).abs() < 0.1, "{id}: {}", step.reward);
    }
}

#[test]
fn an_unstable_simulation_is_a_failure_and_the_next_reset_recovers() {
    let Some(mut environment) = open("hopper/d4rl-v4") else {
        return;
    };
    let mut observation = buffer(&environment);
    let mut state = vec![0.0; 12];
    (state[1], state[9]) = (1.25, 1e9);
    let failure = environment
        .set_state(&state, &mut observation)
        .and_then(|()| environment.step(&[0.0; 3], &mut observation))
        .unwrap_err();
    assert_eq!(failure.code, Code::NonFinite, "{failure}");
    assert!(failure.message.contains("unstable"), "{failure}");
    start(&mut environment, 0);
    assert!(environment.step(&[0.0; 3], &mut observation).is_ok());
}

#[test]
fn bad_calls_are_refused() {
    let Some(mut environment) = open("hopper/d4rl-v4") else {
        return;
    };
    let mut observation = buffer(&environment);
    let early = environment.step(&[0.0; 3], &mut observation).unwrap_err();
    assert!(early.message.contains("before reset"), "{early}");
    start(&mut environment, 0);
    let short = environment.step(&[0.0; 2], &mut observation).unwrap_err();
    assert_eq!(short.message, "action has 2 numbers, expected 3");
    let nan = environment.step(&[0.0, f32::NAN, 0.0], &mut observation);
    assert_eq!(nan.unwrap_err().code, Code::NonFinite);
    let short = environment
        .set_state(&[0.0; 11], &mut observation)
        .unwrap_err();
    assert_eq!(short.message, "state has 11 numbers, expected 12");
    let nan = environment.set_state(&[f64::NAN; 12], &mut observation);
    assert_eq!(nan.unwrap_err().code, Code::InvalidArgument);
    let narrow = environment.reset(0, &mut observation[1..]).unwrap_err();
    assert_eq!(narrow.message, "observation has 10 numbers, expected 11");
}

#[test]
fn a_missing_broken_or_foreign_model_is_refused() {
    let file = "gymnasium-1.4.0/hopper.xml";
    let Some(models) = model_dir(&[file]) else {
        return;
    };
    let refuse = |id: &str, folder: &Path| match create(id, folder) {
        Ok(_) => panic!("{id} was created"),
        Err(failure) => failure.message,
    };
    let unknown = refuse("walker2d/d4rl-v9", &models);
    assert!(unknown.contains("`walker2d/d4rl-v9`") && unknown.contains("hopper/d4rl-v4"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mujoco-models");
    std::fs::create_dir_all(folder.join("gymnasium-1.4.0")).unwrap();
    let model = folder.join(file);
    let _ = std::fs::remove_file(&model);
    let missing = refuse("hopper/d4rl-v4", &folder);
    assert!(missing.contains("hopper.xml does not exist"), "{missing}");
    std::fs::write(&model, "<mujoco><worldbody></mujoco>").unwrap();
    let broken = refuse("hopper/d4rl-v4", &folder);
    assert!(broken.contains("hopper.xml: "), "{broken}");
    std::fs::copy(models.join("gymnasium-1.4.0/half_cheetah.xml"), &model).unwrap();
    let foreign = refuse("hopper/d4rl-v4", &folder);
    assert!(
        foreign.contains("[9, 9, 6, 0], expected [6, 6, 3, 0]"),
        "{foreign}"
    );
}
