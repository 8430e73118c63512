//! The aggregates over tasks of one cell, on samples and on resamples: rliable's four, and the performance profile.
//!
//! With `x_tr` the score of run r on task t and `w_tr` how often the run is taken (1 on the sample itself):
//!
//! * mean `mean_t m_t` and median `median_t m_t` with `m_t = sum_r w_tr x_tr / sum_r w_tr`;
//! * interquartile mean of all `x_tr`, each `w_tr` times, a quarter (whole values) cut from either end;
//! * optimality gap `g - sum w_tr min(x_tr, g) / sum w_tr`;
//! * performance profile at `tau`: `sum w_tr [x_tr > tau] / sum w_tr`, the share of runs above it.
//!
//! Reference: Agarwal et al. 2021, rliable's `metrics` and `library.run_score_deviation`. Tasks with other numbers of runs count in the last
//! three by their runs. No run in a task: none.

use super::panel::{Member, Panel};
use super::percentile::percentile;
use super::{iqm, mean};

/// One cell of a panel, its runs by task.
#[derive(Clone, Debug)]
pub struct Tasks {
    /// `[T]` lists of runs.
    tasks: Vec<Vec<Member>>,
    /// All runs, ascending.
    pooled: Vec<Member>,
}

/// What is said of a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aggregate {
    /// Mean of the tasks' means.
    Mean,
    /// Median of the tasks' means.
    Median,
    /// Interquartile mean over runs and tasks.
    Iqm,
    /// Shortfall from a target.
    OptimalityGap(f64),
    /// Share of runs above a score.
    ShareAbove(f64),
}

impl Tasks {
    /// Cell `index` of `panel`.
    pub fn of(panel: &Panel, index: usize) -> Self {
        let pooled = panel.cells[index].clone();
        let mut first = 0;
        let mut tasks = Vec::new();
        for stratum in &panel.strata {
            let inside = first..first + stratum.units;
            let own = pooled.iter().filter(|m| inside.contains(&m.unit));
            tasks.push(own.copied().collect());
            first = inside.end;
        }
        Self { tasks, pooled }
    }

    /// Runs over all tasks.
    pub fn runs(&self) -> usize {
        self.pooled.len()
    }

    /// The aggregate when unit `u` is taken `counts[u]` times.
    pub fn aggregate(&self, what: Aggregate, counts: &[u16]) -> Option<f64> {
        match what {
            Aggregate::Mean => {
                let means = self.means(counts)?;
                Some(means.iter().sum::<f64>() / means.len() as f64)
            }
            Aggregate::Median => {
                let mut means: Vec<(f64, u32)> =
                    self.means(counts)?.into_iter().map(|m| (m, 1)).collect();
                means.sort_by(|a, b| a.0.total_cmp(&b.0));
                percentile(&means, 0.5)
            }
            Aggregate::Iqm => {
                let taken = self.pooled.iter().map(|m| u32::from(counts[m.unit]));
                let total = taken.clone().map(u64::from).sum();
                iqm::weighted(self.pooled.iter().map(|m| m.value).zip(taken), total)
            }
            Aggregate::OptimalityGap(target) => {
                Some(target - average(&self.pooled, counts, |x| x.min(target))?)
            }
            Aggregate::ShareAbove(tau) => {
                average(&self.pooled, counts, |x| f64::from(u8::from(x > tau)))
            }
        }
    }

    fn means(&self, counts: &[u16]) -> Option<Vec<f64>> {
        if self.tasks.is_empty() {
            return None;
        }
        self.tasks
            .iter()
            .map(|runs| average(runs, counts, |x| x))
            .collect()
    }
}

/// The mean of `of(value)` with multiplicities.
fn average(runs: &[Member], counts: &[u16], of: impl Fn(f64) -> f64) -> Option<f64> {
    let taken = |run: &Member| (of(run.value), u32::from(counts[run.unit]));
    mean::weighted(runs.iter().map(taken))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Observed;

    fn tasks(scores: &[&[f64]]) -> Tasks {
        let observed = scores.iter().enumerate().flat_map(|(task, runs)| {
            runs.iter().enumerate().map(move |(seed, &value)| Observed {
                stratum: format!("task {task}"),
                seed: seed as i64,
                evaluation_id: format!("{task} {seed}"),
                value,
            })
        });
        let panel = Panel::new("normalized_score", &[observed.collect()]).unwrap();
        Tasks::of(&panel, 0)
    }

    #[test]
    fn aggregates_count_tasks_or_runs_as_said() {
        let tasks = tasks(&[&[0.0, 100.0], &[20.0, 20.0], &[90.0, 130.0]]);
        assert_eq!(tasks.runs(), 6);
        let once = [1u16; 6];
        let of = |what| tasks.aggregate(what, &once).unwrap();
        assert_eq!(of(Aggregate::Mean), 60.0);
        assert_eq!(of(Aggregate::Median), 50.0);
        assert_eq!(of(Aggregate::Iqm), 57.5);
        assert!((of(Aggregate::OptimalityGap(100.0)) - 45.0).abs() < 1e-12);
        assert_eq!(of(Aggregate::ShareAbove(20.0)), 0.5);
        // The first run of the first task twice, its second never.
        let counts = [2, 0, 1, 1, 1, 1];
        assert_eq!(tasks.aggregate(Aggregate::Median, &counts), Some(20.0));
        assert_eq!(tasks.aggregate(Aggregate::Mean, &[0; 6]), None);
    }

    #[test]
    fn no_run_gives_nothing() {
        let none = tasks(&[]);
        for what in [
            Aggregate::Mean,
            Aggregate::Median,
            Aggregate::Iqm,
            Aggregate::ShareAbove(0.0),
        ] {
            assert_eq!(none.aggregate(what, &[]), None, "{what:?}");
        }
    }
}
