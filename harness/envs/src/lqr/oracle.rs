//! Exact values of the point mass at one discount.

use std::sync::{Arc, Mutex, PoisonError};

use super::{AXES, ID, LinearGaussian, Quadratic, Riccati, STATE_DIM, dynamics};
use crate::behaviour::BehaviourSpec;
use crate::environment::{Functional, Oracle, check_length, narrow, widen};
use crate::error::Error;

/// Riccati solution for pi*, Lyapunov solutions for linear-Gaussian behaviours.
#[derive(Clone, Debug)]
pub struct LqrOracle {
    discount: f64,
    optimal: Riccati,
    /// Solutions found so far: one takes thousands of iterations, and values are asked for row by row.
    known: Arc<Mutex<Vec<(BehaviourSpec, Quadratic)>>>,
}

impl LqrOracle {
    /// Solves the problem at `discount` in `[0, 1)`.
    pub fn new(discount: f64) -> Self {
        Self {
            discount,
            optimal: Riccati::solve(discount),
            known: Arc::default(),
        }
    }

    /// The optimal gain and cost-to-go of an axis.
    pub fn riccati(&self) -> &Riccati {
        &self.optimal
    }

    /// pi*(s) = clip(-K s, -1, 1).
    pub fn action(&self, state: &[f64; STATE_DIM]) -> [f64; AXES] {
        std::array::from_fn(|i| self.optimal.action(&axis(state, i)).clamp(-1.0, 1.0))
    }

    /// Q(s, a) = r(s, a) - d sum_axes W(s') with cost-to-go W, and dQ/da = -2 a - d B' dW/ds'(s') (0 beyond the bounds).
    pub fn q_with_gradient(
        &self,
        cost_to_go: &Quadratic,
        state: &[f64; STATE_DIM],
        action: &[f64; AXES],
    ) -> (f64, [f64; AXES]) {
        let (next, reward) = dynamics(state, action);
        let mut value = reward;
        let gradient = std::array::from_fn(|i| {
            let s = axis(&next, i);
            value -= self.discount * cost_to_go.value(&s);
            if action[i].abs() > 1.0 {
                return 0.0;
            }
            let slope = cost_to_go.gradient(&s);
            -2.0 * action[i] - self.discount * (super::B[0] * slope[0] + super::B[1] * slope[1])
        });
        (value, gradient)
    }

    /// The cost-to-go of `functional` on one axis.
    pub fn cost_to_go(&self, functional: &Functional) -> Result<Quadratic, Error> {
        match functional {
            Functional::Optimal => Ok(self.optimal.cost_to_go),
            Functional::Behaviour(spec @ BehaviourSpec::ScaledOptimal { gain, bias, noise }) => {
                let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some((_, found)) = known.iter().find(|(s, _)| s == spec) {
                    return Ok(*found);
                }
                let policy = self.linear_gaussian(*gain, *bias, *noise);
                let found = policy
                    .cost_to_go(self.discount)
                    .ok_or(Error::NoExactSolution {
                        environment: ID,
                        functional: "scaled-optimal".to_owned(),
                        reason: "the discounted cost is infinite",
                    })?;
                known.push((spec.clone(), found));
                Ok(found)
            }
            Functional::Behaviour(other) => Err(Error::no_solution(
                ID,
                other.name(),
                "a policy drawn per episode is not a function of the state",
            )),
            // At the middle the expectile is the mean.
            Functional::Expectile {
                expectile: 0.5,
                behaviour,
            } => self.cost_to_go(&Functional::Behaviour(behaviour.clone())),
            Functional::Expectile { expectile, .. } => Err(Error::no_solution(
                ID,
                format!("expectile {expectile}"),
                "expectiles of a quadratic under Gaussian actions are not quadratic in the state",
            )),
        }
    }

    /// `a = gain a*(s) + bias + noise N(0, 1)` as a linear-Gaussian policy (without clipping).
    pub fn linear_gaussian(&self, gain: f64, bias: f64, noise: f64) -> LinearGaussian {
        LinearGaussian {
            feedback: self.optimal.gain.map(|k| gain * k),
            bias,
            noise,
        }
    }
}

impl Oracle for LqrOracle {
    fn optimal_action(
        &self,
        observation: &[f32],
        _goal: Option<&[f32]>,
        out: &mut [f32],
    ) -> Result<(), Error> {
        check_length(ID, "action", AXES, out.len())?;
        narrow(&self.action(&widen(ID, "observation", observation)?), out);
        Ok(())
    }

    fn q(
        &self,
        functional: &Functional,
        observation: &[f32],
        _goal: Option<&[f32]>,
        action: &[f32],
        grad: Option<&mut [f32]>,
    ) -> Result<f64, Error> {
        let cost_to_go = self.cost_to_go(functional)?;
        let state = widen(ID, "observation", observation)?;
        let (value, gradient) =
            self.q_with_gradient(&cost_to_go, &state, &widen(ID, "action", action)?);
        if let Some(out) = grad {
            check_length(ID, "gradient", AXES, out.len())?;
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
        let cost_to_go = self.cost_to_go(functional)?;
        let state = widen(ID, "observation", observation)?;
        Ok(-(0..AXES)
            .map(|i| cost_to_go.value(&axis(&state, i)))
            .sum::<f64>())
    }
}

fn axis(state: &[f64; STATE_DIM], i: usize) -> [f64; 2] {
    [state[i], state[AXES + i]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lqr::DISCOUNT;
    use manifest::random::Stream;

    fn start(stream: &mut Stream) -> [f64; STATE_DIM] {
        std::array::from_fn(|i| stream.uniform_in(-1.0, 1.0) * super::super::START[i / AXES])
    }

    fn value(w: &Quadratic, state: &[f64; STATE_DIM]) -> f64 {
        -(0..AXES).map(|i| w.value(&axis(state, i))).sum::<f64>()
    }

    #[test]
    fn bellman_residuals_vanish_for_the_optimum() {
        let oracle = LqrOracle::new(DISCOUNT);
        let w = oracle.riccati().cost_to_go;
        let mut stream = Stream::new(1, &["test", "lqr"]);
        for _ in 0..100 {
            let s = start(&mut stream);
            let best = oracle.action(&s);
            let (q, gradient) = oracle.q_with_gradient(&w, &s, &best);
            assert!((q - value(&w, &s)).abs() < 1e-11);
            assert!(gradient.iter().all(|g| g.abs() < 1e-11), "{gradient:?}");
            let other: [f64; AXES] = std::array::from_fn(|_| stream.uniform_in(-1.0, 1.0));
            assert!(oracle.q_with_gradient(&w, &s, &other).0 < value(&w, &s));
        }
    }

    #[test]
    fn the_gradient_agrees_with_central_differences() {
        let oracle = LqrOracle::new(DISCOUNT);
        let behaviour = Functional::Behaviour(BehaviourSpec::ScaledOptimal {
            gain: 0.35,
            bias: 0.1,
            noise: 0.25,
        });
        let mut stream = Stream::new(2, &["test", "lqr"]);
        for functional in [Functional::Optimal, behaviour] {
            let w = oracle.cost_to_go(&functional).unwrap();
            let s = start(&mut stream);
            let a: [f64; AXES] = std::array::from_fn(|_| stream.uniform_in(-0.9, 0.9));
            let (_, gradient) = oracle.q_with_gradient(&w, &s, &a);
            for i in 0..AXES {
                let (mut up, mut down) = (a, a);
                up[i] += 1e-5;
                down[i] -= 1e-5;
                let slope = (oracle.q_with_gradient(&w, &s, &up).0
                    - oracle.q_with_gradient(&w, &s, &down).0)
                    / 2e-5;
                assert!((slope - gradient[i]).abs() < 1e-8);
            }
        }
    }

    #[test]
    fn rolling_out_the_optimal_policy_attains_its_value() {
        let oracle = LqrOracle::new(DISCOUNT);
        let mut stream = Stream::new(3, &["test", "lqr"]);
        for _ in 0..5 {
            let first = start(&mut stream);
            let (mut s, mut total, mut factor) = (first, 0.0, 1.0);
            for _ in 0..600 {
                let (next, reward) = dynamics(&s, &oracle.action(&s));
                total += factor * reward;
                factor *= DISCOUNT;
                s = next;
            }
            assert!((total - value(&oracle.riccati().cost_to_go, &first)).abs() < 1e-9);
        }
    }

    #[test]
    fn the_value_of_a_behaviour_is_the_mean_return_of_its_rollouts() {
        let oracle = LqrOracle::new(0.9);
        let spec = BehaviourSpec::ScaledOptimal {
            gain: 0.35,
            bias: 0.05,
            noise: 0.15,
        };
        let w = oracle.cost_to_go(&Functional::Behaviour(spec)).unwrap();
        let mut stream = Stream::new(4, &["test", "lqr"]);
        let first = start(&mut stream);
        let n = 4_000;
        let (mut sum, mut square) = (0.0, 0.0);
        for _ in 0..n {
            let (mut s, mut total, mut factor) = (first, 0.0, 1.0);
            // 0.9^200 < 1e-9: the cut tail is far below the sampling error.
            for _ in 0..200 {
                let best = oracle.action(&s);
                let a = std::array::from_fn(|i| 0.35 * best[i] + 0.05 + 0.15 * stream.normal());
                let (next, reward) = dynamics(&s, &a);
                total += factor * reward;
                factor *= 0.9;
                s = next;
            }
            sum += total;
            square += total * total;
        }
        let mean = sum / f64::from(n);
        let error = libm::sqrt((square / f64::from(n) - mean * mean) / f64::from(n));
        assert!(
            (mean - value(&w, &first)).abs() < 5.0 * error,
            "{mean} {} {error}",
            value(&w, &first)
        );
    }

    #[test]
    fn mixtures_have_no_exact_value() {
        let oracle = LqrOracle::new(DISCOUNT);
        let mixture = BehaviourSpec::Mixture { parts: Vec::new() };
        assert!(matches!(
            oracle.v(&Functional::Behaviour(mixture), &[0.0; 8], None),
            Err(Error::NoExactSolution { .. })
        ));
    }
}
