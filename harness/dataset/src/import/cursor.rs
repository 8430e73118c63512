//! Arrays row by row.

use super::arrays::Array;
use crate::batch::SideValues;
use crate::error::{ImportProblem, Result};
use crate::schema::Column;

/// Bytes of an array that are held decoded, about.
const WINDOW_BYTES: u64 = 1 << 20;

fn window_rows(array: &Array) -> u64 {
    (WINDOW_BYTES / (4 * u64::from(array.width().max(1)))).max(1)
}

/// The rows of an array in single precision, in order.
pub(super) struct Cursor {
    array: Array,
    held: Vec<f32>,
    /// Rows that were given.
    given: u64,
    /// Rows that were read.
    read: u64,
}

impl Cursor {
    pub(super) fn new(array: Array) -> Self {
        Self {
            array,
            held: Vec::new(),
            given: 0,
            read: 0,
        }
    }

    pub(super) fn width(&self) -> u32 {
        self.array.width()
    }

    pub(super) fn rows(&self) -> u64 {
        self.array.rows()
    }

    /// The next row. Asking beyond the last is an error.
    pub(super) fn next(&mut self) -> Result<&[f32]> {
        let width = self.array.width() as usize;
        if self.given == self.read {
            let count = next_window(&self.array, self.read)?;
            self.held = self.array.singles(self.read, count)?;
            self.read += count;
        }
        let first = self.read - (self.held.len() / width) as u64;
        let at = (self.given - first) as usize * width;
        self.given += 1;
        Ok(&self.held[at..at + width])
    }

    /// The next row of one number.
    pub(super) fn scalar(&mut self) -> Result<f32> {
        self.next().map(|row| row[0])
    }

    /// The next row of one number, which is 0 or 1.
    pub(super) fn flag(&mut self) -> Result<bool> {
        let row = self.given;
        let value = self.scalar()?;
        if value == 0.0 || value == 1.0 {
            return Ok(value == 1.0);
        }
        let array = self.array.key().to_owned();
        Err(self
            .array
            .problem(ImportProblem::NotFlag { array, row, value }))
    }
}

/// Rows of the window from row `read` on; an error where none is left.
fn next_window(array: &Array, read: u64) -> Result<u64> {
    let count = window_rows(array).min(array.rows() - read);
    if count == 0 {
        let lengths = vec![(array.key().to_owned(), read)];
        return Err(array.problem(ImportProblem::UnequalLengths { lengths }));
    }
    Ok(count)
}

/// The rows of a side array in its own precision, in order.
pub(super) struct SideCursor {
    pub(super) column: Column,
    array: Array,
    held: SideValues,
    given: u64,
    read: u64,
}

impl SideCursor {
    pub(super) fn new(column: Column, array: Array) -> Self {
        Self {
            column,
            array,
            held: SideValues::F32(Vec::new()),
            given: 0,
            read: 0,
        }
    }

    /// An empty column of this array's type.
    pub(super) fn empty(&self) -> SideValues {
        empty_side(&self.column)
    }

    /// Appends the next row.
    pub(super) fn next(&mut self, out: &mut SideValues) -> Result<()> {
        if self.given == self.read {
            let count = next_window(&self.array, self.read)?;
            self.held = self.array.floats(self.read, count)?;
            self.read += count;
        }
        let width = self.column.width as usize;
        let held = match &self.held {
            SideValues::F32(values) => values.len(),
            SideValues::F64(values) => values.len(),
        };
        let at = (self.given + (held / width) as u64 - self.read) as usize * width;
        self.given += 1;
        match (out, &self.held) {
            (SideValues::F32(out), SideValues::F32(held)) => {
                out.extend_from_slice(&held[at..at + width]);
            }
            (SideValues::F64(out), SideValues::F64(held)) => {
                out.extend_from_slice(&held[at..at + width]);
            }
            _ => {}
        }
        Ok(())
    }
}

/// An empty side column.
pub(super) fn empty_side(column: &Column) -> SideValues {
    match column.dtype {
        crate::schema::Dtype::F64 => SideValues::F64(Vec::new()),
        _ => SideValues::F32(Vec::new()),
    }
}
