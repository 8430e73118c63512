//! Dataset recipes: what to generate, as TOML.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::behaviour::BehaviourSpec;
use crate::catalog::{EnvironmentInfo, info};
use crate::error::Error;

/// Version of the generator: raised whenever the same recipe and seed give other bytes.
pub const GENERATOR_VERSION: u32 = 1;

/// Where episodes start, relative to the environment's own uniform start `u`: at `offset + scale u`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Start {
    /// Factor on the environment's start; below 1 the data cover less.
    pub scale: f64,
    /// Shift of every position.
    pub offset: f64,
}

impl Default for Start {
    fn default() -> Self {
        Self {
            scale: 1.0,
            offset: 0.0,
        }
    }
}

/// Which action of a noisy behaviour is stored. The environment always gets the one with noise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActionLabel {
    /// The action that was taken.
    #[default]
    Executed,
    /// The action before noise: states are as widely covered, labels carry no noise. Rewards and next states remain those of the
    /// action taken, so that such data are for cloning, not for values.
    Clean,
}

impl ActionLabel {
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::Executed
    }
}

/// A recipe: everything but the seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Version of this format, 1.
    pub format: u32,
    /// Id of the dataset, `family/name-vN`.
    pub id: String,
    /// Name in tables.
    pub label: String,
    /// What the dataset is for.
    pub description: String,
    /// Id of a built-in environment.
    pub environment: String,
    /// Number of transitions.
    pub transitions: u64,
    /// Where episodes start.
    #[serde(default)]
    pub start: Start,
    /// Which action is stored.
    #[serde(default, skip_serializing_if = "ActionLabel::is_default")]
    pub action_label: ActionLabel,
    /// How actions are chosen.
    pub behaviour: BehaviourSpec,
}

/// The part of a recipe that decides the bytes: names and prose are left out.
#[derive(Serialize)]
struct Content<'a> {
    generator_version: u32,
    environment: &'a str,
    transitions: u64,
    start: Start,
    // Left out where it is the default, which recipes of older versions mean.
    #[serde(skip_serializing_if = "ActionLabel::is_default")]
    action_label: ActionLabel,
    behaviour: &'a BehaviourSpec,
}

impl Recipe {
    /// Reads a recipe from TOML; `file` names it in errors.
    ///
    /// # Errors
    /// Syntax, unknown or missing keys, wrong types, impossible values.
    pub fn parse(text: &str, file: &str) -> Result<Self, Error> {
        let recipe: Self = toml::from_str(text).map_err(|source| Error::RecipeSyntax {
            file: file.to_owned(),
            source: Box::new(source),
        })?;
        recipe.check(file)?;
        Ok(recipe)
    }

    /// SHA-256 (lower-case hexadecimal) over the canonical JSON (RFC 8785) of what decides the bytes.
    pub fn hash(&self) -> String {
        let content = Content {
            generator_version: GENERATOR_VERSION,
            environment: &self.environment,
            transitions: self.transitions,
            start: self.start,
            action_label: self.action_label,
            behaviour: &self.behaviour,
        };
        content_hash(&content)
    }

    pub(crate) fn check(&self, file: &str) -> Result<(), Error> {
        let fail = |key: &str, expected: &str, found: String| {
            Err(Error::RecipeValue {
                file: file.to_owned(),
                key: key.to_owned(),
                expected: expected.to_owned(),
                found,
            })
        };
        if self.format != 1 {
            return fail("format", "1", self.format.to_string());
        }
        if !is_versioned_id(&self.id) {
            return fail("id", "`family/name-vN`", format!("`{}`", self.id));
        }
        let environment = info(&self.environment)?;
        if self.transitions == 0 {
            return fail("transitions", "a positive number", "0".to_owned());
        }
        if !(self.start.scale.is_finite() && self.start.scale >= 0.0) {
            return fail(
                "start.scale",
                "a finite number >= 0",
                self.start.scale.to_string(),
            );
        }
        if !self.start.offset.is_finite() {
            return fail(
                "start.offset",
                "a finite number",
                self.start.offset.to_string(),
            );
        }
        if environment.maze.is_some() && self.start != Start::default() {
            return fail(
                "start",
                "no entry for a point maze",
                format!("{:?}", self.start),
            );
        }
        check_behaviour(&self.behaviour, environment, file, "behaviour", true)
    }
}

/// SHA-256 (lower-case hexadecimal) over the canonical JSON (RFC 8785) of checked content.
pub(crate) fn content_hash(content: &impl Serialize) -> String {
    let json = serde_json_canonicalizer::to_vec(content)
        .expect("a checked recipe holds finite numbers only");
    Sha256::digest(json)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Whether `id` is `family/name-vN`.
pub(crate) fn is_versioned_id(id: &str) -> bool {
    id.split_once('/')
        .is_some_and(|(family, name)| !family.is_empty() && has_version(name))
}

fn has_version(name: &str) -> bool {
    name.rsplit_once("-v").is_some_and(|(stem, n)| {
        !stem.is_empty() && !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())
    })
}

fn check_behaviour(
    behaviour: &BehaviourSpec,
    environment: &EnvironmentInfo,
    file: &str,
    key: &str,
    mixture_allowed: bool,
) -> Result<(), Error> {
    let fail = |key: String, expected: &str, found: String| {
        Err(Error::RecipeValue {
            file: file.to_owned(),
            key,
            expected: expected.to_owned(),
            found,
        })
    };
    let number = |name: &str, value: f64, lowest: f64| {
        if value.is_finite() && value >= lowest {
            return Ok(());
        }
        let expected = if lowest == 0.0 {
            "a finite number >= 0"
        } else {
            "a finite number"
        };
        fail(format!("{key}.{name}"), expected, value.to_string())
    };
    let maze_only = || {
        if environment.maze.is_some() {
            return Ok(());
        }
        fail(
            format!("{key}.kind"),
            "`scaled-optimal` or `mixture`",
            format!("`{}`", behaviour.name()),
        )
    };
    match behaviour {
        BehaviourSpec::ScaledOptimal { gain, bias, noise } => {
            number("gain", *gain, f64::MIN)?;
            number("bias", *bias, f64::MIN)?;
            number("noise", *noise, 0.0)
        }
        BehaviourSpec::Navigate { noise } => {
            number("noise", *noise, 0.0)?;
            maze_only()
        }
        BehaviourSpec::Explore { noise, hold } => {
            number("noise", *noise, 0.0)?;
            if *hold == 0 {
                return fail(
                    format!("{key}.hold"),
                    "a positive number of steps",
                    "0".to_owned(),
                );
            }
            maze_only()
        }
        BehaviourSpec::Mixture { parts } => {
            if !mixture_allowed {
                return fail(
                    format!("{key}.kind"),
                    "a policy that is not itself a mixture",
                    "`mixture`".to_owned(),
                );
            }
            for (index, part) in parts.iter().enumerate() {
                number(&format!("parts[{index}].share"), part.share, 0.0)?;
                check_behaviour(
                    &part.behaviour,
                    environment,
                    file,
                    &format!("{key}.parts[{index}].behaviour"),
                    false,
                )?;
            }
            let total: f64 = parts.iter().map(|part| part.share).sum();
            if (total - 1.0).abs() > 1e-9 {
                return fail(
                    format!("{key}.parts"),
                    "shares that sum to 1",
                    format!("a sum of {total}"),
                );
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        format = 1
        id = "cbandit/test-v0"
        label = "test"
        description = "for tests"
        environment = "cbandit/default-v0"
        transitions = 10
        behaviour = { kind = "scaled-optimal", gain = 0.3, bias = 0.2, noise = 0.25 }
    "#;

    fn error(from: &str, to: &str) -> String {
        assert!(GOOD.contains(from));
        Recipe::parse(&GOOD.replace(from, to), "r.toml")
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn every_refusal_names_file_key_and_value() {
        assert!(error("transitions = 10", "transition = 10").contains("transition"));
        assert!(error("transitions = 10", "transitions = \"x\"").starts_with("r.toml: "));
        assert_eq!(
            error("= 10", "= 0"),
            "r.toml: key `transitions`: expected a positive number, found 0"
        );
        assert!(error("cbandit/test-v0", "cbandit/test").contains("key `id`"));
        assert!(
            error("cbandit/default-v0", "cbandit/defaul-v0")
                .contains("nearest is `cbandit/default-v0`")
        );
        assert!(error("noise = 0.25", "noise = -1.0").contains("behaviour.noise"));
        assert!(error("bias = 0.2", "bais = 0.2").contains("bais"));
        let navigate = "kind = \"navigate\", noise = 0.1 }";
        assert!(
            error(
                "kind = \"scaled-optimal\", gain = 0.3, bias = 0.2, noise = 0.25 }",
                navigate
            )
            .contains("behaviour.kind")
        );
    }

    #[test]
    fn the_hash_covers_content_and_not_names_or_order() {
        let base = Recipe::parse(GOOD, "r.toml").unwrap();
        let renamed = GOOD
            .replace("\"test\"", "\"other\"")
            .replace("test-v0", "test-v1")
            .replace("for tests", "x");
        assert_eq!(
            base.hash(),
            Recipe::parse(&renamed, "r.toml").unwrap().hash()
        );
        let reordered = GOOD.replace("gain = 0.3, bias = 0.2", "bias = 0.2, gain = 0.3");
        assert_eq!(
            base.hash(),
            Recipe::parse(&reordered, "r.toml").unwrap().hash()
        );
        let explicit = format!("{GOOD}\nstart = {{ scale = 1.0, offset = 0.0 }}");
        assert_eq!(
            base.hash(),
            Recipe::parse(&explicit, "r.toml").unwrap().hash()
        );
        for (from, to) in [
            ("= 10", "= 11"),
            ("0.3", "0.31"),
            ("0.2,", "0.21,"),
            ("0.25", "0.26"),
        ] {
            assert_ne!(
                base.hash(),
                Recipe::parse(&GOOD.replace(from, to), "r.toml")
                    .unwrap()
                    .hash(),
                "{from}"
            );
        }
    }

    #[test]
    fn shares_of_a_mixture_must_sum_to_one() {
        let mixture = "kind = \"mixture\", parts = [{ share = 0.5, behaviour = { kind = \"scaled-optimal\", gain = 1, bias = 0, noise = 0 } }] }";
        let message = error(
            "kind = \"scaled-optimal\", gain = 0.3, bias = 0.2, noise = 0.25 }",
            mixture,
        );
        assert!(message.contains("sum to 1"), "{message}");
    }
}
