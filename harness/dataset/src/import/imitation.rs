//! NPZ files of trajectories as the `imitation` package wrote them.
//!
//! | key | shape | becomes |
//! |---|---|---|
//! | `obs` | `[n + episodes, d]` | `observation` and, the last of each trajectory, `final_observation` |
//! | `acts` | `[n]` or `[n, a]` | `action`; discrete actions as their index |
//! | `rews` (optional) | `[n]` | `reward`; zero without it |
//! | `terminal` | `[episodes]` bool | `terminated` of the last row; otherwise it is truncated |
//! | `indices` | `[episodes - 1]` integers | where `acts` is split into trajectories |
//!
//! `infos` holds Python objects, which would have to be executed to be read: it is left out.

use std::path::Path;

use serde_json::Value;

use super::arrays::{Archive, Array, Kind};
use super::cursor::Cursor;
use super::pipeline::{Facts, Opened, Rows, batch_rows};
use super::{ImportOptions, equal_rows, left_out, problem};
use crate::batch::{Batch, Transition};
use crate::error::{ImportProblem, Result};

const KEYS: [&str; 5] = ["obs", "acts", "rews", "terminal", "indices"];

pub(super) fn open(file: &Path, archive: &Archive, options: &ImportOptions) -> Result<Opened> {
    let observations = archive.require("obs")?;
    let actions = archive.require("acts")?;
    let rewards = archive.find("rews")?;
    let mut terminal = archive.require("terminal")?;
    let mut indices = archive.require("indices")?;
    observations.require_vectors()?;
    actions.require_vectors()?;
    for array in [&terminal, &indices].into_iter().chain(&rewards) {
        array.require_scalars()?;
    }
    for array in [&observations, &actions, &terminal, &indices]
        .into_iter()
        .chain(&rewards)
    {
        array.require_number(options.convert_f64)?;
    }
    if let Some(rewards) = &rewards {
        equal_rows(file, &[&actions, rewards])?;
    }
    let ends = ends(file, (&observations, &actions), &mut terminal, &mut indices)?;
    let mut facts = Facts {
        layout: "imitation-npz",
        widths: (observations.width(), actions.width()),
        notes: left_out(archive, &KEYS)?,
        dtypes: [&observations, &actions, &terminal, &indices]
            .into_iter()
            .chain(&rewards)
            .map(|a| (a.key().to_owned(), a.dtype()))
            .collect(),
        ..Facts::default()
    };
    if matches!(actions.kind(), Kind::Int { .. }) {
        let value = Value::Bool(true);
        facts.declared.insert("discrete_action".to_owned(), value);
    } else {
        facts.unit_bounds = Some("action bounds [-1, 1] assumed: no action lies outside");
    }
    if rewards.is_none() {
        facts.no_rewards();
    }
    let rows = Trajectories {
        observations: Cursor::new(observations),
        actions: Cursor::new(actions),
        rewards: rewards.map(Cursor::new),
        ends,
        row: 0,
        episode: 0,
        observation: Vec::new(),
    };
    Ok(Opened {
        facts,
        rows: Box::new(rows),
        files: Vec::new(),
    })
}

/// For each trajectory the row after its last, and whether the environment ended it.
fn ends(
    file: &Path,
    (observations, actions): (&Array, &Array),
    terminal: &mut Array,
    indices: &mut Array,
) -> Result<Vec<(u64, bool)>> {
    let (rows, count) = (actions.rows(), terminal.rows());
    let lengths = vec![
        ("obs".to_owned(), observations.rows()),
        ("acts".to_owned(), rows),
        ("terminal".to_owned(), count),
        ("indices".to_owned(), indices.rows()),
    ];
    let fits = rows.checked_add(count) == Some(observations.rows());
    if !fits || indices.rows().checked_add(1) != Some(count) {
        return Err(problem(file, ImportProblem::UnequalLengths { lengths }));
    }
    terminal.require_held()?;
    let terminal = terminal.flags(0, count)?;
    let splits = indices.whole_integers()?;
    let mut ends: Vec<u64> = splits.iter().map(|&n| n.max(0) as u64).collect();
    ends.push(rows);
    if ends.first() == Some(&0) || ends.windows(2).any(|pair| pair[0] >= pair[1]) {
        let problem = format!("expected numbers of rows that rise and stay between 1 and {rows}");
        let array = "indices".to_owned();
        return Err(indices.problem(ImportProblem::Boundaries { array, problem }));
    }
    Ok(ends.into_iter().zip(terminal).collect())
}

struct Trajectories {
    observations: Cursor,
    actions: Cursor,
    rewards: Option<Cursor>,
    ends: Vec<(u64, bool)>,
    row: u64,
    episode: usize,
    /// The observation before the next action; empty before the first of a trajectory.
    observation: Vec<f32>,
}

impl Trajectories {
    fn step(&mut self, batch: &mut Batch) -> Result<()> {
        if self.observation.is_empty() {
            self.observation
                .extend_from_slice(self.observations.next()?);
        }
        let (end, terminal) = self.ends[self.episode];
        let last = self.row + 1 == end;
        let reward = match &mut self.rewards {
            Some(cursor) => cursor.scalar()?,
            None => 0.0,
        };
        let next = self.observations.next()?;
        batch.push(Transition {
            episode: self.episode as u32,
            observation: &self.observation,
            action: self.actions.next()?,
            reward,
            terminated: last && terminal,
            truncated: last && !terminal,
            final_observation: last.then_some(next),
        });
        self.observation.clear();
        if last {
            self.episode += 1;
        } else {
            self.observation.extend_from_slice(next);
        }
        self.row += 1;
        Ok(())
    }
}

impl Rows for Trajectories {
    fn total(&self) -> u64 {
        self.actions.rows()
    }

    fn next(&mut self) -> Result<Option<(Batch, u64)>> {
        let total = self.total();
        if self.row == total {
            return Ok(None);
        }
        let mut batch = Batch::default();
        let limit = batch_rows(self.observations.width(), self.actions.width());
        while self.row < total && batch.len() < limit {
            self.step(&mut batch)?;
        }
        Ok(Some((batch, self.row)))
    }
}
