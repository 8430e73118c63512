//! In what two studies differ on a benchmark besides their methods.

use serde::Serialize;

use crate::load::NORMALIZED_SCORE;
use crate::study::{Benchmark, Normalizer};

/// One difference between two measurements of a benchmark.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Caveat {
    /// Scores are normalised by other references, or not on one side.
    Normalizer,
    /// Other data: the digests or the declared origins differ.
    Dataset,
    /// Another environment.
    Environment {
        /// Of the first side.
        first: String,
        /// Of the second side.
        second: String,
    },
    /// Other numbers of episodes in an evaluation.
    Episodes {
        /// Of the first side.
        first: u32,
        /// Of the second side.
        second: u32,
    },
}

impl Caveat {
    /// Whether numbers of the two sides cannot be subtracted.
    pub fn forbids(&self) -> bool {
        matches!(self, Self::Normalizer)
    }
}

/// What is known to differ; unknown parts are taken as equal.
pub(super) fn caveats(first: &Benchmark, second: &Benchmark, metric: &str) -> Vec<Caveat> {
    let mut all = Vec::new();
    let scale = |b: &Benchmark| {
        b.normalizer.clone().map(|n| Normalizer {
            version: String::new(),
            ..n
        })
    };
    if metric.starts_with(NORMALIZED_SCORE) && scale(first) != scale(second) {
        all.push(Caveat::Normalizer);
    }
    let (a, b) = (&first.protocol, &second.protocol);
    let digests = !a.digests.is_empty() && !b.digests.is_empty() && a.digests != b.digests;
    let origins = a.origin.is_some() && b.origin.is_some() && a.origin != b.origin;
    if digests || origins {
        all.push(Caveat::Dataset);
    }
    if first.environment != second.environment {
        all.push(Caveat::Environment {
            first: first.environment.clone(),
            second: second.environment.clone(),
        });
    }
    if let (Some(first), Some(second)) = (a.evaluation_episodes, b.evaluation_episodes)
        && first != second
    {
        all.push(Caveat::Episodes { first, second });
    }
    all
}
