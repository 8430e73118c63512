//! Rewards shifted against the transitions that earned them.
//!
//! A linear regression on `(1, s, s', s^2, s'^2, a, a^2)` (standardised, lightly ridged) is fitted to the rewards of the
//! same row, of the row before and of the row after, on half of the rows, and judged on the other half by the share of variance it
//! leaves. Where another row's rewards are explained at least three times as well, and well at all, they are shifted. (On
//! the locomotion data at hand the right alignment leaves 6 to 100 times less than its neighbours.)

use crate::transitions::Transitions;

use super::{Code, Finding, Rows};

/// Rows used for the fit and the judgement together, evenly spaced.
pub const SAMPLED_ROWS: usize = 20_000;
/// Fewer show nothing.
const FEWEST_ROWS: usize = 200;
/// By how much another alignment must be better.
const BETTER: f64 = 3.0;
/// And how good it must be at least.
const UNEXPLAINED: f64 = 0.5;
/// Wider observations are thinned to this many entries for the fit, evenly spaced.
const ENTRIES: usize = 64;

/// How far a reward's row lies behind (positive: the reward of row t stands in row t + 1).
pub(super) fn reward(rows: &Transitions) -> Option<Finding> {
    let shift = best_shift(rows)?;
    let (here, there, offset) = shift;
    let whereabouts = if offset > 0 { "after" } else { "before" };
    let seen = format!(
        "transitions leave {:.1} % of the variance of their own rewards unexplained, and {:.1} % of those one row {whereabouts}",
        100.0 * here,
        100.0 * there
    );
    let all = 0..rows.len() as u64;
    Some(Finding::new(
        Code::RewardShifted,
        seen,
        all.collect::<Rows>(),
    ))
}

/// Unexplained shares at the row itself and at the better offset, and that offset.
pub(crate) fn best_shift(rows: &Transitions) -> Option<(f64, f64, i64)> {
    let sample = sample(rows);
    if sample.len() < FEWEST_ROWS {
        return None;
    }
    let features = Features::of(rows, &sample);
    let left = |offset: i64| {
        let rewards: Vec<f64> = sample
            .iter()
            .map(|&row| f64::from(rows.reward()[(row as i64 + offset) as usize]))
            .collect();
        features.unexplained(&rewards)
    };
    let here = left(0)?;
    [-1, 1]
        .into_iter()
        .filter_map(|offset| Some((here, left(offset)?, offset)))
        .filter(|&(here, there, _)| there < here / BETTER && there < UNEXPLAINED)
        .min_by(|a, b| a.1.total_cmp(&b.1))
}

/// Rows with two rows of their episode on either side.
fn sample(rows: &Transitions) -> Vec<usize> {
    let usable: Vec<usize> = rows
        .episodes()
        .filter(|e| e.len() >= 4)
        .flat_map(|e| e.start + 1..e.end - 2)
        .collect();
    let every = usable.len().div_ceil(SAMPLED_ROWS).max(1);
    usable.into_iter().step_by(every).collect()
}

/// A design matrix `[n, k]`, row-major, with the Cholesky factor of the first half's normal equations.
struct Features {
    k: usize,
    x: Vec<f64>,
    factor: Vec<f64>,
}

impl Features {
    fn of(rows: &Transitions, sample: &[usize]) -> Self {
        let d = rows.observation_dim();
        let entries: Vec<usize> = (0..d).step_by(d.div_ceil(ENTRIES).max(1)).collect();
        let (mean, scale) = moments(rows, sample, &entries);
        let k = 1 + 4 * entries.len() + 2 * rows.action_dim();
        let mut x = Vec::with_capacity(sample.len() * k);
        for &row in sample {
            x.push(1.0);
            for at in [row, row + 1] {
                let s = rows.observation_at(at);
                let z = entries.iter().zip(mean.iter().zip(&scale));
                for (&i, (mean, scale)) in z {
                    let z = (f64::from(s[i]) - mean) * scale;
                    x.extend([z, z * z]);
                }
            }
            for &a in rows.action_at(row) {
                let a = f64::from(a);
                x.extend([a, a * a]);
            }
        }
        let factor = cholesky(&x, k);
        Self { k, x, factor }
    }

    /// Mean squared error over variance of the second half of `y` under the fit to the first; every other row is a half. None
    /// where the rewards are constant.
    fn unexplained(&self, y: &[f64]) -> Option<f64> {
        let k = self.k;
        let mut b = vec![0.0; k];
        for (x, y) in self.x.chunks_exact(k).zip(y).step_by(2) {
            b.iter_mut().zip(x).for_each(|(b, x)| *b += x * y);
        }
        let w = solve(&self.factor, b);
        let test = || self.x.chunks_exact(k).zip(y).skip(1).step_by(2);
        let n = test().count() as f64;
        let mean = test().map(|(_, y)| y).sum::<f64>() / n;
        let variance = test().map(|(_, y)| (y - mean) * (y - mean)).sum::<f64>() / n;
        let error = test()
            .map(|(x, y)| {
                let fit: f64 = x.iter().zip(&w).map(|(x, w)| x * w).sum();
                (y - fit) * (y - fit)
            })
            .sum::<f64>()
            / n;
        (variance > 1e-12).then_some(error / variance)
    }
}

/// Means, and one over the standard deviations, of some entries of the sampled observations.
fn moments(rows: &Transitions, sample: &[usize], entries: &[usize]) -> (Vec<f64>, Vec<f64>) {
    let n = sample.len() as f64;
    let column = |i: usize| {
        sample
            .iter()
            .map(move |&row| f64::from(rows.observation_at(row)[i]))
    };
    let mean: Vec<f64> = entries
        .iter()
        .map(|&i| column(i).sum::<f64>() / n)
        .collect();
    let scale = entries
        .iter()
        .zip(&mean)
        .map(|(&i, mean)| {
            let variance = column(i).map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
            if variance > 1e-12 {
                1.0 / variance.sqrt()
            } else {
                0.0
            }
        })
        .collect();
    (mean, scale)
}

/// The lower factor of `X'X + ridge` over every other row, `[k, k]` row-major.
fn cholesky(x: &[f64], k: usize) -> Vec<f64> {
    let mut a = vec![0.0; k * k];
    let mut n = 0.0;
    for row in x.chunks_exact(k).step_by(2) {
        n += 1.0;
        for (i, xi) in row.iter().enumerate() {
            let out = &mut a[i * k..=i * k + i];
            out.iter_mut()
                .zip(row)
                .for_each(|(out, xj)| *out += xi * xj);
        }
    }
    for i in 0..k {
        // Entries that never change leave a zero on the diagonal.
        a[i * k + i] += 1e-6 * n;
        for j in 0..=i {
            let (head, tail) = a.split_at(i * k);
            let (row_i, row_j) = (
                &tail[..j],
                if i == j {
                    &tail[..j]
                } else {
                    &head[j * k..j * k + j]
                },
            );
            let sum = a[i * k + j] - row_i.iter().zip(row_j).map(|(x, y)| x * y).sum::<f64>();
            a[i * k + j] = if i == j {
                sum.max(1e-12).sqrt()
            } else {
                sum / a[j * k + j]
            };
        }
    }
    a
}

fn solve(factor: &[f64], mut b: Vec<f64>) -> Vec<f64> {
    let k = b.len();
    for i in 0..k {
        let before: f64 = factor[i * k..i * k + i]
            .iter()
            .zip(&b)
            .map(|(l, y)| l * y)
            .sum();
        b[i] = (b[i] - before) / factor[i * k + i];
    }
    for i in (0..k).rev() {
        let before: f64 = (i + 1..k).map(|j| factor[j * k + i] * b[j]).sum();
        b[i] = (b[i] - before) / factor[i * k + i];
    }
    b
}
