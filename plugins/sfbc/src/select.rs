//! The equations of selection. Letters: `N` candidates, `alpha` inverse temperature.

use plugin_api::{Failure, Outcome};

/// `argmax_i q_i`, the first of equal ones.  `q: [N]`, not empty.
pub fn argmax(q: &[f64]) -> usize {
    let mut best = 0;
    for (i, value) in q.iter().enumerate() {
        if *value > q[best] {
            best = i;
        }
    }
    best
}

/// Candidate `i` with probability `exp(alpha q_i) / sum_j exp(alpha q_j)`, from one uniform number in `[0, 1)`: the first
/// whose cumulated share exceeds it.  `q: [N]`, not empty.
pub fn softmax(q: &[f64], alpha: f64, uniform: f64) -> usize {
    let largest = q[argmax(q)];
    let weights: Vec<f64> = q.iter().map(|q| libm::exp(alpha * (q - largest))).collect();
    let goal = uniform * weights.iter().sum::<f64>();
    let mut cumulated = 0.0;
    for (i, weight) in weights.iter().enumerate() {
        cumulated += weight;
        if cumulated > goal {
            return i;
        }
    }
    argmax(q) // rounding left the sum below the goal
}

/// The position of the noise in a state that is asked about without one: a mixture of all bits of its numbers, so that
/// the same state always gets the same candidates and other states get others.
pub fn position_of(state: &[f64]) -> u64 {
    state.iter().fold(0x9e37_79b9_7f4a_7c15, |hash, x| {
        mix(hash ^ (x + 0.0).to_bits()) // + 0.0 makes both zeros one
    })
}

/// The position of candidate `i` of `n` under position `p`: other numbers for other `(p, i)`, and `p` itself where `n` is 1.
pub fn position_at(p: u64, i: usize, n: usize) -> u64 {
    p.wrapping_mul(n as u64).wrapping_add(i as u64)
}

/// SplitMix64's finaliser: every bit of the result depends on every bit of `x`.
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Errors naming the first candidate whose value is not finite.
pub fn expect_finite(q: &[f64]) -> Outcome<()> {
    match q.iter().position(|q| !q.is_finite()) {
        None => Ok(()),
        Some(i) => Err(Failure::non_finite(format!(
            "the critic's value of candidate {i} is {}",
            q[i]
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_value_wins_and_the_first_of_equal_ones() {
        assert_eq!(argmax(&[0.5]), 0);
        assert_eq!(argmax(&[-3.0, 2.0, 1.0]), 1);
        assert_eq!(argmax(&[1.0, 4.0, 4.0]), 1);
    }

    #[test]
    fn softmax_draws_with_the_shares_of_the_exponentials() {
        let (q, alpha, draws) = ([0.1f64, 0.4, -0.2], 2.0f64, 20_000);
        let total: f64 = q.iter().map(|q| (alpha * q).exp()).sum();
        let mut counts = [0u32; 3];
        for k in 0..draws {
            counts[softmax(&q, alpha, (f64::from(k) + 0.5) / f64::from(draws))] += 1;
        }
        for (count, q) in counts.iter().zip(&q) {
            let share = (alpha * q).exp() / total;
            assert!((f64::from(*count) / f64::from(draws) - share).abs() < 1e-4);
        }
        assert_eq!(softmax(&q, 1e6, 0.999), 1, "a large alpha is the argmax");
        assert_eq!(softmax(&q, 0.0, 0.5), 1, "alpha 0 is uniform");
    }

    #[test]
    fn positions_differ_between_candidates_calls_and_states() {
        let mut seen = std::collections::BTreeSet::new();
        for p in 0..50 {
            for i in 0..32 {
                assert!(seen.insert(position_at(p, i, 32)));
            }
        }
        assert_eq!(position_at(7, 0, 1), 7);
        assert_ne!(position_of(&[0.0, 1.0]), position_of(&[1.0, 0.0]));
        assert_ne!(position_of(&[0.1]), position_of(&[0.1 + 1e-15]));
        assert_eq!(position_of(&[0.0]), position_of(&[-0.0]));
    }
}
