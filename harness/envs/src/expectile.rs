//! Expectiles of weighted samples.

/// The expectile of a sample `(weight, value)` whose weights sum to 1 and whose mean is known.
///
/// With `P(v) = E (q - v)+`, the first-order condition `t P = (1 - t) E (v - q)+` reads
/// `(1 - t)(v - mean) = (2 t - 1) P(v)`; its left side less its right is piecewise linear and increasing, so Newton's steps end on the
/// right piece.
pub(crate) fn solve(expectile: f64, mean: f64, sample: &[(f64, f64)]) -> f64 {
    let mut v = mean;
    for _ in 0..100 {
        let (mut above, mut excess) = (0.0, 0.0);
        for &(weight, q) in sample {
            if q > v {
                above += weight;
                excess += weight * (q - v);
            }
        }
        let residual = (1.0 - expectile) * (v - mean) - (2.0 * expectile - 1.0) * excess;
        let slope = (1.0 - expectile) + (2.0 * expectile - 1.0) * above;
        let step = residual / slope;
        v -= step;
        if step.abs() <= 1e-14 * (1.0 + v.abs()) {
            break;
        }
    }
    v
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_points_have_a_known_expectile() {
        // t p1 (q1 - v) = (1 - t) p0 (v - q0).
        for expectile in [0.05, 0.5, 0.7, 0.95] {
            let sample = [(0.25, 2.0), (0.75, -1.0)];
            let (up, down) = (expectile * 0.25, (1.0 - expectile) * 0.75);
            let expected = (up * 2.0 - down) / (up + down);
            assert!((solve(expectile, -0.25, &sample) - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn a_single_value_is_every_expectile() {
        assert_eq!(solve(0.9, -3.0, &[(1.0, -3.0)]), -3.0);
    }
}
