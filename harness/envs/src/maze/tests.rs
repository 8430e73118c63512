use super::*;
use crate::{Functional, Oracle};
use std::sync::LazyLock;

static ORACLE: LazyLock<MazeOracle> = LazyLock::new(|| MazeOracle::new(&TASKS[0], DISCOUNT));

fn starts(n: u64) -> Vec<[f64; STATE_DIM]> {
    let mut env = PointMaze::new(&TASKS[0]);
    let mut observation = [0.0f32; STATE_DIM];
    let mut start = |seed| {
        env.reset(seed, &mut observation).unwrap();
        observation.map(f64::from)
    };
    (0..n).map(&mut start).collect()
}

/// Steps and discounted return of the greedy policy.
fn rollout(map: &Map, grid: &Grid, mut state: [f64; STATE_DIM]) -> (u32, f64) {
    let (mut total, mut factor) = (0.0, 1.0);
    for t in 1..=map.horizon {
        state = dynamics(map, &state, &grid.greedy(&state, 5).0).state;
        if reached(map, &state) {
            return (t, total);
        }
        total -= factor;
        factor *= DISCOUNT;
    }
    (map.horizon, total)
}

#[test]
fn the_discretisation_error_is_within_the_stated_bounds() {
    let grid = ORACLE.grid(UMAZE.goal_cell());
    let results: Vec<(u32, f64)> = starts(200)
        .iter()
        .map(|s| {
            let (steps, discounted) = rollout(&UMAZE, grid, *s);
            (steps, grid.greedy(s, 5).1 - discounted)
        })
        .collect();
    let n = results.len() as f64;
    let mean_error = results.iter().map(|r| r.1.abs()).sum::<f64>() / n;
    let worst = results.iter().map(|r| r.1.abs()).fold(0.0, f64::max);
    let steps = results.iter().map(|r| f64::from(r.0)).sum::<f64>() / n;
    assert!(mean_error < 0.8, "{mean_error}");
    assert!(worst < 2.5, "{worst}");
    // A grid of 12 and 13 nodes needs 15.3 steps on these starts.
    assert!(steps < 15.8, "{steps}");
}

#[test]
fn the_oracle_drives_every_start_to_the_goal_through_the_environment() {
    let mut env = PointMaze::new(&TASKS[0]);
    let (mut s, mut a) = ([0.0f32; STATE_DIM], [0.0f32; ACTION_DIM]);
    for seed in 0..20 {
        env.reset(seed, &mut s).unwrap();
        let last = loop {
            ORACLE.optimal_action(&s, None, &mut a).unwrap();
            let step = env.step(&a, &mut s).unwrap();
            if step.terminated || step.truncated {
                break step;
            }
        };
        assert!(last.terminated);
        assert_eq!(last.reward, 0.0);
    }
}

#[test]
fn the_gradient_of_q_agrees_with_central_differences() {
    let grid = ORACLE.grid(UMAZE.goal_cell());
    let mut checked = 0;
    let mut stream = Stream::new(3, &["test", "maze"]);
    for s in starts(100) {
        let state = [
            s[0],
            s[1],
            stream.uniform_in(-V_MAX, V_MAX),
            stream.uniform_in(-V_MAX, V_MAX),
        ];
        let action = [stream.uniform_in(-0.9, 0.9), stream.uniform_in(-0.9, 0.9)];
        let (value, gradient) = grid.q(&state, &action);
        if value == 0.0 || dynamics(&UMAZE, &state, &action).hit != [false; 2] {
            continue;
        }
        for i in 0..2 {
            // The state is rounded to single precision, so the difference needs a wide step; kinks are skipped.
            let side = |h: f64| {
                let mut moved = action;
                moved[i] += h;
                (grid.q(&state, &moved).0 - value) / h
            };
            let (up, down) = (side(0.02), side(-0.02));
            if (up - down).abs() < 0.02 {
                assert!(
                    (gradient[i] - 0.5 * (up + down)).abs() < 0.02,
                    "{} {up} {down}",
                    gradient[i]
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 50, "{checked}");
}

#[test]
fn regret_is_zero_at_the_optimum_and_positive_away_from_the_goal() {
    let mut a = [0.0f32; ACTION_DIM];
    let state = [1.5f32, 3.5, 0.0, 0.0];
    ORACLE.optimal_action(&state, None, &mut a).unwrap();
    assert!(
        a[0] > 0.0,
        "from the far end of the U the way leads right: {a:?}"
    );
    assert!(ORACLE.regret(&state, None, &a).unwrap().abs() < 1e-12);
    assert!(ORACLE.regret(&state, None, &[-1.0, 0.0]).unwrap() > 0.1);
}

#[test]
fn behaviours_have_no_exact_values() {
    let navigate = Functional::Behaviour(crate::BehaviourSpec::Navigate { noise: 0.3 });
    assert!(matches!(
        ORACLE.v(&navigate, &[1.5; 4], None),
        Err(Error::NoExactSolution { .. })
    ));
}

#[test]
fn no_sequence_of_actions_enters_a_wall() {
    let mut stream = Stream::new(1, &["test", "maze"]);
    for map in [&UMAZE, &MEDIUM, &LARGE] {
        let mut state = [map.goal()[0], map.goal()[1], 0.0, 0.0];
        let mut hits = 0;
        for t in 0..20_000 {
            let hold = Stream::new(t / 7, &["test", "maze", "direction"]).uniform_in(-4.0, 4.0);
            let action = [
                libm::cos(hold) * 3.0,
                libm::sin(hold) * 3.0 + stream.uniform_in(-1.0, 1.0),
            ];
            let moved = dynamics(map, &state, &action);
            state = moved.state;
            hits += usize::from(moved.hit[0]) + usize::from(moved.hit[1]);
            assert!(
                map.is_free(map.cell_of([state[0], state[1]])),
                "{} {state:?}",
                map.id
            );
            assert!(state[2].abs() <= V_MAX && state[3].abs() <= V_MAX);
        }
        assert!(hits > 1_000);
    }
}

#[test]
fn a_wall_stops_one_axis_and_lets_the_other_slide() {
    let moved = dynamics(&UMAZE, &[1.95, 1.5, 0.1, 0.1], &[1.0, 1.0]);
    assert!(!moved.hit[0] && moved.state[0] > 2.0);
    let moved = dynamics(&UMAZE, &[1.5, 1.99, 0.1, 0.1], &[1.0, 1.0]);
    assert_eq!(moved.hit, [false, true]);
    assert_eq!(moved.state[1], 2.0 - WALL_GAP);
    assert_eq!(moved.state[3], 0.0);
    assert!((moved.state[0] - 1.62).abs() < 1e-6);
}

#[test]
fn an_idle_episode_is_truncated_at_the_horizon() {
    let mut env = PointMaze::new(&TASKS[0]);
    let mut s = [0.0; STATE_DIM];
    env.reset(0, &mut s).unwrap();
    let mut total = 0.0;
    for t in 1..=200 {
        let step = env.step(&[0.0; 2], &mut s).unwrap();
        total += step.reward;
        assert_eq!((step.terminated, step.truncated), (false, t == 200));
    }
    assert_eq!(total, -200.0);
    assert!(env.step(&[0.0; 2], &mut s).is_err());
}
