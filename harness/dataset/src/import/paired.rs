//! Trajectories stored as states: `n` rows are `n - 1` transitions, each from one row to the next.

use super::cursor::{Cursor, SideCursor};
use super::pipeline::{Rows, batch_rows};
use crate::batch::{Batch, SideValues, Transition};
use crate::error::Result;

/// What a transition takes from the row it starts at and from the row it leads to.
pub(super) struct Paired {
    pub(super) observations: Cursor,
    pub(super) actions: Cursor,
    /// The action is stored in the row that it leads to.
    pub(super) action_of_next: bool,
    /// Stored in the row that the transition leads to; zero without it.
    pub(super) rewards: Option<Cursor>,
    /// The last row of each trajectory.
    pub(super) ends: Option<Cursor>,
    /// Rows that ended by the environment; a trajectory ends there, too.
    pub(super) terminals: Option<Terminals>,
    /// The last row of the file is the last of a trajectory.
    pub(super) end_is_end: bool,
    pub(super) side: Vec<SideCursor>,
    state: State,
}

/// Where a row says that the environment ended.
pub(super) enum Terminals {
    /// A flag.
    Flag(Cursor),
    /// A discount of zero.
    Discount(Cursor),
}

#[derive(Default)]
struct State {
    row: u64,
    episode: u32,
    /// The row before, where it belongs to the same trajectory.
    observation: Vec<f32>,
    action: Vec<f32>,
    side: Vec<SideValues>,
    within: bool,
    /// Whether the current trajectory has a transition.
    started: bool,
}

impl Paired {
    pub(super) fn new(observations: Cursor, actions: Cursor) -> Self {
        Self {
            observations,
            actions,
            action_of_next: false,
            rewards: None,
            ends: None,
            terminals: None,
            end_is_end: false,
            side: Vec::new(),
            state: State::default(),
        }
    }

    /// Starts at another trajectory number than 0.
    pub(super) fn starting_at(mut self, episode: u32) -> Self {
        self.state.episode = episode;
        self
    }

    pub(super) fn episode(&self) -> u32 {
        self.state.episode
    }

    fn flags(&mut self) -> Result<(bool, bool)> {
        let terminal = match &mut self.terminals {
            Some(Terminals::Flag(cursor)) => cursor.flag()?,
            Some(Terminals::Discount(cursor)) => cursor.scalar()? == 0.0,
            None => false,
        };
        let end = match &mut self.ends {
            Some(cursor) => cursor.flag()?,
            None => false,
        };
        Ok((terminal, end || terminal))
    }

    fn row(&mut self, batch: &mut Batch) -> Result<()> {
        let (terminal, mut end) = self.flags()?;
        let last = self.state.row + 1 == self.observations.rows();
        end |= last && self.end_is_end;
        let reward = match &mut self.rewards {
            Some(cursor) => cursor.scalar()?,
            None => 0.0,
        };
        let action = self.actions.next()?;
        let observation = self.observations.next()?;
        let state = &mut self.state;
        if state.within {
            batch.push(Transition {
                episode: state.episode,
                observation: &state.observation,
                action: if self.action_of_next {
                    action
                } else {
                    &state.action
                },
                reward,
                terminated: terminal,
                truncated: end && !terminal,
                final_observation: (end || last).then_some(observation),
            });
            state.started = true;
            for (values, held) in batch.side.iter_mut().zip(&state.side) {
                append(values, held);
            }
        }
        state.within = !end;
        if end && state.started {
            state.episode += 1;
            state.started = false;
        }
        state.observation.clear();
        state.observation.extend_from_slice(observation);
        state.action.clear();
        state.action.extend_from_slice(action);
        state.row += 1;
        // Side values accompany the state that a transition starts at.
        if state.side.is_empty() {
            state.side = self.side.iter().map(SideCursor::empty).collect();
        }
        for (cursor, values) in self.side.iter_mut().zip(&mut state.side) {
            values.clear();
            cursor.next(values)?;
        }
        Ok(())
    }
}

fn append(values: &mut SideValues, more: &SideValues) {
    match (values, more) {
        (SideValues::F32(values), SideValues::F32(more)) => values.extend_from_slice(more),
        (SideValues::F64(values), SideValues::F64(more)) => values.extend_from_slice(more),
        _ => {}
    }
}

impl Rows for Paired {
    fn total(&self) -> u64 {
        self.observations.rows()
    }

    fn next(&mut self) -> Result<Option<(Batch, u64)>> {
        let total = self.total();
        if self.state.row == total {
            return Ok(None);
        }
        let mut batch = Batch {
            side: self.side.iter().map(SideCursor::empty).collect(),
            ..Batch::default()
        };
        let limit = batch_rows(self.observations.width(), self.actions.width());
        while self.state.row < total && batch.len() < limit {
            self.row(&mut batch)?;
        }
        Ok(Some((batch, self.state.row)))
    }
}
