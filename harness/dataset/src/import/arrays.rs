//! Arrays of an HDF5 file, read in windows of rows.

use std::path::{Path, PathBuf};

use hdf5_pure::{ChunkCacheConfig, DType, Dataset, DatasetAccessProperties, File, Group};
use serde_json::Value;

use super::problem;
use crate::batch::SideValues;
use crate::error::{Error, ImportProblem, Result};
use crate::rows::check_finite;
use crate::schema::Dtype;

/// Most that is held of one array's decoded chunks.
const MAX_CACHE_BYTES: u64 = 64 << 20;

/// Groups nested deeper than this are not searched; it also ends cycles of links.
const MAX_DEPTH: u32 = 4;

/// An open HDF5 file and the paths of its arrays.
pub(super) struct Hdf5 {
    path: PathBuf,
    file: File,
    keys: Vec<String>,
}

impl Hdf5 {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file =
            File::open_streaming(path).map_err(|source| hdf5_error(path, "the file", source))?;
        let mut keys = Vec::new();
        collect(&file.root(), "", MAX_DEPTH, &mut keys)
            .map_err(|source| hdf5_error(path, "the list of arrays", source))?;
        keys.sort();
        Ok(Self {
            path: path.to_owned(),
            file,
            keys,
        })
    }

    /// Paths of all arrays, sorted.
    pub(super) fn keys(&self) -> &[String] {
        &self.keys
    }

    /// The array at `key`, if there is one.
    pub(super) fn find(&self, key: &str) -> Result<Option<Array>> {
        if !self.keys.iter().any(|k| k == key) {
            return Ok(None);
        }
        let open = || {
            let cache = cache_for(&self.file.dataset(key)?)?;
            let properties = DatasetAccessProperties::new().with_chunk_cache(cache);
            let dataset = self.file.dataset_with_options(key, properties)?;
            let (shape, dtype) = (dataset.shape()?, dataset.dtype()?);
            let byte = dataset.element_size()? == 1;
            Ok(Array {
                path: self.path.clone(),
                key: key.to_owned(),
                dataset,
                shape,
                dtype,
                byte,
            })
        };
        open()
            .map(Some)
            .map_err(|source| hdf5_error(&self.path, key, source))
    }

    /// The array at `key`, or an error that lists what is there.
    pub(super) fn require(&self, key: &str) -> Result<Array> {
        let missing = || ImportProblem::MissingArray {
            key: key.to_owned(),
            present: self.keys.clone(),
        };
        self.find(key)?
            .ok_or_else(|| problem(&self.path, missing()))
    }
}

/// A window of rows ends inside a band of chunks, one or more for each column; the cache keeps that band for the next
/// window, so that every chunk is decompressed once.
fn cache_for(dataset: &Dataset) -> Result<ChunkCacheConfig, hdf5_pure::Error> {
    let (shape, chunk) = (dataset.shape()?, dataset.chunk_shape()?.unwrap_or_default());
    let sides = shape.iter().zip(&chunk).skip(1);
    let band = sides.fold(1, |n: u64, (&side, &chunk)| {
        n.saturating_mul(side.div_ceil(chunk.max(1)))
    });
    let chunk_bytes = chunk
        .iter()
        .fold(dataset.element_size()?, |n, &side| n.saturating_mul(side));
    // One chunk more than the band, because the next is decoded before the oldest is given up.
    let bytes = chunk_bytes
        .saturating_mul(band.saturating_add(1))
        .min(MAX_CACHE_BYTES);
    let slots = band.saturating_add(1).min(1 << 16);
    let config = ChunkCacheConfig::new().with_max_bytes(bytes as usize);
    Ok(config.with_max_slots(slots as usize))
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

fn hdf5_error(path: &Path, object: &str, source: hdf5_pure::Error) -> Error {
    problem(
        path,
        ImportProblem::Hdf5 {
            object: object.to_owned(),
            source,
        },
    )
}

/// One array of the file; rows are its first dimension.
pub(super) struct Array {
    path: PathBuf,
    key: String,
    dataset: Dataset,
    shape: Vec<u64>,
    dtype: DType,
    byte: bool,
}

impl Array {
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    pub(super) fn rows(&self) -> u64 {
        self.shape.first().copied().unwrap_or(0)
    }

    /// Elements per row of an array of one or two dimensions.
    pub(super) fn width(&self) -> u32 {
        self.shape
            .get(1)
            .map_or(1, |&width| u32::try_from(width).unwrap_or(u32::MAX))
    }

    pub(super) fn rank(&self) -> usize {
        self.shape.len()
    }

    pub(super) fn dtype(&self) -> String {
        if self.is_boolean() {
            "bool".to_owned()
        } else {
            self.dtype.to_string()
        }
    }

    /// The dataset type of a float array.
    pub(super) fn float(&self) -> Option<Dtype> {
        match self.dtype {
            DType::F32 => Some(Dtype::F32),
            DType::F64 => Some(Dtype::F64),
            _ => None,
        }
    }

    /// h5py writes booleans as an enumeration over bytes; older files hold plain bytes.
    fn is_boolean(&self) -> bool {
        self.byte && matches!(self.dtype, DType::Enum(_) | DType::U8 | DType::I8)
    }

    fn problem(&self, what: ImportProblem) -> Error {
        problem(&self.path, what)
    }

    pub(super) fn require_rank(&self, rank: usize, expected: &str) -> Result<()> {
        if self.rank() == rank && self.shape[1..].iter().all(|&n| n > 0) {
            return Ok(());
        }
        let (array, expected, found) = (self.key.clone(), expected.to_owned(), self.shape.clone());
        Err(self.problem(ImportProblem::Shape {
            array,
            expected,
            found,
        }))
    }

    pub(super) fn require_boolean(&self) -> Result<()> {
        if self.is_boolean() {
            Ok(())
        } else {
            Err(self.wrong_dtype("bool"))
        }
    }

    pub(super) fn require_f32(&self, convert_f64: bool) -> Result<()> {
        match self.float() {
            Some(Dtype::F32) => Ok(()),
            Some(_) if convert_f64 => Ok(()),
            _ => Err(self.wrong_dtype("f32")),
        }
    }

    fn wrong_dtype(&self, expected: &'static str) -> Error {
        self.problem(ImportProblem::Dtype {
            array: self.key.clone(),
            expected,
            found: self.dtype(),
        })
    }

    fn read<T>(
        &self,
        result: std::result::Result<Vec<T>, hdf5_pure::Error>,
        count: u64,
    ) -> Result<Vec<T>> {
        let values = result.map_err(|source| hdf5_error(&self.path, &self.key, source))?;
        debug_assert_eq!(
            values.len() as u64,
            count * u64::from(self.width()),
            "a window of {}",
            self.key
        );
        Ok(values)
    }

    /// Rows `start..start + count` as booleans.
    pub(super) fn booleans(&self, start: u64, count: u64) -> Result<Vec<bool>> {
        let bytes = self.read(self.dataset.read_raw_rows(start, count), count)?;
        if let Some(at) = bytes.iter().position(|&byte| byte > 1) {
            let (array, row, value) = (self.key.clone(), start + at as u64, bytes[at]);
            return Err(self.problem(ImportProblem::NotBoolean { array, row, value }));
        }
        Ok(bytes.into_iter().map(|byte| byte == 1).collect())
    }

    /// Rows `start..start + count` of a float array in its own type; all finite.
    pub(super) fn floats(&self, start: u64, count: u64) -> Result<SideValues> {
        if self.dtype == DType::F32 {
            let values = self.read(self.dataset.read_f32_rows(start, count), count)?;
            self.finite(&values, start)?;
            return Ok(SideValues::F32(values));
        }
        let values = self.read(self.dataset.read_f64_rows(start, count), count)?;
        self.finite(&values, start)?;
        Ok(SideValues::F64(values))
    }

    /// Rows `start..start + count` of a float array in single precision; all finite.
    pub(super) fn singles(&self, start: u64, count: u64) -> Result<Vec<f32>> {
        let values = match self.floats(start, count)? {
            SideValues::F32(values) => return Ok(values),
            SideValues::F64(values) => values,
        };
        let rounded: Vec<f32> = values.iter().map(|&x| x as f32).collect();
        if let Some(at) = rounded.iter().position(|x| !x.is_finite()) {
            let width = self.width() as usize;
            let (row, dimension) = (
                start + (at / width) as u64,
                (width > 1).then_some(at % width),
            );
            return Err(self.problem(ImportProblem::Overflow {
                array: self.key.clone(),
                row,
                dimension,
                value: values[at],
            }));
        }
        Ok(rounded)
    }

    fn finite<T: Copy + Into<f64>>(&self, values: &[T], start: u64) -> Result<()> {
        match check_finite(&self.key, values, self.width() as usize, start) {
            Err(Error::NotFinite {
                array,
                row,
                dimension,
                value,
            }) => Err(self.problem(ImportProblem::NotFinite {
                array,
                row,
                dimension,
                value,
            })),
            other => other,
        }
    }

    /// A scalar string or number, for metadata.
    pub(super) fn scalar(&self) -> Option<Value> {
        if self.rank() != 0 {
            return None;
        }
        match self.dtype {
            DType::String | DType::VariableLengthString => self
                .dataset
                .read_string()
                .ok()?
                .into_iter()
                .next()
                .map(Value::from),
            DType::F32 | DType::F64 => self
                .dataset
                .read_f64()
                .ok()?
                .into_iter()
                .next()
                .map(Value::from),
            DType::U64 => self
                .dataset
                .read_u64()
                .ok()?
                .into_iter()
                .next()
                .map(Value::from),
            DType::I8
            | DType::I16
            | DType::I32
            | DType::I64
            | DType::U8
            | DType::U16
            | DType::U32 => self
                .dataset
                .read_i64()
                .ok()?
                .into_iter()
                .next()
                .map(Value::from),
            _ => None,
        }
    }
}
