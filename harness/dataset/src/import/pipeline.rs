//! From an opened layout to a dataset.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::side::Side;
use super::{ImportOptions, problem};
use crate::batch::Batch;
use crate::digest::Digest;
use crate::error::{Error, ImportProblem, Result};
use crate::metadata::{Behaviour, Description, Generator, Origin};
use crate::schema::Column;
use crate::stamp::file_digest;
use crate::writer::{DatasetWriter, Written};

/// Bytes of a batch, about.
const BATCH_BYTES: usize = 4 << 20;

/// Rows of a batch of these widths.
pub(super) fn batch_rows(observation: u32, action: u32) -> usize {
    let row = 4 * (observation as usize + action as usize + 4);
    (BATCH_BYTES / row).clamp(1, 1 << 16)
}

/// Transitions in canonical order.
pub(super) trait Rows {
    /// Rows of the source.
    fn total(&self) -> u64;

    /// The next transitions, and how many rows of the source are done.
    fn next(&mut self) -> Result<Option<(Batch, u64)>>;
}

/// What a layout says about its data.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) layout: &'static str,
    /// Elements of an observation and of an action.
    pub(super) widths: (u32, u32),
    pub(super) side: Vec<Column>,
    pub(super) dtypes: BTreeMap<String, String>,
    pub(super) notes: Vec<String>,
    pub(super) declared: BTreeMap<String, Value>,
    pub(super) environment: Option<String>,
    pub(super) behaviour: Option<Vec<Behaviour>>,
    pub(super) action_bounds: Option<Vec<[f32; 2]>>,
    /// Why actions within [-1, 1] may be taken to have these bounds.
    pub(super) unit_bounds: Option<&'static str>,
}

impl Facts {
    /// Says that the zeros in the reward column stand for nothing.
    pub(super) fn no_rewards(&mut self) {
        self.notes.push(
            "no rewards in the source: all are zero, and mean nothing before they are relabelled for a goal"
                .to_owned(),
        );
        let absent = Value::from("absent");
        self.declared.insert("rewards".to_owned(), absent);
    }
}

/// A source that is ready to be read.
pub(super) struct Opened {
    pub(super) facts: Facts,
    pub(super) rows: Box<dyn Rows>,
    /// The files that hold the data, relative to the source; empty where the source is one file.
    pub(super) files: Vec<PathBuf>,
}

/// Writes the dataset.
pub(super) fn write(
    root: &Path,
    source: &Path,
    options: &ImportOptions,
    side: &Side,
    opened: Opened,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Written> {
    let Opened {
        facts,
        mut rows,
        files,
    } = opened;
    let total = rows.total();
    let limit = u64::from(u32::MAX);
    if total > limit {
        let id = options.id.clone();
        let rows = total;
        return Err(Error::TooManyRows { id, rows, limit });
    }
    let (widths, columns, unit) = (facts.widths, facts.side.clone(), facts.unit_bounds);
    let description = describe(source, options, side, facts, &files)?;
    let mut writer =
        DatasetWriter::create(root, description, widths, &columns, options.write.clone())?;
    progress(0, total);
    let mut within_unit = unit.is_some();
    while let Some((batch, done)) = rows.next()? {
        within_unit = within_unit && batch.action.iter().all(|a| a.abs() <= 1.0);
        if !batch.is_empty() {
            writer.push(batch)?;
        }
        progress(done, total);
    }
    side.check(&writer.counts())?;
    if let (true, Some(why)) = (within_unit, unit) {
        writer.assume_action_bounds(vec![[-1.0, 1.0]; widths.1 as usize], why);
    }
    writer.finish()
}

fn describe(
    source: &Path,
    options: &ImportOptions,
    side: &Side,
    facts: Facts,
    files: &[PathBuf],
) -> Result<Description> {
    let environment = options
        .environment
        .clone()
        .or_else(|| side.environment.clone())
        .or(facts.environment)
        .ok_or_else(|| problem(source, ImportProblem::NoEnvironment))?;
    let mut declared = side.declared.clone();
    declared.extend(facts.declared);
    Ok(Description {
        id: options.id.clone(),
        environment,
        generator: Generator::assay("dataset import"),
        origin: Origin::File {
            file: source
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            sha256: digest(source, files)?,
            layout: facts.layout.to_owned(),
            dtypes: facts.dtypes,
            notes: facts.notes,
        },
        behaviour: options
            .behaviour
            .clone()
            .or_else(|| side.behaviour.clone())
            .or(facts.behaviour)
            .unwrap_or_default(),
        licence: options.licence.clone().or_else(|| side.licence.clone()),
        source: options.source.clone().or_else(|| side.source.clone()),
        action_bounds: options
            .action_bounds
            .clone()
            .or_else(|| side.action_bounds.clone())
            .or(facts.action_bounds),
        declared,
    })
}

/// SHA-256 of the file; of several files, of the text with a line `<digest>  <path>` for each, as `sha256sum` prints it.
fn digest(source: &Path, files: &[PathBuf]) -> Result<Digest> {
    if files.is_empty() {
        return file_digest(source);
    }
    let mut hash = Sha256::new();
    for file in files {
        let digest = file_digest(&source.join(file))?;
        hash.update(format!("{digest}  {}\n", file.display()));
    }
    Ok(Digest::finish(hash))
}
