//! Rows on their way into a dataset.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, FixedSizeListArray, Float32Array, Float64Array, RecordBatch,
    UInt32Array,
};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::DataType;

use crate::error::{Error, Result};
use crate::schema::{
    ACTION, Column, Dtype, EPISODE, FINAL_OBSERVATION, Layout, OBSERVATION, REWARD, TERMINATED,
    TRUNCATED, list_item,
};

/// One transition, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Transition<'a> {
    /// Trajectory number: 0, 1, 2, ... without gaps.
    pub episode: u32,
    /// Observation `[d]`.
    pub observation: &'a [f32],
    /// Action `[a]`.
    pub action: &'a [f32],
    /// Reward.
    pub reward: f32,
    /// The environment ended the episode.
    pub terminated: bool,
    /// A limit outside the environment's dynamics ended the episode.
    pub truncated: bool,
    /// The observation after the last row of an episode `[d]`, when known.
    pub final_observation: Option<&'a [f32]>,
}

/// Values of a side column, row-major.
#[derive(Clone, Debug, PartialEq)]
pub enum SideValues {
    /// Singles.
    F32(Vec<f32>),
    /// Doubles.
    F64(Vec<f64>),
}

impl SideValues {
    fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
        }
    }

    /// Forgets all values, and keeps their room.
    pub(crate) fn clear(&mut self) {
        match self {
            Self::F32(values) => values.clear(),
            Self::F64(values) => values.clear(),
        }
    }

    /// Appends values of the same type; false where they are of the other.
    pub(crate) fn append(&mut self, more: Self) -> bool {
        match (self, more) {
            (Self::F32(values), Self::F32(more)) => values.extend(more),
            (Self::F64(values), Self::F64(more)) => values.extend(more),
            _ => return false,
        }
        true
    }

    fn dtype(&self) -> Dtype {
        match self {
            Self::F32(_) => Dtype::F32,
            Self::F64(_) => Dtype::F64,
        }
    }
}

/// `n` rows in columns, row-major.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Trajectory numbers `[n]`.
    pub episode: Vec<u32>,
    /// Observations `[n, d]`.
    pub observation: Vec<f32>,
    /// Actions `[n, a]`.
    pub action: Vec<f32>,
    /// Rewards `[n]`.
    pub reward: Vec<f32>,
    /// Ended by the environment `[n]`.
    pub terminated: Vec<bool>,
    /// Ended by a limit `[n]`.
    pub truncated: Vec<bool>,
    /// Rows of this batch with a known final next observation, ascending `[k]`.
    pub final_rows: Vec<u32>,
    /// Those observations `[k, d]`.
    pub final_observation: Vec<f32>,
    /// Side columns in the declared order, `[n, width]` each.
    pub side: Vec<SideValues>,
}

impl Batch {
    /// Rows.
    pub fn len(&self) -> usize {
        self.episode.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.episode.is_empty()
    }

    /// Appends one row (without side columns, which are appended to [`Batch::side`] by the caller).
    pub fn push(&mut self, row: Transition<'_>) {
        if let Some(observation) = row.final_observation {
            self.final_rows.push(self.len() as u32);
            self.final_observation.extend_from_slice(observation);
        }
        self.episode.push(row.episode);
        self.observation.extend_from_slice(row.observation);
        self.action.extend_from_slice(row.action);
        self.reward.push(row.reward);
        self.terminated.push(row.terminated);
        self.truncated.push(row.truncated);
    }

    /// Appends the rows of another batch with the same columns.
    pub(crate) fn append(&mut self, more: Self) {
        let start = self.len() as u32;
        self.episode.extend(more.episode);
        self.observation.extend(more.observation);
        self.action.extend(more.action);
        self.reward.extend(more.reward);
        self.terminated.extend(more.terminated);
        self.truncated.extend(more.truncated);
        self.final_rows
            .extend(more.final_rows.into_iter().map(|row| start + row));
        self.final_observation.extend(more.final_observation);
        if start == 0 {
            self.side = more.side;
        } else {
            for (values, more) in self.side.iter_mut().zip(more.side) {
                values.append(more);
            }
        }
    }

    pub(crate) fn check_lengths(&self, layout: &Layout) -> Result<()> {
        let n = self.len();
        let lengths = [
            (EPISODE, self.episode.len(), n),
            (
                OBSERVATION,
                self.observation.len(),
                n * layout.observation_dim,
            ),
            (ACTION, self.action.len(), n * layout.action_dim),
            (REWARD, self.reward.len(), n),
            (TERMINATED, self.terminated.len(), n),
            (TRUNCATED, self.truncated.len(), n),
            (
                FINAL_OBSERVATION,
                self.final_observation.len(),
                self.final_rows.len() * layout.observation_dim,
            ),
            ("side", self.side.len(), layout.side().len()),
        ];
        let wrong = |array: &str, found: usize, expected: usize| Error::BatchLength {
            array: array.to_owned(),
            expected,
            found,
        };
        if let Some(&(array, found, expected)) = lengths
            .iter()
            .find(|(_, found, expected)| found != expected)
        {
            return Err(wrong(array, found, expected));
        }
        for (column, values) in layout.side().iter().zip(&self.side) {
            if values.len() != n * column.width as usize {
                return Err(wrong(&column.name, values.len(), n * column.width as usize));
            }
            if values.dtype() != column.dtype {
                return Err(Error::InvalidColumn {
                    column: column.name.clone(),
                    problem: "the values are of another float width",
                });
            }
        }
        let ascending = self.final_rows.windows(2).all(|pair| pair[0] < pair[1]);
        match self.final_rows.last() {
            Some(&last) if !ascending || last as usize >= n => {
                Err(wrong("final_rows", last as usize, n))
            }
            _ => Ok(()),
        }
    }

    /// The batch as an Arrow record batch of the layout's schema; values are moved, not copied.
    pub(crate) fn into_record_batch(self, layout: &Layout) -> Result<RecordBatch> {
        self.check_lengths(layout)?;
        let final_observation = self.final_column(layout.observation_dim)?;
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(UInt32Array::from(self.episode)),
            singles(self.observation, layout.observation_dim, true)?,
            singles(self.action, layout.action_dim, true)?,
            singles(self.reward, 1, false)?,
            Arc::new(BooleanArray::new(
                BooleanBuffer::from(self.terminated),
                None,
            )),
            Arc::new(BooleanArray::new(BooleanBuffer::from(self.truncated), None)),
            final_observation,
        ];
        for (column, values) in layout.side().iter().zip(self.side) {
            columns.push(side_array(column, values)?);
        }
        RecordBatch::try_new(layout.arrow(), columns).map_err(Error::Arrow)
    }

    fn final_column(&self, width: usize) -> Result<ArrayRef> {
        let mut values = vec![0.0_f32; self.len() * width];
        let mut valid = vec![false; self.len()];
        for (&row, observation) in self
            .final_rows
            .iter()
            .zip(self.final_observation.chunks_exact(width))
        {
            let row = row as usize;
            values[row * width..(row + 1) * width].copy_from_slice(observation);
            valid[row] = true;
        }
        let nulls = NullBuffer::from(valid);
        let list = FixedSizeListArray::try_new(
            list_item(DataType::Float32),
            width as i32,
            Arc::new(Float32Array::from(values)),
            Some(nulls),
        );
        Ok(Arc::new(list.map_err(Error::Arrow)?))
    }
}

fn singles(values: Vec<f32>, width: usize, list: bool) -> Result<ArrayRef> {
    let values: ArrayRef = Arc::new(Float32Array::from(values));
    if list {
        listed(values, DataType::Float32, width)
    } else {
        Ok(values)
    }
}

fn side_array(column: &Column, values: SideValues) -> Result<ArrayRef> {
    let width = column.width as usize;
    match values {
        SideValues::F32(values) => singles(values, width, width != 1),
        SideValues::F64(values) => {
            let values: ArrayRef = Arc::new(Float64Array::from(values));
            if width == 1 {
                Ok(values)
            } else {
                listed(values, DataType::Float64, width)
            }
        }
    }
}

fn listed(values: ArrayRef, element: DataType, width: usize) -> Result<ArrayRef> {
    let list = FixedSizeListArray::try_new(list_item(element), width as i32, values, None);
    Ok(Arc::new(list.map_err(Error::Arrow)?))
}
