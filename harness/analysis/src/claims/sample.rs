//! Values per resampling unit, and what they say about a mean.
//!
//! A unit is a whole seed with all its cells (seeds that share an evaluation are one unit). A contrast of a setting is one
//! number a unit: a difference of matrix means, a slope, a log ratio; for a statistic that is no mean over units, the
//! pseudo-value `n theta - (n - 1) theta_without_u`. Leaving out whole units in turn (the jackknife; Tukey 1958, Miller
//! 1974) gives the variance `sum_u I_u^2 n / (n - 1)`, with influence `I_u = (x_u - mean) / n`, which for a mean is the
//! limit of the bootstrap with the small-sample factor of [`crate::stats::small_sample`], without its Monte Carlo error.
//!
//! Settings on one benchmark share their seeds, data and stages, so their influences are added per seed before they are
//! squared; benchmarks are independent strata. Degrees of freedom: Welch and Satterthwaite over strata.
//!
//! Shape: K samples of `[n]` to a scalar. No unit: none. One unit: an estimate without interval. All values equal: an
//! interval of no width, with p no lower than `2^-n`, what a sign-flip test of n units can reach.

use std::collections::BTreeMap;

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::stats::Interval;
use crate::stats::student::{t_approximate, t_quantile};

/// Level of every two-sided interval and of verdicts.
pub const ALPHA: f64 = 0.05;

/// One contrast of one setting: a value per unit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// Units of samples with equal strata are the same seeds.
    pub stratum: String,
    /// Value by the lowest seed of the unit.
    pub units: BTreeMap<i64, f64>,
}

/// A mean over samples with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// The estimate.
    pub value: f64,
    /// Standard error; absent where there is one unit.
    pub se: Option<f64>,
    /// Degrees of freedom of the standard error.
    pub df: f64,
    /// Units over all strata.
    pub n: usize,
    /// Strata.
    pub strata: usize,
    /// 95 % interval; absent where there is one unit.
    pub interval: Option<Interval>,
}

impl Sample {
    /// The arithmetic mean; NaN without units.
    pub fn mean(&self) -> f64 {
        self.units.values().sum::<f64>() / self.units.len() as f64
    }

    /// The sample with every value changed.
    #[must_use]
    pub fn map(&self, change: impl Fn(f64) -> f64) -> Self {
        Self {
            stratum: self.stratum.clone(),
            units: self.units.iter().map(|(&u, &x)| (u, change(x))).collect(),
        }
    }
}

/// The mean of the means of `samples`, each of equal weight.
pub fn pooled<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> Option<Effect> {
    let samples: Vec<&Sample> = samples
        .into_iter()
        .filter(|s| !s.units.is_empty())
        .collect();
    let weight = 1.0 / samples.len() as f64;
    let mut value = 0.0;
    let mut influence: BTreeMap<&str, BTreeMap<i64, f64>> = BTreeMap::new();
    for sample in &samples {
        let (mean, n) = (sample.mean(), sample.units.len() as f64);
        value += weight * mean;
        let stratum = influence.entry(&sample.stratum).or_default();
        for (&unit, &x) in &sample.units {
            *stratum.entry(unit).or_default() += weight * (x - mean) / n;
        }
    }
    let (mut variance, mut fourth, mut units) = (0.0, 0.0, 0);
    let mut single = samples.is_empty();
    for stratum in influence.values() {
        let n = stratum.len();
        units += n;
        if n < 2 {
            single = true;
            continue;
        }
        let freedom = (n - 1) as f64;
        let own = stratum.values().map(|i| i * i).sum::<f64>() * n as f64 / freedom;
        variance += own;
        fourth += own * own / freedom;
    }
    if samples.is_empty() || !value.is_finite() {
        return None;
    }
    let strata = influence.len();
    // Equal values leave nothing to weigh strata by.
    let df = if fourth > 0.0 {
        variance * variance / fourth
    } else {
        units.saturating_sub(strata) as f64
    };
    let se = (!single && variance.is_finite()).then(|| libm::sqrt(variance));
    let interval = se
        .zip(t_quantile(1.0 - ALPHA / 2.0, df))
        .map(|(se, t)| Interval {
            low: value - t * se,
            high: value + t * se,
        });
    Some(Effect {
        value,
        se,
        df,
        n: units,
        strata,
        interval,
    })
}

impl Effect {
    /// One-sided p of "the mean is at most `bound`": small where the estimate lies above. 1 without a standard error.
    pub fn p_above(&self, bound: f64) -> f64 {
        let Some(se) = self.se else { return 1.0 };
        let distance = self.value - bound;
        let floor = libm::exp2(-(self.n as f64));
        if se <= 0.0 {
            return if distance > 0.0 { floor } else { 1.0 };
        }
        match StudentsT::new(0.0, 1.0, self.df) {
            Ok(t) => libm::round(t.cdf(-distance / se) * 1e12) / 1e12,
            Err(_) => 1.0,
        }
    }

    /// One-sided p of "the mean is at least `bound`".
    pub fn p_below(&self, bound: f64) -> f64 {
        let mirrored = Self {
            value: -self.value,
            ..*self
        };
        mirrored.p_above(-bound)
    }

    /// Further units in each stratum after which a mean at `distance` from its bound is told from it at one-sided level
    /// `level` with probability .8, if estimate and spread stay; none beyond 1,000.
    pub fn further(&self, distance: f64, level: f64) -> Option<u64> {
        let se = self.se?;
        if distance <= 0.0 {
            return None;
        }
        let now = (self.n as f64 / self.strata as f64).max(2.0);
        let freedom = self.df / (now - 1.0);
        let enough = |more: u64| {
            let n = now + more as f64;
            let needed = t_approximate(level, freedom * (n - 1.0)) + 0.842;
            needed * se * libm::sqrt(now / n) <= distance
        };
        if !enough(1000) {
            return None;
        }
        let (mut low, mut high) = (0, 1000);
        while low < high {
            let middle = (low + high) / 2;
            if enough(middle) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Some(low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(stratum: &str, values: &[f64]) -> Sample {
        Sample {
            stratum: stratum.into(),
            units: (0..).zip(values.iter().copied()).collect(),
        }
    }

    #[test]
    fn one_sample_is_students_t() {
        // scipy.stats.ttest_1samp([1, 2, 4, 5], 0): t = 3.2863, p = 0.0462
        let effect = pooled([&sample("b", &[1.0, 2.0, 4.0, 5.0])]).unwrap();
        assert!((effect.value - 3.0).abs() < 1e-12 && (effect.df - 3.0).abs() < 1e-12);
        assert!((2.0 * effect.p_above(0.0) - 0.046_2).abs() < 1e-4);
        assert!((effect.p_above(0.0) + effect.p_below(0.0) - 1.0).abs() < 1e-9);
        let interval = effect.interval.unwrap();
        assert!((interval.low - 0.094_8).abs() < 1e-3 && (interval.high - 5.905_2).abs() < 1e-3);
    }

    #[test]
    fn settings_of_one_stratum_are_no_further_seeds() {
        let one = sample("b", &[1.0, 2.0, 4.0, 5.0]);
        let twice = pooled([&one, &one]).unwrap();
        assert_eq!(twice, pooled([&one]).unwrap());
        let apart = pooled([&one, &sample("c", &[1.0, 2.0, 4.0, 5.0])]).unwrap();
        assert!(apart.se < twice.se && (apart.df - 6.0).abs() < 1e-9);
    }

    #[test]
    fn the_standard_error_is_the_bootstraps_over_whole_seeds() {
        // Two settings share the seeds of stratum b, a third has its own.
        let samples = [
            sample("b", &[1.0, 2.0, 4.0, 5.5, 3.0]),
            sample("b", &[0.5, 2.5, 4.5, 5.0, 1.0]),
            sample("c", &[7.0, 6.0, 9.0, 8.5, 7.5]),
        ];
        let mut stream = manifest::random::Stream::new(0, &["whole seeds"]);
        let mut means = Vec::new();
        for _ in 0..20_000 {
            let mut draw = || -> Vec<i64> { (0..5).map(|_| stream.below(5) as i64).collect() };
            let (b, c) = (draw(), draw());
            let over =
                |s: &Sample, seeds: &[i64]| seeds.iter().map(|u| s.units[u]).sum::<f64>() / 5.0;
            means.push(
                (over(&samples[0], &b) + over(&samples[1], &b) + over(&samples[2], &c)) / 3.0,
            );
        }
        let bootstrap = crate::stats::sd::sd(&means).unwrap() * (5.0f64 / 4.0).sqrt();
        let found = pooled(&samples).unwrap().se.unwrap();
        assert!(
            (found / bootstrap - 1.0).abs() < 0.03,
            "{found} {bootstrap}"
        );
    }

    #[test]
    fn equal_values_and_single_units_decide_little() {
        let equal = pooled([&sample("b", &[1.0; 4])]).unwrap();
        assert!((equal.p_above(0.0) - 1.0 / 16.0).abs() < 1e-12);
        assert!((equal.p_above(1.0) - 1.0).abs() < 1e-12);
        let single = pooled([&sample("b", &[1.0])]).unwrap();
        assert!(single.interval.is_none() && single.p_above(0.0) >= 1.0);
        assert!(pooled([&sample("b", &[])]).is_none());
    }

    #[test]
    fn more_seeds_are_asked_for_smaller_distances() {
        let effect = pooled([&sample("b", &[1.0, 2.0, 4.0, 5.0])]).unwrap();
        let (far, near) = (effect.further(6.0, 0.025), effect.further(1.0, 0.025));
        assert!(far < near && near.is_some(), "{far:?} {near:?}");
        // sd 1.826, distance 1: n with 80 % power at one-sided .025 is 29 (SciPy's noncentral t), so 25 further ones.
        assert!((24..=27).contains(&near.unwrap()), "{near:?}");
        assert_eq!(effect.further(0.0, 0.025), None);
    }
}
