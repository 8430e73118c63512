//! A point of the study: one level for every axis and swept parameter that applies.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

/// The value of an axis or parameter. Numbers compare as numbers, so `1` and `1.0` are one level.
#[derive(Clone, Debug)]
pub enum Level {
    /// A number.
    Number(f64),
    /// A flag.
    Flag(bool),
    /// A name.
    Text(String),
}

impl Level {
    /// Reads a JSON scalar; anything else (lists, tables, null) becomes its JSON text.
    pub fn from_json(value: &Value) -> Self {
        match value {
            Value::Bool(flag) => Self::Flag(*flag),
            Value::String(text) => Self::Text(text.clone()),
            Value::Number(number) => number
                .as_f64()
                .map_or_else(|| Self::Text(number.to_string()), Self::Number),
            other => Self::Text(other.to_string()),
        }
    }

    /// The number, where it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(x) => Some(*x),
            Self::Flag(_) | Self::Text(_) => None,
        }
    }
}

impl Ord for Level {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Flag(a), Self::Flag(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Number(_), _) | (Self::Flag(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), _) | (Self::Flag(_), Self::Number(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Level {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Level {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Level {}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(x) => write!(f, "{x}"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Serialize for Level {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(x) => serializer.serialize_f64(*x),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

/// Levels by name; only the keys that apply to the pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Point(pub BTreeMap<String, Level>);

impl Point {
    /// Reads the JSON object of the `point` column; none when it is not an object.
    pub fn parse(text: &str) -> Option<Self> {
        let levels: BTreeMap<String, Value> = serde_json::from_str(text).ok()?;
        Some(Self::from_values(&levels))
    }

    /// Reads JSON values.
    pub fn from_values(levels: &BTreeMap<String, Value>) -> Self {
        Self(
            levels
                .iter()
                .map(|(name, value)| (name.clone(), Level::from_json(value)))
                .collect(),
        )
    }

    /// Whether every key outside `free` has its level in `reference`.
    pub fn at_reference_except(&self, reference: &Self, free: &[&str]) -> bool {
        let fixed = |name: &str| !free.contains(&name);
        self.0
            .iter()
            .all(|(name, level)| !fixed(name) || reference.0.get(name) == Some(level))
    }
}
