//! Dataset names.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The name of a dataset: `family/name-vN`, e.g. `hopper/medium-local-v0`.
///
/// Two or three parts of lowercase letters, digits, `.`, `_` and `-`; the last ends in a version `-vN`. A redraw of a
/// generated dataset carries a variant after `@`, e.g. `cbandit/narrow-expert-v0@seed-3`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DatasetId(String);

impl DatasetId {
    /// Parses a name; the error says which rule it breaks.
    pub fn new(id: &str) -> Result<Self> {
        match problem(id) {
            None => Ok(Self(id.to_owned())),
            Some(rule) => Err(Error::InvalidId {
                id: id.to_owned(),
                rule,
            }),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folder of this dataset under the data root.
    pub fn folder(&self, root: &Path) -> PathBuf {
        root.join(&self.0)
    }
}

fn problem(id: &str) -> Option<&'static str> {
    let (name, variant) = match id.split_once('@') {
        Some((name, variant)) => (name, Some(variant)),
        None => (id, None),
    };
    let parts: Vec<&str> = name.split('/').collect();
    if !(2..=3).contains(&parts.len()) {
        return Some("a dataset is named `family/name-vN`");
    }
    if !parts.iter().copied().chain(variant).all(is_word) {
        return Some(
            "parts are lowercase letters, digits, `.`, `_` and `-`, and start with a letter or digit",
        );
    }
    let version = parts.last().and_then(|last| last.rsplit_once("-v"));
    match version {
        Some((_, digits)) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
            None
        }
        _ => Some("the name ends in a version such as `-v0`"),
    }
}

fn is_word(part: &str) -> bool {
    let starts_well = part
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    starts_well
        && part
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
}

impl fmt::Display for DatasetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DatasetId {
    type Err = Error;

    fn from_str(id: &str) -> Result<Self> {
        Self::new(id)
    }
}

impl TryFrom<String> for DatasetId {
    type Error = Error;

    fn try_from(id: String) -> Result<Self> {
        Self::new(&id)
    }
}

impl From<DatasetId> for String {
    fn from(id: DatasetId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rule() {
        for good in [
            "hopper/medium-local-v0",
            "mujoco/hopper/expert-v12",
            "cbandit/narrow-expert-v0@seed-3",
            "a/b.c_d-v1",
        ] {
            assert_eq!(DatasetId::new(good).unwrap().as_str(), good);
        }
        let bad = [
            "hopper",
            "hopper/medium",
            "hopper/medium-v",
            "hopper/medium-vx",
            "Hopper/medium-v0",
            "../medium-v0",
            "/x-v0",
            "a/b/c/d-v0",
            "a//b-v0",
            "a/b-v0@",
            "a/.b-v0",
            "a/b-v0@../x",
            "",
        ];
        for name in bad {
            assert!(DatasetId::new(name).is_err(), "`{name}` was accepted");
        }
    }
}
