//! Writing the Parquet file of a dataset, page by page.
//!
//! Parquet's own writer of record batches finds the levels of nested values one by one and gathers the values by index. The
//! rows of a dataset have fixed widths, so that levels are the same in every page and values go in as they lie in memory.
//! The files are what that writer would make of the same columns.

use std::fs::File;
use std::io::BufWriter;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{Float32Type, Float64Type, UInt32Type};
use bytes::Bytes;
use parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use parquet::basic::Encoding;
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::Result;
use parquet::file::metadata::{ColumnChunkMetaData, KeyValue};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use crate::pack::Pack;
use crate::pages::{dense_levels, sparse_levels, split_doubles, split_singles};
use crate::schema::{Column, Dtype, FINAL_OBSERVATION, Layout};
use crate::writer::WriteOptions;

/// Bytes of the values of a page, at most, where a row has no more.
const PAGE_BYTES: usize = 1 << 20;

/// Bytes that are written at a time.
const FILE_BYTES: usize = 1 << 18;

/// A file that is being written.
pub(crate) struct FileWriter {
    file: SerializedFileWriter<BufWriter<File>>,
    columns: Vec<ColumnWriter>,
    pack: Pack,
    group_rows: usize,
    /// Rows of the current group.
    rows: usize,
}

impl FileWriter {
    /// Starts a file with the columns of `layout`.
    pub(crate) fn new(file: File, layout: &Layout, options: &WriteOptions) -> Result<Self> {
        let schema = layout.arrow();
        let descriptor = ArrowSchemaConverter::new().convert(&schema)?;
        let mut properties = WriterProperties::default();
        add_encoded_arrow_schema_to_metadata(&schema, &mut properties);
        let (root, properties) = (descriptor.root_schema_ptr(), Arc::new(properties));
        let columns = layout.columns().iter().zip(descriptor.columns());
        Ok(Self {
            file: SerializedFileWriter::new(
                BufWriter::with_capacity(FILE_BYTES, file),
                root,
                properties,
            )?,
            columns: columns
                .map(|(column, leaf)| ColumnWriter::new(column, leaf.clone()))
                .collect(),
            pack: Pack::new(options.compression)?,
            group_rows: options.row_group_rows.max(1),
            rows: 0,
        })
    }

    /// Appends the rows of a batch of the layout's schema.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let mut start = 0;
        while start < batch.num_rows() {
            let count = (batch.num_rows() - start).min(self.group_rows - self.rows);
            for (column, array) in self.columns.iter_mut().zip(batch.columns()) {
                column.append(&array.slice(start, count), &mut self.pack)?;
            }
            self.rows += count;
            start += count;
            if self.rows == self.group_rows {
                self.end_group()?;
            }
        }
        Ok(())
    }

    fn end_group(&mut self) -> Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        for column in &mut self.columns {
            let (bytes, close) = column.end_chunk(self.rows, &mut self.pack)?;
            group.append_column(&bytes, close)?;
            column.reuse(bytes);
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }

    /// Completes the file, with an entry in its metadata.
    pub(crate) fn finish(mut self, entry: KeyValue) -> Result<File> {
        self.end_group()?;
        self.file.append_key_value_metadata(entry);
        let file = self.file.into_inner()?.into_inner();
        file.map_err(|error| error.into_error().into())
    }
}

/// A column of the current row group.
struct ColumnWriter {
    leaf: ColumnDescPtr,
    dtype: Dtype,
    width: usize,
    /// Rows without values are possible.
    sparse: bool,
    /// Rows of a page, at most.
    page_rows: usize,
    page: PageRows,
    /// Levels of a full page, once there was one; the last page of a group and sparse pages have others.
    levels: Vec<u8>,
    body: Vec<u8>,
    chunk: Chunk,
}

/// Rows that are not in a page yet.
#[derive(Default)]
struct PageRows {
    rows: usize,
    /// Whether each row has values; kept for sparse columns only.
    present: Vec<bool>,
    /// Values of the rows that have some, little-endian; flags are bytes.
    values: Vec<u8>,
}

/// The pages of a row group.
struct Chunk {
    sink: TrackedWrite<Vec<u8>>,
    compressed: usize,
    uncompressed: usize,
    /// Values and places without one.
    places: usize,
}

impl Chunk {
    /// A chunk in `room`, which is empty.
    fn new(room: Vec<u8>) -> Self {
        Self {
            sink: TrackedWrite::new(room),
            compressed: 0,
            uncompressed: 0,
            places: 0,
        }
    }
}

impl ColumnWriter {
    fn new(column: &Column, leaf: ColumnDescPtr) -> Self {
        let width = column.width as usize;
        let element = match column.dtype {
            Dtype::Bool => 1,
            Dtype::U32 | Dtype::F32 => 4,
            Dtype::F64 => 8,
        };
        let page_rows = (PAGE_BYTES / (element * width)).max(1);
        Self {
            leaf,
            dtype: column.dtype,
            width,
            sparse: column.name == FINAL_OBSERVATION,
            page_rows,
            page: PageRows::default(),
            levels: Vec::new(),
            body: Vec::new(),
            chunk: Chunk::new(Vec::new()),
        }
    }

    fn append(&mut self, array: &ArrayRef, pack: &mut Pack) -> Result<()> {
        let mut start = 0;
        while start < array.len() {
            let count = (array.len() - start).min(self.page_rows - self.page.rows);
            self.append_to_page(&array.slice(start, count));
            start += count;
            if self.page.rows == self.page_rows {
                self.end_page(pack)?;
            }
        }
        Ok(())
    }

    fn append_to_page(&mut self, array: &ArrayRef) {
        self.page.rows += array.len();
        let out = &mut self.page.values;
        let flat = match array.as_fixed_size_list_opt() {
            Some(list) => &list.values().slice(0, list.len() * self.width),
            None => array,
        };
        match self.dtype {
            Dtype::Bool => out.extend(flat.as_boolean().values().iter().map(u8::from)),
            Dtype::U32 => out.extend_from_slice(flat.as_primitive::<UInt32Type>().values().inner()),
            Dtype::F64 => {
                out.extend_from_slice(flat.as_primitive::<Float64Type>().values().inner())
            }
            Dtype::F32 => {
                let values = flat
                    .as_primitive::<Float32Type>()
                    .values()
                    .inner()
                    .as_slice();
                if !self.sparse {
                    out.extend_from_slice(values);
                    return;
                }
                let rows = values.chunks_exact(size_of::<f32>() * self.width);
                for (row, values) in rows.enumerate() {
                    let present = array.is_valid(row);
                    self.page.present.push(present);
                    if present {
                        out.extend_from_slice(values);
                    }
                }
            }
        }
    }

    fn end_page(&mut self, pack: &mut Pack) -> Result<()> {
        let rows = std::mem::take(&mut self.page.rows);
        if rows == 0 {
            return Ok(());
        }
        let places = self.begin_body(rows);
        let values = &self.page.values;
        match self.dtype {
            Dtype::F32 => split_singles(values, &mut self.body),
            Dtype::F64 => split_doubles(values, &mut self.body),
            Dtype::U32 => self.body.extend_from_slice(values),
            Dtype::Bool => self.body.extend(values.chunks(8).map(packed)),
        }
        self.page.values.clear();
        self.page.present.clear();
        let page = Page::DataPage {
            buf: pack.page(&self.body)?,
            num_values: places as u32,
            encoding: self.encoding(),
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let page = CompressedPage::new(page, self.body.len());
        let written = SerializedPageWriter::new(&mut self.chunk.sink).write_page(page)?;
        self.chunk.compressed += written.compressed_size;
        self.chunk.uncompressed += written.uncompressed_size;
        self.chunk.places += places;
        Ok(())
    }

    /// Puts the levels of a page of `rows` rows into its body; returns its places, values and rows without any.
    fn begin_body(&mut self, rows: usize) -> usize {
        self.body.clear();
        if self.sparse {
            let present = self.page.present.iter().filter(|&&present| present).count();
            self.body = sparse_levels(&self.page.present, self.width);
            return present * self.width + (rows - present);
        }
        if self.leaf.max_rep_level() > 0 {
            if rows < self.page_rows {
                self.body = dense_levels(rows, self.width);
            } else {
                if self.levels.is_empty() {
                    self.levels = dense_levels(rows, self.width);
                }
                self.body.extend_from_slice(&self.levels);
            }
        }
        rows * self.width
    }

    /// Real-valued columns repeat no value, so dictionaries and minima cost time and save nothing; with the bytes of equal
    /// significance side by side, sign and exponent do compress. Only floats have that encoding everywhere.
    fn encoding(&self) -> Encoding {
        match self.dtype {
            Dtype::F32 | Dtype::F64 => Encoding::BYTE_STREAM_SPLIT,
            Dtype::U32 | Dtype::Bool => Encoding::PLAIN,
        }
    }

    /// Puts the next chunk where one was that is written: fresh memory costs more than what is put there.
    fn reuse(&mut self, bytes: Bytes) {
        let mut room = Vec::from(bytes);
        room.clear();
        self.chunk = Chunk::new(room);
    }

    /// The pages of the row group that ends, and what its metadata say of them.
    fn end_chunk(&mut self, rows: usize, pack: &mut Pack) -> Result<(Bytes, ColumnCloseResult)> {
        self.end_page(pack)?;
        let chunk = std::mem::replace(&mut self.chunk, Chunk::new(Vec::new()));
        let metadata = ColumnChunkMetaData::builder(self.leaf.clone())
            .set_compression(pack.codec())
            .set_encodings(vec![self.encoding(), Encoding::RLE])
            .set_num_values(chunk.places as i64)
            .set_total_compressed_size(chunk.compressed as i64)
            .set_total_uncompressed_size(chunk.uncompressed as i64)
            .set_data_page_offset(0)
            .build()?;
        let close = ColumnCloseResult {
            bytes_written: chunk.compressed as u64,
            rows_written: rows as u64,
            metadata,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        Ok((Bytes::from(chunk.sink.into_inner()?), close))
    }
}

/// Up to eight flags as bits, the first the lowest.
fn packed(flags: &[u8]) -> u8 {
    flags.iter().rev().fold(0, |bits, flag| bits << 1 | flag)
}
