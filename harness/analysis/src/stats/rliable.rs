//! rliable's estimators, for numbers that can be held against papers that used it.
//!
//! Scores lie as rliable takes them: runs of tasks, `[N][T]`, all tasks with the same number of runs, 1 being the target. The
//! point estimates equal rliable 1.2.0's to 1e-12 (`tests/golden/analysis/rliable_points.py`). What tables show differs in the
//! intervals: Assay widens them for few runs and resamples whole seeds, rliable does neither.

use serde::Serialize;

use super::{improvement, iqm, optimality_gap, task_means};

/// The score that rliable's optimality gap measures against.
const TARGET: f64 = 1.0;

/// rliable's four aggregates.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Aggregates {
    /// Mean over tasks of the means over runs.
    pub mean: f64,
    /// Median over tasks of the means over runs.
    pub median: f64,
    /// Interquartile mean over runs and tasks.
    pub iqm: f64,
    /// Shortfall from 1, over runs and tasks.
    pub optimality_gap: f64,
}

/// The aggregates of scores `[N][T]`; none without a score, or where runs differ in their number of tasks.
pub fn aggregates(scores: &[Vec<f64>]) -> Option<Aggregates> {
    let columns = by_task(scores)?;
    let tasks: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let pooled = columns.concat();
    Some(Aggregates {
        mean: task_means::mean_of_tasks(&tasks)?,
        median: task_means::median_of_tasks(&tasks)?,
        iqm: iqm::iqm(&pooled)?,
        optimality_gap: optimality_gap::optimality_gap(&pooled, TARGET)?,
    })
}

/// The probability of improvement of scores `[N][T]` over `[M][T]`; none where the numbers of tasks differ.
pub fn probability_of_improvement(x: &[Vec<f64>], y: &[Vec<f64>]) -> Option<f64> {
    let (x, y) = (by_task(x)?, by_task(y)?);
    let x: Vec<&[f64]> = x.iter().map(Vec::as_slice).collect();
    let y: Vec<&[f64]> = y.iter().map(Vec::as_slice).collect();
    improvement::probability_of_improvement(&x, &y)
}

/// `[N][T]` turned to `[T][N]`.
fn by_task(scores: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let tasks = scores.first()?.len();
    if scores.iter().any(|run| run.len() != tasks) {
        return None;
    }
    let column = |task: usize| scores.iter().map(|run| run[task]).collect();
    Some((0..tasks).map(column).collect())
}
