//! Arrays with one row per transition, as NeoRL and newer d3rlpy store them.

use super::arrays::Array;
use super::window::{Window, Windows};
use crate::error::Result;

/// Rows of a window.
const WINDOW_BYTES: u64 = 4 << 20;

/// The arrays of such a file.
pub(super) struct Steps {
    pub(super) observations: Array,
    pub(super) actions: Array,
    pub(super) rewards: Array,
    pub(super) terminals: Array,
    pub(super) next_observations: Option<Array>,
    pub(super) ends: Ends,
    pub(super) read: u64,
}

/// What says where a trajectory ends that the environment did not end.
pub(super) enum Ends {
    /// Nothing.
    Unknown,
    /// A flag in its last row.
    Flags(Array),
    /// The first rows of all trajectories, rising.
    Starts(Vec<u64>),
}

impl Steps {
    pub(super) fn arrays(&self) -> Vec<&Array> {
        let ends = match &self.ends {
            Ends::Flags(array) => Some(array),
            _ => None,
        };
        [
            &self.observations,
            &self.actions,
            &self.rewards,
            &self.terminals,
        ]
        .into_iter()
        .chain(&self.next_observations)
        .chain(ends)
        .collect()
    }

    fn rows(&self) -> u64 {
        let width = self.observations.width() + self.actions.width();
        (WINDOW_BYTES / (4 * u64::from(width) + 16)).max(1)
    }

    /// Which of the rows from `start` on end a trajectory by something else than the environment.
    fn timeouts(&mut self, start: u64, terminals: &[bool]) -> Result<Option<Vec<bool>>> {
        let total = self.observations.rows();
        let ended = match &mut self.ends {
            Ends::Unknown => return Ok(None),
            Ends::Flags(array) => array.flags(start, terminals.len() as u64)?,
            Ends::Starts(starts) => {
                let last = |row: u64| row == total || starts.binary_search(&row).is_ok();
                (start..start + terminals.len() as u64)
                    .map(|row| last(row + 1))
                    .collect()
            }
        };
        let only = ended.iter().zip(terminals).map(|(&end, &t)| end && !t);
        Ok(Some(only.collect()))
    }
}

impl Windows for Steps {
    fn total(&self) -> u64 {
        self.observations.rows()
    }

    fn window(&mut self) -> Result<Option<Window>> {
        let start = self.read;
        let count = self.rows().min(self.observations.rows() - start);
        if count == 0 {
            return Ok(None);
        }
        self.read += count;
        let terminals = self.terminals.flags(start, count)?;
        let timeouts = self.timeouts(start, &terminals)?;
        let next = self.next_observations.as_mut();
        Ok(Some(Window {
            start,
            observations: self.observations.singles(start, count)?,
            actions: self.actions.singles(start, count)?,
            rewards: self.rewards.singles(start, count)?,
            terminals,
            timeouts,
            next_observations: next.map(|a| a.singles(start, count)).transpose()?,
            ..Window::default()
        }))
    }
}
