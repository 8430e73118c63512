//! Behaviour policies: how a dataset's actions are chosen.

use serde::{Deserialize, Serialize};

/// A policy that generates data. Noise is drawn independently for every action entry; actions are clipped to the bounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum BehaviourSpec {
    /// `a = gain a*(s) + bias + noise N(0, 1)`.
    ScaledOptimal {
        /// Factor on the optimal action.
        gain: f64,
        /// Added to every entry.
        bias: f64,
        /// Standard deviation before clipping.
        noise: f64,
    },
    /// One of several policies, drawn anew for every episode.
    Mixture {
        /// The policies; shares sum to 1.
        parts: Vec<Part>,
    },
    /// Point maze: drive along shortest paths from one random cell to the next, with noise on the action.
    Navigate {
        /// Standard deviation before clipping.
        noise: f64,
    },
    /// Point maze: accelerate in a random direction, held for some steps, with noise on the action.
    Explore {
        /// Standard deviation before clipping.
        noise: f64,
        /// Steps for which a direction is held.
        hold: u32,
    },
}

/// A part of a mixture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Probability of this policy in an episode.
    pub share: f64,
    /// The policy; not itself a mixture.
    pub behaviour: BehaviourSpec,
}

impl BehaviourSpec {
    /// The kind as it is written in a recipe.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ScaledOptimal { .. } => "scaled-optimal",
            Self::Mixture { .. } => "mixture",
            Self::Navigate { .. } => "navigate",
            Self::Explore { .. } => "explore",
        }
    }

    /// The policies that take part, with their shares.
    pub fn parts(&self) -> Vec<(f64, &BehaviourSpec)> {
        match self {
            Self::Mixture { parts } => parts
                .iter()
                .map(|part| (part.share, &part.behaviour))
                .collect(),
            single => vec![(1.0, single)],
        }
    }
}

/// Mean and second moment of `clip(mean + sd N(0, 1), -1, 1)`, in closed form.
///
/// With `l = (-1 - mean) / sd`, `h = (1 - mean) / sd`, density `phi` and distribution `Phi`, the part inside the bounds gives
/// `E1 = mean P + sd (phi(l) - phi(h))` and `E2 = (mean^2 + sd^2) P + 2 mean sd (phi(l) - phi(h)) + sd^2 (l phi(l) - h phi(h))`
/// with `P = Phi(h) - Phi(l)`; the clipped tails add `Phi(-h) - Phi(l)` and `Phi(-h) + Phi(l)`.
pub fn clipped_normal_moments(mean: f64, sd: f64) -> (f64, f64) {
    if sd == 0.0 {
        let value = mean.clamp(-1.0, 1.0);
        return (value, value * value);
    }
    let (low, high) = ((-1.0 - mean) / sd, (1.0 - mean) / sd);
    let (below, above) = (tail(-low), tail(high));
    let inside = 1.0 - below - above;
    let (pdf_low, pdf_high) = (density(low), density(high));
    let first = mean * inside + sd * (pdf_low - pdf_high);
    let second = (mean * mean + sd * sd) * inside
        + 2.0 * mean * sd * (pdf_low - pdf_high)
        + sd * sd * (low * pdf_low - high * pdf_high);
    (first - below + above, second + below + above)
}

/// P(N(0, 1) > x).
fn tail(x: f64) -> f64 {
    0.5 * libm::erfc(x * std::f64::consts::FRAC_1_SQRT_2)
}

fn density(x: f64) -> f64 {
    libm::exp(-0.5 * x * x) / libm::sqrt(std::f64::consts::TAU)
}

#[cfg(test)]
mod tests {
    use super::*;
    use manifest::random::Stream;

    #[test]
    fn clipped_moments_agree_with_a_monte_carlo_estimate() {
        for (case, (mean, sd)) in [(0.2, 0.25), (0.95, 0.3), (-1.4, 0.5), (0.0, 2.0)]
            .into_iter()
            .enumerate()
        {
            let mut stream = Stream::new(11, &["test", "clipped"]);
            let n = 400_000;
            let (mut sum, mut square) = (0.0, 0.0);
            for _ in 0..n {
                let a = (mean + sd * stream.normal()).clamp(-1.0, 1.0);
                sum += a;
                square += a * a;
            }
            let (first, second) = clipped_normal_moments(mean, sd);
            // Five standard errors of a variable within [-1, 1] are below 0.008.
            assert!((sum / f64::from(n) - first).abs() < 0.008, "case {case}");
            assert!(
                (square / f64::from(n) - second).abs() < 0.008,
                "case {case}"
            );
        }
    }

    #[test]
    fn without_noise_the_moments_are_those_of_a_point() {
        assert_eq!(clipped_normal_moments(0.5, 0.0), (0.5, 0.25));
        assert_eq!(clipped_normal_moments(-3.0, 0.0), (-1.0, 1.0));
    }

    #[test]
    fn far_from_the_bounds_the_moments_are_the_unclipped_ones() {
        let (first, second) = clipped_normal_moments(0.1, 0.05);
        assert!((first - 0.1).abs() < 1e-15 && (second - 0.0125).abs() < 1e-15);
    }
}
