//! Optimality gap: by how much scores fall short of a target on average, `g - mean(min(x, g))`. Small is good.
//!
//! Shape: `[N]` values, pooled over runs and tasks, and the target to a scalar in the values' unit: the target is 1 for scores
//! from 0 to 1 and 100 for points. Scores above the target count as the target. Reference: rliable's
//! `aggregate_optimality_gap` (Agarwal et al. 2021).
//! No value: none. One value: its own shortfall. Ties change nothing.

use super::mean::weighted;

/// The optimality gap of `values` to `target`.
pub fn optimality_gap(values: &[f64], target: f64) -> Option<f64> {
    let reached = values
        .iter()
        .map(|&x| (if x > target { target } else { x }, 1));
    Some(target - weighted(reached)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_above_the_target_do_not_make_up_for_others() {
        assert_eq!(optimality_gap(&[], 1.0), None);
        assert_eq!(optimality_gap(&[0.25], 1.0), Some(0.75));
        assert_eq!(optimality_gap(&[0.5, 9.0], 1.0), Some(0.25));
        assert_eq!(optimality_gap(&[100.0, 120.0], 100.0), Some(0.0));
        assert!(optimality_gap(&[f64::NAN], 1.0).is_some_and(f64::is_nan));
    }
}
