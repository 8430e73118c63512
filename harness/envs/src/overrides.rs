//! Recipes with some of their keys set anew, so that a manifest can vary them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::Error;
use crate::recipe::Recipe;

/// Keys that name or describe data and do not decide them, or that decide what a benchmark is.
const FIXED: [&str; 5] = ["format", "id", "label", "description", "environment"];
/// Hexadecimal digits of the recipe's hash in a changed recipe's id.
const HASH_DIGITS: usize = 8;

/// A recipe whose keys can be set anew.
pub(crate) trait Overridden: Serialize + DeserializeOwned {
    /// Hash of what decides the bytes.
    fn hash(&self) -> String;
    /// Its id, `family/name-vN`.
    fn id(&mut self) -> &mut String;
    /// Whether its values are possible; `file` names it in errors.
    fn check(&self, file: &str) -> Result<(), Error>;
}

impl Overridden for Recipe {
    fn hash(&self) -> String {
        Recipe::hash(self)
    }

    fn id(&mut self) -> &mut String {
        &mut self.id
    }

    fn check(&self, file: &str) -> Result<(), Error> {
        Recipe::check(self, file)
    }
}

impl Recipe {
    /// This recipe with keys set anew: dotted paths such as `behaviour.noise`, `action_label`, `transitions`, `start.scale` or
    /// `behaviour.parts.0.share`; a table without a `kind` stands for its entries. The id gains the first eight digits of the new hash, `family/name-r1a2b3c4d-vN`, unless the
    /// content is what it was.
    ///
    /// # Errors
    /// A key that does not exist or may not be set, or a value that makes the recipe impossible; each names the key.
    pub fn with_overrides(&self, overrides: &BTreeMap<String, Value>) -> Result<Self, Error> {
        with_overrides(self, &self.id, overrides)
    }
}

/// `recipe`, whose id is `id`, with keys set anew.
pub(crate) fn with_overrides<R: Overridden>(
    recipe: &R,
    id: &str,
    overrides: &BTreeMap<String, Value>,
) -> Result<R, Error> {
    let fail = |key: &str, expected: &str, found: String| Error::RecipeValue {
        file: id.to_owned(),
        key: key.to_owned(),
        expected: expected.to_owned(),
        found,
    };
    let mut changed =
        serde_json::to_value(recipe).expect("a checked recipe holds finite numbers only");
    let mut flat = BTreeMap::new();
    for (key, value) in overrides {
        flatten(key.clone(), value, &mut flat);
    }
    for (key, value) in &flat {
        set::<R>(&mut changed, id, key, value)?;
    }
    let mut new: R = serde_json::from_value(changed)
        .map_err(|error| fail("recipe", "a valid recipe", error.to_string()))?;
    new.check(id)?;
    let hash = new.hash();
    if hash != recipe.hash() {
        let (stem, version) = id
            .rsplit_once("-v")
            .expect("a checked recipe's id has a version");
        *new.id() = format!("{stem}-r{}-v{version}", &hash[..HASH_DIGITS]);
    }
    Ok(new)
}

/// Sets one key, and sees whether the recipe can still be read.
fn set<R: Overridden>(
    changed: &mut Value,
    id: &str,
    key: &str,
    value: &Value,
) -> Result<(), Error> {
    let fail = |expected: &str, found: String| Error::RecipeValue {
        file: id.to_owned(),
        key: key.to_owned(),
        expected: expected.to_owned(),
        found,
    };
    if FIXED.contains(&key) {
        let expected = "a key that decides the data, such as `behaviour.noise` or `action_label`";
        return Err(fail(expected, format!("`{key}`")));
    }
    let unknown = |known| Error::RecipeKey {
        file: id.to_owned(),
        key: key.to_owned(),
        known,
    };
    let slot = match slot(changed, key) {
        Some(slot) => slot,
        None => {
            let mut all = Vec::new();
            paths(changed, "", &mut all);
            return Err(unknown(all));
        }
    };
    *slot = value.clone();
    // One at a time, so that the error is that of this key.
    serde_json::from_value::<R>(changed.clone()).map_err(|error| {
        let message = error.to_string();
        match siblings(&message, key) {
            Some(known) => unknown(known),
            None => fail("a key and value that fit the recipe", message),
        }
    })?;
    Ok(())
}

/// `a = { b = 1 }` as `a.b = 1`. A behaviour, which says its kind, is set as a whole.
fn flatten(key: String, value: &Value, out: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(map) if !map.contains_key("kind") => {
            for (inner, value) in map {
                flatten(format!("{key}.{inner}"), value, out);
            }
        }
        value => {
            out.insert(key, value.clone());
        }
    }
}

/// Dotted paths of everything that can be set, tables included.
fn paths(value: &Value, at: &str, out: &mut Vec<String>) {
    let Value::Object(map) = value else { return };
    for (key, value) in map {
        let path = if at.is_empty() {
            key.clone()
        } else {
            format!("{at}.{key}")
        };
        if !FIXED.contains(&path.as_str()) && key != "kind" {
            paths(value, &path, out);
            out.push(path);
        }
    }
}

/// The keys beside `key` that serde names when it refuses the last one of the path; none for any other complaint.
fn siblings(message: &str, key: &str) -> Option<Vec<String>> {
    let (table, last) = key.rsplit_once('.').unwrap_or(("", key));
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (refused, known) = quoted.split_first()?;
    if !message.starts_with("unknown field") || *refused != last {
        return None;
    }
    let path = |name: &&str| match table {
        "" => (*name).to_owned(),
        table => format!("{table}.{name}"),
    };
    let known = known.iter().map(path);
    Some(known.filter(|k| !FIXED.contains(&k.as_str())).collect())
}

/// The value at a dotted path; a missing last key is made.
fn slot<'a>(value: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    match path.split_once('.') {
        Some((key, rest)) => slot(child(value, key)?, rest),
        None => match value {
            Value::Object(map) => Some(map.entry(path).or_insert(Value::Null)),
            other => child(other, path),
        },
    }
}

fn child<'a>(value: &'a mut Value, key: &str) -> Option<&'a mut Value> {
    match value {
        Value::Object(map) => map.get_mut(key),
        Value::Array(items) => items.get_mut(key.parse::<usize>().ok()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ActionLabel, BehaviourSpec};

    fn recipe() -> Recipe {
        Recipe::parse(
            r#"
            format = 1
            id = "lqr-nav/noise-v0"
            label = "test"
            description = "for tests"
            environment = "lqr-nav/default-v0"
            transitions = 10
            behaviour = { kind = "scaled-optimal", gain = 1.0, bias = 0.0, noise = 0.1 }
            "#,
            "r.toml",
        )
        .unwrap()
    }

    fn with(key: &str, value: Value) -> Result<Recipe, Error> {
        recipe().with_overrides(&BTreeMap::from([(key.to_owned(), value)]))
    }

    #[test]
    fn set_keys_change_content_and_id() {
        let changed = with("behaviour.noise", 0.3.into()).unwrap();
        let BehaviourSpec::ScaledOptimal { noise, .. } = changed.behaviour else {
            panic!("another kind");
        };
        assert_eq!(noise, 0.3);
        assert_eq!(
            changed.id,
            format!("lqr-nav/noise-r{}-v0", &changed.hash()[..8])
        );
        let clean = with("action_label", "clean".into()).unwrap();
        assert_eq!(clean.action_label, ActionLabel::Clean);
        assert_ne!(clean.hash(), recipe().hash());
        assert_eq!(with("start.scale", 1.into()).unwrap(), recipe());
        let nested = with("behaviour", serde_json::json!({ "noise": 0.3 })).unwrap();
        assert_eq!(nested, changed);
    }

    #[test]
    fn the_same_content_is_the_same_dataset() {
        assert_eq!(with("behaviour.noise", 0.1.into()).unwrap(), recipe());
        assert_eq!(with("action_label", "executed".into()).unwrap(), recipe());
    }

    #[test]
    fn unknown_keys_name_the_nearest_one() {
        for (key, nearest) in [
            ("behaviour.nois", "behaviour.noise"),
            ("behavior.noise", "behaviour.noise"),
            ("action_lable", "action_label"),
            ("transition", "transitions"),
        ] {
            let error = with(key, 0.3.into()).unwrap_err();
            let message = error.to_string();
            assert!(
                message.contains(&format!("unknown key `{key}`")),
                "{message}"
            );
            let hint = error.hint();
            assert_eq!(
                hint,
                Some(format!("did you mean `{nearest}`?")),
                "{message}"
            );
        }
        let far = with("behaviour.temperature", 0.3.into()).unwrap_err();
        assert_eq!(far.hint(), None);
        assert!(far.to_string().contains("behaviour.gain, "), "{far}");
    }

    #[test]
    fn refusals_name_the_key() {
        for (key, value, part) in [
            ("behaviour.noise", "much".into(), "invalid type"),
            ("behaviour.noise", (-1.0).into(), "a finite number >= 0"),
            ("action_label", "true".into(), "unknown variant"),
            ("label", "x".into(), "a key that decides the data"),
        ] {
            let message = with(key, value).unwrap_err().to_string();
            assert!(message.contains(&format!("key `{key}`")), "{message}");
            assert!(message.contains(part), "{message}");
        }
    }
}
