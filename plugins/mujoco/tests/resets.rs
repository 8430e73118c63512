//! Starts and ends of episodes of the suite and of the mazes.

#![allow(
    clippy::unwrap_used,
    reason = "helper functions of tests, too, fail by panicking"
)]

mod common;

use common::{buffer, open, start};
use mujoco::{Kitchen, Maze, Suite};
use plugin_api::{Environment, Step};
use std::f64::consts::PI;

fn ids<E: Environment>() -> impl Iterator<Item = &'static str> {
    E::INFOS.iter().map(|info| info.id)
}

fn act(environment: &mut impl Environment, action: &[f32]) -> (Step, Vec<f64>) {
    let mut observation = buffer(environment);
    let step = environment.step(action, &mut observation).unwrap();
    (step, observation)
}

fn seeds_decide<E: Environment>() {
    for id in ids::<E>() {
        let Some(mut environment) = open::<E>(id) else {
            return;
        };
        let action = vec![0.5; environment.spec().action_dim];
        let mut episode = |seed| {
            let first = start(&mut environment, seed);
            let steps = (0..8).map(|_| act(&mut environment, &action).1);
            [first].into_iter().chain(steps).collect::<Vec<_>>()
        };
        let (first, other, again) = (episode(5), episode(6), episode(5));
        assert_eq!(first, again, "{id}");
        assert_ne!(first[0], other[0], "{id}");
    }
}

fn ends_at_its_horizon<E: Environment>(id: &str, horizon: u32) {
    let Some(mut environment) = open::<E>(id) else {
        return;
    };
    assert_eq!(environment.spec().horizon, horizon);
    let action = vec![0.0; environment.spec().action_dim];
    start(&mut environment, 3);
    for step in 1..=horizon {
        let (result, _) = act(&mut environment, &action);
        assert_eq!(result.truncated, step == horizon, "{id}, step {step}");
        assert!(!result.terminated, "{id}, step {step}");
    }
}

#[test]
fn episodes_of_the_suite_are_functions_of_their_seeds() {
    seeds_decide::<Suite>();
}

#[test]
fn episodes_in_mazes_are_functions_of_their_seeds() {
    seeds_decide::<Maze>();
}

const INITIAL_ARM: [f64; 7] = [
    1.48388023e-01,
    -1.76848573e+00,
    1.84390296e+00,
    -2.47685760e+00,
    2.60252026e-01,
    7.12533105e-01,
    1.59515394e+00,
];

#[test]
fn noise_makes_episodes_in_the_kitchen_functions_of_their_seeds() {
    let Some(mut noisy) = open::<Kitchen>("kitchen/d4rl-mixed-v0") else {
        return;
    };
    let mut clean = open::<Kitchen>("kitchen/noiseless-mixed-v0").unwrap();
    assert_ne!(start(&mut clean, 5), start(&mut clean, 6));
    // What the noisy one starts from.
    let mut exact = buffer(&clean);
    let mut state = start(&mut clean, 5)[..30].to_vec();
    assert!(
        state[..7]
            .iter()
            .zip(INITIAL_ARM)
            .all(|(x, c)| (x - c).abs() <= 0.01),
        "{state:?}"
    );
    state[..7].copy_from_slice(&INITIAL_ARM);
    state.extend([0.0; 29]);
    state.extend([1.0; 4]);
    clean.set_state(&state, &mut exact).unwrap();
    let (first, other, again) = (
        start(&mut noisy, 5),
        start(&mut noisy, 6),
        start(&mut noisy, 5),
    );
    assert_eq!(first, again);
    assert_ne!(first, other);
    // A tenth of the amplitudes of `franka_config.xml`: .1 for the robot, .005 and less for drawers and knobs.
    let within = |columns: std::ops::Range<usize>, limit: f64| {
        columns
            .clone()
            .all(|k| (first[k] - exact[k]).abs() <= limit)
            && columns
                .clone()
                .any(|k| (first[k] - exact[k]).abs() > limit / 4.0)
    };
    assert!(
        within(0..9, 0.01) && within(9..11, 0.0005) && within(11..17, 0.00005),
        "{first:?}"
    );
    assert_eq!(first[30..], exact[30..]);
    // The noise of the last observation reaches the control.
    let (_, from_noisy) = act(&mut noisy, &[0.0; 9]);
    let (_, from_exact) = act(&mut clean, &[0.0; 9]);
    assert!((0..7).any(|k| (from_noisy[k] - from_exact[k]).abs() > 1e-4));
}

#[test]
fn episodes_end_at_their_horizons() {
    ends_at_its_horizon::<Kitchen>("kitchen/d4rl-complete-v0", 280);
    ends_at_its_horizon::<Suite>("dm-walker/walk-v1", 1000);
    ends_at_its_horizon::<Suite>("dm-cheetah/run-v1", 1000);
    ends_at_its_horizon::<Maze>("pointmaze/ogbench-giant-task1-v0", 1000);
    ends_at_its_horizon::<Maze>("antmaze/d4rl-umaze-v2", 700);
}

#[test]
fn tasks_of_the_suite_differ_in_reward_only() {
    let Some(mut stand) = open::<Suite>("dm-walker/stand-v1") else {
        return;
    };
    let mut run = open::<Suite>("dm-walker/run-v1").unwrap();
    assert_eq!(start(&mut stand, 1), start(&mut run, 1));
    let (standing, first) = act(&mut stand, &[0.3; 6]);
    let (running, second) = act(&mut run, &[0.3; 6]);
    assert_eq!(first, second);
    assert!(running.reward < standing.reward);
}

#[test]
fn the_walker_starts_with_joints_within_their_limits_and_any_pitch() {
    let Some(mut walker) = open::<Suite>("dm-walker/stand-v1") else {
        return;
    };
    // xx of the torso's rotation matrix is the cosine of its pitch, and xz its sine.
    let pitches: Vec<f64> = (0..400)
        .map(|seed| {
            let observation = start(&mut walker, seed);
            assert!((observation[14] - 1.3).abs() < 1e-12, "height");
            assert!(observation[15..].iter().all(|v| *v == 0.0), "velocities");
            observation[1].atan2(observation[0])
        })
        .collect();
    let quarter = |k: i32| {
        let (low, high) = (
            -PI + f64::from(k) * PI / 2.0,
            -PI / 2.0 + f64::from(k) * PI / 2.0,
        );
        pitches.iter().filter(|p| low <= **p && **p < high).count()
    };
    // 100 expected in each quarter, with standard deviation 8.7.
    for k in 0..4 {
        assert!(
            (65..135).contains(&quarter(k)),
            "quarter {k}: {}",
            quarter(k)
        );
    }
}

#[test]
fn the_cheetah_starts_settled_and_within_its_limits() {
    let Some(mut cheetah) = open::<Suite>("dm-cheetah/run-v1") else {
        return;
    };
    // Limits of the joints in degrees (`cheetah.xml`); soft constraints give way a little.
    let limits = [
        (-30.0, 60.0),
        (-50.0, 50.0),
        (-230.0, 50.0),
        (-57.0, 0.4),
        (-70.0, 50.0),
        (-28.0, 28.0),
    ];
    for seed in 0..30 {
        let observation = start(&mut cheetah, seed);
        for (angle, (low, high)) in observation[2..8].iter().zip(limits) {
            let degrees = angle.to_degrees();
            assert!(low - 10.0 <= degrees && degrees <= high + 10.0, "{degrees}");
        }
        let fastest = observation[8..].iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        assert!(fastest < 5.0, "{fastest}");
    }
}

fn goal(maze: &mut Maze) -> Vec<f64> {
    let mut goal = buffer(maze);
    maze.goal(&mut goal).unwrap();
    goal
}

#[test]
fn a_task_of_ogbench_has_its_cells_with_noise_of_a_metre() {
    // The start (5, 4) and the goal (7, 1) of task 2: x = 4 column - 4, y = 4 row - 4.
    for id in [
        "pointmaze/ogbench-large-task2-v0",
        "antmaze/ogbench-large-task2-v0",
    ] {
        let Some(mut maze) = open::<Maze>(id) else {
            return;
        };
        for seed in 0..60 {
            let first = start(&mut maze, seed);
            let goal = goal(&mut maze);
            for (found, centre) in [
                (first[0], 12.0),
                (first[1], 16.0),
                (goal[0], 0.0),
                (goal[1], 24.0),
            ] {
                let offset: f64 = found - centre;
                assert!(offset.abs() <= 1.0 + 1e-12, "{id}, seed {seed}: {offset}");
            }
            if first.len() == 29 {
                assert!(
                    (first[2] - 0.75).abs() <= 0.1 + 1e-12,
                    "{id}: height {}",
                    first[2]
                );
                assert!((0.2..1.2).contains(&goal[2]), "{id}: height {}", goal[2]);
            }
        }
    }
}

#[test]
fn an_environment_without_a_task_draws_all_five() {
    let Some(mut maze) = open::<Maze>("pointmaze/ogbench-giant-v0") else {
        return;
    };
    let starts = [
        (0.0, 0.0),
        (52.0, 0.0),
        (52.0, 28.0),
        (8.0, 28.0),
        (32.0, 16.0),
    ];
    let mut counts = [0; 5];
    for seed in 0..200 {
        let first = start(&mut maze, seed);
        let near = |(x, y): &(f64, f64)| (first[0] - x).abs() <= 1.0 && (first[1] - y).abs() <= 1.0;
        counts[starts.iter().position(near).unwrap()] += 1;
    }
    assert!(counts.iter().all(|count| *count >= 20), "{counts:?}");
}

#[test]
fn d4rl_starts_at_the_origin_and_hides_its_goal_unless_the_id_asks_for_it() {
    let Some(mut hidden) = open::<Maze>("antmaze/d4rl-large-v2") else {
        return;
    };
    let mut shown = open::<Maze>("antmaze/d4rl-large-goals-v2").unwrap();
    assert_eq!((hidden.spec().goal_dim, shown.spec().goal_dim), (0, 29));
    for seed in 0..60 {
        let first = start(&mut hidden, seed);
        assert_eq!(first, start(&mut shown, seed));
        assert!(first[..2].iter().all(|x| x.abs() <= 0.1), "{first:?}");
        let goal = goal(&mut shown);
        assert!(
            (32.0..33.5).contains(&goal[0]) && (24.0..25.5).contains(&goal[1]),
            "{goal:?}"
        );
        assert_eq!(goal[2..], first[2..]);
    }
}

#[test]
fn reaching_the_goal_pays_one_and_ends_the_episode() {
    let Some(mut maze) = open::<Maze>("pointmaze/ogbench-medium-task1-v0") else {
        return;
    };
    let mut observation = buffer(&maze);
    maze.set_state(&[0.0, 0.0, 0.0, 0.0, 1.3, 0.0], &mut observation)
        .unwrap();
    let (far, _) = act(&mut maze, &[1.0, 0.0]);
    let (near, _) = act(&mut maze, &[1.0, 0.0]);
    assert_eq!((far.reward, far.terminated), (0.0, false));
    assert_eq!((near.reward, near.terminated), (1.0, true));
    assert_eq!(goal(&mut maze), [1.3, 0.0]);
}

#[test]
fn actions_of_the_point_beyond_the_bounds_act_as_the_bounds() {
    let Some(mut maze) = open::<Maze>("pointmaze/ogbench-medium-task1-v0") else {
        return;
    };
    let mut after = |action: [f32; 2]| {
        start(&mut maze, 0);
        act(&mut maze, &action).1
    };
    assert_eq!(after([3.0, -2.0]), after([1.0, -1.0]));
}

#[test]
fn a_teleporter_moves_the_point_to_one_of_three_places() {
    let Some(mut maze) = open::<Maze>("pointmaze/ogbench-teleport-task1-v0") else {
        return;
    };
    // Cell (4, 6) teleports; cells (1, 7), (6, 1) and (6, 10) receive.
    let mut observation = buffer(&maze);
    maze.set_state(&[19.0, 12.0, 0.0, 0.0, 0.0, 20.0], &mut observation)
        .unwrap();
    let (_, before) = act(&mut maze, &[0.0, 0.0]);
    let (_, after) = act(&mut maze, &[0.0, 0.0]);
    assert!((before[0] - 19.0).abs() < 0.1, "{before:?}");
    let places = [[24.0, 0.0], [0.0, 20.0], [36.0, 20.0]];
    let near = |place: &&[f64; 2]| (after[0] - place[0]).abs() + (after[1] - place[1]).abs() < 0.1;
    assert!(places.iter().any(|place| near(&place)), "{after:?}");
}
