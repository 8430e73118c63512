//! Whether a published number applies to runs: the same data, environment, normaliser and rules, and a spread that can be tested.

use serde::Serialize;

use crate::published::{Score, Selection, SpreadKind, Table};
use crate::study::Benchmark;

/// Why a published number does not apply, or cannot be tested.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Reason {
    /// The data are not known to be those of the table: neither a listed digest nor the declared origin.
    Dataset {
        /// Origin or id and digest of the data, where they are known.
        ours: Option<String>,
        /// The origin that the table asks for.
        theirs: String,
    },
    /// The table names another version of the environment.
    Environment {
        /// The study's environment.
        ours: String,
        /// The table's.
        theirs: String,
    },
    /// Evaluations of another length, or of an unknown one.
    Episodes {
        /// Episodes of one evaluation, where they are known.
        ours: Option<u32>,
        /// The table's.
        theirs: u32,
    },
    /// Another rule which evaluation of a run counts; the table's may be unknown.
    Selection {
        /// The rule applied to the runs.
        ours: Selection,
        /// The table's.
        theirs: Selection,
    },
    /// Scores are normalised otherwise, or not at all.
    Normalizer {
        /// The study's normaliser of the benchmark.
        ours: Option<String>,
        /// The table's.
        theirs: String,
    },
    /// A study has no such measure.
    Measure,
    /// The table prints no spread for the cell, or one that says nothing about runs.
    Spread {
        /// What the printed spread is; absent where there is none.
        printed: Option<SpreadKind>,
    },
    /// The published runs are unknown or fewer than two.
    Runs {
        /// The published runs, where they are known.
        published: Option<u32>,
    },
}

impl Reason {
    /// Whether a person can vouch for it: what is missing is knowledge of the runs, not a number.
    pub fn can_be_assumed(&self) -> bool {
        matches!(
            self,
            Self::Dataset { .. }
                | Self::Environment { .. }
                | Self::Episodes { .. }
                | Self::Selection { .. }
        )
    }
}

/// Every reason against a score, as far as the study's benchmark is concerned.
pub(super) fn against(table: &Table, score: &Score, ours: &Benchmark) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let theirs = table.origin(score);
    if !same_data(table, score, ours, &theirs) {
        let data = known_data(ours);
        reasons.push(Reason::Dataset { ours: data, theirs });
    }
    if let Some(theirs) = &table.environments
        && !same_environment(&ours.environment, theirs)
    {
        reasons.push(Reason::Environment {
            ours: ours.environment.clone(),
            theirs: theirs.clone(),
        });
    }
    if let Some(theirs) = table.evaluation_episodes
        && ours.protocol.evaluation_episodes != Some(theirs)
    {
        reasons.push(Reason::Episodes {
            ours: ours.protocol.evaluation_episodes,
            theirs,
        });
    }
    let normalizer = ours.normalizer.as_ref().map(|n| n.id.clone());
    if let Some(theirs) = &table.normalizer
        && normalizer.as_ref() != Some(theirs)
    {
        reasons.push(Reason::Normalizer {
            ours: normalizer,
            theirs: theirs.clone(),
        });
    }
    reasons
}

fn same_data(table: &Table, score: &Score, ours: &Benchmark, origin: &str) -> bool {
    let protocol = &ours.protocol;
    let declared = protocol.origin.as_ref();
    if declared.is_some_and(|o| o.eq_ignore_ascii_case(origin)) {
        return true;
    }
    let listed = table.digests.get(&score.benchmark());
    let is_listed =
        |d: &String| listed.is_some_and(|l| l.iter().any(|x| x.eq_ignore_ascii_case(d)));
    !protocol.digests.is_empty() && protocol.digests.iter().all(is_listed)
}

/// `D4RL/hopper-medium-v0`, or `hopper/medium-local-v0 (sha256 3f9c0a51)`.
fn known_data(ours: &Benchmark) -> Option<String> {
    let protocol = &ours.protocol;
    protocol.origin.clone().or_else(|| {
        let dataset = protocol.dataset.as_ref()?;
        Some(match protocol.digests.as_slice() {
            [digest] => format!("{dataset} (sha256 {})", digest.get(..8).unwrap_or(digest)),
            [] => dataset.clone(),
            several => format!("{dataset} ({} datasets)", several.len()),
        })
    })
}

/// Environments are `family/version` here; a table may name the version alone.
fn same_environment(ours: &str, theirs: &str) -> bool {
    ours == theirs
        || ours
            .split_once('/')
            .is_some_and(|(_, version)| version == theirs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::{Normalizer, Protocol};

    const TABLE: &str = r#"
format = 1
id = "t"
title = "T"
source = "s"
location = "l"
trust = "primary"
datasets = "D4RL"
environments = "d4rl-v4"
measure = "normalized-score"
normalizer = "d4rl"
decimals = 1
selection = "last"
evaluation_episodes = 10
scores = [{ environment = "hopper", dataset = "medium-v2", algorithm = "IQL", mean = 1.0 }]
"#;

    fn ours(protocol: Protocol) -> Benchmark {
        Benchmark {
            id: "hopper-medium-v2".into(),
            environment: "hopper/d4rl-v4".into(),
            normalizer: Some(Normalizer {
                id: "d4rl".into(),
                version: "1".into(),
                ref_min: 0.0,
                ref_max: 1.0,
            }),
            protocol,
        }
    }

    fn declared() -> Protocol {
        Protocol {
            origin: Some("d4rl/hopper-medium-v2".into()),
            evaluation_episodes: Some(10),
            ..Protocol::default()
        }
    }

    #[test]
    fn a_declared_origin_or_a_listed_digest_is_the_tables_data() {
        let table = Table::parse(TABLE, "t.toml").unwrap();
        let score = &table.scores[0];
        assert_eq!(against(&table, score, &ours(declared())), []);
        let digest = "ab".repeat(32);
        let local = Protocol {
            origin: None,
            dataset: Some("hopper/medium-v2".into()),
            digests: vec![digest.clone()],
            ..declared()
        };
        let [
            Reason::Dataset {
                ours: found,
                theirs,
            },
        ] = &against(&table, score, &ours(local.clone()))[..]
        else {
            panic!("an unlisted digest is other data");
        };
        assert_eq!(found.as_deref(), Some("hopper/medium-v2 (sha256 abababab)"));
        assert_eq!(theirs, "D4RL/hopper-medium-v2");
        let listed = TABLE.replace(
            "scores =",
            &format!("digests = {{ \"hopper-medium-v2\" = [\"{digest}\"] }}\nscores ="),
        );
        let table = Table::parse(&listed, "t.toml").unwrap();
        assert_eq!(against(&table, score, &ours(local)), []);
        for wrong in [
            listed.replace("abab", "xyxy"),
            listed.replace("\"hopper-medium-v2\" =", "\"hopper-v2\" ="),
        ] {
            assert!(Table::parse(&wrong, "t.toml").is_err());
        }
    }

    #[test]
    fn every_difference_is_a_reason_of_its_own() {
        let table = Table::parse(TABLE, "t.toml").unwrap();
        let mut other = ours(Protocol::default());
        other.environment = "hopper/v5".into();
        other.normalizer = None;
        let reasons = against(&table, &table.scores[0], &other);
        let assumable: Vec<bool> = reasons.iter().map(Reason::can_be_assumed).collect();
        assert_eq!(assumable, [true, true, true, false], "{reasons:?}");
    }
}
