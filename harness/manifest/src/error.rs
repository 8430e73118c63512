//! Errors in manifests and benchmark definitions.

use std::fmt;

/// Where in a file something stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// File as named by the user.
    pub file: String,
    /// 1-based line, if known.
    pub line: Option<usize>,
    /// Path of the key, e.g. `pipeline[0].stages[1].learner`.
    pub key: String,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if self.key.is_empty() {
            Ok(())
        } else {
            write!(f, "   {}", self.key)
        }
    }
}

/// A manifest that cannot be used.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// The text is not TOML.
    #[error("not valid TOML: {reason}\n  {at}")]
    Syntax {
        /// Where.
        at: Position,
        /// The parser's words.
        reason: String,
    },
    /// A key that does not exist.
    #[error("unknown key `{key}`\n  {at}\n  expected one of {expected}")]
    UnknownKey {
        /// Where.
        at: Position,
        /// The key.
        key: String,
        /// The keys that exist, joined.
        expected: String,
        /// The closest one.
        nearest: Option<String>,
    },
    /// A value of the wrong type or outside its range, or a missing key.
    #[error("{reason}\n  {at}")]
    Value {
        /// Where.
        at: Position,
        /// What was expected and found.
        reason: String,
        /// What to do.
        hint: Option<String>,
    },
    /// A name that refers to nothing.
    #[error("unknown {what} `{name}`\n  {at}")]
    UnknownName {
        /// Where.
        at: Position,
        /// What kind of name.
        what: String,
        /// The name.
        name: String,
        /// The closest one.
        nearest: Option<String>,
        /// All names that exist.
        known: Vec<String>,
    },
    /// Stages that do not fit together.
    #[error("pipeline `{pipeline}`: {reason}\n  {at}")]
    Pipeline {
        /// Where.
        at: Position,
        /// The pipeline.
        pipeline: String,
        /// What does not fit.
        reason: String,
        /// What to do.
        hint: Option<String>,
    },
}

impl Error {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Syntax { .. } => None,
            Self::UnknownKey { nearest, .. } => {
                nearest.as_ref().map(|n| format!("did you mean `{n}`?"))
            }
            Self::Value { hint, .. } | Self::Pipeline { hint, .. } => hint.clone(),
            Self::UnknownName { nearest, known, .. } => Some(match nearest {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None if known.is_empty() => "none is known".into(),
                None => format!("known are: {}", known.join(", ")),
            }),
        }
    }
}

/// The candidate closest to `name`, if any is close enough to be a slip.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let scored = candidates
        .into_iter()
        .map(|c| (strsim::damerau_levenshtein(name, c), c));
    let (distance, best) = scored.min()?;
    (distance <= (name.chars().count().max(3)) / 2).then(|| best.to_owned())
}
