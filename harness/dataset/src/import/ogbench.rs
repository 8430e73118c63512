//! NPZ files in OGBench's layout.
//!
//! | key | shape | becomes |
//! |---|---|---|
//! | `observations`, `actions` | `[n, d]`, `[n, a]` | `observation`, `action` |
//! | `terminals` | `[n]` bool | ends of trajectories |
//! | `qpos`, `qvel`, `button_states` (optional) | `[n, w]` float | side columns |
//!
//! The `n` rows of a trajectory are its states, so it has `n - 1` transitions: the last row is the final observation,
//! and its action was never taken. Trajectories end by length (truncated), never by the environment.
//!
//! The files have no rewards: they are for goals that a learner or a benchmark chooses. The reward column is zero and
//! `declared.rewards` is `absent`; a benchmark with a `[goal]` table makes rewards and ends from its goals, and a
//! learner that asks for no goals learns nothing from such a set.
//!
//! A `-val` file is a dataset of its own, imported under an id of its own, because transitions that choose
//! hyperparameters must not be sampled in training.

use std::path::Path;

use super::arrays::{Archive, Array};
use super::cursor::{Cursor, SideCursor};
use super::d4rl_source::column_name;
use super::paired::Paired;
use super::pipeline::{Facts, Opened};
use super::{ImportOptions, equal_rows};
use crate::error::Result;
use crate::schema::Column;

pub(super) fn open(file: &Path, archive: &Archive, options: &ImportOptions) -> Result<Opened> {
    let observations = archive.require("observations")?;
    let actions = archive.require("actions")?;
    let terminals = archive.require("terminals")?;
    for array in [&observations, &actions] {
        array.require_vectors()?;
        array.require_number(options.convert_f64)?;
    }
    terminals.require_scalars()?;
    terminals.require_number(options.convert_f64)?;
    let mut facts = Facts {
        layout: "ogbench-npz",
        widths: (observations.width(), actions.width()),
        ..Facts::default()
    };
    let mut side = Vec::new();
    for key in archive.keys() {
        if ["observations", "actions", "terminals"].contains(&key.as_str()) {
            continue;
        }
        if let Some(array) = archive.find(key)? {
            side.extend(side_array(array, options, &mut facts));
        }
    }
    let all: Vec<&Array> = [&observations, &actions, &terminals]
        .into_iter()
        .chain(side.iter().map(|(_, array)| array))
        .collect();
    equal_rows(file, &all)?;
    facts.dtypes = all
        .iter()
        .map(|a| (a.key().to_owned(), a.dtype()))
        .collect();
    facts.side = side.iter().map(|(column, _)| column.clone()).collect();
    facts.notes.push(
        "the last row of each trajectory is its final observation; its action is left out"
            .to_owned(),
    );
    facts.no_rewards();
    facts.unit_bounds = Some(
        "action bounds [-1, 1] assumed: OGBench's environments have them and no action lies outside",
    );
    let mut rows = Paired::new(Cursor::new(observations), Cursor::new(actions));
    rows.ends = Some(Cursor::new(terminals));
    rows.side = side
        .into_iter()
        .map(|(column, array)| SideCursor::new(column, array))
        .collect();
    Ok(Opened {
        facts,
        rows: Box::new(rows),
        files: Vec::new(),
    })
}

/// A further float array as a side column, or a note why not.
fn side_array(array: Array, options: &ImportOptions, facts: &mut Facts) -> Option<(Column, Array)> {
    let key = array.key();
    if options.exclude.iter().any(|k| k == key) {
        facts.notes.push(format!("`{key}` left out on request"));
        return None;
    }
    match array.float() {
        Some(dtype) if array.is_vectors() => {
            Some((Column::new(&column_name(key), dtype, array.width()), array))
        }
        _ => {
            facts.notes.push(format!(
                "`{key}` left out: {} of rank {}",
                array.dtype(),
                array.rank()
            ));
            None
        }
    }
}
