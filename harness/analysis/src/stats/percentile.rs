//! Percentile with linear interpolation: with `h = p (N - 1)`, `x[floor h] + (h - floor h)(x[floor h + 1] - x[floor h])`.
//!
//! Shape: `[N]` ascending values with multiplicities to a scalar. Reference: NumPy's default (`method="linear"`,
//! Hyndman and Fan's type 7). No value: none. One value: that value. Ties interpolate to themselves.

/// Percentiles `p` in 0..=1 of values with multiplicities in any order, by selection where few values repeat.
pub fn percentiles<const N: usize>(mut values: Vec<(f64, u32)>, p: [f64; N]) -> [Option<f64>; N] {
    let total: u64 = values.iter().map(|&(_, count)| u64::from(count)).sum();
    if total > REPEATED * values.len() as u64 {
        values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        return p.map(|p| percentile(&values, p));
    }
    let mut all = Vec::with_capacity(total as usize);
    for (x, count) in values {
        all.extend(std::iter::repeat_n(x, count as usize));
    }
    p.map(|p| {
        let place = Place::of(total, p)?;
        let (_, &mut low, above) = all.select_nth_unstable_by(place.below as usize, f64::total_cmp);
        let high = above.iter().copied().min_by(f64::total_cmp);
        Some(place.between(low, high.unwrap_or(low)))
    })
}

/// With more repetitions than this, sorting the different values is the shorter way.
const REPEATED: u64 = 8;

/// Percentile `p` in 0..=1 of values with multiplicities, ascending in value.
pub fn percentile(ascending: &[(f64, u32)], p: f64) -> Option<f64> {
    let total: u64 = ascending.iter().map(|&(_, count)| u64::from(count)).sum();
    let place = Place::of(total, p)?;
    let low = order_statistic(ascending, place.below)?;
    let high = order_statistic(ascending, (place.below + 1).min(total - 1))?;
    Some(place.between(low, high))
}

/// Between which ranks a percentile lies.
struct Place {
    below: u64,
    fraction: f64,
}

impl Place {
    fn of(total: u64, p: f64) -> Option<Self> {
        let last = total.checked_sub(1)?;
        let position = p * last as f64;
        let below = (position.floor() as u64).min(last);
        Some(Self {
            below,
            fraction: position - below as f64,
        })
    }

    fn between(&self, low: f64, high: f64) -> f64 {
        // A neighbour may be infinite.
        if low == high || self.fraction == 0.0 {
            low
        } else {
            low + self.fraction * (high - low)
        }
    }
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

    #[test]
    fn selection_gives_what_sorting_gives() {
        let mut stream = manifest::random::Family::new(0, &["percentile"]).at(0);
        for repeated in [1, 3, 20] {
            let values: Vec<(f64, u32)> = (0..201)
                .map(|_| (stream.normal(), stream.below(2 * repeated) as u32))
                .collect();
            let mut sorted = values.clone();
            sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
            let p = [0.975, 0.0, 0.025, 1.0, 0.5];
            assert_eq!(percentiles(values, p), p.map(|p| percentile(&sorted, p)));
        }
        assert_eq!(percentiles(Vec::new(), [0.5]), [None]);
    }
}
