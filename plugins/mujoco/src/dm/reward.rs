//! `tolerance` of dm_control (`google-deepmind/dm_control:dm_control/utils/rewards.py`) for bounds `[lower, inf)`: 1
//! from `lower` on, falling below it.

/// Falls as a Gaussian that is 0.1 at `margin` below `lower`.
pub(super) fn gaussian_above(x: f64, lower: f64, margin: f64) -> f64 {
    if lower <= x {
        return 1.0;
    }
    let scale = (-2.0 * 0.1_f64.ln()).sqrt();
    let scaled = (lower - x) / margin * scale;
    (-0.5 * (scaled * scaled)).exp()
}

/// Falls in a line that is `at_margin` at `margin` below `lower`, down to 0.
pub(super) fn linear_above(x: f64, lower: f64, margin: f64, at_margin: f64) -> f64 {
    if lower <= x {
        return 1.0;
    }
    let scaled = (lower - x) / margin * (1.0 - at_margin);
    if scaled.abs() < 1.0 {
        1.0 - scaled
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_at_the_bound_and_at_the_margin() {
        assert_eq!(gaussian_above(1.2, 1.2, 0.6), 1.0);
        assert!((gaussian_above(0.6, 1.2, 0.6) - 0.1).abs() < 1e-15);
        assert_eq!(linear_above(8.0, 8.0, 4.0, 0.5), 1.0);
        assert_eq!(linear_above(4.0, 8.0, 4.0, 0.5), 0.5);
        assert_eq!(linear_above(-1.0, 8.0, 4.0, 0.5), 0.0);
        assert_eq!(linear_above(0.0, 10.0, 10.0, 0.0), 0.0);
    }
}
