//! What `metadata.json` says.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::pipeline::Facts;
use super::super::problem;
use super::check_held;
use crate::error::{ImportProblem, Result};
use crate::metadata::Behaviour;
use crate::writer::io_error;

/// The metadata; an empty object where there is no file.
pub(super) struct Metadata {
    path: PathBuf,
    values: Value,
}

impl Metadata {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let path = path.to_owned();
        if !path.is_file() {
            let values = Value::Null;
            return Ok(Self { path, values });
        }
        let length = std::fs::metadata(&path).map_err(io_error(&path, "read the file"))?;
        check_held(&path, "the metadata", length.len().saturating_mul(16))?;
        let text = std::fs::read(&path).map_err(io_error(&path, "read the file"))?;
        let values = serde_json::from_slice(&text).map_err(|source| {
            let path = path.clone();
            problem(&path.clone(), ImportProblem::Json { path, source })
        })?;
        Ok(Self { path, values })
    }

    pub(super) fn steps(&self) -> Option<u64> {
        self.values["total_steps"].as_u64()
    }

    /// Compares a declared count with the data.
    pub(super) fn check(&self, key: &'static str, found: u64) -> Result<()> {
        let declared = &self.values[key];
        if declared.is_null() || declared.as_u64() == Some(found) {
            return Ok(());
        }
        let fact = ImportProblem::Fact {
            path: self.path.clone(),
            key: key.to_owned(),
            expected: format!("{found}, as the data have"),
            found: declared.to_string(),
        };
        Err(problem(&self.path, fact))
    }

    /// Spaces and specification are JSON inside strings.
    fn inner(&self, key: &str) -> Value {
        let text = self.values[key].as_str().unwrap_or_default();
        serde_json::from_str(text).unwrap_or_default()
    }

    pub(super) fn facts(&self, action_dim: u32) -> Facts {
        let mut facts = Facts {
            environment: self.inner("env_spec")["id"].as_str().map(str::to_owned),
            action_bounds: self.bounds(action_dim),
            ..Facts::default()
        };
        if let Some(policy) = self.values["algorithm_name"].as_str() {
            facts.behaviour = Some(vec![Behaviour {
                policy: policy.to_owned(),
                weights: None,
                episodes: None,
                mean_return: None,
                other: Default::default(),
            }]);
        }
        for key in [
            "dataset_id",
            "minari_version",
            "description",
            "requirements",
        ] {
            if !self.values[key].is_null() {
                let value = self.values[key].clone();
                facts.declared.insert(key.to_owned(), value);
            }
        }
        facts
    }

    /// The bounds of a box of actions, where all are finite.
    fn bounds(&self, action_dim: u32) -> Option<Vec<[f32; 2]>> {
        let space = self.inner("action_space");
        let side = |key: &str| -> Option<Vec<f32>> {
            let values = space[key].as_array()?;
            values
                .iter()
                .map(|v| v.as_f64().map(|v| v as f32))
                .collect()
        };
        let (low, high) = (side("low")?, side("high")?);
        let fits = low.len() == action_dim as usize && high.len() == low.len();
        let bounds: Vec<[f32; 2]> = low.into_iter().zip(high).map(|(l, h)| [l, h]).collect();
        (fits && bounds.iter().flatten().all(|b| b.is_finite())).then_some(bounds)
    }
}
