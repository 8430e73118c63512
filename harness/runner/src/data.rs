//! Datasets that a recipe describes: named by seed, generated when they are missing.

use crate::error::Error;
use crate::generate;
use crate::plan::{Places, Resolver};
use crate::policy_file::PolicyFile;
use dataset::{
    Batch, Dataset, DatasetId, DatasetWriter, Description, Generator, Metadata, Origin, Transition,
};
use envs::{DatasetRecipe, Recipe};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;

/// Rows handed to the writer at a time.
pub(crate) const BATCH_ROWS: usize = 8_192;

/// What a generated dataset records as its origin.
#[derive(Serialize, Deserialize)]
pub(crate) struct SeededRecipe {
    pub(crate) recipe: DatasetRecipe,
    pub(crate) seed: u64,
    pub(crate) recipe_hash: String,
    /// The libraries that took part, where plugins did.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(crate) made_with: Value,
}

/// The id of the dataset that recipe `id` gives under `seed`: `family/name-v0` to `family/name-seed3-v0`.
pub fn generated_id(id: &str, seed: u64) -> String {
    match id.rsplit_once("-v") {
        Some((name, version)) => format!("{name}-seed{seed}-v{version}"),
        None => format!("{id}-seed{seed}"),
    }
}

/// Reads a recipe file, and the files beside it that it names.
pub fn read_recipe(path: &Path) -> Result<DatasetRecipe, Error> {
    let text = std::fs::read_to_string(path).map_err(Error::io("reading", path))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let include = |name: &str| std::fs::read_to_string(folder.join(name));
    Ok(DatasetRecipe::parse(
        &text,
        &path.display().to_string(),
        &include,
    )?)
}

/// `recipe` for the policy in `file`, which is read and checked.
pub fn with_policy_file(recipe: DatasetRecipe, file: &Path) -> Result<DatasetRecipe, Error> {
    let bytes = std::fs::read(file).map_err(Error::io("reading", file))?;
    PolicyFile::read(file)?;
    Ok(recipe.with_policy_file(&plugin_host::sha256_hex(&bytes))?)
}

/// The recipe that a dataset was generated from, if it was.
pub(crate) fn recipe_of(metadata: &Metadata) -> Option<DatasetRecipe> {
    seeded(metadata).map(|s| s.recipe)
}

fn seeded(metadata: &Metadata) -> Option<SeededRecipe> {
    let Origin::Recipe { recipe, .. } = &metadata.description.origin else {
        return None;
    };
    serde_json::from_value(recipe.clone()).ok()
}

/// The dataset `id` made from `recipe` under `seed`: opened if it is there, generated otherwise. Data that an older version
/// of the recipe made under the same name are made anew.
pub fn ensure_generated(
    id: &str,
    recipe: &DatasetRecipe,
    seed: u64,
    places: &Places,
    resolver: &Resolver<'_>,
) -> Result<Dataset, Error> {
    let dataset_id = DatasetId::new(id)?;
    let hash = recipe.hash();
    let wanted = |found: SeededRecipe| found.recipe_hash == hash && found.seed == seed;
    if let Ok(dataset) = Dataset::open(&places.data, &dataset_id)
        && seeded(dataset.metadata()).is_some_and(wanted)
    {
        return Ok(dataset);
    }
    (resolver.note)(&format!(
        "generating {id}: {} transitions of {}",
        recipe.transitions(),
        recipe.environment()
    ));
    match recipe {
        DatasetRecipe::BuiltIn(built_in) => generate(&places.data, &dataset_id, built_in, seed)?,
        DatasetRecipe::Simulated(simulated) => {
            let request = generate::request(&dataset_id, simulated, seed, places, resolver)?;
            (resolver.collect)(&request).map_err(|reason| Error::Collecting {
                id: id.to_owned(),
                reason,
            })?;
        }
    }
    Ok(Dataset::open(&places.data, &dataset_id)?)
}

/// What is said of a dataset made from a recipe.
pub(crate) fn description(
    id: &DatasetId,
    seeded: &SeededRecipe,
    behaviour: Vec<dataset::Behaviour>,
    action_bounds: Vec<[f32; 2]>,
) -> Result<Description, dataset::Error> {
    let value = serde_json::to_value(seeded).expect("a checked recipe holds finite numbers only");
    Ok(Description {
        id: id.clone(),
        environment: seeded.recipe.environment().to_owned(),
        generator: Generator::assay("dataset generate"),
        origin: Origin::recipe(value)?,
        behaviour,
        licence: Some("MIT OR Apache-2.0".into()),
        source: None,
        action_bounds: Some(action_bounds),
        declared: Default::default(),
    })
}

fn generate(root: &Path, id: &DatasetId, recipe: &Recipe, seed: u64) -> Result<(), Error> {
    let info = envs::info(&recipe.environment)?;
    let spec = envs::make(&recipe.environment)?.spec().clone();
    let seeded = SeededRecipe {
        recipe: DatasetRecipe::BuiltIn(recipe.clone()),
        seed,
        recipe_hash: recipe.hash(),
        made_with: Value::Null,
    };
    let behaviour = vec![dataset::Behaviour {
        policy: recipe.label.clone(),
        weights: None,
        episodes: None,
        mean_return: None,
        other: Default::default(),
    }];
    let bounds = vec![[spec.action_low, spec.action_high]; spec.action_dim];
    let description = description(id, &seeded, behaviour, bounds)?;
    let options = dataset::WriteOptions {
        overwrite: true,
        ..Default::default()
    };
    let (s, a) = (info.observation_dim as u32, info.action_dim as u32);
    let mut writer = DatasetWriter::create(root, description, (s, a), &[], options)?;
    let mut batch = Batch::default();
    envs::generate(recipe, seed, &mut |t: envs::Transition<'_>| {
        batch.push(Transition {
            episode: t.episode as u32,
            observation: t.observation,
            action: t.action,
            reward: t.reward as f32,
            terminated: t.terminated,
            truncated: t.truncated,
            final_observation: (t.terminated || t.truncated).then_some(t.next_observation),
        });
        if batch.len() >= BATCH_ROWS {
            writer.push(std::mem::take(&mut batch))?;
        }
        Ok(())
    })?;
    writer.push(batch)?;
    writer.finish()?;
    Ok(())
}
