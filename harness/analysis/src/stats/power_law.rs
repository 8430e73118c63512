//! Power law with an offset: `y(f) = c - a f^(-b)`, a score over an amount of data `f`.
//!
//! Shapes: levels `[L]` and values `[L]` to three numbers, `L >= 4`. `c` is the limit with any amount of data, `b > 0` the exponent, `a` the
//! distance to the limit at `f = 1`; `a > 0` rises with data, `a < 0` falls.
//!
//! Least squares by variable projection (Golub and Pereyra 1973): for a given `b` the law is a line in `f^(-b)`, so the error is a function of `b`
//! alone, which is searched on a grid of its logarithm and then by golden sections. `b` stays within [`EXPONENTS`]: at the lower end the curve
//! does not bend and is as good as a line in `log f`, which has no limit; at the upper end it is a step after the smallest level.
//! Reference for the form: Hestness et al. 2017, "Deep Learning Scaling is Predictable, Empirically", equation for the learning curve with an
//! irreducible error.
//!
//! Fewer than four levels: none (three would always be met exactly). Equal values: `a = 0`, a limit that is reached at once.

use std::ops::RangeInclusive;

/// The exponents that are told apart.
pub const EXPONENTS: RangeInclusive<f64> = 0.02..=5.0;

/// The least number of levels.
pub const LEAST_LEVELS: usize = 4;

const GRID: usize = 96;
const GOLDEN_STEPS: usize = 24;
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// Levels made ready for many fits.
#[derive(Clone, Debug)]
pub struct Levels {
    logs: Vec<f64>,
    /// Logarithms of the exponents of the grid, with their step.
    grid: Vec<Powers>,
    step: f64,
}

/// `f^(-b)` of every level for one `b`, centred.
#[derive(Clone, Debug)]
struct Powers {
    log_b: f64,
    mean: f64,
    /// `[L]`
    centred: Vec<f64>,
    squares: f64,
}

impl Levels {
    /// The levels `[L]`; none with fewer than [`LEAST_LEVELS`] different ones, or one that is not positive.
    pub fn new(levels: &[f64]) -> Option<Self> {
        let positive = levels.iter().all(|f| f.is_finite() && *f > 0.0);
        let mut different = levels.to_vec();
        different.sort_by(f64::total_cmp);
        different.dedup();
        if !positive || different.len() < LEAST_LEVELS {
            return None;
        }
        let logs: Vec<f64> = levels.iter().map(|&f| libm::log(f)).collect();
        let (low, high) = (libm::log(*EXPONENTS.start()), libm::log(*EXPONENTS.end()));
        let step = (high - low) / GRID as f64;
        let grid = (0..=GRID).map(|i| Powers::of(&logs, low + step * i as f64));
        Some(Self {
            grid: grid.collect(),
            logs,
            step,
        })
    }

    /// The logarithm of the exponent that explains most, by golden sections between the grid's neighbours of `log_b`.
    fn refine(&self, log_b: f64, values: &[f64]) -> f64 {
        let at = |log_b: f64| Powers::of(&self.logs, log_b).explained(values);
        let mut left = (log_b - self.step).max(self.grid[0].log_b);
        let mut right = (log_b + self.step).min(self.grid[GRID].log_b);
        let inner = |left: f64, right: f64| {
            let width = GOLDEN * (right - left);
            (right - width, left + width)
        };
        let (mut low, mut high) = inner(left, right);
        let (mut at_low, mut at_high) = (at(low), at(high));
        for _ in 0..GOLDEN_STEPS {
            if at_low > at_high {
                right = high;
                (high, at_high) = (low, at_low);
                low = inner(left, right).0;
                at_low = at(low);
            } else {
                left = low;
                (low, at_low) = (high, at_high);
                high = inner(left, right).1;
                at_high = at(high);
            }
        }
        0.5 * (left + right)
    }
}

impl Powers {
    fn of(logs: &[f64], log_b: f64) -> Self {
        let b = libm::exp(log_b);
        let mut centred: Vec<f64> = logs.iter().map(|log| libm::exp(-b * log)).collect();
        let mean = centred.iter().sum::<f64>() / centred.len() as f64;
        for x in &mut centred {
            *x -= mean;
        }
        Self {
            log_b,
            mean,
            squares: centred.iter().map(|x| x * x).sum(),
            centred,
        }
    }

    /// What the best line in `f^(-b)` explains of the squares of `values`.
    fn explained(&self, values: &[f64]) -> f64 {
        let product = self.product(values);
        product * product / self.squares
    }

    fn product(&self, values: &[f64]) -> f64 {
        self.centred.iter().zip(values).map(|(x, y)| x * y).sum()
    }
}

/// A fitted law.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerLaw {
    /// `c`
    pub limit: f64,
    /// `a`
    pub amplitude: f64,
    /// `b`
    pub exponent: f64,
    /// Sum of squared residuals over the levels.
    pub squares: f64,
}

impl PowerLaw {
    /// The law through `values [L]` at `levels [L]`.
    pub fn fit(levels: &Levels, values: &[f64]) -> Self {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        // Centred, so that equal values leave nothing to explain.
        let centred: Vec<f64> = values.iter().map(|y| y - mean).collect();
        let mut best = &levels.grid[0];
        for powers in &levels.grid {
            // The later one of equals: with equal values every exponent fits, and the limit is reached at once.
            if powers.explained(&centred) >= best.explained(&centred) {
                best = powers;
            }
        }
        let refined = Powers::of(&levels.logs, levels.refine(best.log_b, &centred));
        let chosen = if refined.explained(&centred) > best.explained(&centred) {
            &refined
        } else {
            best
        };
        let amplitude = -chosen.product(&centred) / chosen.squares;
        let residual = |(x, y): (&f64, &f64)| y + amplitude * x;
        let residuals = chosen.centred.iter().zip(&centred).map(residual);
        Self {
            limit: mean + amplitude * chosen.mean,
            amplitude,
            exponent: libm::exp(chosen.log_b),
            squares: residuals.map(|r| r * r).sum(),
        }
    }

    /// The value at `f`.
    pub fn at(&self, f: f64) -> f64 {
        self.limit - self.amplitude * libm::pow(f, -self.exponent)
    }

    /// Whether the levels show a bend; without one, no limit can be told.
    pub fn bends(&self) -> bool {
        self.exponent > EXPONENTS.start() * 1.01
    }

    /// `c`, or an infinity in the direction of the curve where it does not bend.
    pub fn told_limit(&self) -> f64 {
        if self.bends() {
            self.limit
        } else {
            f64::INFINITY.copysign(self.amplitude)
        }
    }

    /// The data that bring a curve to `target`, `f = (a / (c - target))^(1/b)`; `smallest` where the curve has it there already, infinite where
    /// it never gets there. `rising`: more is better.
    pub fn needed(&self, target: f64, rising: bool, smallest: f64) -> f64 {
        let sign = if rising { 1.0 } else { -1.0 };
        if sign * (self.at(smallest) - target) >= 0.0 {
            return smallest;
        }
        // The way to go against the way from f = 1 to the limit.
        let ratio = self.amplitude / (self.limit - target);
        if sign * self.amplitude <= 0.0 || ratio <= 0.0 || !ratio.is_finite() {
            return f64::INFINITY;
        }
        libm::pow(ratio, 1.0 / self.exponent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVELS: [f64; 5] = [0.01, 0.03, 0.1, 0.3, 1.0];

    fn along(law: impl Fn(f64) -> f64) -> PowerLaw {
        let values: Vec<f64> = LEVELS.iter().map(|&f| law(f)).collect();
        PowerLaw::fit(&Levels::new(&LEVELS).unwrap(), &values)
    }

    #[test]
    fn finds_the_law_that_made_the_values() {
        for (c, a, b) in [(90.0, 20.0, 0.5), (0.02, -0.1, 0.3), (-5.0, 3.0, 1.2)] {
            let found = along(|f| c - a * f.powf(-b));
            assert!((found.limit - c).abs() < 1e-3 * a.abs(), "{found:?}");
            assert!((found.exponent - b).abs() < 1e-3, "{found:?}");
            assert!((found.amplitude - a).abs() < 1e-3 * a.abs(), "{found:?}");
        }
    }

    #[test]
    fn inverts_itself() {
        let law = along(|f| 90.0 - 20.0 * f.powf(-0.5));
        let f = law.needed(80.0, true, 0.01);
        assert!((f - 4.0).abs() < 0.01, "{f}");
        assert!((law.at(f) - 80.0).abs() < 1e-9);
        assert_eq!(law.needed(90.1, true, 0.01), f64::INFINITY);
        assert_eq!(law.needed(-1e6, true, 0.01), 0.01);
    }

    #[test]
    fn an_error_that_falls_needs_data_and_a_score_that_falls_is_never_reached() {
        let error = along(|f| 0.02 + 0.1 * f.powf(-0.3));
        assert!((error.needed(0.07, false, 0.01) - 10.079).abs() < 0.05);
        let worse = along(|f| 50.0 + 10.0 * f.powf(-0.3));
        assert_eq!(worse.needed(500.0, true, 0.01), f64::INFINITY);
        assert_eq!(worse.needed(60.0, true, 0.01), 0.01);
    }

    #[test]
    fn a_line_in_the_logarithm_has_no_limit() {
        let line = along(|f| 10.0 + 3.0 * f.ln());
        assert!(!line.bends() && line.told_limit() == f64::INFINITY);
        // It is a law all the same, and goes through the levels.
        assert!((line.at(0.1) - (10.0 + 3.0 * 0.1f64.ln())).abs() < 0.1);
        let falling = along(|f| 10.0 - 3.0 * f.ln());
        assert_eq!(falling.told_limit(), f64::NEG_INFINITY);
    }

    #[test]
    fn equal_values_and_few_levels() {
        let flat = along(|_| 7.0);
        assert_eq!((flat.limit, flat.amplitude), (7.0, 0.0));
        assert!(flat.bends());
        assert_eq!(flat.needed(7.0, true, 0.01), 0.01);
        assert_eq!(flat.needed(7.1, true, 0.01), f64::INFINITY);
        assert!(Levels::new(&[0.1, 0.3, 1.0]).is_none());
        assert!(Levels::new(&[0.1, 0.1, 0.3, 1.0]).is_none());
        assert!(Levels::new(&[0.0, 0.1, 0.3, 1.0]).is_none());
    }
}
