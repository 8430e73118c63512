use super::*;
use crate::{Functional, Oracle};
use std::sync::LazyLock;

static ORACLE: LazyLock<MazeOracle> = LazyLock::new(|| MazeOracle::new(&TASKS[0], DISCOUNT, None));

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

fn named(id: &str) -> &'static Task {
    task(id).unwrap()
}

fn oracle_of(id: &str) -> MazeOracle {
    MazeOracle::new(named(id), DISCOUNT, None)
}

/// Plays an episode with the oracle; steps, and whether the goal was reached.
fn play(env: &mut PointMaze, oracle: &MazeOracle, seed: u64) -> (u32, bool) {
    let spec = env.spec().clone();
    let mut s = vec![0.0f32; spec.observation_dim];
    let mut goal = vec![0.0f32; spec.goal_dim];
    let mut a = vec![0.0f32; spec.action_dim];
    env.reset(seed, &mut s).unwrap();
    env.goal(&mut goal);
    for t in 1.. {
        oracle.optimal_action(&s, Some(&goal), &mut a).unwrap();
        let step = env.step(&a, &mut s).unwrap();
        if step.terminated || step.truncated {
            return (t, step.terminated);
        }
    }
    unreachable!("episodes have a horizon")
}

#[test]
fn episodes_have_goals_of_their_own_which_the_oracle_reaches() {
    let oracle = oracle_of("point-maze/umaze-goals-v0");
    let mut env = PointMaze::new(named("point-maze/umaze-goals-v0"));
    let (mut pairs, mut goal) = (std::collections::BTreeSet::new(), [0.0f32; GOAL_DIM]);
    for seed in 0..100 {
        let mut s = [0.0f32; STATE_DIM];
        env.reset(seed, &mut s).unwrap();
        env.goal(&mut goal);
        let start = UMAZE.cell_of([s[0], s[1]].map(f64::from));
        let target = UMAZE.cell_of(goal.map(f64::from));
        assert_eq!(centre(target), goal.map(f64::from));
        assert_ne!(start, target);
        pairs.insert((start, target));
        if seed < 30 {
            let (steps, reached) = play(&mut env, &oracle, seed);
            assert!(reached && steps < 45, "{steps}");
        }
    }
    assert!(pairs.len() > 30, "of 42 pairs {}", pairs.len());
}

#[test]
fn the_maps_own_goal_has_the_values_of_the_fixed_goal() {
    let oracle = oracle_of("point-maze/umaze-goals-v0");
    let goal = UMAZE.goal().map(|x| x as f32);
    for state in starts(10) {
        let s = state.map(|x| x as f32);
        let q = |oracle: &MazeOracle, goal| {
            oracle.q(&Functional::Optimal, &s, goal, &[0.3, -0.2], None)
        };
        assert_eq!(q(&oracle, Some(&goal)).unwrap(), q(&ORACLE, None).unwrap());
    }
}

#[test]
fn goals_must_be_given_and_lie_in_free_cells() {
    let oracle = oracle_of("point-maze/umaze-goals-v0");
    let mut a = [0.0f32; ACTION_DIM];
    let state = [1.5f32, 3.5, 0.0, 0.0];
    let mut act = |goal| oracle.optimal_action(&state, goal, &mut a).unwrap_err();
    assert!(matches!(act(None), Error::Goal { .. }));
    assert!(matches!(act(Some(&[0.5, 0.5])), Error::Goal { .. }));
    assert!(matches!(act(Some(&[1.5])), Error::Shape { .. }));
    assert!(matches!(
        act(Some(&[f32::NAN, 1.5])),
        Error::NotFinite { .. }
    ));
}

#[test]
fn the_large_maze_has_a_declared_expert_without_values() {
    let oracle = oracle_of("point-maze/large-goals-v0");
    assert!(!oracle.exact() && ORACLE.exact());
    let mut env = PointMaze::new(named("point-maze/large-goals-v0"));
    for seed in 0..30 {
        let (steps, reached) = play(&mut env, &oracle, seed);
        assert!(reached && steps < 200, "{steps}");
    }
    assert!(matches!(
        oracle.v(
            &Functional::Optimal,
            &[1.5, 1.5, 0.0, 0.0],
            Some(&[9.5, 7.5])
        ),
        Err(Error::NoExactSolution { .. })
    ));
}

const NOISY: crate::BehaviourSpec = crate::BehaviourSpec::ScaledOptimal {
    gain: 1.0,
    bias: 0.0,
    noise: 0.8,
};

#[test]
fn nine_accelerations_reach_the_goal_and_lose_little() {
    let oracle = oracle_of("point-maze/umaze-discrete-v0");
    let mut env = PointMaze::new(named("point-maze/umaze-discrete-v0"));
    let mut q = [0.0; 9];
    for seed in 0..20 {
        assert!(play(&mut env, &oracle, seed).1);
    }
    for state in starts(20) {
        let s = state.map(|x| x as f32);
        let all = oracle.q_all(&Functional::Optimal, &s, None, &mut q);
        all.unwrap();
        let v = oracle.v(&Functional::Optimal, &s, None).unwrap();
        assert_eq!(v, q.into_iter().fold(f64::NEG_INFINITY, f64::max));
        let finer = ORACLE.v(&Functional::Optimal, &s, None).unwrap();
        assert!(v <= finer && v > finer - 0.5, "{v} {finer}");
    }
    let s = [1.5f32, 3.5, 0.0, 0.0];
    assert!(
        oracle
            .q(&Functional::Optimal, &s, None, &[9.0], None)
            .is_err()
    );
    let mut gradient = [0.0; 2];
    assert!(matches!(
        oracle.q(&Functional::Optimal, &s, None, &[0.0], Some(&mut gradient)),
        Err(Error::NoExactSolution { .. })
    ));
}

/// Mean discounted return of the noisy behaviour from a state, and its standard error.
fn noisy_return(oracle: &MazeOracle, start: [f64; STATE_DIM], n: u64) -> (f64, f64) {
    let returns: Vec<f64> = (0..n)
        .map(|seed| {
            let mut stream = Stream::new(seed, &["test", "noisy"]);
            let (mut state, mut total, mut factor) = (start, 0.0, 1.0);
            for _ in 0..2_000 {
                let best = oracle.acceleration(&state, UMAZE.goal_cell());
                let noisy = best.map(|a| a + 0.8 * stream.normal());
                let mut action = [0.0; ACTION_DIM];
                ACCELERATIONS.write(ACCELERATIONS.nearest(noisy.into_iter()), &mut action);
                state = dynamics(&UMAZE, &state, &action).state;
                if reached(&UMAZE, &state) {
                    break;
                }
                total -= factor;
                factor *= DISCOUNT;
            }
            total
        })
        .collect();
    crate::generate::mean_and_error(&returns)
}

#[test]
fn the_value_of_a_discrete_behaviour_is_its_mean_return_up_to_discretisation() {
    let oracle = oracle_of("point-maze/umaze-discrete-v0");
    for state in [[1.5, 3.5, 0.0, 0.0], [3.5, 2.5, 0.0, 0.0]] {
        let behaviour = Functional::Behaviour(NOISY);
        let v = oracle
            .v(&behaviour, &state.map(|x| x as f32), None)
            .unwrap();
        let (mean, error) = noisy_return(&oracle, state, 1_000);
        assert!((v - mean).abs() < 1.5 + 5.0 * error, "{v} {mean} {error}");
        let optimal = oracle.v(&Functional::Optimal, &state.map(|x| x as f32), None);
        assert!(v < optimal.unwrap() - 1.0);
    }
}

#[test]
fn expectiles_lead_from_the_behaviour_to_the_optimum() {
    let oracle = oracle_of("point-maze/umaze-discrete-v0");
    let state = [1.5f32, 3.5, 0.0, 0.0];
    let at = |expectile| {
        let functional = Functional::Expectile {
            expectile,
            behaviour: NOISY,
        };
        oracle.v(&functional, &state, None).unwrap()
    };
    let behaviour = oracle.v(&Functional::Behaviour(NOISY), &state, None);
    assert_eq!(at(0.5), behaviour.unwrap());
    let best = oracle.v(&Functional::Optimal, &state, None).unwrap();
    let values = [0.5, 0.7, 0.9, 0.999].map(at);
    assert!(values.windows(2).all(|v| v[0] < v[1]), "{values:?}");
    assert!((values[3] - best).abs() < 0.3, "{values:?} {best}");
}

#[test]
fn images_start_where_states_start_and_have_their_values() {
    let oracle = oracle_of("point-maze/umaze-pixels-v0");
    let mut seen = PointMaze::new(named("point-maze/umaze-pixels-v0"));
    let mut image = vec![0.0f32; seen.spec().observation_dim];
    for (seed, state) in starts(10).into_iter().enumerate() {
        seen.reset(seed as u64, &mut image).unwrap();
        assert_eq!(*seen.state(), state);
        let value = oracle.v(&Functional::Optimal, &image, None).unwrap();
        let s = state.map(|x| x as f32);
        let expected = ORACLE.v(&Functional::Optimal, &s, None).unwrap();
        assert!((value - expected).abs() < 1e-3, "{value} {expected}");
        assert!(play(&mut seen, &oracle, seed as u64).1);
    }
}
