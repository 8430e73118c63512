//! Mean and median over tasks: each task is averaged over its runs first, `m_t = mean_r x_tr`, then `mean_t m_t` or the
//! middle of the `m_t` (the mean of the two middle ones for an even number of tasks).
//!
//! Shape: tasks of runs, `[T][N_t]`, to a scalar; tasks may differ in their number of runs and count alike. Reference:
//! rliable's `aggregate_mean` and `aggregate_median` (Agarwal et al. 2021).
//! No task, or a task without runs: none. One run: the task's mean is that run. Ties change nothing.

use super::mean::mean;
use super::percentile::percentile;

/// The mean of the tasks' means.
pub fn mean_of_tasks(tasks: &[&[f64]]) -> Option<f64> {
    mean(&task_means(tasks)?)
}

/// The median of the tasks' means.
pub fn median_of_tasks(tasks: &[&[f64]]) -> Option<f64> {
    let mut means: Vec<(f64, u32)> = task_means(tasks)?.into_iter().map(|m| (m, 1)).collect();
    means.sort_by(|a, b| a.0.total_cmp(&b.0));
    percentile(&means, 0.5)
}

fn task_means(tasks: &[&[f64]]) -> Option<Vec<f64>> {
    tasks.iter().map(|runs| mean(runs)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_count_alike_whatever_their_runs() {
        assert_eq!(mean_of_tasks(&[]), None);
        assert_eq!(median_of_tasks(&[&[1.0], &[]]), None);
        let tasks: [&[f64]; 3] = [&[1.0, 3.0], &[10.0], &[4.0, 4.0, 4.0]];
        assert_eq!(median_of_tasks(&tasks), Some(4.0));
        assert_eq!(mean_of_tasks(&tasks), Some(16.0 / 3.0));
        assert_eq!(median_of_tasks(&tasks[..2]), Some(6.0));
    }
}
