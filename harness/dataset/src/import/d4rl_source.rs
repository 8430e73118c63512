//! The arrays of a D4RL-layout file: found, checked, and read in windows of rows.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::arrays::{Archive, Array};
use super::window::{Window, Windows};
use super::{ImportOptions, problem};
use crate::error::{ImportProblem, Result};
use crate::schema::{CORE_COLUMNS, Column};

/// Bytes of decoded rows that are held at a time, about.
const WINDOW_BYTES: u64 = 8 << 20;

/// The arrays of a file, checked for presence, type, shape and length.
pub(super) struct Source {
    pub(super) observations: Array,
    pub(super) actions: Array,
    pub(super) rewards: Array,
    pub(super) terminals: Array,
    pub(super) timeouts: Option<Array>,
    pub(super) next_observations: Option<Array>,
    pub(super) side: Vec<(Column, Array)>,
    pub(super) declared: BTreeMap<String, Value>,
    pub(super) notes: Vec<String>,
    /// Rows that were read.
    read: u64,
}

impl Source {
    pub(super) fn open(file: &Path, archive: &Archive, options: &ImportOptions) -> Result<Self> {
        let mut source = Self {
            observations: archive.require("observations")?,
            actions: archive.require("actions")?,
            rewards: archive.require("rewards")?,
            terminals: archive.require("terminals")?,
            timeouts: archive.find("timeouts")?,
            next_observations: archive.find("next_observations")?,
            side: Vec::new(),
            declared: BTreeMap::new(),
            notes: Vec::new(),
            read: 0,
        };
        source.check_core(options.convert_f64)?;
        let core: Vec<String> = source
            .core()
            .iter()
            .map(|array| array.key().to_owned())
            .collect();
        for key in archive.keys().iter().filter(|key| !core.contains(key)) {
            if let Some(array) = archive.find(key)? {
                source.add_other(file, array, options)?;
            }
        }
        source.check_lengths(file)?;
        Ok(source)
    }

    pub(super) fn core(&self) -> Vec<&Array> {
        let required = [
            &self.observations,
            &self.actions,
            &self.rewards,
            &self.terminals,
        ];
        required
            .into_iter()
            .chain(&self.timeouts)
            .chain(&self.next_observations)
            .collect()
    }

    fn check_core(&self, convert_f64: bool) -> Result<()> {
        for array in [&self.observations, &self.actions] {
            array.require_rank(2, "[rows, dimensions]")?;
            array.require_f32(convert_f64)?;
        }
        self.rewards.require_rank(1, "[rows]")?;
        self.rewards.require_f32(convert_f64)?;
        for array in [Some(&self.terminals), self.timeouts.as_ref()]
            .into_iter()
            .flatten()
        {
            array.require_rank(1, "[rows]")?;
            array.require_boolean()?;
        }
        if let Some(array) = &self.next_observations {
            let width = self.observations.width();
            let expected = format!("[rows, {width}] like `observations`");
            array.require_rank(
                if array.width() == width {
                    2
                } else {
                    usize::MAX
                },
                &expected,
            )?;
            array.require_f32(convert_f64)?;
        }
        Ok(())
    }

    fn add_other(&mut self, file: &Path, array: Array, options: &ImportOptions) -> Result<()> {
        let key = array.key().to_owned();
        if options.exclude.contains(&key) {
            self.notes.push(format!("`{key}` left out on request"));
        } else if key.starts_with("metadata/") {
            match array.scalar() {
                Some(value) => drop(self.declared.insert(key, value)),
                None => self.notes.push(format!("`{key}` left out: no scalar")),
            }
        } else if let Some(name) = key.strip_prefix("infos/") {
            match array.float() {
                Some(dtype) if array.is_vectors() => {
                    let column = Column::new(&column_name(name), dtype, array.width());
                    if let Some((_, other)) = self.side.iter().find(|(c, _)| c.name == column.name)
                    {
                        let (column, arrays) = (column.name, vec![other.key().to_owned(), key]);
                        return Err(problem(file, ImportProblem::SameColumn { column, arrays }));
                    }
                    self.side.push((column, array));
                }
                _ => self.notes.push(format!(
                    "`{key}` left out: {} of rank {}",
                    array.dtype(),
                    array.rank()
                )),
            }
        } else {
            self.notes
                .push(format!("`{key}` left out: not part of the layout"));
        }
        Ok(())
    }

    fn check_lengths(&self, file: &Path) -> Result<()> {
        let side = self.side.iter().map(|(_, array)| array);
        let lengths: Vec<(String, u64)> = self
            .core()
            .into_iter()
            .chain(side)
            .map(|array| (array.key().to_owned(), array.rows()))
            .collect();
        let rows = self.observations.rows();
        if lengths.iter().any(|&(_, n)| n != rows) {
            return Err(problem(file, ImportProblem::UnequalLengths { lengths }));
        }
        if rows == 0 {
            let array = self.observations.key().to_owned();
            return Err(problem(file, ImportProblem::NoRows { array }));
        }
        Ok(())
    }

    fn window_rows(&self) -> u64 {
        let side = self.side.iter().map(|(_, array)| array);
        let row_bytes: u64 = self
            .core()
            .into_iter()
            .chain(side)
            .map(|array| 4 * u64::from(array.width()))
            .sum();
        (WINDOW_BYTES / row_bytes).max(1)
    }

    /// Element type of each array.
    pub(super) fn dtypes(&self) -> BTreeMap<String, String> {
        let side = self.side.iter().map(|(_, array)| array);
        self.core()
            .into_iter()
            .chain(side)
            .map(|array| (array.key().to_owned(), array.dtype()))
            .collect()
    }
}

impl Windows for Source {
    fn total(&self) -> u64 {
        self.observations.rows()
    }

    fn window(&mut self) -> Result<Option<Window>> {
        let start = self.read;
        let count = self.window_rows().min(self.observations.rows() - start);
        if count == 0 {
            return Ok(None);
        }
        self.read += count;
        let next = self.next_observations.as_mut();
        Ok(Some(Window {
            start,
            observations: self.observations.singles(start, count)?,
            actions: self.actions.singles(start, count)?,
            rewards: self.rewards.singles(start, count)?,
            terminals: self.terminals.booleans(start, count)?,
            timeouts: self
                .timeouts
                .as_mut()
                .map(|a| a.booleans(start, count))
                .transpose()?,
            cuts: None,
            next_observations: next.map(|a| a.singles(start, count)).transpose()?,
            side: self
                .side
                .iter_mut()
                .map(|(_, array)| array.floats(start, count))
                .collect::<Result<_>>()?,
        }))
    }
}

/// `infos/action_log_probs` -> `action_log_prob`; other names lose what is not a letter, digit or underscore.
pub(super) fn column_name(name: &str) -> String {
    let clean = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '_'
        }
    };
    match name {
        "action_log_probs" => "action_log_prob".to_owned(),
        _ => {
            let name: String = name.chars().map(clean).collect();
            if CORE_COLUMNS.contains(&name.as_str()) {
                format!("info_{name}")
            } else {
                name
            }
        }
    }
}
