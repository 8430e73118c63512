//! Names to bytes: benchmarks, datasets, environments, learners.

use super::{BenchmarkFacts, Places, Resolver, definitions};
use crate::data;
use crate::error::Error;
use crate::job::World;
use dataset::{Dataset, DatasetId};
use envs::DatasetRecipe;
use manifest::{
    BenchmarkDefinition, BenchmarkRef, BenchmarkSpaces, Manifest, Position, nearest,
    parse_benchmark,
};
use plugin_host::{LearnerMeta, Runtime, sha256_hex};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A learner as the plan needs it.
#[derive(Clone, Debug)]
pub(crate) struct LearnerFacts {
    pub(crate) id: String,
    pub(crate) version: String,
    pub(crate) requires: Vec<String>,
    pub(crate) provides: Vec<String>,
    pub(crate) schema: Value,
    /// Library and digest; none for the oracle.
    pub(crate) library: Option<(PathBuf, String)>,
    pub(crate) runtimes: Vec<Runtime>,
}

/// An environment as the plan needs it.
#[derive(Clone, Debug)]
pub(crate) struct EnvironmentFacts {
    pub(crate) id: String,
    pub(crate) version: String,
    pub(crate) library: Option<(PathBuf, String)>,
    pub(crate) runtimes: Vec<Runtime>,
    pub(crate) model_dir: Option<PathBuf>,
    pub(crate) model_digests: Vec<String>,
    pub(crate) has_oracle: bool,
    /// Size of a finite action set; 0 where actions are continuous.
    pub(crate) action_count: usize,
    /// Channels, height, width of pictures; else zeros.
    pub(crate) observation_shape: [usize; 3],
    pub(crate) source: String,
}

impl EnvironmentFacts {
    /// What a simulator is made from.
    pub(crate) fn world(&self) -> World {
        World {
            library: self.library.clone(),
            model_dir: self.model_dir.clone(),
        }
    }
}

/// The definition of each benchmark of the manifest, in its order. `locate` finds a key in the manifest's text.
///
/// # Errors
/// A definition that cannot be read; a benchmark that nobody defines.
pub fn benchmark_definitions(
    manifest: &Manifest,
    places: &Places,
    locate: &dyn Fn(&str) -> Position,
) -> Result<Vec<BenchmarkDefinition>, Error> {
    Ok(benchmarks(manifest, places, locate)?.0)
}

/// The definition of each benchmark of the manifest, and all that there are.
pub(crate) fn benchmarks(
    manifest: &Manifest,
    places: &Places,
    locate: &dyn Fn(&str) -> Position,
) -> Result<(Vec<BenchmarkDefinition>, Vec<BenchmarkDefinition>), Error> {
    let mut known: BTreeMap<String, BenchmarkDefinition> = BTreeMap::new();
    for folder in &places.benchmarks {
        for file in definitions(folder) {
            let text = std::fs::read_to_string(&file).map_err(Error::io("reading", &file))?;
            let definition = parse_benchmark(&text, &file.display().to_string())?;
            known.entry(definition.id.clone()).or_insert(definition);
        }
    }
    let find = |(i, reference): (usize, &BenchmarkRef)| {
        let found = known
            .get(&reference.id)
            .map(|definition| BenchmarkDefinition {
                environment: reference
                    .environment
                    .clone()
                    .unwrap_or_else(|| definition.environment.clone()),
                ..definition.clone()
            });
        found.ok_or_else(|| {
            let names: Vec<&str> = known.keys().map(String::as_str).collect();
            Error::Manifest(manifest::Error::UnknownName {
                at: locate(&format!("benchmark[{i}].id")),
                what: "benchmark".into(),
                name: reference.id.clone(),
                nearest: nearest(&reference.id, names.iter().copied()),
                known: names.iter().map(|&n| n.to_owned()).collect(),
            })
        })
    };
    let found: Result<Vec<_>, Error> = manifest.benchmarks.iter().enumerate().map(find).collect();
    let found = found?;
    for (i, definition) in found.iter().enumerate() {
        check_normalizer(definition, &|| locate(&format!("benchmark[{i}].id")))?;
    }
    Ok((found, known.into_values().collect()))
}

/// A normaliser that a benchmark names has references for its data or its environment.
fn check_normalizer(
    definition: &BenchmarkDefinition,
    at: &dyn Fn() -> Position,
) -> Result<(), Error> {
    let Some(name) = &definition.normalizer else {
        return Ok(());
    };
    let ids = [&definition.id, &definition.environment];
    if ids
        .iter()
        .any(|id| envs::normalizer::lookup(name, id).is_ok())
    {
        return Ok(());
    }
    let serving = envs::normalizer::serving(&[ids[0].as_str(), ids[1].as_str()]);
    let instead = match serving.as_slice() {
        [] => "leave `normalizer` out of benchmark.toml: tables then show returns".to_owned(),
        names => format!("normalisers with references for it: {}", names.join(", ")),
    };
    Err(Error::Manifest(manifest::Error::Value {
        at: at(),
        reason: format!(
            "benchmark `{}` names normaliser `{name}`, which has no references for environment `{}`",
            definition.id, definition.environment
        ),
        hint: Some(instead),
    }))
}

/// The recipe of each benchmark of the manifest, with the keys that the manifest sets.
pub(crate) fn recipes(
    manifest: &Manifest,
    definitions: &[BenchmarkDefinition],
    places: &Places,
    resolver: &Resolver<'_>,
) -> Result<Vec<Option<DatasetRecipe>>, Error> {
    let one = |(i, (reference, definition)): (usize, (&BenchmarkRef, &BenchmarkDefinition))| {
        let bad = |key: Option<&str>, reason: String, hint: Option<String>| {
            let key = key.map_or_else(String::new, |key| format!(".\"{key}\""));
            Error::Manifest(manifest::Error::Value {
                at: (resolver.locate)(&format!("benchmark[{i}].recipe{key}")),
                reason,
                hint,
            })
        };
        let Some(file) = &definition.recipe else {
            return if reference.recipe.is_empty() {
                Ok(None)
            } else {
                let reason = format!(
                    "benchmark `{}` has imported data, so there is no recipe to change",
                    definition.id
                );
                Err(bad(None, reason, None))
            };
        };
        let recipe = data::read_recipe(&places.home.join(file))?;
        let changed = recipe.with_overrides(&reference.recipe);
        changed.map(Some).map_err(|error| {
            let key = match &error {
                envs::Error::RecipeKey { key, .. } | envs::Error::RecipeValue { key, .. } => {
                    Some(key.as_str())
                }
                _ => None,
            };
            bad(key, error.to_string(), error.hint())
        })
    };
    let pairs = manifest.benchmarks.iter().zip(definitions);
    pairs.enumerate().map(one).collect()
}

/// The dataset of a benchmark under each dataset seed, generated where a recipe says how.
pub(crate) fn datasets(
    reference: &BenchmarkRef,
    definition: BenchmarkDefinition,
    recipe: Option<DatasetRecipe>,
    seeds: &[u64],
    places: &Places,
    resolver: &Resolver<'_>,
) -> Result<BenchmarkFacts, Error> {
    let mut found = BTreeMap::new();
    for &seed in seeds {
        let dataset = match &recipe {
            Some(recipe) => {
                // A changed recipe's id says so; an unchanged one's data keep the benchmark's name.
                let name = if reference.recipe.is_empty() {
                    definition.dataset.as_str()
                } else {
                    recipe.id()
                };
                let id = data::generated_id(name, seed);
                data::ensure_generated(&id, recipe, seed, places, resolver)?
            }
            None => imported(&definition, places)?,
        };
        let digest = dataset.metadata().logical_digest.to_string();
        if let Some(expected) = reference.dataset_digest.as_ref().filter(|e| **e != digest) {
            let id = dataset.id().to_string();
            return Err(Error::DatasetPinned {
                id,
                expected: expected.clone(),
                found: digest,
            });
        }
        found.insert(seed, (dataset.id().to_string(), digest));
    }
    Ok(BenchmarkFacts {
        name: reference.name().to_owned(),
        definition,
        transform: reference.transform.clone(),
        reward: reference.reward.clone(),
        recipe,
        datasets: found,
    })
}

pub(super) fn imported(
    definition: &BenchmarkDefinition,
    places: &Places,
) -> Result<Dataset, Error> {
    let id = DatasetId::new(&definition.dataset)?;
    if !id.folder(&places.data).exists() {
        return Err(Error::DatasetMissing {
            id: definition.dataset.clone(),
            root: places.data.clone(),
            benchmark: definition.id.clone(),
            import: definition.import.clone(),
        });
    }
    let dataset = Dataset::open(&places.data, &id)?;
    // Free while the file is the one that was verified before; otherwise the bytes are digested anew.
    dataset.verified_digest()?;
    Ok(dataset)
}

/// The environment of a benchmark. What it says of spaces is taken from the benchmark for environments of plugins, which
/// planning does not load, and must be true of built-in ones.
pub(crate) fn environment(
    definition: &BenchmarkDefinition,
    places: &Places,
    resolver: &Resolver<'_>,
) -> Result<EnvironmentFacts, Error> {
    let id = definition.environment.as_str();
    if let Ok(info) = envs::info(id) {
        let spec = envs::make(id)?.spec().clone();
        let found = BenchmarkSpaces {
            action_count: spec.action_count,
            observation_shape: spec.observation_shape,
        };
        if let Some(declared) = definition.spaces.filter(|declared| *declared != found) {
            return Err(Error::Spaces {
                benchmark: definition.id.clone(),
                environment: id.to_owned(),
                declared,
                found,
            });
        }
        return Ok(EnvironmentFacts {
            id: id.to_owned(),
            version: env!("CARGO_PKG_VERSION").into(),
            library: None,
            runtimes: Vec::new(),
            model_dir: None,
            model_digests: Vec::new(),
            has_oracle: info.solved,
            action_count: spec.action_count,
            observation_shape: spec.observation_shape,
            source: envs::source_hash().to_owned(),
        });
    }
    plugin_environment(id, definition.spaces.unwrap_or_default(), places, resolver)
}

/// An environment of a plugin; `spaces` is what planning cannot ask it.
pub(crate) fn plugin_environment(
    id: &str,
    spaces: BenchmarkSpaces,
    places: &Places,
    resolver: &Resolver<'_>,
) -> Result<EnvironmentFacts, Error> {
    let found = resolver.search.environment(id)?;
    (resolver.models)(&found.meta.model_files).map_err(|reason| Error::ModelPackage {
        environment: id.to_owned(),
        reason,
    })?;
    let (model_dir, model_digests) = model_files(id, &found.meta.model_files, places)?;
    Ok(EnvironmentFacts {
        id: id.to_owned(),
        version: found.meta.version.clone(),
        runtimes: runtimes(&found.sidecar.id, &found.sidecar.runtimes, resolver)?,
        library: Some((found.library, found.sidecar.library.sha256)),
        model_dir,
        model_digests,
        has_oracle: false,
        action_count: spaces.action_count,
        observation_shape: spaces.observation_shape,
        source: String::new(),
    })
}

fn model_files(
    id: &str,
    files: &[String],
    places: &Places,
) -> Result<(Option<PathBuf>, Vec<String>), Error> {
    let Some(first) = files.first() else {
        return Ok((None, Vec::new()));
    };
    let missing = |file: &String| Error::ModelFile {
        environment: id.to_owned(),
        file: file.clone(),
        searched: places
            .models
            .iter()
            .map(|p| p.display().to_string())
            .collect(),
    };
    let folder = places
        .models
        .iter()
        .find(|p| p.join(first).is_file())
        .ok_or_else(|| missing(first))?;
    let mut digests = Vec::new();
    for file in files {
        let bytes = std::fs::read(folder.join(file)).map_err(|_| missing(file))?;
        digests.push(sha256_hex(&bytes));
    }
    Ok((Some(folder.clone()), digests))
}

fn runtimes(
    plugin: &str,
    names: &[String],
    resolver: &Resolver<'_>,
) -> Result<Vec<Runtime>, Error> {
    let find = |name: &String| {
        (resolver.runtime)(name).map_err(|reason| Error::Runtime {
            plugin: plugin.to_owned(),
            runtime: name.clone(),
            reason,
        })
    };
    names.iter().map(find).collect()
}

/// A learner by id; `key` is where the manifest names it.
pub(crate) fn learner(id: &str, key: &str, resolver: &Resolver<'_>) -> Result<LearnerFacts, Error> {
    if id == manifest::params::ORACLE {
        return Ok(LearnerFacts {
            id: id.to_owned(),
            version: env!("CARGO_PKG_VERSION").into(),
            requires: Vec::new(),
            provides: ["critic/1", "q-all/1", "state-value/1", "policy/1"]
                .map(str::to_owned)
                .into(),
            schema: manifest::params::oracle_schema(),
            library: None,
            runtimes: Vec::new(),
        });
    }
    let found = match resolver.search.learner(id) {
        Ok(found) => found,
        Err(plugin_host::Error::NotFound { nearest, trace, .. }) => {
            let mut known = resolver.search.learner_ids();
            known.push(manifest::params::ORACLE.into());
            let near = nearest.or_else(|| manifest::nearest(id, known.iter().map(String::as_str)));
            let at = (resolver.locate)(key);
            if known.len() > 1 || near.is_some() {
                let what = "learner".into();
                return Err(manifest::Error::UnknownName {
                    at,
                    what,
                    name: id.into(),
                    nearest: near,
                    known,
                }
                .into());
            }
            return Err(plugin_host::Error::NotFound {
                kind: "learner",
                id: id.into(),
                nearest: near,
                trace,
            }
            .into());
        }
        Err(error) => return Err(error.into()),
    };
    let LearnerMeta {
        id,
        version,
        requires,
        provides,
        hyperparameters,
        ..
    } = found.meta;
    Ok(LearnerFacts {
        id,
        version,
        requires,
        provides,
        schema: serde_json::from_str(&hyperparameters).unwrap_or(Value::Null),
        runtimes: runtimes(&found.sidecar.id, &found.sidecar.runtimes, resolver)?,
        library: Some((found.library, found.sidecar.library.sha256)),
    })
}
