//! The equations of the step. Letters: `A` action dimension, `M` members of the critic, `k` pessimism.

use crate::hyper::Normalization;

/// `g <- normalise(g)` of one state.  `g: [A]`; `divisor` is that of `advantage-std`.
pub fn normalise(g: &mut [f64], normalization: Normalization, divisor: f64) {
    let scale = match normalization {
        Normalization::None => return,
        Normalization::Sign => {
            g.iter_mut()
                .for_each(|g| *g = f64::from(i8::from(*g > 0.0) - i8::from(*g < 0.0)));
            return;
        }
        Normalization::L2 => libm::sqrt(g.iter().map(|g| g * g).sum()),
        Normalization::AdvantageStd => divisor,
    };
    if scale > 0.0 {
        g.iter_mut().for_each(|g| *g /= scale);
    }
}

/// `a <- clip(a + beta g, low, high)` of one number. A step of 0 leaves every bit of `a`, the sign of a zero included.
pub fn ascend(a: f64, g: f64, beta: f64, (low, high): (f64, f64)) -> f64 {
    let step = beta * g;
    let moved = if step == 0.0 { a } else { a + step };
    moved.clamp(low, high)
}

/// The derivative of the members' deviation (divisor `M`) from their derivatives: `sum_i (Q_i - mean) g_i / (M sd)`, and 0
/// where they agree.  `q: [M]`, `g: [M]`
pub fn deviation_slope(q: &[f64], g: &[f64]) -> f64 {
    let (members, sd) = (q.len() as f64, deviation(q));
    if sd == 0.0 {
        return 0.0;
    }
    let mean = q.iter().sum::<f64>() / members;
    let products = q.iter().zip(g).map(|(q, g)| (q - mean) * g);
    products.sum::<f64>() / (members * sd)
}

/// The gradient of `mean - k sd` for two members: their deviation is half their distance, so that the bound is
/// `(1 - k) mean + k min`.
pub fn lower_bound_of_two(mean: &[f64], min: &[f64], k: f64) -> Vec<f64> {
    mean.iter()
        .zip(min)
        .map(|(mean, min)| (1.0 - k) * mean + k * min)
        .collect()
}

/// Population standard deviation.
pub fn deviation(x: &[f64]) -> f64 {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    libm::sqrt(x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / x.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `mean_i Q_i - k sd_i Q_i` in one state, with the deviation of a population (divisor `M`).  `q: [M]`
    fn lower_bound(q: &[f64], k: f64) -> f64 {
        q.iter().sum::<f64>() / q.len() as f64 - k * deviation(q)
    }

    #[test]
    fn normalisations_are_what_they_say() {
        let by = |normalization| {
            let mut g = vec![3.0, -4.0];
            normalise(&mut g, normalization, 2.0);
            g
        };
        assert_eq!(by(Normalization::None), [3.0, -4.0]);
        assert_eq!(by(Normalization::Sign), [1.0, -1.0]);
        assert_eq!(by(Normalization::L2), [3.0 / 5.0, -4.0 / 5.0]);
        assert_eq!(by(Normalization::AdvantageStd), [1.5, -2.0]);
        let mut zero = [0.0, -0.0];
        for normalization in [Normalization::Sign, Normalization::L2] {
            normalise(&mut zero, normalization, 1.0);
            assert_eq!(zero, [0.0, 0.0]);
        }
    }

    #[test]
    fn a_step_is_clipped_and_a_zero_step_keeps_every_bit() {
        let bounds = (-1.0, 1.0);
        assert_eq!(ascend(0.25, 2.0, 0.125, bounds), 0.5);
        assert_eq!(ascend(0.9, 2.0, 0.5, bounds), 1.0);
        assert_eq!(ascend(-0.9, -2.0, 0.5, bounds), -1.0);
        for a in [-0.0, 0.0, 0.1, -1.0] {
            for g in [-3.0, 0.0, 3.0] {
                let same = ascend(a, g, 0.0, bounds);
                assert_eq!(same.to_bits(), f64::to_bits(a));
            }
        }
    }

    #[test]
    fn two_members_bound_by_mean_and_minimum() {
        for (q, k) in [([1.0f64, 4.0], 0.7), ([-2.0, -3.5], 2.0), ([0.5, 0.5], 1.0)] {
            let (mean, min) = (0.5 * (q[0] + q[1]), q[0].min(q[1]));
            let both = lower_bound_of_two(&[mean], &[min], k)[0];
            assert!((lower_bound(&q, k) - both).abs() < 1e-15);
        }
        let deviation = deviation(&[1.0, 2.0, 3.0, 4.0]);
        assert!((deviation - 1.25f64.sqrt()).abs() < 1e-15);
    }
}
