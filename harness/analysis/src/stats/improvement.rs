//! Probability of improvement: how likely a run of X beats a run of Y on a task, averaged over tasks.
//!
//! On one task `P = (#{x > y} + #{x = y} / 2) / (n m)` over all pairs of runs, the Mann-Whitney statistic over its maximum; the
//! result is the mean of `P` over tasks. Shape: `[T][N_t]` and `[T][M_t]` to a scalar in 0..=1. Reference: rliable's
//! `probability_of_improvement` (Agarwal et al. 2021).
//! No task, different numbers of tasks, or a task without runs on a side: none. One run a side: 0, 1/2 or 1. Ties count one
//! half. A NaN is above every number, as in `f64::total_cmp`.

use std::cmp::Ordering;

use super::mean::mean;

/// The probability that a run of `x` is greater than one of `y` on the same task.
pub fn probability_of_improvement(x: &[&[f64]], y: &[&[f64]]) -> Option<f64> {
    if x.len() != y.len() {
        return None;
    }
    let tasks = x.iter().zip(y).map(|(x, y)| on_task(x, y));
    mean(&tasks.collect::<Option<Vec<f64>>>()?)
}

/// The same on one task, in `O(n log n)`: both sides are sorted, and one walk counts the pairs.
fn on_task(x: &[f64], y: &[f64]) -> Option<f64> {
    if x.is_empty() || y.is_empty() {
        return None;
    }
    let sorted = |values: &[f64]| {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted
    };
    let (x, y) = (sorted(x), sorted(y));
    let (mut below, mut not_above) = (0, 0);
    // Twice the number of pairs won, so that a tie is a whole number.
    let mut twice = 0u64;
    for value in &x {
        below += count(&y[below..], |other| order(other, *value) == Ordering::Less);
        not_above = not_above.max(below);
        not_above += count(&y[not_above..], |other| {
            order(other, *value) != Ordering::Greater
        });
        twice += (below + not_above) as u64;
    }
    Some(twice as f64 / (2 * x.len() * y.len()) as f64)
}

/// Zero has one value, whatever its sign.
fn order(a: f64, b: f64) -> Ordering {
    (a + 0.0).total_cmp(&(b + 0.0))
}

fn count(values: &[f64], holds: impl Fn(f64) -> bool) -> usize {
    values.iter().take_while(|&&value| holds(value)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_counted_with_ties_as_halves() {
        let check = |x: &[f64], y: &[f64], expected| {
            assert_eq!(
                probability_of_improvement(&[x], &[y]),
                Some(expected),
                "{x:?} {y:?}"
            );
            assert_eq!(probability_of_improvement(&[y], &[x]), Some(1.0 - expected));
        };
        check(&[2.0], &[1.0], 1.0);
        check(&[1.0], &[1.0], 0.5);
        check(&[0.0], &[-0.0], 0.5);
        check(&[3.0, 1.0], &[2.0, 2.0], 0.5);
        check(&[1.0, 1.0, 5.0, 0.0], &[1.0, 0.0], 0.6875);
        assert_eq!(probability_of_improvement(&[], &[]), None);
        assert_eq!(probability_of_improvement(&[&[1.0]], &[&[]]), None);
        assert_eq!(probability_of_improvement(&[&[1.0]], &[]), None);
        let tasks: [&[f64]; 2] = [&[2.0], &[0.0]];
        assert_eq!(
            probability_of_improvement(&tasks, &[&[1.0], &[1.0]]),
            Some(0.5)
        );
    }
}
