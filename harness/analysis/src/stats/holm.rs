//! Holm's step-down adjustment of p: with p sorted upwards, `p_(i)` becomes `max over j <= i of min(1, (m - j + 1) p_(j))`.
//!
//! Shape: `[M]` to `[M]`, in the order given. Reference: R's `p.adjust(method = "holm")` (Holm 1979). None: none. One: itself. Ties are
//! adjusted alike.

/// Holm's step-down adjustment, in the order given.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let (mut adjusted, mut running) = (vec![1.0; p.len()], 0.0f64);
    for (rank, &i) in order.iter().enumerate() {
        running = running.max(((p.len() - rank) as f64 * p[i]).min(1.0));
        adjusted[i] = running;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holm_of_hand_computed_p() {
        // R: p.adjust(c(.01, .04, .03, .005), "holm") = .03 .06 .06 .02
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (found, expected) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((found - expected).abs() < 1e-12, "{adjusted:?}");
        }
    }
}
