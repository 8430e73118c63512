//! HDF5 files. Links are not followed, so nothing outside the file is read.

use std::path::{Path, PathBuf};

use hdf5_pure::{ChunkCacheConfig, DType, Dataset, DatasetAccessProperties, File, Group, Layout};
use serde_json::Value;

use super::arrays::{Array, Kind, Store};
use super::{EXPANSION, MAX_HELD_BYTES, problem};
use crate::error::{Error, ImportProblem, Result};
use crate::writer::io_error;

/// Most that is held of one array's decoded chunks.
const MAX_CACHE_BYTES: u64 = 64 << 20;

/// Groups nested deeper than this are not searched; it also ends cycles of links.
const MAX_DEPTH: u32 = 4;

/// An open HDF5 file and the paths of its arrays.
pub(super) struct Hdf5 {
    path: PathBuf,
    length: u64,
    file: File,
    keys: Vec<String>,
}

impl Hdf5 {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let length = std::fs::metadata(path).map_err(io_error(path, "read the file"))?;
        let file =
            File::open_streaming(path).map_err(|source| hdf5_error(path, "the file", source))?;
        let mut keys = Vec::new();
        collect(&file.root(), "", MAX_DEPTH, &mut keys)
            .map_err(|source| hdf5_error(path, "the list of arrays", source))?;
        keys.sort();
        Ok(Self {
            path: path.to_owned(),
            length: length.len(),
            file,
            keys,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Paths of all arrays, sorted.
    pub(super) fn keys(&self) -> &[String] {
        &self.keys
    }

    /// The array at `key`, if there is one.
    pub(super) fn find(&self, key: &str) -> Result<Option<Array>> {
        if self.keys.binary_search_by(|k| k.as_str().cmp(key)).is_err() {
            return Ok(None);
        }
        let open = || {
            let plain = self.file.dataset(key)?;
            let (shape, element) = (plain.shape()?, plain.element_size()?);
            let facts = (shape, element, plain.layout()?);
            let properties = DatasetAccessProperties::new()
                .with_chunk_cache(cache_for(&facts.0, element, &facts.2));
            let dataset = self.file.dataset_with_options(key, properties)?;
            let dtype = dataset.dtype()?;
            Ok((facts, dataset, dtype))
        };
        let ((shape, element, layout), dataset, dtype) =
            open().map_err(|source| hdf5_error(&self.path, key, source))?;
        self.check_size(key, &shape, element, &layout)?;
        let kind = kind(&dtype, element);
        let text = if kind == Kind::Bool {
            "bool".to_owned()
        } else {
            dtype.to_string()
        };
        Ok(Some(Array::new(
            &self.path,
            key,
            shape,
            (kind, text),
            Store::Hdf5(Box::new(dataset)),
        )))
    }

    /// Refuses an array that claims more than the file can hold, before anything is allocated for it.
    fn check_size(&self, key: &str, shape: &[u64], element: u64, layout: &Layout) -> Result<()> {
        let product = |sides: &[u64]| {
            sides
                .iter()
                .try_fold(element, |n, &side| n.checked_mul(side))
        };
        let object = format!("array `{key}`");
        let too_large = |object: String, found: Option<u64>, limit: u64| {
            let found = found.map_or("more than 2^64 bytes".to_owned(), |n| format!("{n} bytes"));
            let limit = format!("{limit} bytes");
            problem(
                &self.path,
                ImportProblem::TooLarge {
                    object,
                    found,
                    limit,
                },
            )
        };
        let bytes = product(shape);
        let limit = self.length.saturating_mul(EXPANSION);
        if bytes.is_none_or(|n| n > limit) {
            return Err(too_large(object, bytes, limit));
        }
        let damaged = |found: &str| {
            let (object, found) = (object.clone(), found.to_owned());
            Err(problem(
                &self.path,
                ImportProblem::Damaged { object, found },
            ))
        };
        match layout {
            Layout::Chunked { chunk_shape, .. } => {
                let chunk = product(chunk_shape);
                if chunk.is_none_or(|n| n > MAX_HELD_BYTES) {
                    let object = format!("a chunk of array `{key}`");
                    return Err(too_large(object, chunk, MAX_HELD_BYTES));
                }
                Ok(())
            }
            Layout::Contiguous { address: None, .. } if bytes != Some(0) => {
                damaged("its values are not in the file")
            }
            Layout::Contiguous { .. } | Layout::Compact { .. } => Ok(()),
            _ => damaged("its values are in other files, which are not read"),
        }
    }

    /// Names of the groups at the top, sorted.
    pub(super) fn groups(&self) -> Result<Vec<String>> {
        let groups = self.file.root().groups();
        groups.map_err(|source| hdf5_error(&self.path, "the list of groups", source))
    }
}

/// A window of rows ends inside a band of chunks, one or more for each column; the cache keeps that band for the next
/// window, so that every chunk is decompressed once.
fn cache_for(shape: &[u64], element: u64, layout: &Layout) -> ChunkCacheConfig {
    let chunk: &[u64] = match layout {
        Layout::Chunked { chunk_shape, .. } => chunk_shape,
        _ => &[],
    };
    let sides = shape.iter().zip(chunk).skip(1);
    let band = sides.fold(1, |n: u64, (&side, &chunk)| {
        n.saturating_mul(side.div_ceil(chunk.max(1)))
    });
    let chunk_bytes = chunk
        .iter()
        .fold(element, |n, &side| n.saturating_mul(side));
    // One chunk more than the band, because the next is decoded before the oldest is given up.
    let bytes = chunk_bytes
        .saturating_mul(band.saturating_add(1))
        .min(MAX_CACHE_BYTES);
    let slots = band.saturating_add(1).min(1 << 16);
    let config = ChunkCacheConfig::new().with_max_bytes(bytes as usize);
    config.with_max_slots(slots as usize)
}

/// h5py writes booleans as an enumeration over bytes.
fn kind(dtype: &DType, element: u64) -> Kind {
    match dtype {
        DType::F32 => Kind::F32,
        DType::F64 => Kind::F64,
        DType::Enum(_) if element == 1 => Kind::Bool,
        DType::I8 => Kind::int(1, true),
        DType::I16 => Kind::int(2, true),
        DType::I32 => Kind::int(4, true),
        DType::I64 => Kind::int(8, true),
        DType::U8 => Kind::int(1, false),
        DType::U16 => Kind::int(2, false),
        DType::U32 => Kind::int(4, false),
        DType::U64 => Kind::int(8, false),
        _ => Kind::Other,
    }
}

/// A scalar string or number, for metadata.
pub(super) fn scalar(dataset: &Dataset) -> Option<Value> {
    match dataset.dtype().ok()? {
        DType::String | DType::VariableLengthString => {
            first(dataset.read_string()).map(Value::from)
        }
        DType::F32 | DType::F64 => first(dataset.read_f64()).map(Value::from),
        DType::U64 => first(dataset.read_u64()).map(Value::from),
        DType::I8 | DType::I16 | DType::I32 | DType::I64 | DType::U8 | DType::U16 | DType::U32 => {
            first(dataset.read_i64()).map(Value::from)
        }
        DType::Enum(_) => first(dataset.read_raw()).map(|byte| Value::from(byte != 0)),
        _ => None,
    }
}

fn first<T>(values: Result<Vec<T>, hdf5_pure::Error>) -> Option<T> {
    values.ok()?.into_iter().next()
}

fn collect(
    group: &Group,
    prefix: &str,
    depth: u32,
    keys: &mut Vec<String>,
) -> Result<(), hdf5_pure::Error> {
    keys.extend(
        group
            .datasets()?
            .into_iter()
            .map(|name| format!("{prefix}{name}")),
    );
    if depth > 1 {
        for name in group.groups()? {
            collect(
                &group.group(&name)?,
                &format!("{prefix}{name}/"),
                depth - 1,
                keys,
            )?;
        }
    }
    Ok(())
}

pub(super) fn hdf5_error(path: &Path, object: &str, source: hdf5_pure::Error) -> Error {
    problem(
        path,
        ImportProblem::Hdf5 {
            object: object.to_owned(),
            source,
        },
    )
}
