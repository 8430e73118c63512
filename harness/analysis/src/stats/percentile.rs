//! Percentile with linear interpolation: with `h = p (N - 1)`, `x[floor h] + (h - floor h)(x[floor h + 1] - x[floor h])`.
//!
//! Shape: `[N]` ascending values with multiplicities to a scalar. Reference: NumPy's default (`method="linear"`,
//! Hyndman and Fan's type 7). No value: none. One value: that value. Ties interpolate to themselves.

/// Percentile `p` in 0..=1 of values with multiplicities, ascending in value.
pub fn percentile(ascending: &[(f64, u32)], p: f64) -> Option<f64> {
    let total: u64 = ascending.iter().map(|&(_, count)| u64::from(count)).sum();
    let last = total.checked_sub(1)?;
    let position = p * last as f64;
    let below = (position.floor() as u64).min(last);
    let fraction = position - below as f64;
    let low = order_statistic(ascending, below)?;
    let high = order_statistic(ascending, (below + 1).min(last))?;
    // A neighbour may be infinite.
    Some(if low == high || fraction == 0.0 {
        low
    } else {
        low + fraction * (high - low)
    })
}

/// The value at 0-based rank `k`.
fn order_statistic(ascending: &[(f64, u32)], k: u64) -> Option<f64> {
    let mut seen = 0;
    for &(x, count) in ascending {
        seen += u64::from(count);
        if k < seen {
            return Some(x);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpolates_between_ranks() {
        assert_eq!(percentile(&[], 0.5), None);
        assert_eq!(percentile(&[(4.0, 1)], 0.025), Some(4.0));
        assert_eq!(percentile(&[(1.0, 1), (2.0, 1), (4.0, 1)], 0.75), Some(3.0));
        assert_eq!(percentile(&[(1.0, 2), (2.0, 2)], 0.5), Some(1.5));
        assert_eq!(percentile(&[(1.0, 3), (2.0, 1)], 1.0), Some(2.0));
        assert_eq!(percentile(&[(1.0, 2), (f64::INFINITY, 1)], 0.5), Some(1.0));
    }
}
