//! Interquartile mean: the mean of what is left when `k = int(0.25 N)` values are cut from each end.
//!
//! Shape: `[N]` values, pooled over runs and tasks, to a scalar. The trim is rliable's (`scipy.stats.trim_mean` with
//! `proportiontocut = 0.25`), a whole number of values: for N = 5 the middle 3, for N < 4 the plain mean. The variant
//! with fractional weights differs for N not divisible by 4 and is not used. Reference: Agarwal et al. 2021,
//! "Deep Reinforcement Learning at the Edge of the Statistical Precipice".
//! No value: none. One value: that value. Ties: it does not matter which of equal values is cut.

/// One in so many values is cut from each end.
pub(super) const CUT: u64 = 4;

/// Interquartile mean of `values`, in any order. Non-finite values sort to the ends like any other value.
pub fn iqm(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    weighted(sorted.iter().map(|&x| (x, 1)), sorted.len() as u64)
}

/// Interquartile mean of ascending values with multiplicities that add up to `total`.
pub fn weighted(ascending: impl IntoIterator<Item = (f64, u32)>, total: u64) -> Option<f64> {
    if total == 0 {
        return None;
    }
    let cut = total / CUT;
    let (first, last) = (cut, total - cut);
    let (mut sum, mut seen) = (0.0, 0u64);
    for (x, count) in ascending {
        let next = seen + u64::from(count);
        let kept = next.min(last).saturating_sub(seen.max(first));
        if kept > 0 {
            sum += x * kept as f64;
        }
        seen = next;
    }
    debug_assert_eq!(seen, total, "multiplicities add up to the total");
    Some(sum / (last - first) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trims_a_whole_number_of_values() {
        assert_eq!(iqm(&[]), None);
        assert_eq!(iqm(&[7.0]), Some(7.0));
        assert_eq!(iqm(&[1.0, 2.0, 9.0]), Some(4.0));
        assert_eq!(iqm(&[100.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(iqm(&[5.0, 4.0, 3.0, 2.0, 1.0]), Some(3.0));
        assert_eq!(iqm(&[2.0; 9]), Some(2.0));
    }

    #[test]
    fn multiplicities_equal_repeated_values() {
        let repeated = iqm(&[1.0, 1.0, 1.0, 2.0, 5.0, 5.0, 8.0]);
        assert_eq!(
            weighted([(1.0, 3), (2.0, 1), (4.0, 0), (5.0, 2), (8.0, 1)], 7),
            repeated
        );
    }
}
