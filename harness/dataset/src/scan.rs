//! Decoding a data file, batch by batch.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use crate::error::{Error, Result};
use crate::rows::check_nulls;
use crate::schema::{CORE_COLUMNS, Layout};
use crate::writer::io_error;

/// Rows decoded at a time: of usual widths as much as the processor's second cache holds, from where they are used.
const BATCH_ROWS: usize = 4096;

/// Reads the footer.
pub(crate) fn footer(path: &Path) -> Result<ArrowReaderMetadata> {
    let file = File::open(path).map_err(io_error(path, "open the file"))?;
    let footer = guarded(path, || {
        ArrowReaderMetadata::load(&file, Default::default())
    })?;
    footer.map_err(|source| Error::Parquet {
        path: path.to_owned(),
        action: "read the Parquet footer",
        source,
    })
}

/// A file whose end is an error to those who read on.
///
/// What a damaged header of a page claims to hold, the decoder skips element by element, two billion of them where the file
/// has ended, too.
pub(crate) struct Bounded(pub(crate) File);

/// A place in such a file.
pub(crate) struct BoundedRead(BufReader<File>);

impl Read for BoundedRead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 if !buffer.is_empty() => Err(ErrorKind::UnexpectedEof.into()),
            count => Ok(count),
        }
    }
}

impl Length for Bounded {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl ChunkReader for Bounded {
    type T = BoundedRead;

    fn get_read(&self, start: u64) -> parquet::errors::Result<BoundedRead> {
        self.0.get_read(start).map(BoundedRead)
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        self.0.get_bytes(start, length)
    }
}

/// The batches of a file whose schema is that of the layout; no missing values outside `final_observation`.
pub(crate) struct Scan<'a> {
    path: PathBuf,
    layout: &'a Layout,
    reader: Option<ParquetRecordBatchReader>,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(
        path: &Path,
        footer: &ArrowReaderMetadata,
        layout: &'a Layout,
        core_only: bool,
    ) -> Result<Self> {
        let file = File::open(path).map_err(io_error(path, "open the file"))?;
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(Bounded(file), footer.clone());
        let mask = if core_only {
            ProjectionMask::roots(builder.parquet_schema(), 0..CORE_COLUMNS.len())
        } else {
            ProjectionMask::all()
        };
        let builder = builder.with_batch_size(BATCH_ROWS).with_projection(mask);
        let reader = guarded(path, || builder.build())?;
        let reader = reader.map_err(|source| Error::Parquet {
            path: path.to_owned(),
            action: "read rows",
            source,
        })?;
        Ok(Self {
            path: path.to_owned(),
            layout,
            reader: Some(reader),
        })
    }

    fn decode(&mut self) -> Result<Option<RecordBatch>> {
        let Some(reader) = &mut self.reader else {
            return Ok(None);
        };
        let batch = guarded(&self.path, || reader.next())?;
        let Some(batch) = batch else { return Ok(None) };
        let corrupt = |source| Error::Corrupt {
            path: self.path.clone(),
            source,
        };
        let batch = batch.map_err(corrupt)?;
        check_nulls(&batch, self.layout.columns())?;
        Ok(Some(batch))
    }
}

impl Iterator for Scan<'_> {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.decode().transpose();
        if !matches!(item, Some(Ok(_))) {
            self.reader = None;
        }
        item
    }
}

/// Runs a part of the Parquet decoder. It panics on some damaged pages; to the user these are damaged all the same.
pub(crate) fn guarded<T>(path: &Path, decode: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(decode)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text
            .or(panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        let source = ParquetError::General(format!("the decoder panicked: {text}"));
        Error::Corrupt {
            path: path.to_owned(),
            source: ArrowError::from(source),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn reading_on_where_a_file_has_ended_is_an_error() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[7; 10]).unwrap();
        let mut read = Bounded(file).get_read(8).unwrap();
        let mut two = [0; 2];
        read.read_exact(&mut two).unwrap();
        assert_eq!(two, [7, 7]);
        let error = read.read(&mut two).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
        assert_eq!(read.read(&mut []).unwrap(), 0);
    }
}
