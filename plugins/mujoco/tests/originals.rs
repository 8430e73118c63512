//! Every environment equals its Python original on the stretches that scripts under `tests/golden/mujoco/` recorded.

mod common;

use common::replay::{folder, replay, replay_starts};
use mujoco::{Kitchen, Locomotion, Maze, Suite};
use plugin_api::Environment;
use std::collections::BTreeMap;

/// Replays a committed file and asserts that it visits what it is there for.
fn check<E: Environment>(name: &str, facts: &[(&str, usize)]) {
    let Some(found) = replay::<E>(&folder(), name) else {
        return;
    };
    let expected: BTreeMap<&str, usize> = facts.iter().copied().collect();
    for (fact, least) in expected {
        let count = found.get(fact).copied().unwrap_or(0);
        assert!(count >= least, "{name}: {count} {fact}, expected {least}");
    }
}

const ALL: &[(&str, usize)] = &[
    ("stretches_out_of_bounds", 10),
    ("stretches_through_termination", 8),
    ("steps_in_contact", 100),
    ("steps_with_clipped_velocity", 10),
];
const NEVER_ENDING: &[(&str, usize)] =
    &[("stretches_out_of_bounds", 10), ("steps_in_contact", 100)];

#[test]
fn walker2d_v4_equals_gymnasium() {
    check::<Locomotion>("walker2d-v4", ALL);
}

#[test]
fn walker2d_v5_equals_gymnasium() {
    check::<Locomotion>("walker2d-v5", ALL);
}

#[test]
fn hopper_v5_equals_gymnasium() {
    check::<Locomotion>("hopper-v5", ALL);
}

#[test]
fn halfcheetah_v5_equals_gymnasium() {
    check::<Locomotion>("halfcheetah-v5", NEVER_ENDING);
}

#[test]
fn hopper_with_old_capsules_equals_a_patched_model() {
    check::<Locomotion>("hopper-mj20", ALL);
}

#[test]
fn walker2d_with_old_capsules_equals_a_patched_model() {
    check::<Locomotion>("walker2d-mj20", ALL);
}

#[test]
fn halfcheetah_with_old_capsules_equals_a_patched_model() {
    check::<Locomotion>("halfcheetah-mj20", NEVER_ENDING);
}

const SUITE: &[(&str, usize)] = &[
    ("stretches_out_of_bounds", 10),
    ("steps_in_contact", 100),
    ("rewards_between_0_and_1", 100),
];

#[test]
fn the_walker_equals_dm_control() {
    check::<Suite>("dm-walker", SUITE);
}

#[test]
fn the_cheetah_equals_dm_control() {
    check::<Suite>("dm-cheetah", SUITE);
}

#[test]
fn starts_of_the_suite_equal_dm_control_given_its_draws() {
    replay_starts::<Suite>(&folder(), "dm-walker");
    replay_starts::<Suite>(&folder(), "dm-cheetah");
}

const ANT: &[(&str, usize)] = &[
    ("stretches_out_of_bounds", 4),
    ("stretches_through_termination", 3),
    ("steps_in_contact", 50),
    ("steps_at_walls", 3),
];
const POINT: &[(&str, usize)] = &[("stretches_through_termination", 8), ("steps_at_walls", 20)];

#[test]
fn the_point_in_the_medium_maze_equals_ogbench() {
    check::<Maze>("pointmaze-medium", POINT);
}

#[test]
fn the_point_in_the_giant_maze_equals_ogbench() {
    check::<Maze>("pointmaze-giant", POINT);
}

#[test]
fn the_ant_in_the_medium_maze_equals_ogbench() {
    check::<Maze>("antmaze-medium", ANT);
}

#[test]
fn the_ant_in_the_large_maze_equals_ogbench() {
    check::<Maze>("antmaze-large", ANT);
}

#[test]
fn the_ant_in_the_giant_maze_equals_ogbench() {
    check::<Maze>("antmaze-giant", ANT);
}

#[test]
fn the_ant_in_the_u_shaped_maze_equals_d4rl() {
    check::<Maze>("antmaze-umaze", ANT);
}

const KITCHEN: &[(&str, usize)] = &[
    ("stretches_out_of_bounds", 4),
    ("stretches_through_termination", 3),
    ("steps_in_contact", 60),
    ("tasks_completed", 10),
];

#[test]
fn the_kitchen_with_a_slide_cabinet_equals_gymnasium_robotics() {
    check::<Kitchen>("kitchen-partial", KITCHEN);
}

#[test]
fn the_kitchen_with_a_burner_equals_gymnasium_robotics() {
    check::<Kitchen>("kitchen-mixed", KITCHEN);
}
