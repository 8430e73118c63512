//! HDF5 files in D4RL's layout.
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

use super::d4rl_source::{Source, Window};
use super::side::Side;
use super::{ImportOptions, problem};
use crate::batch::Batch;
use crate::error::{Error, ImportProblem, Result};
use crate::metadata::{Description, Generator, Origin};
use crate::schema::Column;
use crate::stamp::file_digest;
use crate::writer::{DatasetWriter, Written, io_error};

/// Imports `file` under `root`. `progress` is called with the rows done and the rows in all.
pub fn import(
    root: &Path,
    file: &Path,
    options: &ImportOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Written> {
    // A plain error for a missing file, before HDF5 sees it.
    std::fs::metadata(file).map_err(io_error(file, "read the file"))?;
    let side = Side::read(file, &options.side_file)?;
    let source = Source::open(file, options)?;
    let limit = options.episode_length.or(side.episode_limit);
    let mut assembler = Assembler::new(file, &source, limit, options.split_discontinuities);
    let description = describe(file, options, &side, &source, &assembler)?;
    let columns: Vec<Column> = source
        .side
        .iter()
        .map(|(column, _)| column.clone())
        .collect();
    let widths = (source.observations.width(), source.actions.width());
    let mut writer =
        DatasetWriter::create(root, description, widths, &columns, options.write.clone())?;

    let total = source.observations.rows();
    progress(0, total);
    let mut within_unit = true;
    let mut next = Some(source.window(0)?);
    while let Some(window) = next.take() {
        let end = window.start + window.rewards.len() as u64;
        if end < total {
            next = Some(source.window(end)?);
        }
        within_unit &= window.actions.iter().all(|a| a.abs() <= 1.0);
        let following = next.as_ref().map(|w| &w.observations[..widths.0 as usize]);
        writer.push(assembler.assemble(window, following)?)?;
        progress(end, total);
    }
    side.check(&writer.counts())?;
    if within_unit {
        writer.assume_action_bounds(
            vec![[-1.0, 1.0]; widths.1 as usize],
            "action bounds [-1, 1] assumed: D4RL's environments have them and no action lies outside",
        );
    }
    writer.finish()
}

/// Finds the ends of episodes, row by row.
struct Assembler<'a> {
    file: &'a Path,
    width: usize,
    limit: Option<u32>,
    split_discontinuities: bool,
    episode: u32,
    step: u32,
}

impl<'a> Assembler<'a> {
    fn new(
        file: &'a Path,
        source: &Source,
        limit: Option<u32>,
        split_discontinuities: bool,
    ) -> Self {
        // A file that marks its timeouts knows better than a general limit.
        let limit = if source.timeouts.is_some() {
            None
        } else {
            limit
        };
        let width = source.observations.width() as usize;
        Self {
            file,
            width,
            limit,
            split_discontinuities,
            episode: 0,
            step: 0,
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
            let truncated = match &window.timeouts {
                Some(timeouts) => timeouts[i],
                None => !terminated && self.limit == Some(self.step),
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
            if terminated
                || truncated
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
                if self.split_discontinuities {
                    Ok(true)
                } else {
                    Err(problem(self.file, ImportProblem::Discontinuity { row }))
                }
            }
            _ => Ok(false),
        }
    }
}

fn describe(
    file: &Path,
    options: &ImportOptions,
    side: &Side,
    source: &Source,
    assembler: &Assembler<'_>,
) -> Result<Description> {
    let environment = options
        .environment
        .clone()
        .or_else(|| side.environment.clone());
    let environment = environment.ok_or_else(|| problem(file, ImportProblem::NoEnvironment))?;
    let rows = source.observations.rows();
    let limit = u64::from(u32::MAX);
    if rows > limit {
        return Err(Error::TooManyRows {
            id: options.id.clone(),
            rows,
            limit,
        });
    }
    let arrays = source
        .core()
        .into_iter()
        .chain(source.side.iter().map(|(_, array)| array));
    let mut notes = source.notes.clone();
    if source.timeouts.is_none() {
        notes.push(match assembler.limit {
            Some(limit) => {
                format!("no `timeouts`: episodes end at terminals and after {limit} steps")
            }
            None => "no `timeouts` and no declared episode length: episodes end at terminals only"
                .to_owned(),
        });
    }
    let mut declared = side.declared.clone();
    declared.extend(source.declared.clone());
    Ok(Description {
        id: options.id.clone(),
        environment,
        generator: Generator::assay("dataset import"),
        origin: Origin::File {
            file: file
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            sha256: file_digest(file)?,
            layout: "d4rl-hdf5".to_owned(),
            dtypes: arrays
                .map(|array| (array.key().to_owned(), array.dtype()))
                .collect(),
            notes,
        },
        behaviour: options
            .behaviour
            .clone()
            .or_else(|| side.behaviour.clone())
            .unwrap_or_default(),
        licence: options.licence.clone().or_else(|| side.licence.clone()),
        source: options.source.clone().or_else(|| side.source.clone()),
        action_bounds: options
            .action_bounds
            .clone()
            .or_else(|| side.action_bounds.clone()),
        declared,
    })
}
