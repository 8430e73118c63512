//! NPZ files in NeoRL's layout.
//!
//! | key | shape | becomes |
//! |---|---|---|
//! | `obs`, `action` | `[n, d]`, `[n, a]` | `observation`, `action` |
//! | `reward`, `done` | `[n, 1]` or `[n]` | `reward`, `terminated` |
//! | `next_obs` (optional) | `[n, d]` | `final_observation`; elsewhere it must equal the next row |
//! | `index` | `[episodes]` integers | the first row of each trajectory |
//!
//! A trajectory that ends without `done` is truncated.

use std::path::Path;

use super::arrays::{Archive, Array};
use super::pipeline::{Facts, Opened};
use super::steps::{Ends, Steps};
use super::window::{Assembled, EndRules};
use super::{ImportOptions, equal_rows, left_out};
use crate::error::{ImportProblem, Result};

const KEYS: [&str; 6] = ["obs", "action", "reward", "done", "next_obs", "index"];

pub(super) fn open(file: &Path, archive: &Archive, options: &ImportOptions) -> Result<Opened> {
    let mut index = archive.require("index")?;
    let steps = Steps {
        observations: archive.require("obs")?,
        actions: archive.require("action")?,
        rewards: archive.require("reward")?,
        terminals: archive.require("done")?,
        next_observations: archive.find("next_obs")?,
        ends: Ends::Unknown,
        read: 0,
    };
    steps.check(file, options)?;
    let rows = steps.observations.rows();
    let ends = Ends::Starts(starts(&mut index, rows)?);
    let mut facts = Facts {
        layout: "neorl-npz",
        ..steps.facts()
    };
    facts.dtypes.insert("index".to_owned(), index.dtype());
    facts.notes = left_out(archive, &KEYS)?;
    let rules = EndRules {
        limit: None,
        split_discontinuities: options.split_discontinuities,
    };
    let (width, steps) = (facts.widths.0, Steps { ends, ..steps });
    Ok(Opened {
        facts,
        rows: Box::new(Assembled::new(file.to_owned(), width, rules, steps)),
        files: Vec::new(),
    })
}

/// The numbers of the first rows: from 0, rising, all within the file.
fn starts(index: &mut Array, rows: u64) -> Result<Vec<u64>> {
    let wrong = |index: &Array, problem: String| {
        let array = index.key().to_owned();
        index.problem(ImportProblem::Boundaries { array, problem })
    };
    index.require_scalars()?;
    if index.rows() > rows {
        let problem = format!("{} trajectories in {rows} rows", index.rows());
        return Err(wrong(index, problem));
    }
    let values = index.whole_integers()?;
    let starts: Vec<u64> = values.iter().map(|&n| n.max(-1) as u64).collect();
    let rising = starts.windows(2).all(|pair| pair[0] < pair[1]);
    if starts.first() != Some(&0) || !rising || starts.last().is_none_or(|&n| n >= rows) {
        let problem = format!("expected numbers of rows that rise from 0 and stay below {rows}");
        return Err(wrong(index, problem));
    }
    Ok(starts)
}

impl Steps {
    /// Checks shapes, types and lengths.
    pub(super) fn check(&self, file: &Path, options: &ImportOptions) -> Result<()> {
        for array in [&self.observations, &self.actions] {
            array.require_vectors()?;
        }
        self.rewards.require_scalars()?;
        self.terminals.require_scalars()?;
        if let Some(next) = &self.next_observations {
            next.require_width(&self.observations)?;
        }
        let all = self.arrays();
        for array in &all {
            array.require_number(options.convert_f64)?;
        }
        equal_rows(file, &all)
    }

    pub(super) fn facts(&self) -> Facts {
        Facts {
            widths: (self.observations.width(), self.actions.width()),
            dtypes: self
                .arrays()
                .into_iter()
                .map(|a| (a.key().to_owned(), a.dtype()))
                .collect(),
            unit_bounds: Some("action bounds [-1, 1] assumed: no action lies outside"),
            ..Facts::default()
        }
    }
}
