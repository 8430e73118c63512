//! Tables with a row per transition: Parquet and CSV, with a mapping that says which columns are what.
//!
//! Rows are in time order, trajectories one after another. A trajectory ends at a terminated or truncated row, where
//! the `episode` column changes, and at the end of the file. With `next_observation` its last row gets a final
//! observation; elsewhere the next observation must be the next row's.
//!
//! Values of CSV are read as singles, to the nearest; Parquet's doubles are rounded only on request.

mod csv;
mod mapping;
mod parquet;

use std::path::Path;

pub use mapping::Mapping;

use super::pipeline::{Facts, Opened};
use super::window::{Assembled, EndRules, Window, Windows};
use super::{ImportOptions, problem};
use crate::error::{ImportProblem, Result};
use crate::schema::Column;

/// Some rows, and the number of the episode of each, where there is one.
pub(super) struct Piece {
    window: Window,
    episodes: Option<Vec<i64>>,
}

/// A reader of a table.
pub(super) trait Table {
    fn total(&self) -> u64;

    fn piece(&mut self) -> Result<Option<Piece>>;
}

/// What a reader found in the head of a table.
pub(super) struct Head {
    widths: (u32, u32),
    next_width: u32,
    side: Vec<Column>,
    dtypes: Vec<(String, String)>,
}

pub(super) fn open_parquet(file: &Path, options: &ImportOptions) -> Result<Opened> {
    let (table, head) = parquet::Source::open(file, options)?;
    opened(file, options, "parquet", head, table)
}

pub(super) fn open_csv(file: &Path, options: &ImportOptions) -> Result<Opened> {
    let (table, head) = csv::Source::open(file, options)?;
    opened(file, options, "csv", head, table)
}

fn opened(
    file: &Path,
    options: &ImportOptions,
    layout: &'static str,
    head: Head,
    table: impl Table + 'static,
) -> Result<Opened> {
    if head.next_width != 0 && head.next_width != head.widths.0 {
        return Err(mapping_error(
            file,
            format!(
                "gives `next_observation` {} values and `observation` {}",
                head.next_width, head.widths.0
            ),
        ));
    }
    let mapping = mapping_of(file, options)?;
    let mut facts = Facts {
        layout,
        widths: head.widths,
        side: head.side,
        dtypes: head.dtypes.into_iter().collect(),
        unit_bounds: Some("action bounds [-1, 1] assumed: no action lies outside"),
        ..Facts::default()
    };
    if mapping.reward.is_none() {
        facts.no_rewards();
    }
    let rules = EndRules {
        limit: options
            .episode_length
            .filter(|_| mapping.truncated.is_none()),
        split_discontinuities: options.split_discontinuities,
    };
    let rows = Lookahead {
        table,
        next: None,
        started: false,
    };
    let rows = Box::new(Assembled::new(file.to_owned(), head.widths.0, rules, rows));
    Ok(Opened {
        facts,
        rows,
        files: Vec::new(),
    })
}

fn mapping_error(file: &Path, problem_text: String) -> crate::error::Error {
    let wrong = ImportProblem::Mapping {
        problem: problem_text,
    };
    problem(file, wrong)
}

fn mapping_of<'a>(file: &Path, options: &'a ImportOptions) -> Result<&'a Mapping> {
    let none = || {
        mapping_error(
            file,
            "is missing: nothing says which columns are what".to_owned(),
        )
    };
    options.mapping.as_ref().ok_or_else(none)
}

/// Marks rows after which the episode number changes, which needs the first row of the next piece.
struct Lookahead<T> {
    table: T,
    next: Option<Piece>,
    started: bool,
}

impl<T: Table> Windows for Lookahead<T> {
    fn total(&self) -> u64 {
        self.table.total()
    }

    fn window(&mut self) -> Result<Option<Window>> {
        if !self.started {
            self.started = true;
            self.next = self.table.piece()?;
        }
        let Some(Piece {
            mut window,
            episodes,
        }) = self.next.take()
        else {
            return Ok(None);
        };
        self.next = self.table.piece()?;
        if let Some(episodes) = episodes {
            let following = self
                .next
                .as_ref()
                .and_then(|p| p.episodes.as_ref()?.first());
            let after = episodes.iter().skip(1).chain(following);
            let mut cuts: Vec<bool> = episodes.iter().zip(after).map(|(a, b)| a != b).collect();
            cuts.resize(episodes.len(), true);
            window.cuts = Some(cuts);
        }
        Ok(Some(window))
    }
}
