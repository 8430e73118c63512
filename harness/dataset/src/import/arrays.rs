//! Arrays of HDF5 and NPZ files, read in windows of rows; rows are the first dimension.

use std::path::{Path, PathBuf};

use hdf5_pure::Dataset;
use serde_json::Value;

use super::hdf5::{self, Hdf5, hdf5_error};
use super::npz::{Member, Npz};
use super::{MAX_HELD_BYTES, problem};
use crate::batch::SideValues;
use crate::error::{Error, ImportProblem, Result};
use crate::rows::{Finite, check_finite};
use crate::schema::Dtype;

/// Elements of a row, at most: a row is held as a whole.
const MAX_WIDTH: u64 = 1 << 22;

/// Names that a message lists, at most.
const LISTED: usize = 24;

/// Integers up to here are singles without rounding.
const EXACT: u64 = 1 << 24;

/// A file of named arrays.
pub(super) enum Archive {
    Hdf5(Box<Hdf5>),
    Npz(Npz),
}

impl Archive {
    /// Paths of all arrays, sorted.
    pub(super) fn keys(&self) -> &[String] {
        match self {
            Self::Hdf5(file) => file.keys(),
            Self::Npz(file) => file.keys(),
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.keys()
            .binary_search_by(|k| k.as_str().cmp(key))
            .is_ok()
    }

    /// Names for messages.
    pub(super) fn shown(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.keys().iter().take(LISTED).cloned().collect();
        if self.keys().len() > LISTED {
            keys.push(format!("... ({} in all)", self.keys().len()));
        }
        keys
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Hdf5(file) => file.path(),
            Self::Npz(file) => file.path(),
        }
    }

    /// The array at `key`, if there is one.
    pub(super) fn find(&self, key: &str) -> Result<Option<Array>> {
        match self {
            Self::Hdf5(file) => file.find(key),
            Self::Npz(file) => file.find(key),
        }
    }

    /// The array at `key`, or an error that lists what is there.
    pub(super) fn require(&self, key: &str) -> Result<Array> {
        let missing = || ImportProblem::MissingArray {
            key: key.to_owned(),
            present: self.shown(),
        };
        self.find(key)?
            .ok_or_else(|| problem(self.path(), missing()))
    }
}

/// What the elements of an array are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    F32,
    F64,
    Bool,
    Int {
        bytes: usize,
        signed: bool,
    },
    /// Pickled Python objects.
    Objects,
    Other,
}

impl Kind {
    pub(super) const fn int(bytes: usize, signed: bool) -> Self {
        Self::Int { bytes, signed }
    }
}

/// Where the values are.
pub(super) enum Store {
    Hdf5(Box<Dataset>),
    Npz(Box<Member>),
}

/// One array of a file.
pub(super) struct Array {
    path: PathBuf,
    key: String,
    shape: Vec<u64>,
    kind: Kind,
    dtype: String,
    store: Store,
    /// NaN and infinity pass, because they are put right later.
    keeps_non_finite: bool,
}

impl Array {
    pub(super) fn new(
        path: &Path,
        key: &str,
        shape: Vec<u64>,
        (kind, dtype): (Kind, String),
        store: Store,
    ) -> Self {
        let (path, key) = (path.to_owned(), key.to_owned());
        Self {
            path,
            key,
            shape,
            kind,
            dtype,
            store,
            keeps_non_finite: false,
        }
    }

    /// Lets NaN and infinity pass.
    pub(super) fn keep_non_finite(&mut self) {
        self.keeps_non_finite = true;
    }

    /// Forgets the rows from `rows` on.
    pub(super) fn cut(&mut self, rows: u64) {
        if let Some(own) = self.shape.first_mut() {
            *own = rows.min(*own);
        }
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
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
        self.dtype.clone()
    }

    /// The dataset type of a float array.
    pub(super) fn float(&self) -> Option<Dtype> {
        match self.kind {
            Kind::F32 => Some(Dtype::F32),
            Kind::F64 => Some(Dtype::F64),
            _ => None,
        }
    }

    /// Older files hold plain bytes for booleans.
    fn is_boolean(&self) -> bool {
        matches!(self.kind, Kind::Bool | Kind::Int { bytes: 1, .. })
    }

    pub(super) fn problem(&self, what: ImportProblem) -> Error {
        problem(&self.path, what)
    }

    pub(super) fn require_rank(&self, rank: usize, expected: &str) -> Result<()> {
        if self.rank() == rank && self.shape[1..].iter().all(|&n| n > 0 && n <= MAX_WIDTH) {
            return Ok(());
        }
        Err(self.wrong_shape(expected))
    }

    /// `[rows]` or `[rows, 1]`.
    pub(super) fn require_scalars(&self) -> Result<()> {
        if matches!(self.shape[..], [_] | [_, 1]) {
            return Ok(());
        }
        Err(self.wrong_shape("[rows] or [rows, 1]"))
    }

    /// `[rows, dimensions]`, or `[rows]` for one dimension.
    pub(super) fn require_vectors(&self) -> Result<()> {
        if self.is_vectors() {
            return Ok(());
        }
        Err(self.wrong_shape("[rows, dimensions]"))
    }

    /// One number or several a row, in one or two dimensions.
    pub(super) fn is_vectors(&self) -> bool {
        match self.shape[..] {
            [_] => true,
            [_, width] => (1..=MAX_WIDTH).contains(&width),
            _ => false,
        }
    }

    /// Refuses an array that is too large to be held as a whole.
    pub(super) fn require_held(&self) -> Result<()> {
        let width = u64::from(self.width());
        let bytes = self.rows().saturating_mul(width).saturating_mul(8);
        if bytes <= MAX_HELD_BYTES {
            return Ok(());
        }
        Err(self.problem(ImportProblem::TooLarge {
            object: format!("array `{}`", self.key),
            found: format!("{bytes} bytes"),
            limit: format!("{MAX_HELD_BYTES} bytes"),
        }))
    }

    /// As wide as `other`.
    pub(super) fn require_width(&self, other: &Self) -> Result<()> {
        self.require_vectors()?;
        if self.width() == other.width() {
            return Ok(());
        }
        let expected = format!("[rows, {}] like `{}`", other.width(), other.key);
        Err(self.wrong_shape(&expected))
    }

    fn wrong_shape(&self, expected: &str) -> Error {
        let (array, expected, found) = (self.key.clone(), expected.to_owned(), self.shape.clone());
        self.problem(ImportProblem::Shape {
            array,
            expected,
            found,
        })
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

    /// Floats as above, booleans, or integers, which must be exact as singles when they are read.
    pub(super) fn require_number(&self, convert_f64: bool) -> Result<()> {
        match self.kind {
            Kind::Bool | Kind::Int { .. } => Ok(()),
            _ => self.require_f32(convert_f64),
        }
    }

    fn wrong_dtype(&self, expected: &'static str) -> Error {
        let array = self.key.clone();
        if self.kind == Kind::Objects {
            return self.problem(ImportProblem::Objects { array });
        }
        self.problem(ImportProblem::Dtype {
            array,
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
        if values.len() as u64 == count * u64::from(self.width()) {
            return Ok(values);
        }
        let (object, found) = (format!("array `{}`", self.key), "rows are missing");
        let found = found.to_owned();
        Err(self.problem(ImportProblem::Damaged { object, found }))
    }

    /// Rows `start..start + count` as booleans.
    pub(super) fn booleans(&mut self, start: u64, count: u64) -> Result<Vec<bool>> {
        let bytes = match &mut self.store {
            Store::Hdf5(dataset) => {
                let result = dataset.read_raw_rows(start, count);
                self.read(result, count)?
            }
            Store::Npz(member) => member.rows(count)?,
        };
        if let Some(at) = bytes.iter().position(|&byte| byte > 1) {
            let (array, row, value) = (self.key.clone(), start + at as u64, bytes[at]);
            return Err(self.problem(ImportProblem::NotBoolean { array, row, value }));
        }
        Ok(bytes.into_iter().map(|byte| byte == 1).collect())
    }

    /// Rows `start..start + count` of an array of numbers that are 0 or 1.
    pub(super) fn flags(&mut self, start: u64, count: u64) -> Result<Vec<bool>> {
        let values = self.singles(start, count)?;
        if let Some(at) = values.iter().position(|&x| x != 0.0 && x != 1.0) {
            let (array, row, value) = (self.key.clone(), start + at as u64, values[at]);
            return Err(self.problem(ImportProblem::NotFlag { array, row, value }));
        }
        Ok(values.into_iter().map(|x| x == 1.0).collect())
    }

    /// Rows `start..start + count` of a float array in its own type; all finite.
    pub(super) fn floats(&mut self, start: u64, count: u64) -> Result<SideValues> {
        if self.kind == Kind::F32 {
            let values = match &mut self.store {
                Store::Hdf5(dataset) => {
                    let result = dataset.read_f32_rows(start, count);
                    self.read(result, count)?
                }
                Store::Npz(member) => member.singles(count)?,
            };
            self.finite(&values, start)?;
            return Ok(SideValues::F32(values));
        }
        let values = match &mut self.store {
            Store::Hdf5(dataset) => {
                let result = dataset.read_f64_rows(start, count);
                self.read(result, count)?
            }
            Store::Npz(member) => member.doubles(count)?,
        };
        self.finite(&values, start)?;
        Ok(SideValues::F64(values))
    }

    /// Rows `start..start + count` of an array of integers or booleans.
    pub(super) fn integers(&mut self, start: u64, count: u64) -> Result<Vec<i64>> {
        if self.kind == Kind::Bool {
            let flags = self.booleans(start, count)?;
            return Ok(flags.into_iter().map(i64::from).collect());
        }
        match &mut self.store {
            Store::Hdf5(dataset) => {
                let result = dataset.read_i64_rows(start, count);
                self.read(result, count)
            }
            Store::Npz(member) => member.integers(count),
        }
    }

    /// All of an array of integers, one per row.
    pub(super) fn whole_integers(&mut self) -> Result<Vec<i64>> {
        if !matches!(self.kind, Kind::Int { .. }) {
            return Err(self.wrong_dtype("integers"));
        }
        self.require_held()?;
        self.integers(0, self.rows())
    }

    /// Rows `start..start + count` in single precision; all finite.
    pub(super) fn singles(&mut self, start: u64, count: u64) -> Result<Vec<f32>> {
        if matches!(self.kind, Kind::Bool | Kind::Int { .. }) {
            return self.exact(start, count);
        }
        let values = match self.floats(start, count)? {
            SideValues::F32(values) => return Ok(values),
            SideValues::F64(values) => values,
        };
        let rounded: Vec<f32> = values.iter().map(|&x| x as f32).collect();
        let overflow = |(x, wide): (&f32, &f64)| {
            !x.is_finite() && (wide.is_finite() || !self.keeps_non_finite)
        };
        if let Some(at) = rounded.iter().zip(&values).position(overflow) {
            let (row, dimension) = self.place(at, start);
            return Err(self.problem(ImportProblem::Overflow {
                array: self.key.clone(),
                row,
                dimension,
                value: values[at],
            }));
        }
        Ok(rounded)
    }

    fn exact(&mut self, start: u64, count: u64) -> Result<Vec<f32>> {
        let values = self.integers(start, count)?;
        if let Some(at) = values.iter().position(|x| x.unsigned_abs() > EXACT) {
            let (row, dimension) = self.place(at, start);
            return Err(self.problem(ImportProblem::Inexact {
                array: self.key.clone(),
                row,
                dimension,
                value: values[at].to_string(),
            }));
        }
        Ok(values.into_iter().map(|x| x as f32).collect())
    }

    /// Row and, where there are several, dimension of an element.
    fn place(&self, at: usize, start: u64) -> (u64, Option<usize>) {
        let width = self.width() as usize;
        (
            start + (at / width) as u64,
            (width > 1).then_some(at % width),
        )
    }

    fn finite<T: Copy + Into<f64> + Finite>(&self, values: &[T], start: u64) -> Result<()> {
        if self.keeps_non_finite {
            return Ok(());
        }
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
        match &self.store {
            Store::Hdf5(dataset) if self.rank() == 0 => hdf5::scalar(dataset),
            _ => None,
        }
    }
}
