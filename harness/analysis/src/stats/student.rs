//! Quantiles of Student's t, for intervals and for counts of runs.
//!
//! Shape: a probability and degrees of freedom (above 0, not necessarily whole) to a scalar. Reference: statrs, whose inverse
//! bisects; Newton's method from a good start needs a few evaluations. No degrees of freedom: none.

use statrs::distribution::{Continuous, ContinuousCDF, StudentsT};

/// The quantile for `p` in 0.5..1, rounded to nine digits.
pub(crate) fn t_quantile(p: f64, df: f64) -> Option<f64> {
    let student = StudentsT::new(0.0, 1.0, df).ok()?;
    // The library's inverse bisects; from a good start Newton's method needs a few evaluations.
    let mut t = t_approximate(1.0 - p, df);
    let mut found = false;
    for _ in 0..6 {
        let step = (student.cdf(t) - p) / student.pdf(t);
        t -= step;
        found = step.abs() < 1e-10;
        if found || !t.is_finite() {
            break;
        }
    }
    let t = if found { t } else { student.inverse_cdf(p) };
    // Rounded, so that the last bits of a system's mathematics library reach no report.
    Some(libm::round(t * 1e9) / 1e9)
}

/// Upper quantile of Student's t by Cornish and Fisher's expansion; good to a few per cent from 3 degrees of freedom on,
/// which is enough for a count of seeds.
pub(crate) fn t_approximate(level: f64, df: f64) -> f64 {
    let z = -normal_quantile(level.clamp(1e-9, 0.5));
    let cube = z * z * z;
    z + (cube + z) / (4.0 * df) + (5.0 * cube * z * z + 16.0 * cube + 3.0 * z) / (96.0 * df * df)
}

/// Quantile of the standard normal distribution for `p` in (0, 0.5] (Abramowitz and Stegun 26.2.23, error below 4.5e-4).
fn normal_quantile(p: f64) -> f64 {
    let t = libm::sqrt(-2.0 * libm::log(p));
    let numerator = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let denominator = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    -(t - numerator / denominator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_the_librarys() {
        for df in [1.0, 1.7, 2.0, 3.5, 7.0, 40.0, 500.0] {
            let expected = StudentsT::new(0.0, 1.0, df).unwrap().inverse_cdf(0.975);
            let found = t_quantile(0.975, df).unwrap();
            assert!(
                (found / expected - 1.0).abs() < 1e-7,
                "{df}: {found} {expected}"
            );
        }
    }
}
