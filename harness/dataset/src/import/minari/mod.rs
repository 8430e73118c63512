//! Minari datasets: a folder with `data/metadata.json` and HDF5 or Arrow files.
//!
//! | key | shape | becomes |
//! |---|---|---|
//! | `observations` | `[t + 1, d]` | `observation` and, the last, `final_observation` |
//! | `actions`, `rewards` | `[t, a]` or `[t]`, `[t]` | `action`, `reward`; discrete actions as their index |
//! | `terminations`, `truncations` | `[t]` bool | `terminated`, `truncated` |
//! | `infos/*` (optional) | `[t + 1]` or `[t + 1, w]` float | side columns: entry `i` accompanies observation `i` |
//!
//! Environment, behaviour and action bounds come from the metadata unless options or a side file give them. An episode
//! is held in memory, so its size is limited; the number of episodes is not.

mod arrow;
mod facts;
mod hdf5;

use std::path::{Path, PathBuf};

use super::pipeline::{Facts, Opened, Rows};
use super::{ImportOptions, MAX_HELD_BYTES, problem};
use crate::batch::{Batch, SideValues};
use crate::error::{Error, ImportProblem, Result};
use crate::schema::Column;
use facts::Metadata;

const MAIN_FILE: &str = "main_data.hdf5";
const METADATA_FILE: &str = "metadata.json";

/// The folder that holds the metadata: the source or its `data`.
pub(super) fn data_folder(folder: &Path) -> Option<PathBuf> {
    ["data", ""]
        .map(|inner| folder.join(inner))
        .into_iter()
        .find(|inner| inner.join(METADATA_FILE).is_file() || inner.join(MAIN_FILE).is_file())
}

/// One episode of `t` steps.
pub(super) struct Episode {
    pub(super) observations: Vec<f32>,
    pub(super) actions: Vec<f32>,
    pub(super) rewards: Vec<f32>,
    pub(super) terminations: Vec<bool>,
    pub(super) truncations: Vec<bool>,
    /// Of `t` rows.
    pub(super) side: Vec<SideValues>,
}

impl Episode {
    fn into_batch(self, episode: u32, width: usize) -> Batch {
        let n = self.rewards.len();
        let mut observation = self.observations;
        let last = observation.split_off(n * width);
        Batch {
            episode: vec![episode; n],
            observation,
            action: self.actions,
            reward: self.rewards,
            terminated: self.terminations,
            truncated: self.truncations,
            final_rows: vec![n as u32 - 1],
            final_observation: last,
            side: self.side,
        }
    }
}

/// A storage format.
pub(super) trait Episodes {
    fn count(&self) -> usize;

    /// Steps of all episodes, where the metadata do not say it.
    fn file(&self) -> &Path;

    /// The shape that all episodes have.
    fn schema(&mut self) -> Result<Schema>;

    fn episode(&mut self, index: usize, schema: &Schema) -> Result<Episode>;
}

/// Widths, side columns and types, from the first episode.
#[derive(Default)]
pub(super) struct Schema {
    pub(super) widths: (u32, u32),
    pub(super) side: Vec<(String, Column)>,
    pub(super) dtypes: Vec<(String, String)>,
    pub(super) notes: Vec<String>,
    pub(super) discrete: bool,
}

pub(super) fn open(folder: &Path, data: &Path, options: &ImportOptions) -> Result<Opened> {
    let metadata = Metadata::read(&data.join(METADATA_FILE))?;
    let (mut episodes, layout, files): (Box<dyn Episodes>, _, _) = if data.join(MAIN_FILE).is_file()
    {
        let source = hdf5::Source::open(&data.join(MAIN_FILE), options)?;
        (Box::new(source), "minari-hdf5", vec![MAIN_FILE.into()])
    } else {
        let (source, files) = arrow::Source::open(data, options)?;
        (Box::new(source), "minari-arrow", files)
    };
    if episodes.count() == 0 {
        let array = "episodes".to_owned();
        return Err(problem(folder, ImportProblem::NoRows { array }));
    }
    metadata.check("total_episodes", episodes.count() as u64)?;
    let schema = episodes.schema()?;
    let inside = data.strip_prefix(folder).unwrap_or(Path::new(""));
    let mut files: Vec<PathBuf> = files
        .iter()
        .map(|file: &PathBuf| inside.join(file))
        .collect();
    if data.join(METADATA_FILE).is_file() {
        files.push(inside.join(METADATA_FILE));
    }
    let mut facts = Facts {
        layout,
        widths: schema.widths,
        side: schema
            .side
            .iter()
            .map(|(_, column)| column.clone())
            .collect(),
        dtypes: schema.dtypes.iter().cloned().collect(),
        notes: schema.notes.clone(),
        ..metadata.facts(schema.widths.1)
    };
    if schema.discrete {
        let yes = serde_json::Value::Bool(true);
        facts.declared.insert("discrete_action".to_owned(), yes);
        facts.action_bounds = None;
    }
    let rows = All {
        total: metadata.steps().unwrap_or(0),
        metadata,
        episodes,
        schema,
        at: 0,
        done: 0,
    };
    Ok(Opened {
        facts,
        rows: Box::new(rows),
        files,
    })
}

struct All {
    metadata: Metadata,
    episodes: Box<dyn Episodes>,
    schema: Schema,
    total: u64,
    at: usize,
    done: u64,
}

impl Rows for All {
    fn total(&self) -> u64 {
        self.total
    }

    fn next(&mut self) -> Result<Option<(Batch, u64)>> {
        if self.at == self.episodes.count() {
            self.metadata.check("total_steps", self.done)?;
            return Ok(None);
        }
        let episode = self.episodes.episode(self.at, &self.schema)?;
        let steps = episode.rewards.len();
        if steps == 0 {
            let array = format!("episode {}", self.at);
            return Err(problem(
                self.episodes.file(),
                ImportProblem::NoRows { array },
            ));
        }
        let width = self.schema.widths.0 as usize;
        let batch = episode.into_batch(self.at as u32, width);
        self.at += 1;
        self.done += steps as u64;
        Ok(Some((batch, self.done)))
    }
}

/// Refuses an episode that is too large to be held.
fn check_held(file: &Path, object: &str, bytes: u64) -> Result<()> {
    if bytes <= MAX_HELD_BYTES {
        return Ok(());
    }
    Err(problem(
        file,
        ImportProblem::TooLarge {
            object: object.to_owned(),
            found: format!("{bytes} bytes"),
            limit: format!("{MAX_HELD_BYTES} bytes"),
        },
    ))
}

fn damaged(file: &Path, object: &str, found: impl Into<String>) -> Error {
    let (object, found) = (object.to_owned(), found.into());
    problem(file, ImportProblem::Damaged { object, found })
}
