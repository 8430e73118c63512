//! Parquet files of a node: metrics over updates, and scores of episodes.

use crate::error::Error;
use arrow::array::{Array, ArrayRef, Float64Array, StringArray, UInt64Array};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// A metric that a learner or the evaluator reported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricRow {
    /// Updates made.
    pub update: u64,
    /// Name.
    pub metric: String,
    /// Value.
    pub value: f64,
}

/// The raw score of one episode.
#[derive(Clone, Debug, PartialEq)]
pub struct EpisodeRow {
    /// Updates of the scored snapshot.
    pub update: u64,
    /// Index of the episode.
    pub episode: u64,
    /// Undiscounted sum of rewards.
    pub episode_return: f64,
    /// Steps.
    pub episode_length: u64,
}

/// Columns to one Parquet file in memory. The bytes are a function of the columns alone.
pub(crate) fn parquet_bytes(columns: Vec<(&str, ArrayRef)>) -> Result<Vec<u8>, Error> {
    parquet_of([columns])
}

/// Pieces of one table to one Parquet file in memory; all have the columns of the first. No piece: no bytes.
pub(crate) fn parquet_of<'a>(
    pieces: impl IntoIterator<Item = Vec<(&'a str, ArrayRef)>>,
) -> Result<Vec<u8>, Error> {
    let fail = |reason: String| Error::Parquet {
        action: "encoding",
        path: "rows".into(),
        reason,
    };
    let mut writer = None;
    for columns in pieces {
        let batch = RecordBatch::try_from_iter(columns).map_err(|e| fail(e.to_string()))?;
        let open = match &mut writer {
            Some(open) => open,
            none => {
                let level = ZstdLevel::try_new(3).map_err(|e| fail(e.to_string()))?;
                let properties = WriterProperties::builder()
                    .set_compression(Compression::ZSTD(level))
                    .set_created_by("assay".into())
                    .build();
                let new = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties));
                none.insert(new.map_err(|e| fail(e.to_string()))?)
            }
        };
        open.write(&batch).map_err(|e| fail(e.to_string()))?;
    }
    match writer {
        Some(open) => open.into_inner().map_err(|e| fail(e.to_string())),
        None => Ok(Vec::new()),
    }
}

/// Metrics as Parquet.
pub fn write_metrics(rows: &[MetricRow]) -> Result<Vec<u8>, Error> {
    parquet_bytes(vec![
        (
            "update",
            Arc::new(UInt64Array::from_iter_values(rows.iter().map(|r| r.update))),
        ),
        (
            "metric",
            Arc::new(StringArray::from_iter_values(
                rows.iter().map(|r| &r.metric),
            )),
        ),
        (
            "value",
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|r| r.value))),
        ),
    ])
}

/// Episodes as Parquet.
pub fn write_episodes(rows: &[EpisodeRow]) -> Result<Vec<u8>, Error> {
    parquet_bytes(vec![
        (
            "update",
            Arc::new(UInt64Array::from_iter_values(rows.iter().map(|r| r.update))),
        ),
        (
            "episode",
            Arc::new(UInt64Array::from_iter_values(
                rows.iter().map(|r| r.episode),
            )),
        ),
        (
            "episode_return",
            Arc::new(Float64Array::from_iter_values(
                rows.iter().map(|r| r.episode_return),
            )),
        ),
        (
            "episode_length",
            Arc::new(UInt64Array::from_iter_values(
                rows.iter().map(|r| r.episode_length),
            )),
        ),
    ])
}

pub(crate) fn batches(bytes: Vec<u8>, path: &Path) -> Result<Vec<RecordBatch>, Error> {
    let fail = |reason: String| Error::Parquet {
        action: "reading",
        path: path.to_owned(),
        reason,
    };
    ParquetRecordBatchReaderBuilder::try_new(bytes_of(bytes))
        .and_then(|b| b.build())
        .map_err(|e| fail(e.to_string()))?
        .map(|batch| batch.map_err(|e| fail(e.to_string())))
        .collect()
}

fn bytes_of(bytes: Vec<u8>) -> bytes::Bytes {
    bytes::Bytes::from(bytes)
}

pub(crate) fn column<'a, T: 'static>(
    batch: &'a RecordBatch,
    name: &str,
    path: &Path,
) -> Result<&'a T, Error> {
    batch
        .column_by_name(name)
        .and_then(|c| c.as_any().downcast_ref::<T>())
        .ok_or_else(|| Error::Malformed {
            path: path.to_owned(),
            reason: format!("it has no column `{name}` of the expected type"),
        })
}

/// Metrics from Parquet; `path` names the file in errors.
pub fn read_metrics(bytes: Vec<u8>, path: &Path) -> Result<Vec<MetricRow>, Error> {
    let mut rows = Vec::new();
    for batch in batches(bytes, path)? {
        let update: &UInt64Array = column(&batch, "update", path)?;
        let metric: &StringArray = column(&batch, "metric", path)?;
        let value: &Float64Array = column(&batch, "value", path)?;
        rows.extend((0..batch.num_rows()).map(|i| MetricRow {
            update: update.value(i),
            metric: metric.value(i).to_owned(),
            value: value.value(i),
        }));
    }
    Ok(rows)
}

/// Episodes from Parquet; `path` names the file in errors.
pub fn read_episodes(bytes: Vec<u8>, path: &Path) -> Result<Vec<EpisodeRow>, Error> {
    let mut rows = Vec::new();
    for batch in batches(bytes, path)? {
        let update: &UInt64Array = column(&batch, "update", path)?;
        let episode: &UInt64Array = column(&batch, "episode", path)?;
        let episode_return: &Float64Array = column(&batch, "episode_return", path)?;
        let episode_length: &UInt64Array = column(&batch, "episode_length", path)?;
        rows.extend((0..batch.num_rows()).map(|i| EpisodeRow {
            update: update.value(i),
            episode: episode.value(i),
            episode_return: episode_return.value(i),
            episode_length: episode_length.value(i),
        }));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_and_bytes_repeat() {
        let metrics = vec![MetricRow {
            update: 5,
            metric: "loss".into(),
            value: -0.5,
        }];
        let bytes = write_metrics(&metrics).unwrap();
        assert_eq!(bytes, write_metrics(&metrics).unwrap());
        assert_eq!(read_metrics(bytes, Path::new("m")).unwrap(), metrics);
        let episodes = vec![EpisodeRow {
            update: 5,
            episode: 0,
            episode_return: 1.5,
            episode_length: 3,
        }];
        assert_eq!(
            read_episodes(write_episodes(&episodes).unwrap(), Path::new("e")).unwrap(),
            episodes
        );
    }
}
