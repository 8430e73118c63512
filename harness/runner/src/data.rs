//! Datasets that a recipe describes: named by seed, generated when they are missing.

use crate::error::Error;
use dataset::{
    Batch, Dataset, DatasetId, DatasetWriter, Description, Generator, Metadata, Origin, Transition,
};
use envs::Recipe;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Rows handed to the writer at a time.
const BATCH_ROWS: usize = 8_192;

/// What a generated dataset records as its origin.
#[derive(Serialize, Deserialize)]
struct SeededRecipe {
    recipe: Recipe,
    seed: u64,
    recipe_hash: String,
}

/// The id of the dataset that recipe `id` gives under `seed`: `family/name-v0` to `family/name-seed3-v0`.
pub fn generated_id(id: &str, seed: u64) -> String {
    match id.rsplit_once("-v") {
        Some((name, version)) => format!("{name}-seed{seed}-v{version}"),
        None => format!("{id}-seed{seed}"),
    }
}

/// Reads a recipe file.
pub fn read_recipe(path: &Path) -> Result<Recipe, Error> {
    let text = std::fs::read_to_string(path).map_err(Error::io("reading", path))?;
    Ok(Recipe::parse(&text, &path.display().to_string())?)
}

/// The recipe that a dataset was generated from, if it was.
pub(crate) fn recipe_of(metadata: &Metadata) -> Option<Recipe> {
    let Origin::Recipe { recipe, .. } = &metadata.description.origin else {
        return None;
    };
    serde_json::from_value::<SeededRecipe>(recipe.clone())
        .ok()
        .map(|r| r.recipe)
}

/// The dataset `id` made from `recipe` under `seed`: opened if it is there, generated otherwise. Data that an older version
/// of the recipe made under the same name are made anew.
pub fn ensure_generated(
    root: &Path,
    id: &str,
    recipe: &Recipe,
    seed: u64,
) -> Result<Dataset, Error> {
    let dataset_id = DatasetId::new(id)?;
    let seeded = SeededRecipe {
        recipe: recipe.clone(),
        seed,
        recipe_hash: recipe.hash(),
    };
    if let Ok(dataset) = Dataset::open(root, &dataset_id)
        && let Origin::Recipe { recipe: found, .. } = &dataset.metadata().description.origin
        && serde_json::from_value::<SeededRecipe>(found.clone())
            .is_ok_and(|f| f.recipe_hash == seeded.recipe_hash && f.seed == seed)
    {
        return Ok(dataset);
    }
    generate(root, dataset_id.clone(), recipe, seed, &seeded)?;
    Ok(Dataset::open(root, &dataset_id)?)
}

fn generate(
    root: &Path,
    id: DatasetId,
    recipe: &Recipe,
    seed: u64,
    seeded: &SeededRecipe,
) -> Result<(), Error> {
    let info = envs::info(&recipe.environment)?;
    let spec = envs::make(&recipe.environment)?.spec().clone();
    let value = serde_json::to_value(seeded)
        .map_err(|e| Error::io("describing", root)(std::io::Error::other(e)))?;
    let description = Description {
        id,
        environment: recipe.environment.clone(),
        generator: Generator::assay("dataset generate"),
        origin: Origin::recipe(value)?,
        behaviour: vec![dataset::Behaviour {
            policy: recipe.label.clone(),
            weights: None,
            episodes: None,
            mean_return: None,
            other: Default::default(),
        }],
        licence: Some("MIT OR Apache-2.0".into()),
        source: None,
        action_bounds: Some(vec![[spec.action_low, spec.action_high]; spec.action_dim]),
        declared: Default::default(),
    };
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
