//! Minari's Arrow format: a folder for each episode, with IPC files of one row per observation. Actions, rewards and
//! flags have one row less; the last is padding.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::buffer::Buffer;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::{FileDecoder, read_footer_length};
use arrow_ipc::root_as_footer;

use super::super::d4rl_source::column_name;
use super::super::numbers::{Numbers, numbers};
use super::super::{ImportOptions, problem};
use super::{Episode, Episodes, Schema, check_held, damaged};
use crate::batch::SideValues;
use crate::error::{Error, ImportProblem, Result};
use crate::scan::guarded;
use crate::schema::Column;
use crate::writer::io_error;

/// Bytes after the footer: its length and the magic word.
const TRAILER: usize = 10;

pub(super) struct Source {
    data: PathBuf,
    /// The files of each episode, in order.
    episodes: Vec<Vec<PathBuf>>,
    convert_f64: bool,
    exclude: Vec<String>,
}

impl Source {
    /// The source and its files, relative to `data`.
    pub(super) fn open(data: &Path, options: &ImportOptions) -> Result<(Self, Vec<PathBuf>)> {
        let mut numbered: Vec<(u64, String)> = names(data)?
            .into_iter()
            .filter_map(|name| Some((name.parse().ok()?, name)))
            .collect();
        numbered.sort();
        let mut episodes = Vec::new();
        for (_, folder) in numbered {
            let mut parts: Vec<(u64, PathBuf)> = names(&data.join(&folder))?
                .into_iter()
                .filter_map(|name| {
                    let number = name.strip_prefix("part-")?.strip_suffix(".arrow")?;
                    Some((number.parse().ok()?, Path::new(&folder).join(&name)))
                })
                .collect();
            parts.sort();
            episodes.push(parts.into_iter().map(|(_, path)| path).collect());
        }
        let files = episodes.iter().flatten().cloned().collect();
        let source = Self {
            data: data.to_owned(),
            episodes,
            convert_f64: options.convert_f64,
            exclude: options.exclude.clone(),
        };
        Ok((source, files))
    }

    fn batches(&self, index: usize) -> Result<(PathBuf, Vec<RecordBatch>)> {
        let parts = &self.episodes[index];
        let Some(first) = parts.first() else {
            return Err(damaged(
                &self.data,
                &format!("episode {index}"),
                "it has no file",
            ));
        };
        let (mut all, mut bytes) = (Vec::new(), 0);
        for part in parts {
            let part = self.data.join(part);
            let length = fs::metadata(&part).map_err(io_error(&part, "read the file"))?;
            bytes += length.len();
            check_held(&part, "the episode", bytes)?;
            all.extend(read(&part)?);
        }
        Ok((self.data.join(first), all))
    }
}

fn names(folder: &Path) -> Result<Vec<String>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder).map_err(io_error(folder, "list the folder"))?;
    entries
        .map(|entry| {
            let entry = entry.map_err(io_error(folder, "list the folder"))?;
            Ok(entry.file_name().to_string_lossy().into_owned())
        })
        .collect()
}

fn arrow_error(path: &Path, source: ArrowError) -> Error {
    let path = path.to_owned();
    problem(&path.clone(), ImportProblem::Arrow { path, source })
}

/// The batches of an IPC file. It is read as a whole, because the decoder would allocate what its blocks claim.
fn read(path: &Path) -> Result<Vec<RecordBatch>> {
    let bytes = fs::read(path).map_err(io_error(path, "read the file"))?;
    guarded(path, || decode(Buffer::from_vec(bytes)))?.map_err(|source| arrow_error(path, source))
}

fn decode(bytes: Buffer) -> Result<Vec<RecordBatch>, ArrowError> {
    let damaged = |what: &str| ArrowError::IpcError(what.to_owned());
    let trailer: [u8; TRAILER] = bytes
        .last_chunk()
        .copied()
        .ok_or_else(|| damaged("the file is too short"))?;
    let footer_end = bytes.len() - TRAILER;
    let start = footer_end
        .checked_sub(read_footer_length(trailer)?)
        .ok_or_else(|| damaged("the footer is longer than the file"))?;
    let footer = root_as_footer(&bytes[start..footer_end])
        .map_err(|error| ArrowError::IpcError(error.to_string()))?;
    let schema = footer.schema().ok_or_else(|| damaged("no schema"))?;
    let schema = Arc::new(try_fb_to_schema(schema)?);
    if footer.dictionaries().is_some_and(|all| !all.is_empty()) {
        return Err(damaged("dictionaries are not expected"));
    }
    let decoder = FileDecoder::new(schema, footer.version());
    let mut batches = Vec::new();
    for block in footer.recordBatches().iter().flatten() {
        let at = usize::try_from(block.offset()).ok();
        let header = usize::try_from(block.metaDataLength()).ok();
        let body = usize::try_from(block.bodyLength()).ok();
        let span = at.zip(header.zip(body)).and_then(|(at, (header, body))| {
            let length = header.checked_add(body)?;
            (at.checked_add(length)? <= footer_end && header >= 8).then_some((at, length))
        });
        let (at, length) = span.ok_or_else(|| damaged("a block reaches beyond the file"))?;
        let data = bytes.slice_with_length(at, length);
        batches.extend(decoder.read_record_batch(block, &data)?);
    }
    Ok(batches)
}

/// A column by its path, e.g. `infos/distance`.
fn column<'a>(batch: &'a RecordBatch, key: &str) -> Option<&'a ArrayRef> {
    match key.strip_prefix("infos/") {
        Some(name) => batch
            .column_by_name("infos")?
            .as_struct_opt()?
            .column_by_name(name),
        None => batch.column_by_name(key),
    }
}

/// A column over all batches of an episode.
struct Joined<'a> {
    path: &'a Path,
    batches: &'a [RecordBatch],
}

impl Joined<'_> {
    fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// The first `rows` rows of a column.
    fn numbers(&self, key: &str, rows: usize) -> Result<Vec<(u64, Numbers)>> {
        let mut parts = Vec::new();
        let mut start = 0;
        for batch in self.batches {
            let Some(array) = column(batch, key) else {
                let present = batch
                    .schema()
                    .fields()
                    .iter()
                    .map(|f| f.name().clone())
                    .collect();
                let key = key.to_owned();
                return Err(problem(
                    self.path,
                    ImportProblem::MissingArray { key, present },
                ));
            };
            let count = array.len().min(rows - start);
            let values = numbers(array.slice(0, count).as_ref());
            let values = values.map_err(|found| {
                let (array, expected) = (key.to_owned(), "numbers");
                problem(
                    self.path,
                    ImportProblem::Dtype {
                        array,
                        expected,
                        found,
                    },
                )
            })?;
            parts.push((start as u64, values));
            start += count;
        }
        Ok(parts)
    }

    fn singles(&self, key: &str, rows: usize, (width, convert): (u32, bool)) -> Result<Vec<f32>> {
        let mut all = Vec::new();
        for (start, part) in self.numbers(key, rows)? {
            if part.width != width as usize {
                let found = format!("{} values a row where {width} are expected", part.width);
                return Err(damaged(self.path, &format!("array `{key}`"), found));
            }
            let values = part.singles(key, start, convert);
            all.extend(values.map_err(|what| problem(self.path, what))?);
        }
        Ok(all)
    }

    fn flags(&self, key: &str, rows: usize) -> Result<Vec<bool>> {
        let mut all = Vec::new();
        for (start, part) in self.numbers(key, rows)? {
            if part.width != 1 {
                return Err(damaged(
                    self.path,
                    &format!("array `{key}`"),
                    "lists, not flags",
                ));
            }
            let values = part.flags(key, start);
            all.extend(values.map_err(|what| problem(self.path, what))?);
        }
        Ok(all)
    }

    fn side(&self, key: &str, rows: usize, wanted: &Column) -> Result<SideValues> {
        let mut all = super::super::cursor::empty_side(wanted);
        for (start, part) in self.numbers(key, rows)? {
            let same = part.width == wanted.width as usize && part.float() == Some(wanted.dtype);
            let values = part.side(key, start);
            let values = values.map_err(|what| problem(self.path, what))?;
            if !same || !all.append(values) {
                let found = "values of another type or width than the first episode's";
                return Err(damaged(self.path, &format!("array `{key}`"), found));
            }
        }
        Ok(all)
    }
}

impl Episodes for Source {
    fn count(&self) -> usize {
        self.episodes.len()
    }

    fn file(&self) -> &Path {
        &self.data
    }

    fn schema(&mut self) -> Result<Schema> {
        let (path, batches) = self.batches(0)?;
        let joined = Joined {
            path: &path,
            batches: &batches,
        };
        let first = |key: &str| -> Result<Numbers> {
            let parts = joined.numbers(key, joined.rows())?;
            let first = parts.into_iter().next();
            first
                .map(|(_, part)| part)
                .ok_or_else(|| damaged(&path, &format!("array `{key}`"), "it has no rows"))
        };
        let mut schema = Schema::default();
        let (observations, actions) = (first("observations")?, first("actions")?);
        schema.widths = (observations.width as u32, actions.width as u32);
        schema.discrete = actions.is_integer();
        for (key, part) in [
            ("observations", &observations),
            ("actions", &actions),
            ("rewards", &first("rewards")?),
        ] {
            schema
                .dtypes
                .push((key.to_owned(), part.dtype().to_owned()));
        }
        let infos = batches
            .first()
            .and_then(|batch| batch.column_by_name("infos")?.as_struct_opt());
        let names = match infos.map(|infos| infos.data_type()) {
            Some(DataType::Struct(fields)) => fields.iter().map(|f| f.name().clone()).collect(),
            _ => Vec::new(),
        };
        for name in names {
            let key = format!("infos/{name}");
            if self.exclude.contains(&key) {
                schema.notes.push(format!("`{key}` left out on request"));
                continue;
            }
            match first(&key) {
                Ok(part) if part.float().is_some() => {
                    let dtype = part.float().unwrap_or(crate::schema::Dtype::F64);
                    let column = Column::new(&column_name(&name), dtype, part.width as u32);
                    schema.dtypes.push((key.clone(), part.dtype().to_owned()));
                    schema.side.push((key, column));
                }
                _ => schema.notes.push(format!("`{key}` left out: no floats")),
            }
        }
        Ok(schema)
    }

    fn episode(&mut self, index: usize, schema: &Schema) -> Result<Episode> {
        let (path, batches) = self.batches(index)?;
        let joined = Joined {
            path: &path,
            batches: &batches,
        };
        let rows = joined.rows();
        let steps = rows.saturating_sub(1);
        let convert = self.convert_f64;
        let side = schema
            .side
            .iter()
            .map(|(key, column)| joined.side(key, steps, column))
            .collect::<Result<_>>()?;
        Ok(Episode {
            observations: joined.singles("observations", rows, (schema.widths.0, convert))?,
            actions: joined.singles("actions", steps, (schema.widths.1, convert))?,
            rewards: joined.singles("rewards", steps, (1, convert))?,
            terminations: joined.flags("terminations", steps)?,
            truncations: joined.flags("truncations", steps)?,
            side,
        })
    }
}
