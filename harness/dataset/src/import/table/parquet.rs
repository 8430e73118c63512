//! Parquet: scalar columns, or lists of one length.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::super::numbers::{Numbers, Values, numbers};
use super::super::window::Window;
use super::super::{ImportOptions, problem};
use super::{Head, Mapping, Piece, Table, mapping_error, mapping_of};
use crate::batch::SideValues;
use crate::error::{Error, ImportProblem, Result};
use crate::scan::{Bounded, footer, guarded};
use crate::schema::Column;
use crate::writer::io_error;

/// Rows of a window, at most.
const WINDOW_ROWS: usize = 8192;

pub(super) struct Source {
    path: PathBuf,
    mapping: Mapping,
    convert: bool,
    reader: ParquetRecordBatchReader,
    /// Read to learn the widths.
    first: Option<RecordBatch>,
    total: u64,
    read: u64,
}

impl Source {
    pub(super) fn open(file: &Path, options: &ImportOptions) -> Result<(Self, Head)> {
        let footer = footer(file)?;
        let names: Vec<String> = footer
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        let mapping = mapping_of(file, options)?
            .resolve(&names)
            .map_err(|text| mapping_error(file, text))?;
        let total = footer.metadata().file_metadata().num_rows();
        let handle = File::open(file).map_err(io_error(file, "open the file"))?;
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(Bounded(handle), footer.clone());
        let used = used(&mapping);
        let roots = names
            .iter()
            .enumerate()
            .filter(|(_, name)| used.contains(name))
            .map(|(at, _)| at);
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
        let builder = builder.with_batch_size(WINDOW_ROWS).with_projection(mask);
        let reader = guarded(file, || builder.build())?.map_err(|source| Error::Parquet {
            path: file.to_owned(),
            action: "read rows",
            source,
        })?;
        let mut source = Self {
            path: file.to_owned(),
            mapping,
            convert: options.convert_f64,
            reader,
            first: None,
            total: u64::try_from(total).unwrap_or(0),
            read: 0,
        };
        let Some(first) = source.batch()? else {
            let array = "observation".to_owned();
            return Err(problem(file, ImportProblem::NoRows { array }));
        };
        let head = source.head(&first)?;
        source.first = Some(first);
        Ok((source, head))
    }

    fn batch(&mut self) -> Result<Option<RecordBatch>> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        loop {
            let reader = &mut self.reader;
            let next = guarded(&self.path, || reader.next())?;
            let corrupt = |source| Error::Corrupt {
                path: self.path.clone(),
                source,
            };
            match next.transpose().map_err(corrupt)? {
                Some(batch) if batch.num_rows() == 0 => {}
                other => return Ok(other),
            }
        }
    }

    fn head(&self, first: &RecordBatch) -> Result<Head> {
        let width = |columns: &[String]| -> Result<u32> {
            columns.iter().try_fold(0, |sum, name| {
                Ok(sum + self.column(first, name)?.width as u32)
            })
        };
        let mut side = Vec::new();
        for (name, columns) in &self.mapping.side {
            let dtype = self.column(first, &columns[0])?.float();
            let dtype = dtype.unwrap_or(crate::schema::Dtype::F32);
            side.push(Column::new(name, dtype, width(columns)?));
        }
        Ok(Head {
            widths: (
                width(&self.mapping.observation)?,
                width(&self.mapping.action)?,
            ),
            next_width: width(&self.mapping.next_observation)?,
            side,
            dtypes: dtypes(&first.schema()),
        })
    }

    fn column(&self, batch: &RecordBatch, name: &str) -> Result<Numbers> {
        let array = batch.column_by_name(name).ok_or_else(|| {
            let (key, present) = (name.to_owned(), Vec::new());
            problem(&self.path, ImportProblem::MissingArray { key, present })
        })?;
        numbers(array.as_ref()).map_err(|found| {
            let (array, expected) = (name.to_owned(), "numbers");
            problem(
                &self.path,
                ImportProblem::Dtype {
                    array,
                    expected,
                    found,
                },
            )
        })
    }

    /// Several columns side by side, row-major.
    fn singles(&self, batch: &RecordBatch, columns: &[String]) -> Result<Vec<f32>> {
        let n = batch.num_rows();
        let mut parts = Vec::new();
        for name in columns {
            let part = self.column(batch, name)?;
            let width = part.width;
            let values = part.singles(name, self.read, self.convert);
            parts.push((width, values.map_err(|what| problem(&self.path, what))?));
        }
        Ok(interleave(parts, n))
    }

    fn flags(&self, batch: &RecordBatch, name: &str) -> Result<Vec<bool>> {
        let part = self.column(batch, name)?;
        let flags = part.flags(name, self.read);
        flags.map_err(|what| problem(&self.path, what))
    }

    fn side(&self, batch: &RecordBatch, columns: &[String]) -> Result<SideValues> {
        let n = batch.num_rows();
        let (mut singles, mut doubles) = (Vec::new(), Vec::new());
        for name in columns {
            let part = self.column(batch, name)?;
            let width = part.width;
            let values = part.side(name, self.read);
            match values.map_err(|what| problem(&self.path, what))? {
                SideValues::F32(values) => singles.push((width, values)),
                SideValues::F64(values) => doubles.push((width, values)),
            }
        }
        match (singles.is_empty(), doubles.is_empty()) {
            (false, true) => Ok(SideValues::F32(interleave(singles, n))),
            (true, false) => Ok(SideValues::F64(interleave(doubles, n))),
            _ => Err(mapping_error(
                &self.path,
                "joins columns of single and of double precision".to_owned(),
            )),
        }
    }

    fn episodes(&self, batch: &RecordBatch, name: &str) -> Result<Vec<i64>> {
        let part = self.column(batch, name)?;
        match part.values {
            Values::Int(values) if part.width == 1 => Ok(values),
            _ => {
                let (array, expected) = (name.to_owned(), "an integer");
                let found = Numbers { ..part }.dtype().to_owned();
                Err(problem(
                    &self.path,
                    ImportProblem::Dtype {
                        array,
                        expected,
                        found,
                    },
                ))
            }
        }
    }
}

fn interleave<T: Copy>(mut parts: Vec<(usize, Vec<T>)>, rows: usize) -> Vec<T> {
    if parts.len() == 1 {
        return parts.remove(0).1;
    }
    let mut all = Vec::with_capacity(parts.iter().map(|(_, values)| values.len()).sum());
    for row in 0..rows {
        for (width, values) in &parts {
            all.extend_from_slice(&values[row * width..(row + 1) * width]);
        }
    }
    all
}

fn used(mapping: &Mapping) -> Vec<&String> {
    let single = [
        &mapping.episode,
        &mapping.reward,
        &mapping.terminated,
        &mapping.truncated,
    ];
    let lists = [
        &mapping.observation,
        &mapping.action,
        &mapping.next_observation,
    ];
    single
        .into_iter()
        .flatten()
        .chain(lists.into_iter().flatten())
        .chain(mapping.side.iter().flat_map(|(_, columns)| columns))
        .collect()
}

fn dtypes(schema: &Schema) -> Vec<(String, String)> {
    let fields = schema.fields().iter();
    fields
        .map(|field| (field.name().clone(), field.data_type().to_string()))
        .collect()
}

impl Table for Source {
    fn total(&self) -> u64 {
        self.total
    }

    fn piece(&mut self) -> Result<Option<Piece>> {
        let Some(batch) = self.batch()? else {
            return Ok(None);
        };
        let (n, mapping) = (batch.num_rows(), &self.mapping);
        let one = |name: &String| self.singles(&batch, std::slice::from_ref(name));
        let flags = |name: &String| self.flags(&batch, name);
        let next = &mapping.next_observation;
        let window = Window {
            start: self.read,
            observations: self.singles(&batch, &mapping.observation)?,
            actions: self.singles(&batch, &mapping.action)?,
            rewards: match &mapping.reward {
                Some(name) => one(name)?,
                None => vec![0.0; n],
            },
            terminals: match &mapping.terminated {
                Some(name) => flags(name)?,
                None => vec![false; n],
            },
            timeouts: mapping.truncated.as_ref().map(flags).transpose()?,
            cuts: None,
            next_observations: match next.is_empty() {
                true => None,
                false => Some(self.singles(&batch, next)?),
            },
            side: mapping
                .side
                .iter()
                .map(|(_, columns)| self.side(&batch, columns))
                .collect::<Result<_>>()?,
        };
        let episodes = mapping.episode.as_ref();
        let episodes = episodes
            .map(|name| self.episodes(&batch, name))
            .transpose()?;
        self.read += n as u64;
        Ok(Some(Piece { window, episodes }))
    }
}
