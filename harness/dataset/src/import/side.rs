//! Facts in a `.toml` file beside a data file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value;
use toml::Table;

use super::{SideFile, problem};
use crate::error::{ImportProblem, Result};
use crate::metadata::Behaviour;
use crate::tally::Counts;
use crate::writer::io_error;

/// Mean returns are declared with a few decimals.
const MEAN_TOLERANCE: f64 = 1e-4;

/// The side file of an import; empty where there is none.
#[derive(Debug, Default)]
pub(super) struct Side {
    /// The data file, for messages.
    file: PathBuf,
    path: PathBuf,
    pub(super) environment: Option<String>,
    pub(super) behaviour: Option<Vec<Behaviour>>,
    pub(super) licence: Option<String>,
    pub(super) source: Option<String>,
    pub(super) action_bounds: Option<Vec<[f32; 2]>>,
    pub(super) episode_limit: Option<u32>,
    counts: Vec<(&'static str, f64)>,
    /// Everything else, uninterpreted.
    pub(super) declared: BTreeMap<String, Value>,
}

const COUNT_KEYS: [&str; 6] = [
    "transitions",
    "complete_episodes",
    "rows_after_last_complete_episode",
    "terminals",
    "timeouts",
    "mean_return",
];

impl Side {
    pub(super) fn read(file: &Path, choice: &SideFile) -> Result<Self> {
        let path = match choice {
            SideFile::Ignore => return Ok(Self::default()),
            SideFile::At(path) => path.clone(),
            SideFile::Beside => file.with_extension("toml"),
        };
        if *choice == SideFile::Beside && !path.exists() {
            return Ok(Self::default());
        }
        let text = fs::read_to_string(&path).map_err(io_error(&path, "read the side file"))?;
        let invalid = |source| ImportProblem::SideToml {
            path: path.clone(),
            source: Box::new(source),
        };
        let mut table: Table = text
            .parse()
            .map_err(|source| problem(file, invalid(source)))?;
        let mut side = Self {
            file: file.to_owned(),
            path,
            ..Self::default()
        };
        side.environment = side.take(&mut table, "environment", "a string")?;
        side.behaviour = side.take(&mut table, "behaviour", "an array of tables with `policy`")?;
        side.licence = side.take(&mut table, "licence", "a string")?;
        if side.licence.is_none() {
            side.licence = side.take(&mut table, "license", "a string")?;
        }
        side.source = side.take(&mut table, "source", "a string")?;
        side.action_bounds = side.take(&mut table, "action_bounds", "an array of `[low, high]`")?;
        side.episode_limit = side.take(&mut table, "episode_limit", "a positive integer")?;
        for key in COUNT_KEYS {
            if let Some(value) = side.take(&mut table, key, "a number")? {
                side.counts.push((key, value));
            }
        }
        for (key, value) in table {
            if let Ok(value) = serde_json::to_value(value) {
                side.declared.insert(key, value);
            }
        }
        Ok(side)
    }

    fn take<T: DeserializeOwned>(
        &self,
        table: &mut Table,
        key: &str,
        expected: &'static str,
    ) -> Result<Option<T>> {
        let Some(value) = table.remove(key) else {
            return Ok(None);
        };
        let found = value.to_string();
        let wrong = |_| {
            let (path, key) = (self.path.clone(), key.to_owned());
            problem(
                &self.file,
                ImportProblem::SideKey {
                    path,
                    key,
                    expected,
                    found,
                },
            )
        };
        value.try_into().map(Some).map_err(wrong)
    }

    /// Compares what the side file says about the data with the data.
    pub(super) fn check(&self, found: &Counts) -> Result<()> {
        for &(key, declared) in &self.counts {
            let found = match key {
                "transitions" => found.transitions as f64,
                "complete_episodes" => found.complete_episodes as f64,
                "rows_after_last_complete_episode" => found.rows_after_last_complete_episode as f64,
                "terminals" => found.terminated as f64,
                "timeouts" => found.truncated as f64,
                _ => found.mean_return.unwrap_or(f64::NAN),
            };
            let tolerance = if key == "mean_return" {
                MEAN_TOLERANCE * declared.abs().max(1.0)
            } else {
                0.0
            };
            // Written so that a NaN on either side is a disagreement.
            let agrees = (found - declared).abs() <= tolerance;
            if !agrees {
                let path = self.path.clone();
                return Err(problem(
                    &self.file,
                    ImportProblem::SideDisagrees {
                        path,
                        key,
                        declared,
                        found,
                    },
                ));
            }
        }
        Ok(())
    }
}
