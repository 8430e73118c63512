//! Columns of a dataset and their place in an Arrow schema.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

pub(crate) const EPISODE: &str = "episode";
pub(crate) const OBSERVATION: &str = "observation";
pub(crate) const ACTION: &str = "action";
pub(crate) const REWARD: &str = "reward";
pub(crate) const TERMINATED: &str = "terminated";
pub(crate) const TRUNCATED: &str = "truncated";
pub(crate) const FINAL_OBSERVATION: &str = "final_observation";

/// The core columns, in their order in the file and in the logical digest.
pub const CORE_COLUMNS: [&str; 7] = [
    EPISODE,
    OBSERVATION,
    ACTION,
    REWARD,
    TERMINATED,
    TRUNCATED,
    FINAL_OBSERVATION,
];

/// The element type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// Unsigned 32-bit integer.
    U32,
    /// Boolean.
    Bool,
    /// IEEE 754 single.
    F32,
    /// IEEE 754 double.
    F64,
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::U32 => "u32",
            Self::Bool => "bool",
            Self::F32 => "f32",
            Self::F64 => "f64",
        })
    }
}

/// A column: name, element type and elements per row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Name in the Parquet file.
    pub name: String,
    /// Element type.
    pub dtype: Dtype,
    /// Elements per row; a side column of width 1 is a scalar column.
    pub width: u32,
}

impl Column {
    /// A column of `width` elements a row.
    pub fn new(name: &str, dtype: Dtype, width: u32) -> Self {
        Self {
            name: name.to_owned(),
            dtype,
            width,
        }
    }

    /// Whether the column enters the logical digest.
    pub fn is_core(&self) -> bool {
        CORE_COLUMNS.contains(&self.name.as_str())
    }

    fn field(&self) -> Field {
        let element = match self.dtype {
            Dtype::U32 => DataType::UInt32,
            Dtype::Bool => DataType::Boolean,
            Dtype::F32 => DataType::Float32,
            Dtype::F64 => DataType::Float64,
        };
        let always_list = [OBSERVATION, ACTION, FINAL_OBSERVATION].contains(&self.name.as_str());
        let dtype = if always_list || self.width != 1 {
            DataType::FixedSizeList(list_item(element), self.width as i32)
        } else {
            element
        };
        Field::new(&self.name, dtype, self.name == FINAL_OBSERVATION)
    }
}

pub(crate) fn list_item(element: DataType) -> Arc<Field> {
    Arc::new(Field::new("item", element, false))
}

/// The columns of one dataset: the seven core columns, then the side columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    columns: Vec<Column>,
    pub(crate) observation_dim: usize,
    pub(crate) action_dim: usize,
}

impl Layout {
    /// The layout for these widths; refuses widths of zero and side columns with a taken name or a type without digest.
    pub(crate) fn new(observation_dim: u32, action_dim: u32, side: &[Column]) -> Result<Self> {
        let mut columns = vec![
            Column::new(EPISODE, Dtype::U32, 1),
            Column::new(OBSERVATION, Dtype::F32, observation_dim),
            Column::new(ACTION, Dtype::F32, action_dim),
            Column::new(REWARD, Dtype::F32, 1),
            Column::new(TERMINATED, Dtype::Bool, 1),
            Column::new(TRUNCATED, Dtype::Bool, 1),
            Column::new(FINAL_OBSERVATION, Dtype::F32, observation_dim),
        ];
        for column in side {
            if columns.iter().any(|c| c.name == column.name) {
                return Err(Error::InvalidColumn {
                    column: column.name.clone(),
                    problem: "the name is taken",
                });
            }
            if !matches!(column.dtype, Dtype::F32 | Dtype::F64) {
                return Err(Error::InvalidColumn {
                    column: column.name.clone(),
                    problem: "a side column holds floats",
                });
            }
            columns.push(column.clone());
        }
        if let Some(column) = columns.iter().find(|c| c.width == 0 || c.width > 1 << 24) {
            return Err(Error::InvalidColumn {
                column: column.name.clone(),
                problem: "the width is out of range",
            });
        }
        Ok(Self {
            columns,
            observation_dim: observation_dim as usize,
            action_dim: action_dim as usize,
        })
    }

    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    pub(crate) fn side(&self) -> &[Column] {
        &self.columns[CORE_COLUMNS.len()..]
    }

    pub(crate) fn arrow(&self) -> SchemaRef {
        Arc::new(Schema::new(
            self.columns.iter().map(Column::field).collect::<Vec<_>>(),
        ))
    }

    /// Checks that a file holds exactly these columns; returns nothing else about it.
    pub(crate) fn check(&self, path: &Path, found: &Schema) -> Result<()> {
        let expected = self.arrow();
        let mismatch = |column: &str, expected: String, found: String| Error::Schema {
            path: path.to_owned(),
            column: column.to_owned(),
            expected,
            found,
        };
        for (i, want) in expected.fields().iter().enumerate() {
            let name = want.name();
            match found.fields().get(i) {
                Some(have)
                    if have.name() == name && same_type(want.data_type(), have.data_type()) => {}
                Some(have) => return Err(mismatch(name, show(want), show(have))),
                None => return Err(mismatch(name, show(want), "no such column".to_owned())),
            }
        }
        match found.fields().get(expected.fields().len()) {
            Some(extra) => Err(mismatch(
                extra.name(),
                "no such column".to_owned(),
                show(extra),
            )),
            None => Ok(()),
        }
    }
}

fn show(field: &Field) -> String {
    match field.data_type() {
        DataType::FixedSizeList(item, width) => {
            format!("`{}` as {} x {width}", field.name(), item.data_type())
        }
        other => format!("`{}` as {other}", field.name()),
    }
}

/// Equal up to the names and nullability flags inside lists, which differ between writers.
fn same_type(a: &DataType, b: &DataType) -> bool {
    match (a, b) {
        (DataType::FixedSizeList(x, n), DataType::FixedSizeList(y, m)) => {
            n == m && x.data_type() == y.data_type()
        }
        _ => a == b,
    }
}
