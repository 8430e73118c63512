//! Jumps of the observation where none should be.
//!
//! The length of a step is the root mean square, over entries, of its change divided by that entry's standard deviation of
//! changes. In locomotion and maze data steps inside episodes reach 1.1 to 3.1 times their 95th percentile; from the end of one
//! episode to the start of the next, a third of them or more are longer than twice. So a jump at one place of many episodes is a
//! misplaced mark, and a jump anywhere has to be larger to count.

use crate::transitions::Transitions;

use super::{Code, Finding, Rows};

/// A step is a jump from this many 95th percentiles on, where many episodes have it at one place.
const JUMP: f64 = 2.0;
/// The same, for any place.
const LARGE_JUMP: f64 = 3.5;
/// Rows from an end at which a misplaced timeout is looked for.
const NEAR: usize = 3;
/// Share of the truncated episodes that must jump at one place.
const SHARE: f64 = 0.25;
/// Fewer steps or episodes show nothing.
const FEWEST_STEPS: usize = 200;
const FEWEST_EPISODES: usize = 2;

/// Ends out of step with the trajectories, and ends that are not marked.
pub(super) fn seams(rows: &Transitions) -> Vec<Finding> {
    let steps = Steps::of(rows);
    let Some(percentile) = steps.percentile(rows) else {
        return Vec::new();
    };
    let jumps = |row: usize| steps.length[row] > JUMP * percentile;
    // Neighbours of a truncation belong to the one, all else to the other.
    let (before, after) = (near_ends(rows, jumps), near_starts(rows, jumps));
    let mut all = Vec::new();
    for (place, at) in [("before", &before), ("after", &after)] {
        let Some((offset, found, of)) = at else {
            continue;
        };
        let seen = format!(
            "in {} of {of} truncated episodes the observation jumps {offset} steps {place} the mark, by more than {JUMP} times the 95th percentile of steps",
            found.count
        );
        all.push(Finding::new(Code::TimeoutsMisplaced, seen, found.clone()));
    }
    if all.is_empty() {
        all.extend(
            steps
                .inside(rows, LARGE_JUMP * percentile)
                .map(|(found, seen)| Finding::new(Code::MissingTimeouts, seen, found)),
        );
    }
    all
}

/// Jumps inside episodes of data that are known to mark no ends: rows and words.
pub(super) fn unmarked(rows: &Transitions) -> Option<(Rows, String)> {
    let steps = Steps::of(rows);
    steps.inside(rows, JUMP * steps.percentile(rows)?)
}

/// Rows whose next row is of the same episode.
fn inner(rows: &Transitions) -> impl Iterator<Item = usize> + '_ {
    rows.episodes().flat_map(|e| e.start..e.end - 1)
}

struct Steps {
    /// Of each row with a next row in the file; zero for the last.
    length: Vec<f64>,
}

impl Steps {
    fn of(rows: &Transitions) -> Self {
        let scale = Self::scales(rows);
        let d = rows.observation_dim();
        let mut length = vec![0.0; rows.len()];
        for (row, out) in length
            .iter_mut()
            .enumerate()
            .take(rows.len().saturating_sub(1))
        {
            let (a, b) = (rows.observation_at(row), rows.observation_at(row + 1));
            let squares: f64 = (a.iter().zip(b).zip(&scale))
                .map(|((a, b), scale)| {
                    let z = (f64::from(*b) - f64::from(*a)) * scale;
                    z * z
                })
                .sum();
            *out = (squares / d as f64).sqrt();
        }
        Self { length }
    }

    /// One over the standard deviation of each entry's changes inside episodes; zero for entries that never change.
    fn scales(rows: &Transitions) -> Vec<f64> {
        let d = rows.observation_dim();
        let (mut sum, mut squares, mut n) = (vec![0.0; d], vec![0.0; d], 0.0);
        for row in inner(rows) {
            n += 1.0;
            let (a, b) = (rows.observation_at(row), rows.observation_at(row + 1));
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                let change = f64::from(*b) - f64::from(*a);
                sum[i] += change;
                squares[i] += change * change;
            }
        }
        (sum.iter().zip(&squares))
            .map(|(sum, squares): (&f64, &f64)| {
                let mean = sum / f64::max(n, 1.0);
                let variance = squares / f64::max(n, 1.0) - mean * mean;
                if variance > 1e-18 {
                    1.0 / variance.sqrt()
                } else {
                    0.0
                }
            })
            .collect()
    }

    /// Rows inside episodes that are longer than `limit`, and a sentence.
    fn inside(&self, rows: &Transitions, limit: f64) -> Option<(Rows, String)> {
        let found: Rows = inner(rows)
            .filter(|&row| self.length[row] > limit)
            .map(|row| row as u64)
            .collect();
        let seen = format!(
            "the observation jumps {} times inside an episode, far beyond the 95th percentile of steps",
            found.count
        );
        (found.count > 0).then_some((found, seen))
    }

    fn percentile(&self, rows: &Transitions) -> Option<f64> {
        let mut lengths: Vec<f64> = inner(rows).map(|row| self.length[row]).collect();
        if lengths.len() < FEWEST_STEPS {
            return None;
        }
        let at = lengths.len() * 95 / 100;
        let (_, &mut percentile, _) = lengths.select_nth_unstable_by(at, f64::total_cmp);
        (percentile > 0.0).then_some(percentile)
    }
}

/// Steps from the mark, rows that jump there, truncated episodes.
type Near = Option<(usize, Rows, usize)>;

fn near_ends(rows: &Transitions, jumps: impl Fn(usize) -> bool) -> Near {
    let marked = || {
        rows.episodes()
            .filter(|e| rows.truncated()[e.end - 1] && e.len() > 2 * NEAR + 2)
    };
    let at = |offset: usize| -> Rows {
        marked()
            .map(|e| e.end - 1 - offset)
            .filter(|&row| jumps(row))
            .map(|row| row as u64)
            .collect()
    };
    nearest(at, marked().count())
}

fn near_starts(rows: &Transitions, jumps: impl Fn(usize) -> bool) -> Near {
    let following = || {
        let pairs = rows.episodes().zip(rows.episodes().skip(1));
        pairs
            .filter(|(e, next)| rows.truncated()[e.end - 1] && next.len() > 2 * NEAR + 2)
            .map(|(_, next)| next)
    };
    let at = |offset: usize| -> Rows {
        following()
            .map(|e| e.start + offset - 1)
            .filter(|&row| jumps(row))
            .map(|row| row as u64)
            .collect()
    };
    nearest(at, following().count())
}

fn nearest(at: impl Fn(usize) -> Rows, of: usize) -> Near {
    (1..=NEAR).find_map(|offset| {
        let found = at(offset);
        let enough =
            found.count as usize >= FEWEST_EPISODES && found.count as f64 >= SHARE * of as f64;
        enough.then_some((offset, found, of))
    })
}
