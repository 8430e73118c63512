//! Writing a dataset: bounded memory, all or nothing.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use parquet::file::metadata::KeyValue;
use tempfile::TempDir;

use crate::batch::Batch;
use crate::digest::Hasher;
use crate::error::{Error, Mismatch, Result};
use crate::file::FileWriter;
use crate::lint::Rows;
use crate::metadata::{Behaviour, Description, METADATA_KEY, Metadata, Origin};
use crate::reader::{DATA_FILE, Dataset};
use crate::repair::{Fix, Repair};
use crate::rows::{CoreRows, check_nulls};
use crate::schema::{Column, Layout};
use crate::tally::{Counts, Tally};

/// Staging folders start with this; nothing that starts with a dot is a dataset.
const STAGING_PREFIX: &str = ".incoming-";

/// In a staging folder: locked by the writer.
const LOCK_FILE: &str = "lock";

/// How a dataset is written. None of it enters the logical digest.
#[derive(Clone, Debug)]
pub struct WriteOptions {
    /// Replace an existing dataset of that name that holds other data.
    pub overwrite: bool,
    /// Rows of a Parquet row group.
    pub row_group_rows: usize,
    /// Compression of pages.
    pub compression: Compression,
    /// What is put right on the way in.
    pub fixes: Vec<Fix>,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self {
            overwrite: false,
            row_group_rows: 65_536,
            // Real numbers get no smaller at higher levels.
            compression: Compression::Zstd(1),
            fixes: Vec::new(),
        }
    }
}

/// Page compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// None.
    None,
    /// Zstandard at a level from 1 to 22.
    Zstd(i32),
}

/// What [`DatasetWriter::finish`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The dataset is new.
    Created,
    /// It existed with the same content; nothing was changed.
    Unchanged,
    /// It replaced a dataset of the same name.
    Replaced,
}

/// A finished dataset.
#[derive(Clone, Debug)]
pub struct Written {
    /// Its metadata as stored.
    pub metadata: Metadata,
    /// Its folder.
    pub folder: PathBuf,
    /// Whether anything was written.
    pub outcome: Outcome,
    /// What each fix was applied to, by rows of the source.
    pub fixed: Vec<(Fix, Rows)>,
}

/// Writes one dataset into a staging folder of the data root; [`finish`](Self::finish) moves it into place.
///
/// Dropped without `finish`, it leaves nothing. A killed process leaves a folder `.incoming-*`, which no reader takes
/// for a dataset and the next writer removes: its lock file is locked as long as its process lives.
pub struct DatasetWriter {
    description: Description,
    root: PathBuf,
    options: WriteOptions,
    layout: Layout,
    hasher: Hasher,
    tally: Tally,
    repair: Option<Repair>,
    // Before `staging`, because fields are dropped in order and the folder holds the open file.
    writer: FileWriter,
    _lock: File,
    staging: TempDir,
}

/// Creates and locks the lock file of a staging folder.
fn lock(staging: &Path) -> Result<File> {
    let path = staging.join(LOCK_FILE);
    let file = File::create_new(&path).map_err(io_error(&path, "create the file"))?;
    file.lock().map_err(io_error(&path, "lock the file"))?;
    Ok(file)
}

/// Removes what killed processes left. The inner folder is made after the lock is taken, so one that can be locked has
/// lost its writer. Another process may sweep at the same time: a folder that cannot be removed is left to it.
fn sweep(root: &Path) -> Result<()> {
    for entry in fs::read_dir(root).map_err(io_error(root, "list the folder"))? {
        let path = entry.map_err(io_error(root, "list the folder"))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !name.starts_with(STAGING_PREFIX) || !path.join("dataset").is_dir() {
            continue;
        }
        if File::open(path.join(LOCK_FILE)).is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(&path);
        }
    }
    Ok(())
}

impl DatasetWriter {
    /// Starts a dataset with observations of `observation_dim` and actions of `action_dim` elements, and further
    /// float columns `side`.
    pub fn create(
        root: &Path,
        description: Description,
        (observation_dim, action_dim): (u32, u32),
        side: &[Column],
        options: WriteOptions,
    ) -> Result<Self> {
        let layout = Layout::new(observation_dim, action_dim, side)?;
        fs::create_dir_all(root).map_err(io_error(root, "create the data root"))?;
        sweep(root)?;
        let staging = tempfile::Builder::new()
            .prefix(STAGING_PREFIX)
            .tempdir_in(root)
            .map_err(io_error(root, "create a staging folder"))?;
        let lock = lock(staging.path())?;
        let folder = staging.path().join("dataset");
        fs::create_dir(&folder).map_err(io_error(&folder, "create the folder"))?;
        let path = folder.join(DATA_FILE);
        let file = File::create_new(&path).map_err(io_error(&path, "create the file"))?;
        let writer = FileWriter::new(file, &layout, &options).map_err(|source| Error::Parquet {
            path,
            action: "start the file",
            source,
        })?;
        let widths = (layout.observation_dim, layout.action_dim);
        let repair = (!options.fixes.is_empty())
            .then(|| Repair::new(&options.fixes, widths, description.action_bounds.clone()));
        let (hasher, tally, root) = (Hasher::new(&layout), Tally::default(), root.to_owned());
        Ok(Self {
            description,
            root,
            options,
            layout,
            hasher,
            tally,
            repair,
            writer,
            _lock: lock,
            staging,
        })
    }

    /// Says which policies acted, where that is known only after the rows.
    pub fn set_behaviour(&mut self, behaviour: Vec<Behaviour>) {
        self.description.behaviour = behaviour;
    }

    /// Appends rows. After an error the dataset can only be dropped.
    pub fn push(&mut self, batch: Batch) -> Result<()> {
        match &mut self.repair {
            Some(repair) => {
                batch.check_lengths(&self.layout)?;
                let mended = repair.push(batch);
                self.push_rows(mended)
            }
            None => self.push_rows(batch),
        }
    }

    fn push_rows(&mut self, batch: Batch) -> Result<()> {
        if self.repair.is_some() && batch.is_empty() {
            return Ok(());
        }
        let batch = batch.into_record_batch(&self.layout)?;
        self.push_record_batch(&batch)
    }

    /// Writes what the repair still holds, and says what it did.
    fn mend_the_rest(&mut self) -> Result<()> {
        let Some(repair) = &mut self.repair else {
            return Ok(());
        };
        let rest = repair.finish();
        if let Origin::File { notes, .. } = &mut self.description.origin {
            notes.extend(repair.notes());
        }
        self.push_rows(rest)
    }

    fn push_record_batch(&mut self, batch: &RecordBatch) -> Result<()> {
        check_nulls(batch, self.layout.columns())?;
        let rows = CoreRows::new(batch);
        rows.check_finite(
            self.tally.counts().transitions,
            (self.layout.observation_dim, self.layout.action_dim),
        )?;
        self.tally.update(&rows)?;
        self.hasher.update(batch);
        self.writer
            .write(batch)
            .map_err(self.parquet_error("write rows"))
    }

    /// Counts of the rows so far.
    pub fn counts(&self) -> Counts {
        self.tally.counts()
    }

    /// Sets the action bounds if none are described, and notes why.
    pub(crate) fn assume_action_bounds(&mut self, bounds: Vec<[f32; 2]>, note: &str) {
        if self.description.action_bounds.is_none() {
            self.description.action_bounds = Some(bounds);
            if let Origin::File { notes, .. } = &mut self.description.origin {
                notes.push(note.to_owned());
            }
        }
    }

    /// Completes the file and moves it into place: after this returns, the dataset is whole and on disk.
    ///
    /// A dataset of the same name with the same content is left alone; with other content it is an error unless
    /// [`WriteOptions::overwrite`] is set.
    pub fn finish(mut self) -> Result<Written> {
        self.mend_the_rest()?;
        let counts = self.tally.counts();
        let id = self.description.id.clone();
        if counts.transitions == 0 {
            return Err(Error::NoRows { id });
        }
        let digests = self.hasher.finish();
        let metadata = Metadata::new(self.description, &self.layout, counts, &digests);
        let source = self.staging.path().join("dataset");
        let path = source.join(DATA_FILE);
        let text = serde_json::to_string(&metadata).map_err(|source| Error::Metadata {
            path: path.clone(),
            key: METADATA_KEY,
            source,
        })?;
        let entry = KeyValue::new(METADATA_KEY.to_owned(), text);
        let file = self.writer.finish(entry).map_err(|source| Error::Parquet {
            path: path.clone(),
            action: "complete the file",
            source,
        })?;
        file.sync_all().map_err(io_error(&path, "flush the file"))?;
        drop(file);
        sync_folder(&source)?;
        let folder = id.folder(&self.root);
        let outcome = place(
            &source,
            &folder,
            &self.root,
            &metadata,
            self.options.overwrite,
        )?;
        let fixed = self
            .repair
            .as_ref()
            .map(Repair::put_right)
            .unwrap_or_default();
        Ok(Written {
            metadata,
            folder,
            outcome,
            fixed,
        })
    }

    fn parquet_error(
        &self,
        action: &'static str,
    ) -> impl FnOnce(parquet::errors::ParquetError) -> Error + use<> {
        let path = self.staging.path().join("dataset").join(DATA_FILE);
        move |source| Error::Parquet {
            path,
            action,
            source,
        }
    }
}

/// Moves the folder `source` to `target`, or settles with what is there.
fn place(
    source: &Path,
    target: &Path,
    root: &Path,
    metadata: &Metadata,
    overwrite: bool,
) -> Result<Outcome> {
    let file = target.join(DATA_FILE);
    if !file.exists() {
        let parent = target.parent().unwrap_or(root);
        fs::create_dir_all(parent).map_err(io_error(parent, "create the folder"))?;
        match fs::rename(source, target) {
            Ok(()) => {
                sync_folder(parent)?;
                sync_folder(root)?;
                return Ok(Outcome::Created);
            }
            // Another process was faster, or the folder holds something else.
            Err(error) if is_occupied(&error) => {}
            Err(error) => return Err(io_error(target, "move the dataset into place")(error)),
        }
    }
    let existed = file.exists();
    if existed {
        match compare(&file, metadata) {
            Ok(()) => return Ok(Outcome::Unchanged),
            Err(error) if !overwrite => return Err(error),
            Err(_) => {}
        }
    }
    // One file holds data and metadata, so replacing it replaces the dataset at once.
    fs::rename(source.join(DATA_FILE), &file)
        .map_err(io_error(&file, "move the file into place"))?;
    sync_folder(target)?;
    Ok(if existed {
        Outcome::Replaced
    } else {
        Outcome::Created
    })
}

/// Whether the existing file claims to be what `new` describes.
fn compare(path: &Path, new: &Metadata) -> Result<()> {
    let existing = Dataset::open_file(path)?;
    let old = existing.metadata();
    let id = new.description.id.clone();
    if old.logical_digest != new.logical_digest {
        let columns: Vec<_> = new
            .columns
            .iter()
            .map(|c| (c.column.name.clone(), c.digest))
            .collect();
        return Err(Error::Exists(Box::new(Mismatch {
            id,
            path: path.to_owned(),
            expected: old.logical_digest,
            found: new.logical_digest,
            columns: old.differing_columns(&columns),
        })));
    }
    let facts = old.differing_facts(new);
    if facts.is_empty() {
        Ok(())
    } else {
        Err(Error::ExistsOtherFacts {
            id,
            path: path.to_owned(),
            facts,
        })
    }
}

fn is_occupied(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AlreadyExists
            | io::ErrorKind::DirectoryNotEmpty
            | io::ErrorKind::NotADirectory
    )
}

fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)
        .and_then(|handle| handle.sync_all())
        .map_err(io_error(folder, "flush the folder"))
}

pub(crate) fn io_error(
    path: &Path,
    action: &'static str,
) -> impl FnOnce(io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::Io {
        path,
        action,
        source,
    }
}
