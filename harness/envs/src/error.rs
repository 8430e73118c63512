//! What can go wrong in this crate.

/// An error of the caller that a sink of transitions may return.
pub type SinkError = Box<dyn std::error::Error + Send + Sync>;

/// The crate's error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No built-in environment has this id.
    #[error("unknown environment `{id}`{}", nearest.map(|n| format!(", nearest is `{n}`")).unwrap_or_default())]
    UnknownEnvironment {
        /// The id asked for.
        id: String,
        /// The closest id in the catalog, when one is close.
        nearest: Option<&'static str>,
    },
    /// A vector has the wrong length.
    #[error("{environment}: {what} has length {found}, expected {expected}")]
    Shape {
        /// The environment.
        environment: &'static str,
        /// Which vector.
        what: &'static str,
        /// Its length by the environment's specification.
        expected: usize,
        /// Its actual length.
        found: usize,
    },
    /// A vector holds NaN or an infinity.
    #[error("{environment}: {what}[{index}] is {value}, expected a finite number")]
    NotFinite {
        /// The environment.
        environment: &'static str,
        /// Which vector.
        what: &'static str,
        /// The first bad entry.
        index: usize,
        /// What it holds.
        value: f32,
    },
    /// `step` was called before `reset` or after an episode's end.
    #[error("{environment}: step without a running episode")]
    NoEpisode {
        /// The environment.
        environment: &'static str,
    },
    /// A functional of this policy has no exact solution here.
    #[error("{environment}: no exact solution for {functional}: {reason}")]
    NoExactSolution {
        /// The environment.
        environment: &'static str,
        /// The policy whose values were asked for.
        functional: String,
        /// Why there is none.
        reason: &'static str,
    },
    /// An index outside a finite action set.
    #[error("{environment}: action {found}, expected an index from 0 to {last}")]
    ActionIndex {
        /// The environment.
        environment: &'static str,
        /// The action given.
        found: f32,
        /// The last index.
        last: usize,
    },
    /// An image shows no mass.
    #[error(
        "{environment}: an observation without a mass, expected an image that the environment drew"
    )]
    NoMass {
        /// The environment.
        environment: &'static str,
    },
    /// A goal is missing, or nowhere.
    #[error("{environment}: {found}, expected a goal in a free cell")]
    Goal {
        /// The environment.
        environment: &'static str,
        /// What was given.
        found: String,
    },
    /// A discount outside `[0, 1)`.
    #[error("discount {found} is not in [0, 1)")]
    Discount {
        /// The value given.
        found: f64,
    },
    /// A recipe is not valid TOML of the expected form.
    #[error("{file}: {source}")]
    RecipeSyntax {
        /// The recipe's file.
        file: String,
        /// What the parser found, with key and line.
        source: Box<toml::de::Error>,
    },
    /// A recipe's value is impossible.
    #[error("{file}: key `{key}`: expected {expected}, found {found}")]
    RecipeValue {
        /// The recipe's file or id.
        file: String,
        /// The offending key.
        key: String,
        /// What would be valid.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A recipe has no such key.
    #[error("{file}: unknown key `{key}`, expected one of {}", known.join(", "))]
    RecipeKey {
        /// The recipe's file or id.
        file: String,
        /// The key asked for, as a dotted path.
        key: String,
        /// The keys that are there, as dotted paths.
        known: Vec<String>,
    },
    /// No normaliser has this name.
    #[error("unknown score normaliser `{name}`, known are {known}")]
    UnknownNormalizer {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A normaliser has no row for this id.
    #[error("score normaliser `{name}` has no references for `{id}`")]
    NoReferences {
        /// The normaliser.
        name: String,
        /// The environment or dataset.
        id: String,
    },
    /// An environment outside this crate, behind the same trait, failed.
    #[error("environment `{environment}` failed")]
    Foreign {
        /// Its id.
        environment: String,
        /// What it said.
        #[source]
        source: SinkError,
    },
    /// The receiver of transitions failed.
    #[error("a transition could not be stored")]
    Sink(#[source] SinkError),
}

impl Error {
    /// What the user can do about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownEnvironment { .. } => {
                let ids: Vec<_> = crate::catalog().iter().map(|info| info.id).collect();
                Some(format!("built-in environments: {}", ids.join(", ")))
            }
            Self::NoEpisode { .. } => {
                Some("call `reset` before the first step and after every end of an episode".into())
            }
            Self::NoExactSolution { .. } => Some(
                "train a critic on the data, or ask for the values of the optimal policy".into(),
            ),
            Self::Discount { .. } => Some("infinite-horizon values need a discount below 1".into()),
            Self::NoReferences { .. } => Some(
                "report raw returns, or add a row to the normaliser's table under a new version"
                    .into(),
            ),
            Self::RecipeKey { key, known, .. } => {
                nearest_key(key, known).map(|name| format!("did you mean `{name}`?"))
            }
            _ => None,
        }
    }

    pub(crate) fn no_gradient(environment: &'static str) -> Self {
        Self::no_solution(environment, "dQ/da", "its actions are discrete")
    }

    pub(crate) fn no_solution(
        environment: &'static str,
        functional: impl ToString,
        reason: &'static str,
    ) -> Self {
        Self::NoExactSolution {
            environment,
            functional: functional.to_string(),
            reason,
        }
    }
}

/// The known dotted path that `key` was probably meant to be. Within one table only last names count: the table they share would
/// make any two alike.
fn nearest_key(key: &str, known: &[String]) -> Option<String> {
    let split = |path: &str| -> (String, String) {
        let (table, last) = path.rsplit_once('.').unwrap_or(("", path));
        (table.to_owned(), last.to_owned())
    };
    let (table, last) = split(key);
    let beside: Vec<&String> = known.iter().filter(|k| split(k).0 == table).collect();
    if beside.is_empty() {
        return manifest::nearest(key, known.iter().map(String::as_str));
    }
    let names: Vec<String> = beside.iter().map(|k| split(k).1).collect();
    let near = manifest::nearest(&last, names.iter().map(String::as_str))?;
    beside.into_iter().find(|k| split(k).1 == near).cloned()
}
