//! The core columns of a record batch as plain slices.

use arrow::array::{Array, AsArray, BooleanArray, FixedSizeListArray, RecordBatch};
use arrow::datatypes::{Float32Type, UInt32Type};

use crate::error::{Error, Result};
use crate::schema::{ACTION, CORE_COLUMNS, Column, Dtype, FINAL_OBSERVATION, OBSERVATION, REWARD};

/// Borrowed core columns of a batch: `n` rows, observations `n x d`, actions `n x a`, row-major.
pub(crate) struct CoreRows<'a> {
    pub(crate) episode: &'a [u32],
    pub(crate) observation: &'a [f32],
    pub(crate) action: &'a [f32],
    pub(crate) reward: &'a [f32],
    pub(crate) terminated: &'a BooleanArray,
    pub(crate) truncated: &'a BooleanArray,
    final_observation: &'a FixedSizeListArray,
}

impl<'a> CoreRows<'a> {
    /// The first seven columns of a batch whose schema was checked before.
    pub(crate) fn new(batch: &'a RecordBatch) -> Self {
        let column = |i: usize| batch.column(i).as_ref();
        Self {
            episode: column(0).as_primitive::<UInt32Type>().values(),
            observation: list_values(column(1)),
            action: list_values(column(2)),
            reward: column(3).as_primitive::<Float32Type>().values(),
            terminated: column(4).as_boolean(),
            truncated: column(5).as_boolean(),
            final_observation: column(6).as_fixed_size_list(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.episode.len()
    }

    pub(crate) fn has_final(&self, row: usize) -> bool {
        self.final_observation.is_valid(row)
    }

    /// The final next observation of a row that has one.
    pub(crate) fn final_observation(&self, row: usize) -> Option<&'a [f32]> {
        let width = self.final_observation.value_length() as usize;
        self.has_final(row)
            .then(|| &list_values(self.final_observation)[row * width..(row + 1) * width])
    }

    /// Refuses values that are not finite; `first_row` is the number of the batch's first row in the dataset.
    pub(crate) fn check_finite(&self, first_row: u64, widths: (usize, usize)) -> Result<()> {
        check_finite(OBSERVATION, self.observation, widths.0, first_row)?;
        check_finite(ACTION, self.action, widths.1, first_row)?;
        check_finite(REWARD, self.reward, 1, first_row)?;
        for row in 0..self.len() {
            if let Some(values) = self.final_observation(row) {
                check_finite(FINAL_OBSERVATION, values, widths.0, first_row + row as u64)?;
            }
        }
        Ok(())
    }
}

fn list_values(array: &dyn Array) -> &[f32] {
    array
        .as_fixed_size_list()
        .values()
        .as_primitive::<Float32Type>()
        .values()
}

/// Numbers that may be infinite.
pub(crate) trait Finite {
    /// Neither infinite nor NaN.
    fn finite(&self) -> bool;
}

impl Finite for f32 {
    fn finite(&self) -> bool {
        self.is_finite()
    }
}

impl Finite for f64 {
    fn finite(&self) -> bool {
        self.is_finite()
    }
}

/// Refuses the first value that is not finite, naming array and row.
pub(crate) fn check_finite<T: Copy + Into<f64> + Finite>(
    array: &str,
    values: &[T],
    width: usize,
    first_row: u64,
) -> Result<()> {
    // Without an early end, which values of a file hardly ever have, the loop takes many values at a time.
    if values.iter().fold(true, |all, x| all & x.finite()) {
        return Ok(());
    }
    let finite = |x: &T| x.finite();
    match values.iter().position(|x| !finite(x)) {
        None => Ok(()),
        Some(at) => Err(Error::NotFinite {
            array: array.to_owned(),
            row: first_row + (at / width) as u64,
            dimension: (width > 1).then_some(at % width),
            value: values[at].into(),
        }),
    }
}

/// Refuses nulls outside `final_observation`, which a foreign writer could have left.
pub(crate) fn check_nulls(batch: &RecordBatch, columns: &[Column]) -> Result<()> {
    for (column, array) in columns.iter().zip(batch.columns()) {
        let inner = array
            .as_fixed_size_list_opt()
            .map_or(0, |list| list.values().null_count());
        let nulls = if column.name == FINAL_OBSERVATION {
            0
        } else {
            array.null_count() + inner
        };
        if nulls > 0 {
            return Err(Error::InvalidColumn {
                column: column.name.clone(),
                problem: "the column has missing values",
            });
        }
    }
    debug_assert!(
        columns.len() >= CORE_COLUMNS.len()
            && columns
                .iter()
                .all(|c| c.dtype != Dtype::U32 || c.width == 1)
    );
    Ok(())
}
