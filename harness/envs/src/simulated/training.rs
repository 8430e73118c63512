//! Training a policy by interaction, from nothing.

use super::Include;
use crate::error::Error;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A training: one learner, one environment, one budget of steps. It is a function of this and a seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// Id of an environment that a plugin offers.
    pub environment: String,
    /// Id of a learner that offers `policy/1`.
    pub learner: String,
    /// Its hyperparameters; absent ones have their defaults.
    #[serde(default)]
    pub params: BTreeMap<String, Value>,
    /// Discount factor per step.
    #[serde(default = "discount")]
    pub discount: f64,
    /// Rows of a minibatch.
    #[serde(default = "batch_size")]
    pub batch_size: u32,
    /// Steps of interaction.
    pub steps: u64,
    /// Steps of uniform actions at the start, without updates.
    pub warmup_steps: u64,
    /// Updates after each later step.
    #[serde(default = "one")]
    pub updates_per_step: u64,
    /// Standard deviation of Gaussian noise on every action entry, in halves of the action range.
    #[serde(default = "noise")]
    pub noise: f64,
    /// Steps between snapshots, each of which is scored.
    pub snapshot_interval_steps: u64,
    /// Episodes by which a snapshot is scored.
    #[serde(default = "episodes")]
    pub evaluation_episodes: u32,
}

fn discount() -> f64 {
    0.99
}
fn batch_size() -> u32 {
    256
}
fn one() -> u64 {
    1
}
fn noise() -> f64 {
    0.1
}
fn episodes() -> u32 {
    10
}

/// Where a recipe says what a training is.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum TrainingSource {
    /// In a file of its own, by its path from the recipe's folder.
    File(String),
    /// In the recipe, checked when it is resolved, so that errors name its keys.
    Here(toml::Table),
}

impl TrainingSource {
    pub(super) fn resolve(
        self,
        name: &str,
        file: &str,
        include: &Include<'_>,
    ) -> Result<Training, Error> {
        match self {
            Self::File(path) => {
                let text = include(&path).map_err(|error| Error::RecipeValue {
                    file: file.to_owned(),
                    key: format!("trainings.{name}"),
                    expected: "a training, or the path of its file from the recipe's folder".into(),
                    found: format!("`{path}`: {error}"),
                })?;
                from_toml(&text, &path)
            }
            Self::Here(table) => table.try_into().map_err(|source| Error::RecipeSyntax {
                file: format!("{file}: trainings.{name}"),
                source: Box::new(source),
            }),
        }
    }
}

pub(super) fn from_toml<T: DeserializeOwned>(text: &str, file: &str) -> Result<T, Error> {
    toml::from_str(text).map_err(|source| Error::RecipeSyntax {
        file: file.to_owned(),
        source: Box::new(source),
    })
}
