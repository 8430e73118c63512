//! The environments against numbers from an independent NumPy and SciPy script (`tests/golden/envs/make.py`).

use envs::lqr::{LqrOracle, STATE_DIM};
use envs::{BehaviourSpec, Functional, cbandit, lqr, maze};
use serde::Deserialize;

const TOLERANCE: f64 = 1e-12;

fn assert_close(found: f64, expected: f64, what: &str) {
    let error = (found - expected).abs() / expected.abs().max(1.0);
    assert!(error <= TOLERANCE, "{what}: {found} instead of {expected}");
}

fn array<const N: usize>(values: &[f64]) -> [f64; N] {
    values
        .try_into()
        .expect("the golden file has the environment's shapes")
}

#[derive(Deserialize)]
struct CBandit {
    states: Vec<Vec<f64>>,
    optimal_actions: Vec<Vec<f64>>,
    actions: Vec<Vec<f64>>,
    rewards: Vec<f64>,
    gradients: Vec<Vec<f64>>,
    behaviours: Vec<[f64; 3]>,
    behaviour_values: Vec<Vec<f64>>,
}

#[test]
fn cbandit_agrees_with_numpy() {
    let golden: CBandit =
        serde_json::from_str(include_str!("../../../tests/golden/envs/cbandit.json")).unwrap();
    for (i, state) in golden.states.iter().enumerate() {
        let (state, action) = (array(state), array(&golden.actions[i]));
        for (found, expected) in cbandit::optimal_action(&state)
            .iter()
            .zip(&golden.optimal_actions[i])
        {
            assert_close(*found, *expected, "optimal action");
        }
        assert_close(
            cbandit::reward(&state, &action),
            golden.rewards[i],
            "reward",
        );
        let (q, gradient) = cbandit::q_with_gradient(&state, &action);
        assert_close(q, golden.rewards[i], "Q");
        for (found, expected) in gradient.iter().zip(&golden.gradients[i]) {
            assert_close(*found, *expected, "gradient");
        }
    }
    for (&[gain, bias, noise], values) in golden.behaviours.iter().zip(&golden.behaviour_values) {
        let behaviour = BehaviourSpec::ScaledOptimal { gain, bias, noise };
        for (state, expected) in golden.states.iter().zip(values) {
            assert_close(
                cbandit::behaviour_value(&behaviour, &array(state)).unwrap(),
                *expected,
                "behaviour value",
            );
        }
    }
}

#[derive(Deserialize)]
struct Lqr {
    states: Vec<Vec<f64>>,
    actions: Vec<Vec<f64>>,
    next_states: Vec<Vec<f64>>,
    rewards: Vec<f64>,
    problems: Vec<Problem>,
}

#[derive(Deserialize)]
struct Problem {
    discount: f64,
    gain: [f64; 2],
    #[serde(rename = "P")]
    p: [f64; 3],
    values: Vec<f64>,
    q_values: Vec<f64>,
    gradients: Vec<Vec<f64>>,
    behaviours: Vec<Behaviour>,
}

#[derive(Deserialize)]
struct Behaviour {
    gain: f64,
    bias: f64,
    noise: f64,
    values: Vec<f64>,
}

fn value(cost_to_go: &lqr::Quadratic, state: &[f64]) -> f64 {
    -(0..lqr::AXES)
        .map(|i| cost_to_go.value(&[state[i], state[lqr::AXES + i]]))
        .sum::<f64>()
}

#[test]
fn lqr_nav_agrees_with_scipy() {
    let golden: Lqr =
        serde_json::from_str(include_str!("../../../tests/golden/envs/lqr_nav.json")).unwrap();
    for (i, state) in golden.states.iter().enumerate() {
        let (next, reward) = lqr::dynamics(&array::<STATE_DIM>(state), &array(&golden.actions[i]));
        assert_close(reward, golden.rewards[i], "reward");
        for (found, expected) in next.iter().zip(&golden.next_states[i]) {
            assert_close(*found, *expected, "next state");
        }
    }
    for problem in &golden.problems {
        let oracle = LqrOracle::new(problem.discount);
        let riccati = oracle.riccati();
        assert_close(riccati.gain[0], problem.gain[0], "gain on position");
        assert_close(riccati.gain[1], problem.gain[1], "gain on velocity");
        let p = riccati.cost_to_go.p;
        for (found, expected) in [p[0][0], p[0][1], p[1][1]].into_iter().zip(problem.p) {
            assert_close(found, expected, "P");
        }
        for (i, state) in golden.states.iter().enumerate() {
            assert_close(value(&riccati.cost_to_go, state), problem.values[i], "V*");
            let (q, gradient) = oracle.q_with_gradient(
                &riccati.cost_to_go,
                &array(state),
                &array(&golden.actions[i]),
            );
            assert_close(q, problem.q_values[i], "Q*");
            for (found, expected) in gradient.iter().zip(&problem.gradients[i]) {
                assert_close(*found, *expected, "dQ*/da");
            }
        }
        for behaviour in &problem.behaviours {
            let &Behaviour {
                gain,
                bias,
                noise,
                ref values,
            } = behaviour;
            let functional =
                Functional::Behaviour(BehaviourSpec::ScaledOptimal { gain, bias, noise });
            let cost_to_go = oracle.cost_to_go(&functional).unwrap();
            for (state, expected) in golden.states.iter().zip(values) {
                assert_close(value(&cost_to_go, state), *expected, "behaviour value");
            }
        }
    }
}

#[derive(Deserialize)]
struct Trajectory {
    map: String,
    states: Vec<[f64; maze::STATE_DIM]>,
    actions: Vec<[f64; maze::ACTION_DIM]>,
    at_goal: Vec<bool>,
}

#[test]
fn point_maze_trajectories_agree_with_numpy() {
    let golden: Vec<Trajectory> =
        serde_json::from_str(include_str!("../../../tests/golden/envs/point_maze.json")).unwrap();
    let mut hits = 0;
    for trajectory in &golden {
        let map = maze::map(&trajectory.map).unwrap();
        for (t, action) in trajectory.actions.iter().enumerate() {
            let moved = maze::dynamics(map, &trajectory.states[t], action);
            hits += usize::from(moved.hit[0]) + usize::from(moved.hit[1]);
            for (found, expected) in moved.state.iter().zip(&trajectory.states[t + 1]) {
                assert_close(*found, *expected, &trajectory.map);
            }
            assert_eq!(
                maze::reached(map, &moved.state),
                trajectory.at_goal[t],
                "{} step {t}",
                trajectory.map
            );
        }
    }
    assert!(hits > 100, "the trajectories hardly touch a wall: {hits}");
    assert!(
        golden
            .iter()
            .any(|trajectory| trajectory.at_goal.contains(&true))
    );
}
