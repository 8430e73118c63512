//! Layouts whose rows are transitions: windows of rows in, batches with episode numbers out.

use std::path::PathBuf;

use super::pipeline::Rows;
use super::problem;
use crate::batch::{Batch, SideValues};
use crate::error::{ImportProblem, Result};

/// Some rows of every array.
#[derive(Default)]
pub(super) struct Window {
    pub(super) start: u64,
    pub(super) observations: Vec<f32>,
    pub(super) actions: Vec<f32>,
    pub(super) rewards: Vec<f32>,
    pub(super) terminals: Vec<bool>,
    pub(super) timeouts: Option<Vec<bool>>,
    /// Rows that are the last of their episode although nothing marks them.
    pub(super) cuts: Option<Vec<bool>>,
    pub(super) next_observations: Option<Vec<f32>>,
    pub(super) side: Vec<SideValues>,
}

/// A source of windows.
pub(super) trait Windows {
    /// Rows, where they are known before they are read.
    fn total(&self) -> u64;

    /// The next rows.
    fn window(&mut self) -> Result<Option<Window>>;
}

/// How episodes end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct EndRules {
    /// Steps after which an episode is truncated.
    pub(super) limit: Option<u32>,
    /// End the episode where the stated next observation is not the next row's.
    pub(super) split_discontinuities: bool,
}

/// Finds the ends of episodes, row by row.
pub(super) struct Assembled<W> {
    file: PathBuf,
    width: usize,
    rules: EndRules,
    episode: u32,
    step: u32,
    windows: W,
    next: Option<Window>,
    started: bool,
}

impl<W: Windows> Assembled<W> {
    pub(super) fn new(file: PathBuf, width: u32, rules: EndRules, windows: W) -> Self {
        Self {
            file,
            width: width as usize,
            rules,
            episode: 0,
            step: 0,
            windows,
            next: None,
            started: false,
        }
    }

    /// Turns a window into rows; `following` is the observation after its last row, if the file goes on.
    fn assemble(&mut self, window: Window, following: Option<&[f32]>) -> Result<Batch> {
        let n = window.rewards.len();
        let width = self.width;
        let mut batch = Batch::default();
        for i in 0..n {
            self.step += 1;
            let terminated = window.terminals[i];
            // A file that marks its timeouts knows better than a general limit.
            let truncated = match &window.timeouts {
                Some(timeouts) => timeouts[i],
                None => !terminated && self.rules.limit == Some(self.step),
            };
            batch.episode.push(self.episode);
            batch.truncated.push(truncated);
            let next_row = window
                .observations
                .get((i + 1) * width..(i + 2) * width)
                .or(following);
            let stated = window
                .next_observations
                .as_deref()
                .map(|values| &values[i * width..(i + 1) * width]);
            let cut = window.cuts.as_ref().is_some_and(|cuts| cuts[i]);
            if terminated
                || truncated
                || cut
                || self.ends_here(window.start + i as u64, stated, next_row)?
            {
                if let Some(observation) = stated {
                    batch.final_rows.push(i as u32);
                    batch.final_observation.extend_from_slice(observation);
                }
                self.episode += 1;
                self.step = 0;
            }
        }
        Ok(Batch {
            observation: window.observations,
            action: window.actions,
            reward: window.rewards,
            terminated: window.terminals,
            side: window.side,
            ..batch
        })
    }

    /// Whether an unmarked row is the last of its episode: at the end of the file, or where the stated next
    /// observation is not the next row's.
    fn ends_here(
        &self,
        row: u64,
        stated: Option<&[f32]>,
        next_row: Option<&[f32]>,
    ) -> Result<bool> {
        match (stated, next_row) {
            (_, None) => Ok(true),
            (Some(stated), Some(next_row)) if stated != next_row => {
                if self.rules.split_discontinuities {
                    Ok(true)
                } else {
                    Err(problem(&self.file, ImportProblem::Discontinuity { row }))
                }
            }
            _ => Ok(false),
        }
    }
}

impl<W: Windows> Rows for Assembled<W> {
    fn total(&self) -> u64 {
        self.windows.total()
    }

    fn next(&mut self) -> Result<Option<(Batch, u64)>> {
        if !self.started {
            self.started = true;
            self.next = self.windows.window()?;
        }
        let Some(window) = self.next.take() else {
            return Ok(None);
        };
        let end = window.start + window.rewards.len() as u64;
        let next = self.windows.window()?;
        let following = next.as_ref().map(|w| w.observations[..self.width].to_vec());
        let batch = self.assemble(window, following.as_deref())?;
        self.next = next;
        Ok(Some((batch, end)))
    }
}
