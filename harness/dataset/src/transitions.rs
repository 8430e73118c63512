//! Transitions in memory.

use std::ops::Range;

use crate::batch::{Batch, Transition};
use crate::error::Result;
use crate::rows::CoreRows;
use crate::schema::Layout;
use crate::tally::Tally;

const NONE: u32 = u32::MAX;

/// The core columns of a dataset as flat arrays of `n` rows, in canonical order.
///
/// A row is *sampleable* when its next observation is known or not needed: see [`Self::has_successor`].
#[derive(Clone, Debug, Default)]
pub struct Transitions {
    observation_dim: usize,
    action_dim: usize,
    episode: Vec<u32>,
    observation: Vec<f32>,
    action: Vec<f32>,
    reward: Vec<f32>,
    terminated: Vec<bool>,
    truncated: Vec<bool>,
    /// First row of each episode, then `n`.
    starts: Vec<u32>,
    /// Per episode, its place in `final_observation`, or `NONE`.
    final_slot: Vec<u32>,
    final_observation: Vec<f32>,
}

impl Transitions {
    /// Transitions from rows in memory, e.g. of a generator; checks lengths and order.
    pub fn from_batch(observation_dim: u32, action_dim: u32, batch: Batch) -> Result<Self> {
        let layout = Layout::new(observation_dim, action_dim, &[])?;
        let batch = batch.into_record_batch(&layout)?;
        let rows = CoreRows::new(&batch);
        rows.check_finite(0, (layout.observation_dim, layout.action_dim))?;
        Tally::default().update(&rows)?;
        let mut transitions =
            Self::with_capacity(layout.observation_dim, layout.action_dim, rows.len());
        transitions.extend(&rows);
        Ok(transitions.sealed())
    }

    pub(crate) fn with_capacity(observation_dim: usize, action_dim: usize, rows: usize) -> Self {
        Self {
            observation_dim,
            action_dim,
            episode: Vec::with_capacity(rows),
            observation: Vec::with_capacity(rows * observation_dim),
            action: Vec::with_capacity(rows * action_dim),
            reward: Vec::with_capacity(rows),
            terminated: Vec::with_capacity(rows),
            truncated: Vec::with_capacity(rows),
            ..Self::default()
        }
    }

    /// No rows yet, for transitions that come one by one.
    pub fn empty(observation_dim: usize, action_dim: usize) -> Self {
        Self::with_capacity(observation_dim, action_dim, 0).sealed()
    }

    /// Appends one row of the last trajectory or, with the number of trajectories as its `episode`, of a new one.
    ///
    /// # Panics
    /// When the row is of an earlier trajectory or of a later one.
    pub fn push(&mut self, row: Transition<'_>) {
        let (episode, end) = (row.episode as usize, self.len() as u32 + 1);
        if episode == self.final_slot.len() {
            // The old end is where the new trajectory starts.
            self.final_slot.push(NONE);
            self.starts.push(end);
        } else {
            assert_eq!(episode + 1, self.final_slot.len(), "rows are in order");
            self.starts[episode + 1] = end;
        }
        if let Some(observation) = row.final_observation {
            self.final_slot[episode] = (self.final_observation.len() / self.observation_dim) as u32;
            self.final_observation.extend_from_slice(observation);
        }
        self.episode.push(row.episode);
        self.observation.extend_from_slice(row.observation);
        self.action.extend_from_slice(row.action);
        self.reward.push(row.reward);
        self.terminated.push(row.terminated);
        self.truncated.push(row.truncated);
    }

    /// Appends rows whose order was checked.
    pub(crate) fn extend(&mut self, rows: &CoreRows<'_>) {
        for (i, &episode) in rows.episode.iter().enumerate() {
            if episode as usize == self.starts.len() {
                self.starts.push((self.episode.len() + i) as u32);
                self.final_slot.push(NONE);
            }
            if let Some(observation) = rows.final_observation(i) {
                self.final_slot[episode as usize] =
                    (self.final_observation.len() / self.observation_dim) as u32;
                self.final_observation.extend_from_slice(observation);
            }
        }
        self.episode.extend_from_slice(rows.episode);
        self.observation.extend_from_slice(rows.observation);
        self.action.extend_from_slice(rows.action);
        self.reward.extend_from_slice(rows.reward);
        self.terminated.extend(rows.terminated.values().iter());
        self.truncated.extend(rows.truncated.values().iter());
    }

    pub(crate) fn sealed(mut self) -> Self {
        self.starts.push(self.episode.len() as u32);
        self
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.episode.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.episode.is_empty()
    }

    /// Elements of an observation.
    pub fn observation_dim(&self) -> usize {
        self.observation_dim
    }

    /// Elements of an action.
    pub fn action_dim(&self) -> usize {
        self.action_dim
    }

    /// Trajectory numbers `[n]`.
    pub fn episode(&self) -> &[u32] {
        &self.episode
    }

    /// Observations `[n, d]`, row-major.
    pub fn observation(&self) -> &[f32] {
        &self.observation
    }

    /// Actions `[n, a]`, row-major.
    pub fn action(&self) -> &[f32] {
        &self.action
    }

    /// Rewards `[n]`.
    pub fn reward(&self) -> &[f32] {
        &self.reward
    }

    /// Ended by the environment `[n]`.
    pub fn terminated(&self) -> &[bool] {
        &self.terminated
    }

    /// Ended by a limit `[n]`.
    pub fn truncated(&self) -> &[bool] {
        &self.truncated
    }

    /// The observation of one row `[d]`.
    pub fn observation_at(&self, row: usize) -> &[f32] {
        &self.observation[row * self.observation_dim..(row + 1) * self.observation_dim]
    }

    /// The action of one row `[a]`.
    pub fn action_at(&self, row: usize) -> &[f32] {
        &self.action[row * self.action_dim..(row + 1) * self.action_dim]
    }

    /// Trajectories.
    pub fn episode_count(&self) -> usize {
        self.final_slot.len()
    }

    /// The rows of one trajectory.
    pub fn episode_rows(&self, episode: usize) -> Range<usize> {
        self.starts[episode] as usize..self.starts[episode + 1] as usize
    }

    /// The rows of each trajectory, in order.
    pub fn episodes(&self) -> impl ExactSizeIterator<Item = Range<usize>> + '_ {
        (0..self.episode_count()).map(|episode| self.episode_rows(episode))
    }

    /// The observation after the last row of a trajectory `[d]`, when known.
    pub fn final_observation(&self, episode: usize) -> Option<&[f32]> {
        let slot = self.final_slot[episode];
        let start = slot as usize * self.observation_dim;
        (slot != NONE).then(|| &self.final_observation[start..start + self.observation_dim])
    }

    /// The same transitions with every observation re-encoded: `encode` writes `dim` elements for one observation `[d]`.
    pub fn encoded(&self, dim: usize, mut encode: impl FnMut(&[f32], &mut [f32])) -> Self {
        let mut all = |observations: &[f32]| {
            let mut out = vec![0.0; observations.len() / self.observation_dim * dim];
            let pairs = observations
                .chunks_exact(self.observation_dim)
                .zip(out.chunks_exact_mut(dim));
            pairs.for_each(|(from, to)| encode(from, to));
            out
        };
        let (observation, final_observation) =
            (all(&self.observation), all(&self.final_observation));
        Self {
            observation_dim: dim,
            observation,
            final_observation,
            ..self.clone()
        }
    }

    /// The same transitions with other rewards.
    pub fn with_rewards(&self, reward: impl Fn(f32) -> f32) -> Self {
        Self {
            reward: self.reward.iter().map(|&r| reward(r)).collect(),
            ..self.clone()
        }
    }

    /// Whether the row is the last of its trajectory.
    pub fn is_last(&self, row: usize) -> bool {
        row + 1 == self.len() || self.episode[row + 1] != self.episode[row]
    }

    /// Whether a learner can be given the row: the next row belongs to the same trajectory, or the final observation
    /// is known, or the row is terminated, so that nothing is bootstrapped from what follows.
    pub fn has_successor(&self, row: usize) -> bool {
        !self.is_last(row)
            || self.terminated[row]
            || self.final_observation(self.episode[row] as usize).is_some()
    }

    /// The observation after a row `[d]`; for a terminated row whose final observation is unknown, its own
    /// observation, which no target uses.
    ///
    /// # Panics
    /// When the row [has no successor](Self::has_successor): such rows are never sampled.
    pub fn next_observation(&self, row: usize) -> &[f32] {
        if !self.is_last(row) {
            return self.observation_at(row + 1);
        }
        match self.final_observation(self.episode[row] as usize) {
            Some(observation) => observation,
            None if self.terminated[row] => self.observation_at(row),
            None => panic!("row {row} has no successor"),
        }
    }

    /// The rows that have a successor, ascending.
    pub fn sampleable_rows(&self) -> Vec<u32> {
        (0..self.len())
            .filter(|&row| self.has_successor(row))
            .map(|row| row as u32)
            .collect()
    }
}
