//! Parquet with scalar columns.

use std::fs::File;
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::mapping::{CurveColumns, Place};
use super::{Collected, Evaluation};
use crate::error::Error;

pub(super) fn read(path: &Path, columns: &CurveColumns, out: &mut Collected) -> Result<(), Error> {
    let wrong = |reason: String| Error::Source {
        path: path.to_owned(),
        reason,
    };
    let file = File::open(path).map_err(Error::io("reading", path))?;
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| wrong(e.to_string()))?;
    let schema = builder.schema().clone();
    let names: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    if let Some(reason) = columns.missing(&names) {
        return Err(wrong(reason));
    }
    let mut before = 0;
    for batch in builder.build().map_err(|e| wrong(e.to_string()))? {
        let batch = batch.map_err(|e| wrong(e.to_string()))?;
        Rows {
            path,
            batch: &batch,
            before,
        }
        .read(columns, out)?;
        before += batch.num_rows() as u64;
    }
    Ok(())
}

/// Rows of one batch; row numbers of messages begin with 1 and count over the file.
struct Rows<'a> {
    path: &'a Path,
    batch: &'a RecordBatch,
    before: u64,
}

/// A mapped column in the one type that it is read as.
enum Values<'a> {
    Column(&'a str, ArrayRef),
    Constant(&'a str),
}

impl<'a> Rows<'a> {
    fn read(&self, columns: &'a CurveColumns, out: &mut Collected) -> Result<(), Error> {
        let name = |place| self.values(place, &DataType::Utf8, "names");
        let algorithm = name(&columns.algorithm)?;
        let parts = columns
            .benchmark
            .iter()
            .map(name)
            .collect::<Result<Vec<_>, _>>()?;
        let environment = columns.environment.as_ref().map(name).transpose()?;
        let seed = self.values(&columns.seed, &DataType::Int64, "integers")?;
        let update = self.values(&columns.update, &DataType::Int64, "integers")?;
        let value = self.values(&columns.value, &DataType::Float64, "numbers")?;
        let mut benchmark = String::new();
        for row in 0..self.batch.num_rows() {
            benchmark.clear();
            for (index, part) in parts.iter().enumerate() {
                if index > 0 {
                    benchmark.push('-');
                }
                benchmark.push_str(self.text(part, row)?);
            }
            let evaluation = Evaluation {
                algorithm: self.text(&algorithm, row)?,
                benchmark: &benchmark,
                environment: environment
                    .as_ref()
                    .map(|e| self.text(e, row))
                    .transpose()?,
                seed: self.integer(&seed, row)?,
                update: self.integer(&update, row)?,
                value: self.number(&value, row)?,
            };
            out.add(self.before + row as u64 + 1, &evaluation);
        }
        Ok(())
    }

    fn values(
        &self,
        place: &'a Place,
        target: &DataType,
        what: &'static str,
    ) -> Result<Values<'a>, Error> {
        let name = match place {
            Place::Constant(text) => return Ok(Values::Constant(text)),
            Place::Column(name) => name,
        };
        let wrong = |found: &DataType| Error::Source {
            path: self.path.to_owned(),
            reason: format!("column `{name}`: expected {what}, found {found}"),
        };
        // Every mapped column is there: the schema was looked at.
        let column = self
            .batch
            .column_by_name(name)
            .ok_or_else(|| wrong(&DataType::Null))?;
        let found = column.data_type();
        let fits = match target {
            DataType::Int64 => found.is_integer(),
            DataType::Float64 => found.is_numeric(),
            _ => true,
        };
        // An overflow becomes a null, and a null names its row.
        let options = CastOptions {
            safe: true,
            ..CastOptions::default()
        };
        let cast = cast_with_options(column, target, &options);
        match cast {
            Ok(array) if fits => Ok(Values::Column(name, array)),
            _ => Err(wrong(found)),
        }
    }

    fn at(
        &self,
        column: &str,
        array: &ArrayRef,
        row: usize,
        expected: &'static str,
    ) -> Result<(), Error> {
        if array.is_valid(row) {
            return Ok(());
        }
        Err(Error::Cell {
            path: self.path.to_owned(),
            row: self.before + row as u64 + 1,
            column: column.to_owned(),
            expected,
            found: "none".into(),
        })
    }

    fn text<'b>(&self, values: &'b Values<'b>, row: usize) -> Result<&'b str, Error> {
        match values {
            Values::Constant(text) => Ok(text),
            Values::Column(name, array) => {
                self.at(name, array, row, "a name")?;
                Ok(array.as_string::<i32>().value(row))
            }
        }
    }

    fn integer(&self, values: &Values<'_>, row: usize) -> Result<i64, Error> {
        match values {
            Values::Constant(text) => self.parsed(text, "an integer"),
            Values::Column(name, array) => {
                self.at(name, array, row, "an integer")?;
                Ok(array.as_primitive::<Int64Type>().value(row))
            }
        }
    }

    fn number(&self, values: &Values<'_>, row: usize) -> Result<f64, Error> {
        match values {
            Values::Constant(text) => self.parsed(text, "a number"),
            Values::Column(name, array) => {
                self.at(name, array, row, "a number")?;
                Ok(array.as_primitive::<Float64Type>().value(row))
            }
        }
    }

    fn parsed<T: std::str::FromStr>(&self, text: &str, expected: &'static str) -> Result<T, Error> {
        text.parse().map_err(|_| Error::Cell {
            path: self.path.to_owned(),
            row: self.before + 1,
            column: text.to_owned(),
            expected,
            found: format!("`{text}`"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::read_curves;
    use super::*;
    use arrow::array::{Float32Array, Int32Array, StringArray};
    use std::sync::Arc;

    fn written(seeds: ArrayRef, scores: Vec<Option<f32>>) -> tempfile::NamedTempFile {
        let text = |name| Arc::new(StringArray::from(vec![name; 3])) as ArrayRef;
        let bytes = crate::rows::parquet_bytes(vec![
            ("algorithm", text("IQL")),
            ("env", text("hopper")),
            ("dataset", text("medium-v0")),
            ("seed", seeds),
            ("step", Arc::new(Int32Array::from(vec![2000, 1000, 1000]))),
            ("return", Arc::new(Float32Array::from(scores))),
        ]);
        let file = tempfile::Builder::new()
            .suffix(".parquet")
            .tempfile()
            .unwrap();
        std::fs::write(file.path(), bytes.unwrap()).unwrap();
        file
    }

    #[test]
    fn columns_of_other_widths_are_read_and_wrong_cells_named() {
        let seeds = || Arc::new(Int32Array::from(vec![1, 1, 2])) as ArrayRef;
        let columns = CurveColumns::default();
        let scores = || vec![Some(0.5), Some(1.5), Some(2.5)];
        let file = written(seeds(), scores());
        let runs = read_curves(file.path(), &columns).unwrap();
        assert_eq!(runs.len(), 2);
        assert_eq!(runs[0].benchmark, "hopper-medium-v0");
        assert_eq!(runs[0].evaluations, [(1000, 1.5), (2000, 0.5)]);
        let mut holes = scores();
        holes[2] = None;
        let error = read_curves(written(seeds(), holes).path(), &columns).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("row 3, column `return`: expected a number, found none"),
            "{text}"
        );
        let twice = Arc::new(Int32Array::from(vec![1, 1, 1]));
        let error = read_curves(written(twice, scores()).path(), &columns).unwrap_err();
        assert!(
            error.to_string().contains("found 1000, as in row 2"),
            "{error}"
        );
        let halves = Arc::new(Float32Array::from(vec![1.5; 3]));
        let error = read_curves(written(halves, scores()).path(), &columns).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("column `seed`: expected integers, found Float32"),
            "{error}"
        );
        let mut other = CurveColumns::default();
        other.set("return=score").unwrap();
        let error = read_curves(written(seeds(), scores()).path(), &other).unwrap_err();
        assert!(
            error.to_string().contains("no column `score` for `return`"),
            "{error}"
        );
    }
}
