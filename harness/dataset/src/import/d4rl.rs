//! Files in D4RL's layout: HDF5, or the same arrays in an NPZ file.
//!
//! | key | shape | becomes |
//! |---|---|---|
//! | `observations`, `actions` | `[n, d]`, `[n, a]` float | `observation`, `action` |
//! | `rewards` | `[n]` float | `reward` |
//! | `terminals` | `[n]` bool | `terminated` |
//! | `timeouts` (optional) | `[n]` bool | `truncated` |
//! | `next_observations` (optional) | `[n, d]` float | `final_observation` of each episode; elsewhere it must equal the next row |
//! | `infos/*` (optional) | `[n]` or `[n, w]` float | side columns (`infos/action_log_probs` as `action_log_prob`) |
//! | `metadata/*` (optional) | scalar | `declared` |
//!
//! An episode ends at a terminal, at a timeout, and at the end of the file, where it may be incomplete. Without
//! `timeouts` it ends at terminals and after the declared episode length, if one is declared; the notes of the
//! dataset's origin say so. Rows are kept as they are; float64 core arrays are rounded only on request.

use std::path::Path;

use super::arrays::Archive;
use super::d4rl_source::Source;
use super::hdf5::Hdf5;
use super::pipeline::{Facts, Opened, write};
use super::side::Side;
use super::window::{Assembled, EndRules};
use super::{ImportOptions, exists};
use crate::error::Result;
use crate::writer::Written;

/// Imports the HDF5 file `file` under `root`. `progress` is called with the rows done and the rows in all.
pub fn import(
    root: &Path,
    file: &Path,
    options: &ImportOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Written> {
    exists(file)?;
    let side = Side::read(file, &options.side_file)?;
    let archive = Archive::Hdf5(Box::new(Hdf5::open(file)?));
    let opened = open(file, &archive, options, &side, "d4rl-hdf5")?;
    write(root, file, options, &side, opened, progress)
}

/// Opens an archive with D4RL's keys.
pub(super) fn open(
    file: &Path,
    archive: &Archive,
    options: &ImportOptions,
    side: &Side,
    layout: &'static str,
) -> Result<Opened> {
    let source = Source::open(file, archive, options)?;
    let marked = source.timeouts.is_some();
    let limit = if marked {
        None
    } else {
        options.episode_length.or(side.episode_limit)
    };
    let mut notes = source.notes.clone();
    if !marked {
        notes.push(match limit {
            Some(limit) => {
                format!("no `timeouts`: episodes end at terminals and after {limit} steps")
            }
            None => "no `timeouts` and no declared episode length: episodes end at terminals only"
                .to_owned(),
        });
    }
    let widths = (source.observations.width(), source.actions.width());
    let facts = Facts {
        layout,
        widths,
        side: source
            .side
            .iter()
            .map(|(column, _)| column.clone())
            .collect(),
        dtypes: source.dtypes(),
        notes,
        declared: source.declared.clone(),
        unit_bounds: Some(
            "action bounds [-1, 1] assumed: D4RL's environments have them and no action lies outside",
        ),
        ..Facts::default()
    };
    let rules = EndRules {
        limit,
        split_discontinuities: options.split_discontinuities,
    };
    Ok(Opened {
        facts,
        rows: Box::new(Assembled::new(file.to_owned(), widths.0, rules, source)),
        files: Vec::new(),
    })
}
