//! Folders of NPZ episodes as ExoRL and `url_benchmark` write them.
//!
//! | key | shape | becomes |
//! |---|---|---|
//! | `observation` | `[n + 1, d]` | `observation` and, the last, `final_observation` |
//! | `action` | `[n + 1, a]` | `action` of the row before: the first is the reset's, and means nothing |
//! | `reward`, `discount` | `[n + 1, 1]` | `reward` of the row before; a discount of 0 is `terminated` |
//! | `physics` (optional) | `[n + 1, w]` | side columns `qpos` and `qvel` in the domains below, else `physics` |
//!
//! Files are read in the order of their names, `episode_<number>_<length>.npz`. An episode that does not end with a
//! discount of 0 is truncated. The source is the folder, or the folder above its `buffer`.
//!
//! `relabel` gives the rewards of another task, computed from `physics` (see [`super::relabel`]).

use std::path::{Path, PathBuf};

use super::arrays::{Archive, Array};
use super::cursor::{Cursor, SideCursor};
use super::npz::Npz;
use super::paired::{Paired, Terminals};
use super::pipeline::{Facts, Opened, Rows};
use super::relabel::Task;
use super::{ImportOptions, equal_rows, left_out, problem};
use crate::batch::{Batch, SideValues};
use crate::error::{ImportProblem, Result};
use crate::schema::{Column, Dtype};
use crate::writer::io_error;

const KEYS: [&str; 5] = ["observation", "action", "reward", "discount", "physics"];

/// Domains whose state is as many positions as velocities.
const EVEN_DOMAINS: [(&str, u32); 2] = [("walker", 18), ("cheetah", 18)];

/// The episode files of a folder by name; `None` where it has none.
pub(super) fn episodes(folder: &Path) -> Result<Option<Vec<PathBuf>>> {
    for inner in ["", "buffer"] {
        let listed = folder.join(inner);
        if !listed.is_dir() {
            continue;
        }
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&listed).map_err(io_error(&listed, "list the folder"))? {
            let entry = entry.map_err(io_error(&listed, "list the folder"))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("episode_") && name.ends_with(".npz") {
                files.push(Path::new(inner).join(name));
            }
        }
        if !files.is_empty() {
            files.sort();
            return Ok(Some(files));
        }
    }
    Ok(None)
}

/// The arrays of one episode.
struct Episode {
    observation: Array,
    action: Array,
    reward: Array,
    discount: Array,
    physics: Option<Array>,
}

impl Episode {
    fn open(file: &Path, options: &ImportOptions) -> Result<(Self, Archive)> {
        let archive = Archive::Npz(Npz::open(file)?);
        let episode = Self {
            observation: archive.require("observation")?,
            action: archive.require("action")?,
            reward: archive.require("reward")?,
            discount: archive.require("discount")?,
            physics: archive.find("physics")?,
        };
        episode.observation.require_vectors()?;
        episode.action.require_vectors()?;
        episode.reward.require_scalars()?;
        episode.discount.require_scalars()?;
        let core = episode.core();
        for array in &core {
            array.require_number(options.convert_f64)?;
        }
        let all: Vec<&Array> = core.into_iter().chain(&episode.physics).collect();
        equal_rows(file, &all)?;
        for array in &all {
            array.require_held()?;
        }
        Ok((episode, archive))
    }

    fn core(&self) -> [&Array; 4] {
        [
            &self.observation,
            &self.action,
            &self.reward,
            &self.discount,
        ]
    }

    fn physics(&self) -> Option<(Dtype, u32)> {
        let physics = self.physics.as_ref()?;
        match physics.float() {
            Some(dtype) if physics.rank() == 2 && physics.is_vectors() => {
                Some((dtype, physics.width()))
            }
            _ => None,
        }
    }

    fn widths(&self) -> (u32, u32) {
        (self.observation.width(), self.action.width())
    }
}

pub(super) fn open(
    folder: &Path,
    files: Vec<PathBuf>,
    environment: Option<&str>,
    options: &ImportOptions,
) -> Result<Opened> {
    let first = folder.join(&files[0]);
    let (episode, archive) = Episode::open(&first, options)?;
    let (widths, physics) = (episode.widths(), episode.physics());
    let task = options.relabel.as_deref();
    let task = task.map(|name| Task::find(&first, name, environment, physics.map(|p| p.1)));
    let task = task.transpose()?;
    let split = environment.is_some_and(|name| {
        let even = |&(domain, width): &(&str, u32)| {
            name.contains(domain) && physics.is_some_and(|p| p.1 == width)
        };
        EVEN_DOMAINS.iter().any(even)
    });
    let mut total = 0;
    for file in &files {
        let path = folder.join(file);
        let (episode, _) = Episode::open(&path, options)?;
        if episode.widths() != widths || episode.physics() != physics {
            let found = "arrays of other widths than the first episode's".to_owned();
            let object = "the episode".to_owned();
            return Err(problem(&path, ImportProblem::Damaged { object, found }));
        }
        total += episode.observation.rows();
    }
    let mut facts = Facts {
        layout: "exorl-npz",
        widths,
        side: columns(physics, split),
        dtypes: episode
            .core()
            .into_iter()
            .chain(&episode.physics)
            .map(|a| (a.key().to_owned(), a.dtype()))
            .collect(),
        notes: left_out(&archive, &KEYS)?,
        unit_bounds: Some(
            "action bounds [-1, 1] assumed: dm_control's environments have them and no action lies outside",
        ),
        ..Facts::default()
    };
    facts.notes.push(
        "the first row of each episode is its reset: its action and reward are left out".to_owned(),
    );
    if let Some(task) = task {
        facts.notes.push(format!(
            "rewards of the task `{task}`, computed from `physics`; those of the files are left out"
        ));
        let name = task.to_string().into();
        facts.declared.insert("reward_task".to_owned(), name);
    }
    let rows = Folder {
        folder: folder.to_owned(),
        files: files.clone(),
        options: options.clone(),
        physics,
        split,
        task,
        total,
        done: 0,
        at: 0,
        episode: 0,
    };
    Ok(Opened {
        facts,
        rows: Box::new(rows),
        files,
    })
}

fn columns(physics: Option<(Dtype, u32)>, split: bool) -> Vec<Column> {
    match physics {
        None => Vec::new(),
        Some((dtype, width)) if split => ["qpos", "qvel"]
            .map(|name| Column::new(name, dtype, width / 2))
            .into(),
        Some((dtype, width)) => vec![Column::new("physics", dtype, width)],
    }
}

struct Folder {
    folder: PathBuf,
    files: Vec<PathBuf>,
    options: ImportOptions,
    physics: Option<(Dtype, u32)>,
    split: bool,
    task: Option<Task>,
    total: u64,
    done: u64,
    at: usize,
    episode: u32,
}

impl Folder {
    /// One episode; long ones come in several batches, which are joined.
    fn read(&mut self, path: &Path) -> Result<Batch> {
        let (episode, archive) = Episode::open(path, &self.options)?;
        self.done += episode.observation.rows();
        let observations = Cursor::new(episode.observation);
        let mut rows = Paired::new(observations, Cursor::new(episode.action));
        rows = rows.starting_at(self.episode);
        rows.action_of_next = true;
        rows.rewards = Some(Cursor::new(episode.reward));
        rows.terminals = Some(Terminals::Discount(Cursor::new(episode.discount)));
        rows.end_is_end = true;
        if let (Some(physics), Some((dtype, width))) = (episode.physics, self.physics) {
            let column = Column::new("physics", dtype, width);
            rows.side = vec![SideCursor::new(column, physics)];
        }
        let mut whole = Batch::default();
        while let Some((batch, _)) = rows.next()? {
            whole.append(batch);
        }
        self.episode = rows.episode();
        if let (Some(task), Some(mut physics)) = (self.task, archive.find("physics")?) {
            let count = physics.rows();
            let states = match physics.floats(0, count)? {
                SideValues::F64(values) => values,
                SideValues::F32(values) => values.into_iter().map(f64::from).collect(),
            };
            let width = physics.width() as usize;
            let after = states.chunks_exact(width).skip(1);
            whole.reward = after.map(|state| task.reward(state)).collect();
        }
        if self.split {
            whole.side = whole
                .side
                .drain(..)
                .flat_map(|v| halves(v, self.physics))
                .collect();
        }
        Ok(whole)
    }
}

/// The first and the second half of each row.
fn halves(values: SideValues, physics: Option<(Dtype, u32)>) -> [SideValues; 2] {
    let width = physics.map_or(2, |p| p.1 as usize);
    fn cut<T: Copy>(values: &[T], width: usize) -> [Vec<T>; 2] {
        let mut out = [Vec::new(), Vec::new()];
        for row in values.chunks_exact(width) {
            out[0].extend_from_slice(&row[..width / 2]);
            out[1].extend_from_slice(&row[width / 2..]);
        }
        out
    }
    match values {
        SideValues::F32(values) => cut(&values, width).map(SideValues::F32),
        SideValues::F64(values) => cut(&values, width).map(SideValues::F64),
    }
}

impl Rows for Folder {
    fn total(&self) -> u64 {
        self.total
    }

    fn next(&mut self) -> Result<Option<(Batch, u64)>> {
        let Some(file) = self.files.get(self.at) else {
            return Ok(None);
        };
        let path = self.folder.join(file);
        self.at += 1;
        let batch = self.read(&path)?;
        Ok(Some((batch, self.done)))
    }
}
