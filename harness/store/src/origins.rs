//! `origins.json` of a study: what each of its evaluations was computed from, so that a reader of the study's folder can
//! follow a number to bytes without the store.
//!
//! Sources are kept once; an evaluation names its own by index. Everything in the file is a function of the manifest and
//! of the nodes, so equal results give equal bytes.

use crate::error::Error;
use crate::files;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The format that this version reads and writes.
const FORMAT: u32 = 1;

/// The origins of a study's evaluations.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origins {
    /// Format of this file.
    pub format: u32,
    /// The manifest, as the command line named it.
    pub manifest: String,
    /// Different sources.
    pub sources: Vec<Source>,
    /// By run id.
    pub evaluations: BTreeMap<String, EvaluationOrigin>,
}

/// What evaluations were computed from: all their stages, their environment, their code.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Datasets: name to logical digest.
    pub datasets: BTreeMap<String, String>,
    /// Libraries that were loaded, plugins and runtimes: file name to SHA-256.
    pub libraries: BTreeMap<String, String>,
    /// Environment with its version.
    pub environment: String,
    /// How a policy was scored, e.g. `20 episodes, greedy, seed 0`.
    pub protocol: String,
    /// Hashes of first-party sources that decide results: name to hash.
    pub code: BTreeMap<String, String>,
    /// Stages in order, e.g. `value: iql 0.1.0, 3000 updates, data 0.1`.
    pub stages: Vec<String>,
    /// Assay's version, its commit where one was found, and the machine, of every node behind the evaluation.
    pub made_by: BTreeSet<MadeBy>,
}

/// Which Assay computed a node, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MadeBy {
    /// Version.
    pub assay: String,
    /// Commit of the checkout that the executable lies in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Processor and its cores.
    pub cpu: String,
    /// Operating system and kernel.
    pub system: String,
}

/// The origin of one evaluation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluationOrigin {
    /// Index into the sources.
    pub source: usize,
    /// Role and run id of every node behind it, earlier ones first.
    pub nodes: Vec<(String, String)>,
}

impl Origins {
    /// Name of the file in a study's folder.
    pub const FILE: &str = "origins.json";

    /// Without any evaluation.
    pub fn of(manifest: &str) -> Self {
        Self {
            format: FORMAT,
            manifest: manifest.to_owned(),
            ..Self::default()
        }
    }

    /// Reads the file in a study's folder; none where there is none, as for results that others recorded.
    ///
    /// # Errors
    /// `Io` when it cannot be read, `Malformed` when it is not such a file, `Format` for another format number.
    pub fn read(folder: &Path) -> Result<Option<Self>, Error> {
        let path = folder.join(Self::FILE);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io("reading", &path)(e)),
        };
        let malformed = |reason: String| Error::Malformed {
            path: path.clone(),
            reason,
        };
        let found: Self = serde_json::from_slice(&text).map_err(|e| malformed(e.to_string()))?;
        if found.format != FORMAT {
            return Err(Error::Format {
                path,
                expected: FORMAT,
                found: found.format.to_string(),
            });
        }
        let known = |e: &EvaluationOrigin| e.source < found.sources.len();
        if !found.evaluations.values().all(known) {
            return Err(malformed(
                "an evaluation names a source that it lacks".into(),
            ));
        }
        Ok(Some(found))
    }

    /// The origins of a study from those of its parts; the manifest is the first one's.
    pub fn merge(parts: Vec<Self>) -> Self {
        let manifest = parts.first().map_or("", |part| &part.manifest);
        let mut whole = Self::of(manifest);
        for part in parts {
            for (id, evaluation) in part.evaluations {
                let source = &part.sources[evaluation.source];
                let known = whole.sources.iter().position(|known| known == source);
                let source = known.unwrap_or_else(|| {
                    whole.sources.push(source.clone());
                    whole.sources.len() - 1
                });
                let evaluation = EvaluationOrigin {
                    source,
                    ..evaluation
                };
                whole.evaluations.entry(id).or_insert(evaluation);
            }
        }
        whole
    }

    /// Writes the file into a study's folder in one step.
    ///
    /// # Errors
    /// What writing gives.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(Self::FILE);
        let text = serde_json::to_string(self).map_err(|e| Error::Malformed {
            path: path.clone(),
            reason: e.to_string(),
        })?;
        files::replace_file(&path, text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_share_sources_and_keep_the_first_of_an_evaluation() {
        let part = |environment: &str, ids: &[&str]| {
            let mut part = Origins::of("m.toml");
            part.sources.push(Source {
                environment: environment.into(),
                ..Source::default()
            });
            for id in ids {
                let nodes = vec![("policy".to_owned(), format!("{environment} {id}"))];
                let evaluation = EvaluationOrigin { source: 0, nodes };
                part.evaluations.insert((*id).to_owned(), evaluation);
            }
            part
        };
        let parts = [
            part("a", &["1", "2"]),
            part("b", &["2", "3"]),
            part("a", &["4"]),
        ];
        let whole = Origins::merge(parts.into());
        assert_eq!(
            (whole.manifest.as_str(), whole.sources.len()),
            ("m.toml", 2)
        );
        let sources: Vec<usize> = whole.evaluations.values().map(|e| e.source).collect();
        assert_eq!(sources, [0, 0, 1, 0]);
        assert_eq!(whole.evaluations["2"].nodes[0].1, "a 2");
        assert_eq!(Origins::merge(Vec::new()), Origins::of(""));
    }

    #[test]
    fn origins_come_back_and_a_dangling_source_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Origins::read(folder.path()).unwrap(), None);
        let mut origins = Origins::of("m.toml");
        origins.sources.push(Source::default());
        let nodes = vec![("policy".to_owned(), "ab".to_owned())];
        let evaluation = EvaluationOrigin { source: 0, nodes };
        origins.evaluations.insert("cd".into(), evaluation);
        origins.write(folder.path()).unwrap();
        assert_eq!(Origins::read(folder.path()).unwrap(), Some(origins.clone()));
        origins.sources.clear();
        origins.write(folder.path()).unwrap();
        let error = Origins::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("names a source that it lacks"), "{error}");
    }
}
