//! Counting rows and checking their order, batch by batch.

use serde::{Deserialize, Serialize};

use crate::error::{Error, OrderProblem, Result};
use crate::rows::CoreRows;

/// Counts of a dataset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Rows.
    pub transitions: u64,
    /// Trajectories, complete or cut off.
    pub episodes: u64,
    /// Trajectories that end in a terminated or truncated row.
    pub complete_episodes: u64,
    /// Rows after the last complete episode.
    pub rows_after_last_complete_episode: u64,
    /// Terminated rows.
    pub terminated: u64,
    /// Truncated rows.
    pub truncated: u64,
    /// Mean undiscounted return over complete episodes; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_return: Option<f64>,
}

/// A running count that refuses rows out of canonical order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    counts: Counts,
    sum_of_returns: f64,
    current_return: f64,
    previous: Option<Previous>,
}

#[derive(Clone, Copy, Debug)]
struct Previous {
    episode: u32,
    ended: bool,
    has_final: bool,
}

impl Tally {
    /// Adds the rows of a batch. After an error the tally is of no further use.
    pub(crate) fn update(&mut self, rows: &CoreRows<'_>) -> Result<()> {
        for i in 0..rows.len() {
            let row = Previous {
                episode: rows.episode[i],
                ended: rows.terminated.value(i) || rows.truncated.value(i),
                has_final: rows.has_final(i),
            };
            if let Some(problem) = self.problem(row) {
                return Err(Error::Order {
                    row: self.counts.transitions,
                    problem,
                });
            }
            self.count(
                row,
                f64::from(rows.reward[i]),
                rows.terminated.value(i),
                rows.truncated.value(i),
            );
        }
        Ok(())
    }

    fn problem(&self, row: Previous) -> Option<OrderProblem> {
        let Some(previous) = self.previous else {
            return (row.episode != 0).then_some(OrderProblem::FirstEpisode { found: row.episode });
        };
        if row.episode == previous.episode {
            if previous.ended {
                return Some(OrderProblem::RowAfterEnd {
                    episode: row.episode,
                });
            }
            return previous
                .has_final
                .then_some(OrderProblem::FinalObservationInside {
                    episode: row.episode,
                });
        }
        let next = previous.episode.checked_add(1);
        (Some(row.episode) != next).then_some(OrderProblem::EpisodeJump {
            from: previous.episode,
            to: row.episode,
        })
    }

    fn count(&mut self, row: Previous, reward: f64, terminated: bool, truncated: bool) {
        let starts = self.previous.is_none_or(|p| p.episode != row.episode);
        let counts = &mut self.counts;
        if starts {
            counts.episodes += 1;
            self.current_return = 0.0;
        }
        counts.transitions += 1;
        counts.rows_after_last_complete_episode += 1;
        counts.terminated += u64::from(terminated);
        counts.truncated += u64::from(truncated);
        self.current_return += reward;
        if row.ended {
            counts.complete_episodes += 1;
            counts.rows_after_last_complete_episode = 0;
            self.sum_of_returns += self.current_return;
        }
        self.previous = Some(row);
    }

    pub(crate) fn counts(&self) -> Counts {
        let mut counts = self.counts.clone();
        counts.mean_return = (counts.complete_episodes > 0)
            .then(|| self.sum_of_returns / counts.complete_episodes as f64);
        counts
    }
}
