//! Numbers in Arrow arrays.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};

use crate::batch::SideValues;
use crate::error::{ImportProblem, Result};
use crate::schema::Dtype;

/// Integers up to here are singles without rounding.
const EXACT: u64 = 1 << 24;

/// The values of a column, row-major.
pub(super) struct Numbers {
    pub(super) width: usize,
    pub(super) values: Values,
}

pub(super) enum Values {
    F32(Vec<f32>),
    F64(Vec<f64>),
    Int(Vec<i64>),
    Bool(Vec<bool>),
}

/// The values of an array, or what it is instead.
pub(super) fn numbers(array: &dyn Array) -> Result<Numbers, String> {
    if array.null_count() > 0 {
        return Err("missing values".to_owned());
    }
    let list = |values: &dyn Array, width: usize| {
        if width == 0 || values.len() != width * array.len() {
            return Err("lists of no or unequal length".to_owned());
        }
        let inner = numbers(values)?;
        if inner.width != 1 {
            return Err("lists of lists".to_owned());
        }
        Ok(Numbers { width, ..inner })
    };
    match array.data_type() {
        DataType::FixedSizeList(_, width) => {
            let all = array.as_fixed_size_list();
            list(all.values().as_ref(), *width as usize)
        }
        DataType::List(_) => {
            let all = array.as_list::<i32>();
            let lengths: Vec<i32> = all.offsets().windows(2).map(|w| w[1] - w[0]).collect();
            let width = lengths.first().copied().unwrap_or(0);
            if lengths.iter().any(|&n| n != width) {
                return Err("lists of unequal length".to_owned());
            }
            let start = all.offsets().first() as usize;
            let values = all.values().slice(start, width as usize * all.len());
            list(values.as_ref(), width as usize)
        }
        _ => scalars(array).map(|values| Numbers { width: 1, values }),
    }
}

fn scalars(array: &dyn Array) -> Result<Values, String> {
    macro_rules! integers {
        ($type:ty) => {{
            let values = array.as_primitive::<$type>().values();
            // Beyond i64 is beyond every use.
            let wide = |&x: &_| i64::try_from(x).unwrap_or(i64::MAX);
            Values::Int(values.iter().map(wide).collect())
        }};
    }
    Ok(match array.data_type() {
        DataType::Float32 => Values::F32(array.as_primitive::<Float32Type>().values().to_vec()),
        DataType::Float64 => Values::F64(array.as_primitive::<Float64Type>().values().to_vec()),
        DataType::Boolean => Values::Bool(array.as_boolean().values().iter().collect()),
        DataType::Int8 => integers!(Int8Type),
        DataType::Int16 => integers!(Int16Type),
        DataType::Int32 => integers!(Int32Type),
        DataType::Int64 => integers!(Int64Type),
        DataType::UInt8 => integers!(UInt8Type),
        DataType::UInt16 => integers!(UInt16Type),
        DataType::UInt32 => integers!(UInt32Type),
        DataType::UInt64 => integers!(UInt64Type),
        other => return Err(other.to_string()),
    })
}

impl Numbers {
    pub(super) fn dtype(&self) -> &'static str {
        match self.values {
            Values::F32(_) => "f32",
            Values::F64(_) => "f64",
            Values::Int(_) => "integer",
            Values::Bool(_) => "bool",
        }
    }

    pub(super) fn is_integer(&self) -> bool {
        matches!(self.values, Values::Int(_))
    }

    /// The float type of a side column.
    pub(super) fn float(&self) -> Option<Dtype> {
        match self.values {
            Values::F32(_) => Some(Dtype::F32),
            Values::F64(_) => Some(Dtype::F64),
            _ => None,
        }
    }

    /// All values in single precision, finite; `start` is the number of the first row.
    pub(super) fn singles(
        self,
        name: &str,
        start: u64,
        convert: bool,
    ) -> Result<Vec<f32>, ImportProblem> {
        let width = self.width;
        let place = |at: usize| {
            (
                start + (at / width) as u64,
                (width > 1).then_some(at % width),
            )
        };
        let array = name.to_owned();
        let (values, doubles) = match self.values {
            Values::F32(values) => (values, None),
            Values::F64(_) if !convert => {
                let (expected, found) = ("f32", "f64".to_owned());
                return Err(ImportProblem::Dtype {
                    array,
                    expected,
                    found,
                });
            }
            Values::F64(values) => (values.iter().map(|&x| x as f32).collect(), Some(values)),
            Values::Bool(values) => {
                let single = |x| f32::from(u8::from(x));
                return Ok(values.into_iter().map(single).collect());
            }
            Values::Int(values) => {
                if let Some(at) = values.iter().position(|x| x.unsigned_abs() > EXACT) {
                    let ((row, dimension), value) = (place(at), values[at].to_string());
                    return Err(ImportProblem::Inexact {
                        array,
                        row,
                        dimension,
                        value,
                    });
                }
                return Ok(values.into_iter().map(|x| x as f32).collect());
            }
        };
        let Some(at) = values.iter().position(|x| !x.is_finite()) else {
            return Ok(values);
        };
        let (row, dimension) = place(at);
        let value = doubles.map_or(f64::from(values[at]), |all| all[at]);
        Err(if value.is_finite() {
            ImportProblem::Overflow {
                array,
                row,
                dimension,
                value,
            }
        } else {
            ImportProblem::NotFinite {
                array,
                row,
                dimension,
                value,
            }
        })
    }

    /// All values as flags.
    pub(super) fn flags(self, name: &str, start: u64) -> Result<Vec<bool>, ImportProblem> {
        if let Values::Bool(values) = self.values {
            return Ok(values);
        }
        let values = self.singles(name, start, true)?;
        match values.iter().position(|&x| x != 0.0 && x != 1.0) {
            None => Ok(values.into_iter().map(|x| x == 1.0).collect()),
            Some(at) => Err(ImportProblem::NotFlag {
                array: name.to_owned(),
                row: start + at as u64,
                value: values[at],
            }),
        }
    }

    /// The values of a float column in its own precision, finite.
    pub(super) fn side(self, name: &str, start: u64) -> Result<SideValues, ImportProblem> {
        let width = self.width;
        let refuse = |at: usize, value: f64| ImportProblem::NotFinite {
            array: name.to_owned(),
            row: start + (at / width) as u64,
            dimension: (width > 1).then_some(at % width),
            value,
        };
        match self.values {
            Values::F32(values) => match values.iter().position(|x| !x.is_finite()) {
                Some(at) => Err(refuse(at, values[at].into())),
                None => Ok(SideValues::F32(values)),
            },
            Values::F64(values) => match values.iter().position(|x| !x.is_finite()) {
                Some(at) => Err(refuse(at, values[at])),
                None => Ok(SideValues::F64(values)),
            },
            _ => Err(ImportProblem::Dtype {
                array: name.to_owned(),
                expected: "f32 or f64",
                found: self.dtype().to_owned(),
            }),
        }
    }
}
