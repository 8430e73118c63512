//! The expectile of the reward over a behaviour's actions: what implicit Q-learning's V converges to on the bandit.

use std::sync::LazyLock;

use super::{ACTION_DIM, ID, STATE_DIM, behaviour_value, optimal_action};
use crate::behaviour::BehaviourSpec;
use crate::environment::check_expectile;
use crate::error::Error;
use crate::expectile::solve;

/// Points of the quasi-random sample behind an expectile.
pub const EXPECTILE_POINTS: usize = 8_192;

/// Standard normal actions: an additive lattice (Roberts' generalised golden ratio) through the Box-Muller transform.
static NORMALS: LazyLock<Vec<[f64; ACTION_DIM]>> = LazyLock::new(|| {
    // The root of x^(d + 1) = x + 1, by its contraction.
    let mut root = 1.2f64;
    for _ in 0..64 {
        root = libm::pow(1.0 + root, 1.0 / (ACTION_DIM as f64 + 1.0));
    }
    let steps: [f64; ACTION_DIM] = std::array::from_fn(|k| libm::pow(root, -(k as f64 + 1.0)));
    let point = |n: usize| {
        let u: [f64; ACTION_DIM] = std::array::from_fn(|k| {
            let x = 0.5 + steps[k] * (n as f64 + 1.0);
            (x - libm::floor(x)).max(f64::MIN_POSITIVE)
        });
        std::array::from_fn(|k| {
            let (radius, angle) = (u[k / 2 * 2], std::f64::consts::TAU * u[k / 2 * 2 + 1]);
            let turn = if k % 2 == 0 {
                libm::cos(angle)
            } else {
                libm::sin(angle)
            };
            libm::sqrt(-2.0 * libm::log(radius)) * turn
        })
    };
    (0..EXPECTILE_POINTS).map(point).collect()
});

/// `argmin_v E |expectile - 1(Q < v)| (Q - v)^2` over the behaviour's actions at one state. The mean is exact, and only what lies
/// above the solution is sampled, so the result is exact at .5.
pub fn value(
    behaviour: &BehaviourSpec,
    expectile: f64,
    state: &[f64; STATE_DIM],
) -> Result<f64, Error> {
    check_expectile(ID, expectile)?;
    let mean = behaviour_value(behaviour, state)?;
    let optimal = optimal_action(state);
    let mut sample: Vec<(f64, f64)> = Vec::new();
    for (share, part) in behaviour.parts() {
        let &BehaviourSpec::ScaledOptimal { gain, bias, noise } = part else {
            continue;
        };
        let q = |normals: &[f64; ACTION_DIM]| -> f64 {
            -(0..ACTION_DIM)
                .map(|k| {
                    let a = (gain * optimal[k] + bias + noise * normals[k]).clamp(-1.0, 1.0);
                    (a - optimal[k]) * (a - optimal[k])
                })
                .sum::<f64>()
        };
        let weight = share / EXPECTILE_POINTS as f64;
        sample.extend(NORMALS.iter().map(|normals| (weight, q(normals))));
    }
    Ok(solve(expectile, mean, &sample))
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

    /// The definition's first-order condition on an independent sample.
    fn imbalance(expectile: f64, v: f64, state: &[f64; STATE_DIM], n: u32) -> (f64, f64) {
        let mut stream = Stream::new(5, &["test", "expectile"]);
        let optimal = optimal_action(state);
        let (mut sum, mut square) = (0.0, 0.0);
        for _ in 0..n {
            let action: [f64; ACTION_DIM] =
                std::array::from_fn(|k| 0.3 * optimal[k] + 0.2 + 0.25 * stream.normal());
            let q = super::super::reward(state, &action);
            let weight = if q < v { 1.0 - expectile } else { expectile };
            sum += weight * (q - v);
            square += weight * weight * (q - v) * (q - v);
        }
        let mean = sum / f64::from(n);
        (mean, libm::sqrt(square / f64::from(n) / f64::from(n)))
    }

    #[test]
    fn the_weighted_residual_of_fresh_actions_vanishes() {
        let mut stream = Stream::new(6, &["test", "expectile", "states"]);
        for expectile in [0.1, 0.7, 0.9, 0.99] {
            let state = std::array::from_fn(|_| stream.uniform_in(-1.0, 1.0));
            let v = value(&SUBOPTIMAL, expectile, &state).unwrap();
            let (residual, error) = imbalance(expectile, v, &state, 200_000);
            assert!(
                residual.abs() < 5.0 * error,
                "{expectile}: {residual} {error}"
            );
        }
    }

    #[test]
    fn expectiles_rise_from_the_mean_towards_the_best_action() {
        let state = [0.3, -0.2, 0.8, 0.1];
        let at = |expectile| value(&SUBOPTIMAL, expectile, &state).unwrap();
        let mean = behaviour_value(&SUBOPTIMAL, &state).unwrap();
        assert_eq!(at(0.5), mean);
        let values = [0.2, 0.5, 0.7, 0.9, 0.99].map(at);
        assert!(values.windows(2).all(|v| v[0] < v[1]), "{values:?}");
        assert!(values[4] < 0.0);
    }

    #[test]
    fn a_mixture_lies_between_its_parts() {
        let narrow = BehaviourSpec::ScaledOptimal {
            gain: 1.0,
            bias: 0.0,
            noise: 0.05,
        };
        let mixture = BehaviourSpec::Mixture {
            parts: vec![
                crate::Part {
                    share: 0.5,
                    behaviour: narrow.clone(),
                },
                crate::Part {
                    share: 0.5,
                    behaviour: SUBOPTIMAL,
                },
            ],
        };
        let state = [0.3, -0.2, 0.8, 0.1];
        let at = |b: &BehaviourSpec| value(b, 0.7, &state).unwrap();
        assert!(at(&SUBOPTIMAL) < at(&mixture) && at(&mixture) < at(&narrow));
    }

    #[test]
    fn impossible_expectiles_are_refused() {
        assert!(value(&SUBOPTIMAL, 1.0, &[0.0; STATE_DIM]).is_err());
        assert!(value(&SUBOPTIMAL, f64::NAN, &[0.0; STATE_DIM]).is_err());
    }
}
