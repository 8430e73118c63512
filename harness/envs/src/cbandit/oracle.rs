//! The exact solution of the bandit.

use super::{ACTION_DIM, ID, STATE_DIM, expectile, optimal_action};
use crate::behaviour::{BehaviourSpec, clipped_normal_moments};
use crate::environment::{Functional, Oracle, check_length, narrow, widen};
use crate::error::Error;
use crate::quadrature::expectation_4d;
use crate::recipe::Start;

/// Nodes an axis for expectations over states; 4 fewer change the result by less than 1e-7.
pub const QUADRATURE_POINTS: usize = 24;

/// Q of every policy is the reward; V* is zero; V of a behaviour is a sum of clipped Gaussian moments.
#[derive(Clone, Copy, Debug, Default)]
pub struct CBanditOracle;

impl Oracle for CBanditOracle {
    fn optimal_action(
        &self,
        observation: &[f32],
        _goal: Option<&[f32]>,
        out: &mut [f32],
    ) -> Result<(), Error> {
        check_length(ID, "action", ACTION_DIM, out.len())?;
        narrow(
            &optimal_action(&widen(ID, "observation", observation)?),
            out,
        );
        Ok(())
    }

    fn q(
        &self,
        _: &Functional,
        observation: &[f32],
        _goal: Option<&[f32]>,
        action: &[f32],
        grad: Option<&mut [f32]>,
    ) -> Result<f64, Error> {
        let state = widen(ID, "observation", observation)?;
        let action = widen(ID, "action", action)?;
        let (value, gradient) = q_with_gradient(&state, &action);
        if let Some(out) = grad {
            check_length(ID, "gradient", ACTION_DIM, out.len())?;
            narrow(&gradient, out);
        }
        Ok(value)
    }

    fn v(
        &self,
        functional: &Functional,
        observation: &[f32],
        _goal: Option<&[f32]>,
    ) -> Result<f64, Error> {
        let state = widen(ID, "observation", observation)?;
        match functional {
            Functional::Optimal => Ok(0.0),
            Functional::Behaviour(behaviour) => behaviour_value(behaviour, &state),
            Functional::Expectile {
                expectile,
                behaviour,
            } => expectile::value(behaviour, *expectile, &state),
        }
    }
}

/// Q(s, a) = -||clip(a) - a*(s)||^2 and dQ/da = -2 (a - a*(s)) inside the bounds, 0 beyond them.
pub fn q_with_gradient(
    state: &[f64; STATE_DIM],
    action: &[f64; ACTION_DIM],
) -> (f64, [f64; ACTION_DIM]) {
    let optimal = optimal_action(state);
    let mut value = 0.0;
    let gradient = std::array::from_fn(|k| {
        let d = action[k].clamp(-1.0, 1.0) - optimal[k];
        value -= d * d;
        if action[k].abs() > 1.0 { 0.0 } else { -2.0 * d }
    });
    (value, gradient)
}

/// V of a behaviour at one state: `-sum_k (E a_k^2 - 2 a*_k E a_k + a*_k^2)` with the moments of the clipped Gaussian;
/// a mixture is the average over its parts, since an episode is a single step.
pub fn behaviour_value(behaviour: &BehaviourSpec, state: &[f64; STATE_DIM]) -> Result<f64, Error> {
    let optimal = optimal_action(state);
    let mut value = 0.0;
    for (share, part) in behaviour.parts() {
        let &BehaviourSpec::ScaledOptimal { gain, bias, noise } = part else {
            return Err(Error::no_solution(
                ID,
                part.name(),
                "this behaviour belongs to another environment",
            ));
        };
        for a in optimal {
            let (first, second) = clipped_normal_moments(gain * a + bias, noise);
            value -= share * (second - 2.0 * a * first + a * a);
        }
    }
    Ok(value)
}

/// Expected return of a behaviour over a start distribution, by Gauss-Legendre quadrature with `points` nodes an axis.
pub fn expected_return(
    behaviour: &BehaviourSpec,
    start: &Start,
    points: usize,
) -> Result<f64, Error> {
    behaviour_value(behaviour, &[0.0; STATE_DIM])?;
    Ok(expectation_4d(points, |u| {
        let state = u.map(|u| start.offset + start.scale * u);
        behaviour_value(behaviour, &state).expect("the behaviour was accepted at another state")
    }))
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

    fn random_state(stream: &mut Stream) -> [f64; STATE_DIM] {
        std::array::from_fn(|_| stream.uniform_in(-1.0, 1.0))
    }

    #[test]
    fn the_gradient_agrees_with_central_differences() {
        let mut stream = Stream::new(1, &["test", "cbandit"]);
        for _ in 0..50 {
            let state = random_state(&mut stream);
            let action: [f64; ACTION_DIM] = std::array::from_fn(|_| stream.uniform_in(-0.99, 0.99));
            let (_, gradient) = q_with_gradient(&state, &action);
            for k in 0..ACTION_DIM {
                let h = 1e-5;
                let (mut up, mut down) = (action, action);
                up[k] += h;
                down[k] -= h;
                let difference =
                    (q_with_gradient(&state, &up).0 - q_with_gradient(&state, &down).0) / (2.0 * h);
                assert!((gradient[k] - difference).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn beyond_the_bounds_the_gradient_is_zero() {
        let (_, gradient) = q_with_gradient(&[0.2; STATE_DIM], &[1.5, -1.5, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(gradient[..2], [0.0, 0.0]);
        assert!(gradient[2] != 0.0);
    }

    #[test]
    fn the_value_of_a_behaviour_is_the_mean_reward_of_its_actions() {
        let mut stream = Stream::new(2, &["test", "cbandit"]);
        for _ in 0..3 {
            let state = random_state(&mut stream);
            let optimal = optimal_action(&state);
            let n = 200_000;
            let (mut sum, mut square) = (0.0, 0.0);
            for _ in 0..n {
                let action: [f64; ACTION_DIM] =
                    std::array::from_fn(|k| 0.3 * optimal[k] + 0.2 + 0.25 * stream.normal());
                let r = super::super::reward(&state, &action);
                sum += r;
                square += r * r;
            }
            let mean = sum / f64::from(n);
            let error = libm::sqrt((square / f64::from(n) - mean * mean) / f64::from(n));
            assert!((mean - behaviour_value(&SUBOPTIMAL, &state).unwrap()).abs() < 5.0 * error);
        }
    }

    #[test]
    fn quadrature_over_states_has_converged() {
        let full = Start::default();
        let value = |points| expected_return(&SUBOPTIMAL, &full, points).unwrap();
        let (coarse, fine) = (value(QUADRATURE_POINTS - 4), value(QUADRATURE_POINTS));
        assert!((coarse - fine).abs() < 1e-7, "{coarse} {fine}");
        let mut stream = Stream::new(3, &["test", "cbandit"]);
        let n = 50_000;
        let values: Vec<f64> = (0..n)
            .map(|_| behaviour_value(&SUBOPTIMAL, &random_state(&mut stream)).unwrap())
            .collect();
        let mean = values.iter().sum::<f64>() / f64::from(n);
        let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / f64::from(n);
        assert!((mean - fine).abs() < 5.0 * libm::sqrt(variance / f64::from(n)));
    }

    #[test]
    fn the_optimum_has_no_regret() {
        let oracle = CBanditOracle;
        let state = [0.3f32, -0.2, 0.7, 0.0];
        let mut action = [0.0f32; ACTION_DIM];
        oracle.optimal_action(&state, None, &mut action).unwrap();
        assert!(oracle.regret(&state, None, &action).unwrap() < 1e-12);
        assert!(oracle.regret(&state, None, &[0.0; ACTION_DIM]).unwrap() > 0.01);
    }
}
