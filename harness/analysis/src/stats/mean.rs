//! Arithmetic mean: `sum(w x) / sum(w)`.
//!
//! Shape: `[N]` values with integer multiplicities `[N]` to a scalar. Reference: NumPy's `mean` and `average`.
//! No value (or total multiplicity 0): none. One value: that value. Ties change nothing.

/// Mean of `values`.
pub fn mean(values: &[f64]) -> Option<f64> {
    weighted(values.iter().map(|&x| (x, 1)))
}

/// Mean of values with multiplicities.
pub fn weighted(values: impl IntoIterator<Item = (f64, u32)>) -> Option<f64> {
    let (mut sum, mut total) = (0.0, 0u64);
    for (x, count) in values {
        sum += x * f64::from(count);
        total += u64::from(count);
    }
    (total > 0).then(|| sum / total as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiplicities_equal_repeated_values() {
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[3.5]), Some(3.5));
        assert_eq!(mean(&[1.0, 2.0, 2.0, 5.0]), Some(2.5));
        assert_eq!(
            weighted([(1.0, 1), (2.0, 2), (9.0, 0), (5.0, 1)]),
            Some(2.5)
        );
    }
}
