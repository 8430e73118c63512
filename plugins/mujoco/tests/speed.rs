//! Steps of the environments for `benchmarks/speed/environments.py`, which sets `ASSAY_TEST_SPEED_STEPS`; without it,
//! nothing is measured. Nothing here is asserted about time.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement, printed by the test harness"
)]

mod common;

use common::{buffer, open, start};
use manifest::random::Family;
use mujoco::{Kitchen, Locomotion, Maze, Suite};
use plugin_api::Environment;

/// Steps between two resets.
const EPISODE: usize = 500;

/// How many steps, or None when nothing shall be measured.
#[allow(
    clippy::disallowed_methods,
    reason = "tests are configured by environment variables"
)]
fn steps() -> Option<usize> {
    let found = std::env::var("ASSAY_TEST_SPEED_STEPS").ok();
    if found.is_none() {
        println!("skipped: ASSAY_TEST_SPEED_STEPS is not set");
    }
    found?.parse().ok()
}

/// Nanoseconds of processor time of this thread.
fn processor_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split_whitespace().next().unwrap().parse().unwrap()
}

/// Prints `speed <id> <steps per processor second>` for random actions, with a reset every [`EPISODE`] steps.
fn measure<E: Environment>(id: &str, share: usize) {
    let Some(steps) = steps().map(|steps| (steps / share).max(EPISODE)) else {
        return;
    };
    let Some(mut environment) = open::<E>(id) else {
        return;
    };
    let mut draws = Family::new(1, &["speed"]).at(0);
    let dim = environment.spec().action_dim;
    let actions: Vec<f32> = (0..EPISODE * dim)
        .map(|_| (2.0 * draws.uniform() - 1.0) as f32)
        .collect();
    let mut observation = buffer(&environment);
    start(&mut environment, 0);
    let begin = processor_ns();
    for episode in 0..steps / EPISODE {
        environment.reset(episode as u64, &mut observation).unwrap();
        for action in actions.chunks_exact(dim) {
            environment.step(action, &mut observation).unwrap();
        }
    }
    let seconds = (processor_ns() - begin) as f64 * 1e-9;
    let played = (steps / EPISODE * EPISODE) as f64;
    println!("speed {id} {:.1}", played / seconds);
}

#[test]
fn all() {
    measure::<Locomotion>("hopper/gymnasium-v4", 1);
    measure::<Locomotion>("walker2d/gymnasium-v4", 1);
    measure::<Locomotion>("halfcheetah/gymnasium-v4", 1);
    measure::<Suite>("dm-walker/walk-v1", 1);
    measure::<Suite>("dm-cheetah/run-v1", 1);
    measure::<Maze>("pointmaze/ogbench-medium-v0", 1);
    measure::<Maze>("antmaze/ogbench-large-v0", 5);
    measure::<Kitchen>("kitchen/noiseless-partial-v0", 20);
}
