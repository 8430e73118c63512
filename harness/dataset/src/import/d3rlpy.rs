//! HDF5 files in d3rlpy's layout.
//!
//! | key | shape | becomes |
//! |---|---|---|
//! | `observations`, `actions` | `[n, d]`, `[n, a]` or `[n]` | `observation`, `action`; discrete actions as their index |
//! | `rewards`, `terminals` | `[n]` | `reward`, `terminated` |
//! | `episode_terminals` (optional) | `[n]` | ends of episodes |
//! | `discrete_action`, `version`, ... | scalar | `declared` |
//!
//! Files with a `version` hold transitions, as D4RL does. Files of d3rlpy before 1.0 have none and hold states: the
//! reward of a row is that of the step that led to it, the first of an episode is zero, and the last row of an episode
//! is its final observation, whose action was never taken. `n` rows are then `n` less the number of episodes transitions.

use std::path::Path;

use serde_json::Value;

use super::arrays::Archive;
use super::cursor::Cursor;
use super::paired::{Paired, Terminals};
use super::pipeline::{Facts, Opened, Rows};
use super::steps::{Ends, Steps};
use super::window::{Assembled, EndRules};
use super::{ImportOptions, left_out};
use crate::error::Result;

const KEYS: [&str; 5] = [
    "observations",
    "actions",
    "rewards",
    "terminals",
    "episode_terminals",
];

pub(super) fn open(file: &Path, archive: &Archive, options: &ImportOptions) -> Result<Opened> {
    let ends = archive.find("episode_terminals")?;
    let marked = ends.is_some();
    let steps = Steps {
        observations: archive.require("observations")?,
        actions: archive.require("actions")?,
        rewards: archive.require("rewards")?,
        terminals: archive.require("terminals")?,
        next_observations: None,
        ends: ends.map_or(Ends::Unknown, Ends::Flags),
        read: 0,
    };
    steps.check(file, options)?;
    let mut facts = Facts {
        layout: "d3rlpy-hdf5",
        ..steps.facts()
    };
    declare(archive, &mut facts)?;
    if facts.declared.get("discrete_action") == Some(&Value::Bool(true)) {
        facts.unit_bounds = None;
    }
    if !marked {
        let note = "no `episode_terminals`: episodes end at terminals only";
        facts.notes.push(note.to_owned());
    }
    let width = facts.widths.0;
    let rows: Box<dyn Rows> = if facts.declared.contains_key("version") {
        let rules = EndRules {
            limit: options.episode_length,
            ..EndRules::default()
        };
        Box::new(Assembled::new(file.to_owned(), width, rules, steps))
    } else {
        facts.notes.push(
            "no `version`, so written before d3rlpy 1.0: a row's reward is that of the step that led to it, and the \
             last row of an episode is its final observation"
                .to_owned(),
        );
        Box::new(states(steps))
    };
    Ok(Opened {
        facts,
        rows,
        files: Vec::new(),
    })
}

fn states(steps: Steps) -> Paired {
    let mut rows = Paired::new(Cursor::new(steps.observations), Cursor::new(steps.actions));
    rows.rewards = Some(Cursor::new(steps.rewards));
    rows.terminals = Some(Terminals::Flag(Cursor::new(steps.terminals)));
    rows.ends = match steps.ends {
        Ends::Flags(array) => Some(Cursor::new(array)),
        _ => None,
    };
    rows
}

/// Scalars become declared facts; other arrays are left out.
fn declare(archive: &Archive, facts: &mut Facts) -> Result<()> {
    let mut known: Vec<&str> = KEYS.to_vec();
    for key in archive.keys() {
        if let Some(value) = archive.find(key)?.and_then(|array| array.scalar()) {
            facts.declared.insert(key.clone(), value);
            known.push(key);
        }
    }
    facts.notes = left_out(archive, &known)?;
    Ok(())
}
