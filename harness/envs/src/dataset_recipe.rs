//! A dataset recipe of either kind: for a built-in environment, or for one that a plugin offers.

use crate::behaviour::BehaviourSpec;
use crate::error::Error;
use crate::recipe::Recipe;
use crate::simulated::{Include, SimulatedRecipe};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum DatasetRecipe {
    /// For a built-in environment.
    BuiltIn(Recipe),
    /// For an environment that a plugin offers.
    Simulated(SimulatedRecipe),
}

/// What decides the kind.
#[derive(Deserialize)]
struct Head {
    environment: String,
}

impl DatasetRecipe {
    /// Reads a recipe from TOML; `file` names it in errors, `include` reads files that it names. Which kind it is follows from
    /// its environment.
    ///
    /// # Errors
    /// Those of [`Recipe::parse`] and [`SimulatedRecipe::parse`].
    pub fn parse(text: &str, file: &str, include: &Include<'_>) -> Result<Self, Error> {
        let plugin =
            toml::from_str::<Head>(text).is_ok_and(|head| !has_built_in_family(&head.environment));
        if plugin {
            return SimulatedRecipe::parse(text, file, include).map(Self::Simulated);
        }
        Recipe::parse(text, file).map(Self::BuiltIn)
    }

    /// Id of the dataset.
    pub fn id(&self) -> &str {
        match self {
            Self::BuiltIn(recipe) => &recipe.id,
            Self::Simulated(recipe) => &recipe.id,
        }
    }

    /// Id of the environment.
    pub fn environment(&self) -> &str {
        match self {
            Self::BuiltIn(recipe) => &recipe.environment,
            Self::Simulated(recipe) => &recipe.environment,
        }
    }

    /// Number of transitions.
    pub fn transitions(&self) -> u64 {
        match self {
            Self::BuiltIn(recipe) => recipe.transitions,
            Self::Simulated(recipe) => recipe.transitions,
        }
    }

    /// SHA-256 of what decides the bytes.
    pub fn hash(&self) -> String {
        match self {
            Self::BuiltIn(recipe) => recipe.hash(),
            Self::Simulated(recipe) => recipe.hash(),
        }
    }

    /// The policy whose values a built-in environment knows.
    pub fn behaviour(&self) -> Option<&BehaviourSpec> {
        match self {
            Self::BuiltIn(recipe) => Some(&recipe.behaviour),
            Self::Simulated(_) => None,
        }
    }

    /// This recipe for the policy file with this SHA-256.
    ///
    /// # Errors
    /// No behaviour takes a file, or one asks for another.
    pub fn with_policy_file(&self, sha256: &str) -> Result<Self, Error> {
        match self {
            Self::BuiltIn(recipe) => Err(Error::RecipeValue {
                file: recipe.id.clone(),
                key: "environment".into(),
                expected: "one that a plugin offers, for a policy file to act in".into(),
                found: format!("`{}`", recipe.environment),
            }),
            Self::Simulated(recipe) => recipe.with_policy_file(sha256).map(Self::Simulated),
        }
    }

    /// This recipe with keys set anew.
    ///
    /// # Errors
    /// A key that does not exist or may not be set, or a value that makes the recipe impossible; each names the key.
    pub fn with_overrides(&self, overrides: &BTreeMap<String, Value>) -> Result<Self, Error> {
        match self {
            Self::BuiltIn(recipe) => recipe.with_overrides(overrides).map(Self::BuiltIn),
            Self::Simulated(recipe) => recipe.with_overrides(overrides).map(Self::Simulated),
        }
    }
}

/// Whether the part of `id` before the slash is that of a built-in environment.
fn has_built_in_family(id: &str) -> bool {
    let family = |id: &str| id.split('/').next().map(str::to_owned);
    crate::catalog()
        .iter()
        .any(|info| family(info.id) == family(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(environment: &str, behaviour: &str) -> Result<DatasetRecipe, Error> {
        let text = format!(
            r#"
            format = 1
            id = "x/y-v0"
            label = "y"
            description = "for tests"
            environment = "{environment}"
            transitions = 10
            behaviour = {{ {behaviour} }}
            "#
        );
        let include = |_: &str| Err(std::io::Error::other("none"));
        DatasetRecipe::parse(&text, "r.toml", &include)
    }

    #[test]
    fn the_environment_says_which_kind_it_is() {
        let scaled = r#"kind = "scaled-optimal", gain = 1.0, bias = 0.0, noise = 0.1"#;
        let built_in = parse("cbandit/default-v0", scaled).unwrap();
        assert!(matches!(built_in, DatasetRecipe::BuiltIn(_)));
        let simulated = parse("hopper/v4", r#"kind = "uniform""#).unwrap();
        assert!(matches!(simulated, DatasetRecipe::Simulated(_)));
        for recipe in [built_in, simulated] {
            let json = serde_json::to_value(&recipe).unwrap();
            let back: DatasetRecipe = serde_json::from_value(json).unwrap();
            assert_eq!(back, recipe);
        }
        let misspelt = parse("cbandit/defaul-v0", scaled).unwrap_err().to_string();
        assert!(
            misspelt.contains("nearest is `cbandit/default-v0`"),
            "{misspelt}"
        );
    }
}
