//! The rows of a dataset on their way to its file.

use super::kept::Space;
use crate::data::{BATCH_ROWS, SeededRecipe, description};
use crate::generate::GenerateRequest;
use crate::worker::failure::Stop;
use dataset::{Batch, Behaviour, DatasetWriter, Transition};
use envs::DatasetRecipe;

/// Episodes and mean return of a behaviour.
pub(super) type Tally = (String, Option<(u64, f64)>);

/// A dataset under way. Nothing is there before [`Output::finish`].
pub(super) struct Output {
    writer: DatasetWriter,
    batch: Batch,
    rows: u64,
}

impl Output {
    /// An empty dataset.
    pub(super) fn create(request: &GenerateRequest, space: Space) -> Result<Self, Stop> {
        let seeded = SeededRecipe {
            recipe: DatasetRecipe::Simulated(request.recipe.clone()),
            seed: request.seed,
            recipe_hash: request.recipe.hash(),
            made_with: request.made_with(),
        };
        let bounds = vec![space.action_bounds; space.action_dim];
        let description = description(&request.id, &seeded, Vec::new(), bounds)?;
        let options = dataset::WriteOptions {
            overwrite: true,
            ..Default::default()
        };
        let dims = (space.observation_dim as u32, space.action_dim as u32);
        Ok(Self {
            writer: DatasetWriter::create(&request.data, description, dims, &[], options)?,
            batch: Batch::default(),
            rows: 0,
        })
    }

    /// Rows so far.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Appends a row.
    pub(super) fn push(&mut self, row: Transition<'_>) -> Result<(), Stop> {
        self.batch.push(row);
        self.rows += 1;
        if self.batch.len() >= BATCH_ROWS {
            self.writer.push(std::mem::take(&mut self.batch))?;
        }
        Ok(())
    }

    /// Publishes the dataset, with what is known of its behaviours.
    pub(super) fn finish(mut self, behaviours: Vec<Tally>) -> Result<(), Stop> {
        self.writer.push(self.batch)?;
        let told = behaviours.into_iter().map(|(policy, tally)| Behaviour {
            policy,
            weights: None,
            episodes: tally.map(|(episodes, _)| episodes),
            mean_return: tally.map(|(_, mean)| mean),
            other: Default::default(),
        });
        self.writer.set_behaviour(told.collect());
        self.writer.finish()?;
        Ok(())
    }
}
