//! What to import as what.

use std::path::PathBuf;

use super::table::Mapping;
use crate::id::DatasetId;
use crate::metadata::Behaviour;
use crate::writer::WriteOptions;

/// Where an importer finds what the data file does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SideFile {
    /// `<stem>.toml` beside the data file, if it is there.
    #[default]
    Beside,
    /// This file.
    At(PathBuf),
    /// None.
    Ignore,
}

/// What to import as what. Fields that are set win over the side file.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// The name of the new dataset.
    pub id: DatasetId,
    /// The environment.
    pub environment: Option<String>,
    /// The behaviour policies.
    pub behaviour: Option<Vec<Behaviour>>,
    /// The licence.
    pub licence: Option<String>,
    /// Where the data were obtained.
    pub source: Option<String>,
    /// `[low, high]` of each action dimension.
    pub action_bounds: Option<Vec<[f32; 2]>>,
    /// Steps after which an episode is truncated, for files without `timeouts`.
    pub episode_length: Option<u32>,
    /// Keys of arrays under `infos/` to leave out.
    pub exclude: Vec<String>,
    /// Round core arrays of double precision to single.
    pub convert_f64: bool,
    /// End the episode where `next_observations` differs from the following observation, instead of refusing the file.
    pub split_discontinuities: bool,
    /// Which columns of a table are what.
    pub mapping: Option<Mapping>,
    /// The task whose rewards replace those of the files, for layouts that hold states of a simulator.
    pub relabel: Option<String>,
    /// The side file.
    pub side_file: SideFile,
    /// How the dataset is written.
    pub write: WriteOptions,
}

impl ImportOptions {
    /// Everything else at its default.
    pub fn new(id: DatasetId) -> Self {
        Self {
            id,
            environment: None,
            behaviour: None,
            licence: None,
            source: None,
            action_bounds: None,
            episode_length: None,
            exclude: Vec::new(),
            convert_f64: false,
            split_discontinuities: false,
            mapping: None,
            relabel: None,
            side_file: SideFile::default(),
            write: WriteOptions::default(),
        }
    }
}
