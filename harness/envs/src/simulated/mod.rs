//! Recipes of datasets from environments that plugins offer: what is collected, by which policies, and how these were trained.
//!
//! Only the description lives here. Collecting needs plugins and so happens in a worker of `runner`.

mod behaviour;
mod check;
mod training;

pub use behaviour::{Age, SimulatedBehaviour, SimulatedPart};
pub use training::Training;

use crate::error::Error;
use crate::overrides::Overridden;
use crate::recipe::ActionLabel;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use training::TrainingSource;

/// Version of the collector: raised whenever the same recipe, seed and plugins give other bytes.
pub const COLLECTOR_VERSION: u32 = 1;

/// A recipe: everything but the seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulatedRecipe {
    /// Version of this format, 1.
    pub format: u32,
    /// Id of the dataset, `family/name-vN`.
    pub id: String,
    /// Name in tables.
    pub label: String,
    /// What the dataset is for.
    pub description: String,
    /// Id of an environment that a plugin offers.
    pub environment: String,
    /// Number of transitions.
    pub transitions: u64,
    /// Steps after which an episode is truncated; absent: where the environment does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub episode_steps: Option<u32>,
    /// Which action of a noisy behaviour is stored.
    #[serde(default, skip_serializing_if = "ActionLabel::is_default")]
    pub action_label: ActionLabel,
    /// Policies that are trained first, by a name that behaviours use; in a file, a path beside it may stand for one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub trainings: BTreeMap<String, Training>,
    /// How actions are chosen.
    pub behaviour: SimulatedBehaviour,
}

/// A recipe as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: u32,
    id: String,
    label: String,
    description: String,
    environment: String,
    transitions: u64,
    #[serde(default)]
    episode_steps: Option<u32>,
    #[serde(default)]
    action_label: ActionLabel,
    #[serde(default)]
    trainings: BTreeMap<String, TrainingSource>,
    behaviour: SimulatedBehaviour,
}

/// The part of a recipe that decides the bytes: names and prose are left out.
#[derive(Serialize)]
struct Deciding<'a> {
    collector_version: u32,
    environment: &'a str,
    transitions: u64,
    episode_steps: Option<u32>,
    action_label: ActionLabel,
    trainings: &'a BTreeMap<String, Training>,
    behaviour: &'a SimulatedBehaviour,
}

/// Reads a file beside a recipe, by the path written there.
pub type Include<'a> = dyn Fn(&str) -> std::io::Result<String> + 'a;

impl SimulatedRecipe {
    /// Reads a recipe from TOML; `file` names it in errors, `include` reads the trainings that it names by path.
    ///
    /// # Errors
    /// Syntax, unknown or missing keys, wrong types, impossible values, a training that cannot be read.
    pub fn parse(text: &str, file: &str, include: &Include<'_>) -> Result<Self, Error> {
        let written: Written = training::from_toml(text, file)?;
        let mut trainings = BTreeMap::new();
        for (name, source) in written.trainings {
            let training = source.resolve(&name, file, include)?;
            trainings.insert(name, training);
        }
        let recipe = Self {
            format: written.format,
            id: written.id,
            label: written.label,
            description: written.description,
            environment: written.environment,
            transitions: written.transitions,
            episode_steps: written.episode_steps,
            action_label: written.action_label,
            trainings,
            behaviour: written.behaviour,
        };
        recipe.check(file)?;
        Ok(recipe)
    }

    /// SHA-256 (lower-case hexadecimal) over the canonical JSON (RFC 8785) of what decides the bytes.
    pub fn hash(&self) -> String {
        crate::recipe::content_hash(&Deciding {
            collector_version: COLLECTOR_VERSION,
            environment: &self.environment,
            transitions: self.transitions,
            episode_steps: self.episode_steps,
            action_label: self.action_label,
            trainings: &self.trainings,
            behaviour: &self.behaviour,
        })
    }

    /// This recipe for the policy file with this SHA-256.
    ///
    /// # Errors
    /// No behaviour takes a file, or one asks for another.
    pub fn with_policy_file(&self, sha256: &str) -> Result<Self, Error> {
        let mut recipe = self.clone();
        let (expected, found) = match recipe.behaviour.set_file(sha256) {
            Ok(true) => return Ok(recipe),
            Ok(false) => (
                "`file`, for a policy file to act".to_owned(),
                format!("`{}`", self.behaviour.name()),
            ),
            Err(asked) => (format!("the file with SHA-256 {asked}"), sha256.to_owned()),
        };
        Err(Error::RecipeValue {
            file: self.id.clone(),
            key: "behaviour.kind".into(),
            expected,
            found,
        })
    }

    /// This recipe with keys set anew, as [`crate::Recipe::with_overrides`] does for built-in environments.
    ///
    /// # Errors
    /// A key that does not exist or may not be set, or a value that makes the recipe impossible; each names the key.
    pub fn with_overrides(
        &self,
        overrides: &BTreeMap<String, serde_json::Value>,
    ) -> Result<Self, Error> {
        crate::overrides::with_overrides(self, &self.id, overrides)
    }
}

impl Overridden for SimulatedRecipe {
    fn hash(&self) -> String {
        SimulatedRecipe::hash(self)
    }

    fn id(&mut self) -> &mut String {
        &mut self.id
    }

    fn check(&self, file: &str) -> Result<(), Error> {
        SimulatedRecipe::check(self, file)
    }
}

#[cfg(test)]
mod tests;
