//! What a process that collects a dataset is told: a recipe with everything it names resolved to paths and digests.

use crate::error::Error;
use crate::job::World;
use crate::plan::{Places, Resolver, learner, plugin_environment};
use dataset::DatasetId;
use envs::SimulatedRecipe;
use manifest::Position;
use plugin_host::Runtime;
use plugin_host::numeric::{Request, Resolved, resolve};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One dataset to collect.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenerateRequest {
    /// Id of the dataset.
    pub id: DatasetId,
    /// How it is made.
    pub recipe: SimulatedRecipe,
    /// Seed of data and trainings.
    pub seed: u64,
    /// Data root.
    pub data: PathBuf,
    /// The policy file, where a behaviour takes one.
    pub(crate) policy_file: Option<PathBuf>,
    /// The numeric mode: always the portable one, so that machines agree.
    pub numeric: Resolved,
    /// Simulators by environment id.
    pub(crate) worlds: BTreeMap<String, World>,
    /// Learners by the name of their training.
    pub(crate) learners: BTreeMap<String, TrainingLearner>,
    /// Runtimes to load first.
    pub(crate) runtimes: Vec<Runtime>,
}

/// The learner of a training.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrainingLearner {
    /// Library and its SHA-256.
    pub(crate) library: (PathBuf, String),
    /// All hyperparameters.
    pub(crate) params: Map<String, Value>,
}

/// Resolves what `recipe` names.
pub(crate) fn request(
    id: &DatasetId,
    recipe: &SimulatedRecipe,
    seed: u64,
    places: &Places,
    resolver: &Resolver<'_>,
) -> Result<GenerateRequest, Error> {
    if recipe.behaviour.takes_file() && resolver.policy_file.is_none() {
        return Err(Error::PolicyFileMissing {
            dataset: id.to_string(),
        });
    }
    let numeric = resolve(Request::Portable).map_err(|reason| Error::Numeric { reason })?;
    let mut request = GenerateRequest {
        id: id.clone(),
        recipe: recipe.clone(),
        seed,
        data: places.data.clone(),
        policy_file: resolver.policy_file.map(Path::to_owned),
        numeric,
        worlds: BTreeMap::new(),
        learners: BTreeMap::new(),
        runtimes: Vec::new(),
    };
    let trained = recipe.trainings.values().map(|t| t.environment.as_str());
    for environment in trained.chain([recipe.environment.as_str()]) {
        let spaces = manifest::BenchmarkSpaces::default();
        let facts = plugin_environment(environment, spaces, places, resolver)?;
        request.worlds.insert(environment.to_owned(), facts.world());
        request.load_first(facts.runtimes);
    }
    for (name, training) in &recipe.trainings {
        let key = format!("trainings.{name}.learner");
        let facts = learner(&training.learner, &key, resolver)?;
        let library = facts
            .library
            .filter(|_| facts.provides.iter().any(|p| p == "policy/1"));
        let library = library.ok_or_else(|| Error::NotTrainable {
            dataset: id.to_string(),
            training: name.clone(),
            learner: training.learner.clone(),
        })?;
        let params = manifest::params::resolve(
            &training.learner,
            &facts.schema,
            &training.params,
            &|key| Position {
                file: format!("training `{name}` of {id}"),
                line: None,
                key: format!("params.{key}"),
            },
        )?;
        request
            .learners
            .insert(name.clone(), TrainingLearner { library, params });
        request.load_first(facts.runtimes);
    }
    Ok(request)
}

impl GenerateRequest {
    fn load_first(&mut self, runtimes: Vec<Runtime>) {
        for runtime in runtimes {
            if !self.runtimes.contains(&runtime) {
                self.runtimes.push(runtime);
            }
        }
    }

    /// The digests of the libraries that take part, for the record.
    pub(crate) fn made_with(&self) -> serde_json::Value {
        let worlds = self.worlds.iter();
        let environments: BTreeMap<&str, &str> = worlds
            .filter_map(|(id, world)| Some((id.as_str(), world.library.as_ref()?.1.as_str())))
            .collect();
        let trainings = self.recipe.trainings.iter();
        let learners: BTreeMap<&str, &str> = trainings
            .map(|(name, t)| (t.learner.as_str(), self.learners[name].library.1.as_str()))
            .collect();
        let runtimes: Vec<&str> = self.runtimes.iter().map(|r| r.name.as_str()).collect();
        serde_json::json!({
            "environments": environments,
            "learners": learners,
            "runtimes": runtimes,
            "instruction_path": self.numeric.instruction_path,
        })
    }
}
