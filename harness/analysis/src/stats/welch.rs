//! Differences of means with unequal spreads: interval, test of equality, two one-sided tests of equivalence.
//!
//! For samples a and b, `d = mean_a - mean_b`, `se^2 = sd_a^2 / n_a + sd_b^2 / n_b`, and `(d - bound) / se` is compared with
//! Student's t with `se^4 / ((sd_a^2 / n_a)^2 / (n_a - 1) + (sd_b^2 / n_b)^2 / (n_b - 1))` degrees of freedom (Welch 1947,
//! Satterthwaite 1946). A spread of few runs is often underestimated, which then also claims too many degrees of freedom: with 4 runs
//! on a side the test errs in up to 6.2 % of draws. So an independent sample of fewer than 5 values takes a quarter of its share of
//! the variance out of the degrees of freedom above its own. Four runs then err in at most 5.9 %; 3 still in up to 7 % and 2 in up to
//! 11 %, because what would mend those loses as much elsewhere. Paired samples have one variance, that of their differences. Equivalence within a margin m is shown where
//! both `d <= -m` and `d >= m` are rejected (Schuirmann 1987); its p is the larger of the two. Reference: SciPy's
//! `ttest_ind_from_stats(equal_var=False)` and `ttest_1samp`, `tests/golden/analysis/welch.py`.
//!
//! Shape: two samples, `[N]` and `[M]`, or their moments, to a difference. Fewer than two values on a side, or a moment that is
//! not finite: none. No spread on either side: an interval of no width, with a one-sided p no lower than a test by permutation
//! can reach, `n_a! n_b! / (n_a + n_b)!`, for pairs `2^-n`.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::student::t_quantile;
use super::{Interval, mean, sd};

/// Samples smaller than this lower the degrees of freedom.
const UNMARKED_RUNS: u32 = 5;

/// By how much. Simulated for 4 runs against 4 to 20 with spreads of 1/8 to 8 times the other's: errors of 3.7 to 5.9 %, where 0
/// gives 4.1 to 6.2 %.
const LOWERED: f64 = 0.25;

/// What a test needs of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Moments {
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation with `ddof = 1`.
    pub sd: f64,
    /// Values.
    pub n: u32,
}

impl Moments {
    /// Those of `values`; none for fewer than two.
    pub fn of(values: &[f64]) -> Option<Self> {
        Some(Self {
            mean: mean::mean(values)?,
            sd: sd::sd(values)?,
            n: u32::try_from(values.len()).ok()?,
        })
    }

    /// 95 % interval of the mean by Student's t.
    pub fn interval(&self) -> Option<Interval> {
        Some(Difference::single(self)?.interval())
    }

    fn part(&self) -> Option<Part> {
        let usable = self.n >= 2 && self.mean.is_finite() && self.sd.is_finite() && self.sd >= 0.0;
        usable.then(|| Part {
            variance: self.sd * self.sd / f64::from(self.n),
            freedom: f64::from(self.n - 1),
        })
    }
}

/// The variance of one independent term, with its degrees of freedom.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Part {
    variance: f64,
    freedom: f64,
}

/// A difference of means with the independent variances that it is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The estimate.
    pub value: f64,
    parts: Vec<Part>,
    /// The least one-sided p where nothing varies.
    floor: f64,
}

impl Difference {
    /// `a - b` of independent samples.
    pub fn welch(a: &Moments, b: &Moments) -> Option<Self> {
        Some(Self {
            value: a.mean - b.mean,
            parts: vec![a.part()?, b.part()?],
            floor: one_of_arrangements(a.n, b.n),
        })
    }

    /// The mean of differences of pairs.
    pub fn paired(differences: &[f64]) -> Option<Self> {
        Self::single(&Moments::of(differences)?)
    }

    fn single(moments: &Moments) -> Option<Self> {
        Some(Self {
            value: moments.mean,
            parts: vec![moments.part()?],
            floor: libm::exp2(-f64::from(moments.n)),
        })
    }

    /// The mean of independent differences, each of equal weight; none without any.
    pub fn mean_of(all: &[&Self]) -> Option<Self> {
        if all.is_empty() {
            return None;
        }
        let weight = 1.0 / all.len() as f64;
        let scaled = |part: &Part| Part {
            variance: weight * weight * part.variance,
            ..*part
        };
        Some(Self {
            value: weight * all.iter().map(|d| d.value).sum::<f64>(),
            parts: all
                .iter()
                .flat_map(|d| d.parts.iter().map(scaled))
                .collect(),
            floor: all.iter().map(|d| d.floor).product(),
        })
    }

    /// The same uncertainty around another estimate.
    #[must_use]
    pub fn at(&self, value: f64) -> Self {
        Self {
            value,
            ..self.clone()
        }
    }

    /// Standard error.
    pub fn se(&self) -> f64 {
        libm::sqrt(self.parts.iter().map(|p| p.variance).sum())
    }

    /// Degrees of freedom; where nothing varies, those of all samples together. Fewer than Satterthwaite's where a sample is
    /// smaller than [`UNMARKED_RUNS`].
    pub fn df(&self) -> f64 {
        let satterthwaite = self.satterthwaite();
        let variance: f64 = self.parts.iter().map(|p| p.variance).sum();
        let small = |p: &&Part| p.freedom + 1.0 < f64::from(UNMARKED_RUNS) && p.variance > 0.0;
        let excess = |p: &Part| p.variance / variance * (satterthwaite - p.freedom);
        let lowered: f64 = self.parts.iter().filter(small).map(excess).sum();
        satterthwaite - LOWERED * lowered
    }

    fn satterthwaite(&self) -> f64 {
        let variance: f64 = self.parts.iter().map(|p| p.variance).sum();
        let fourth = |p: &Part| p.variance * p.variance / p.freedom;
        let fourth: f64 = self.parts.iter().map(fourth).sum();
        if fourth > 0.0 {
            variance * variance / fourth
        } else {
            self.parts.iter().map(|p| p.freedom).sum()
        }
    }

    /// 95 % interval.
    pub fn interval(&self) -> Interval {
        let reach = self.quantile(0.975) * self.se();
        Interval {
            low: self.value - reach,
            high: self.value + reach,
        }
    }

    /// The quantile of Student's t for `p` in 0.5..1 at these degrees of freedom.
    pub(crate) fn quantile(&self, p: f64) -> f64 {
        // Parts have at least one degree of freedom each, so there always is a quantile.
        t_quantile(p, self.df()).unwrap_or(f64::INFINITY)
    }

    /// One-sided p of "the difference is at most `bound`": small where the estimate lies above.
    pub fn p_above(&self, bound: f64) -> f64 {
        self.p_of(self.value - bound)
    }

    /// One-sided p of "the difference is at least `bound`": small where the estimate lies below.
    pub fn p_below(&self, bound: f64) -> f64 {
        self.p_of(bound - self.value)
    }

    /// Two-sided p of "there is no difference".
    pub fn p_zero(&self) -> f64 {
        (2.0 * self.p_of(self.value.abs())).min(1.0)
    }

    /// p of "the difference is `margin` or more, in either direction": small where the means are equivalent.
    pub fn p_equivalent(&self, margin: f64) -> f64 {
        self.p_above(-margin).max(self.p_below(margin))
    }

    /// The probability that Student's t exceeds `distance / se`.
    fn p_of(&self, distance: f64) -> f64 {
        let se = self.se();
        if se <= 0.0 {
            return if distance > 0.0 { self.floor } else { 1.0 };
        }
        match StudentsT::new(0.0, 1.0, self.df()) {
            // Rounded, so that the last bits of a system's mathematics library reach no report.
            Ok(t) => libm::round(t.cdf(-distance / se) * 1e12) / 1e12,
            Err(_) => 1.0,
        }
    }
}

/// `n! m! / (n + m)!`.
fn one_of_arrangements(n: u32, m: u32) -> f64 {
    let (few, many) = (n.min(m), n.max(m));
    let steps = (1..=few).map(|k| f64::from(k) / (f64::from(many) + f64::from(k)));
    steps.product()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(mean: f64, sd: f64, n: u32) -> Moments {
        Moments { mean, sd, n }
    }

    #[test]
    fn what_cannot_be_compared_is_none() {
        let good = moments(1.0, 1.0, 2);
        for bad in [
            moments(1.0, 1.0, 1),
            moments(f64::NAN, 1.0, 3),
            moments(1.0, f64::INFINITY, 3),
            moments(1.0, -1.0, 3),
        ] {
            assert_eq!(Difference::welch(&good, &bad), None, "{bad:?}");
            assert_eq!(Difference::welch(&bad, &good), None, "{bad:?}");
        }
        assert_eq!(Difference::paired(&[1.0]), None);
        assert_eq!(Difference::mean_of(&[]), None);
        assert_eq!(Moments::of(&[]), None);
    }

    #[test]
    fn without_spread_p_is_that_of_the_rarest_arrangement() {
        let same = Difference::welch(&moments(3.0, 0.0, 3), &moments(3.0, 0.0, 4)).unwrap();
        assert!(same.p_zero() >= 1.0 && (same.p_equivalent(5.0) - 1.0 / 35.0).abs() < 1e-12);
        let apart = Difference::welch(&moments(9.0, 0.0, 3), &moments(3.0, 0.0, 4)).unwrap();
        assert!((apart.p_zero() - 2.0 / 35.0).abs() < 1e-12 && apart.p_equivalent(5.0) >= 1.0);
        let interval = apart.interval();
        assert!((interval.low - 6.0).abs() + (interval.high - 6.0).abs() < 1e-12);
        let pairs = Difference::paired(&[2.0; 5]).unwrap();
        assert!((pairs.p_zero() - 1.0 / 16.0).abs() < 1e-12);
    }

    #[test]
    fn sides_are_mirrored() {
        let (a, b) = (moments(10.0, 4.0, 5), moments(7.0, 9.0, 8));
        let (ab, ba) = (
            Difference::welch(&a, &b).unwrap(),
            Difference::welch(&b, &a).unwrap(),
        );
        let equal = |x: f64, y: f64| assert!((x - y).abs() < 1e-12, "{x} {y}");
        equal(ab.value, -ba.value);
        equal(ab.p_zero(), ba.p_zero());
        equal(ab.p_equivalent(5.0), ba.p_equivalent(5.0));
        equal(ab.p_above(2.0), ba.p_below(-2.0));
        equal(ab.interval().low, -ba.interval().high);
    }

    #[test]
    fn a_mean_of_differences_adds_variances() {
        let one = Difference::welch(&moments(1.0, 2.0, 4), &moments(0.0, 1.0, 9)).unwrap();
        let two = Difference::paired(&[3.0, 5.0, 4.0]).unwrap();
        let both = Difference::mean_of(&[&one, &two]).unwrap();
        assert!((both.value - (one.value + two.value) / 2.0).abs() < 1e-12);
        let se = (one.se().powi(2) + two.se().powi(2)).sqrt() / 2.0;
        assert!((both.se() - se).abs() < 1e-12);
        let alone = Difference::mean_of(&[&two]).unwrap();
        assert_eq!(alone.interval(), two.interval());
    }
}
