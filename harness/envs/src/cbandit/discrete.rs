//! The bandit with a finite action set, and its exact solution.

use super::{ACTION_DIM, QUADRATURE_POINTS, STATE_DIM, optimal_action, reward};
use crate::behaviour::BehaviourSpec;
use crate::discrete::Levels;
use crate::environment::{Functional, Oracle, check_expectile, check_length, widen};
use crate::error::Error;
use crate::expectile::solve;
use crate::quadrature::expectation_4d;
use crate::recipe::Start;

/// The environment's id.
pub const DISCRETE_ID: &str = "cbandit/discrete-v0";

/// The 64 actions: every entry is -.5 or .5.
pub const LEVELS: Levels = Levels {
    entries: ACTION_DIM,
    values: &[-0.5, 0.5],
};

/// Exact sums over the 64 actions. The optimal action has the sign of a* in every entry.
#[derive(Clone, Copy, Debug, Default)]
pub struct CBanditDiscreteOracle;

fn action(index: usize) -> [f64; ACTION_DIM] {
    let mut action = [0.0; ACTION_DIM];
    LEVELS.write(index, &mut action);
    action
}

fn best(state: &[f64; STATE_DIM]) -> usize {
    LEVELS.nearest(optimal_action(state).into_iter())
}

/// Mean reward of a behaviour: entries are independent, so that its sum over actions is one sum per entry.
fn behaviour_value(behaviour: &BehaviourSpec, state: &[f64; STATE_DIM]) -> Result<f64, Error> {
    let mut value = 0.0;
    for (share, part) in behaviour.parts() {
        let &BehaviourSpec::ScaledOptimal { gain, bias, noise } = part else {
            return Err(Error::no_solution(
                DISCRETE_ID,
                part.name(),
                "this behaviour belongs to another environment",
            ));
        };
        for a in optimal_action(state) {
            let levels = LEVELS.level_probabilities(gain * a + bias, noise);
            for (p, level) in levels.iter().zip(LEVELS.values) {
                value -= share * p * (level - a) * (level - a);
            }
        }
    }
    Ok(value)
}

/// Probability and reward of every action of a behaviour.
fn sample(behaviour: &BehaviourSpec, state: &[f64; STATE_DIM]) -> Vec<(f64, f64)> {
    let optimal = optimal_action(state);
    let mut sample: Vec<(f64, f64)> = (0..LEVELS.count())
        .map(|index| (0.0, reward(state, &action(index))))
        .collect();
    let mut probabilities = vec![0.0; LEVELS.count()];
    for (share, part) in behaviour.parts() {
        if let &BehaviourSpec::ScaledOptimal { gain, bias, noise } = part {
            LEVELS.probabilities(&optimal.map(|a| gain * a + bias), noise, &mut probabilities);
            for ((weight, _), p) in sample.iter_mut().zip(&probabilities) {
                *weight += share * p;
            }
        }
    }
    sample
}

/// V of a functional at one state.
pub fn value(functional: &Functional, state: &[f64; STATE_DIM]) -> Result<f64, Error> {
    match functional {
        Functional::Optimal => Ok(reward(state, &action(best(state)))),
        Functional::Behaviour(behaviour) => behaviour_value(behaviour, state),
        Functional::Expectile {
            expectile,
            behaviour,
        } => {
            check_expectile(DISCRETE_ID, *expectile)?;
            let mean = behaviour_value(behaviour, state)?;
            Ok(solve(*expectile, mean, &sample(behaviour, state)))
        }
    }
}

/// Mean return of a functional over a start distribution, by Gauss-Legendre quadrature. The optimum has kinks where an entry of a*
/// changes its sign: 4 nodes fewer change it by less than 1e-3.
pub fn discrete_expected_return(functional: &Functional, start: &Start) -> Result<f64, Error> {
    value(functional, &[0.0; STATE_DIM])?;
    Ok(expectation_4d(QUADRATURE_POINTS, |u| {
        value(functional, &u.map(|u| start.offset + start.scale * u))
            .expect("the functional was accepted at another state")
    }))
}

impl Oracle for CBanditDiscreteOracle {
    fn optimal_action(
        &self,
        observation: &[f32],
        _goal: Option<&[f32]>,
        out: &mut [f32],
    ) -> Result<(), Error> {
        check_length(DISCRETE_ID, "action", 1, out.len())?;
        out[0] = best(&widen(DISCRETE_ID, "observation", observation)?) as f32;
        Ok(())
    }

    fn q(
        &self,
        _: &Functional,
        observation: &[f32],
        _goal: Option<&[f32]>,
        index: &[f32],
        grad: Option<&mut [f32]>,
    ) -> Result<f64, Error> {
        if grad.is_some() {
            return Err(Error::no_gradient(DISCRETE_ID));
        }
        let state = widen(DISCRETE_ID, "observation", observation)?;
        Ok(reward(&state, &action(LEVELS.read(DISCRETE_ID, index)?)))
    }

    fn v(
        &self,
        functional: &Functional,
        observation: &[f32],
        _goal: Option<&[f32]>,
    ) -> Result<f64, Error> {
        value(functional, &widen(DISCRETE_ID, "observation", observation)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use manifest::random::Stream;

    const SUBOPTIMAL: BehaviourSpec = BehaviourSpec::ScaledOptimal {
        gain: 0.3,
        bias: 0.2,
        noise: 0.25,
    };

    #[test]
    fn the_optimum_is_the_best_of_all_sums() {
        let mut stream = Stream::new(1, &["test", "discrete bandit"]);
        for _ in 0..50 {
            let state: [f32; STATE_DIM] =
                std::array::from_fn(|_| stream.uniform_in(-1.0, 1.0) as f32);
            let mut q = vec![0.0; LEVELS.count()];
            CBanditDiscreteOracle
                .q_all(&Functional::Optimal, &state, None, &mut q)
                .unwrap();
            let most = q.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let v = CBanditDiscreteOracle.v(&Functional::Optimal, &state, None);
            assert_eq!(v.unwrap(), most);
            let mut index = [0.0f32];
            CBanditDiscreteOracle
                .optimal_action(&state, None, &mut index)
                .unwrap();
            assert_eq!(q[index[0] as usize], most);
        }
    }

    #[test]
    fn the_value_of_a_behaviour_is_the_mean_reward_of_its_actions() {
        let mut stream = Stream::new(2, &["test", "discrete bandit"]);
        let state: [f64; STATE_DIM] = std::array::from_fn(|_| stream.uniform_in(-1.0, 1.0));
        let optimal = optimal_action(&state);
        let n = 100_000;
        let (mut sum, mut square) = (0.0, 0.0);
        for _ in 0..n {
            let noisy = optimal.map(|a| 0.3 * a + 0.2 + 0.25 * stream.normal());
            let r = reward(&state, &action(LEVELS.nearest(noisy.into_iter())));
            sum += r;
            square += r * r;
        }
        let mean = sum / f64::from(n);
        let error = libm::sqrt((square / f64::from(n) - mean * mean) / f64::from(n));
        let exact = value(&Functional::Behaviour(SUBOPTIMAL), &state).unwrap();
        assert!((mean - exact).abs() < 5.0 * error, "{mean} {exact} {error}");
    }

    #[test]
    fn expectiles_rise_from_the_mean_to_the_optimum() {
        let state = [0.3, -0.2, 0.8, 0.1];
        let at = |expectile| {
            let behaviour = SUBOPTIMAL;
            value(
                &Functional::Expectile {
                    expectile,
                    behaviour,
                },
                &state,
            )
            .unwrap()
        };
        let mean = value(&Functional::Behaviour(SUBOPTIMAL), &state).unwrap();
        assert!((at(0.5) - mean).abs() < 1e-13);
        let best = value(&Functional::Optimal, &state).unwrap();
        let values = [0.3, 0.5, 0.7, 0.9, 0.999].map(at);
        assert!(values.windows(2).all(|v| v[0] < v[1]), "{values:?}");
        assert!(values[4] < best && at(1.0 - 1e-9) > best - 1e-3);
    }
}
