//! The logical digest: what a dataset *is*, whatever file holds it.
//!
//! # Definition (version 1)
//!
//! Every column has a digest of its own: SHA-256 over its values in row order, nothing between them.
//!
//! | column | dtype | bytes |
//! |---|---|---|
//! | `episode` | `u32` | 4 bytes a row, little-endian |
//! | `observation` | `f32` | `d` IEEE 754 singles a row, little-endian |
//! | `action` | `f32` | `a` singles a row |
//! | `reward` | `f32` | one single a row |
//! | `terminated` | `bool` | one byte a row, 0 or 1 |
//! | `truncated` | `bool` | one byte a row, 0 or 1 |
//! | `final_observation` | `f32` | for each row that has one: the row number as 8 bytes little-endian, then `d` singles |
//!
//! The logical digest is the SHA-256 of this text (UTF-8; `\t` between fields, `\n` after each line; the columns in the
//! order above; the digest in lowercase hexadecimal; width 1 for scalars):
//!
//! ```text
//! assay/transitions/1
//! rows<TAB><number of rows>
//! <column><TAB><dtype><TAB><width><TAB><column digest>      (seven lines)
//! ```
//!
//! Canonical order is: episodes numbered 0, 1, 2, ... without gaps, the rows of an episode together and in time order.
//! The writer refuses anything else, so the order of rows is the order of the source. Bits are hashed as they are
//! (`-0.0` differs from `0.0`); values that are not finite are refused before they get here. Compression, row groups,
//! encodings, the file format, names, side columns and metadata do not enter. A side column (`qpos`, ...) has the same
//! kind of column digest over its values in its own dtype.

use std::fmt;
use std::str::FromStr;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{Float32Type, Float64Type, UInt32Type};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::schema::{Dtype, FINAL_OBSERVATION, Layout};

const HEADER: &str = "assay/transitions/1\n";

/// A SHA-256 digest; shown and stored as 64 lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn finish(hash: Sha256) -> Self {
        Self(hash.finalize().into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// Text that is not 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a SHA-256 digest of 64 hexadecimal digits")]
pub struct InvalidDigest(String);

impl FromStr for Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let invalid = || InvalidDigest(text.to_owned());
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(invalid());
        }
        let mut bytes = [0; 32];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| invalid())?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Digest {
    type Error = InvalidDigest;

    fn try_from(text: String) -> Result<Self, InvalidDigest> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

/// The digests of a dataset: the logical one and one per column, in the order of its layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests {
    /// The identity of the transitions.
    pub logical: Digest,
    /// Column name and digest; core columns first, then side columns.
    pub columns: Vec<(String, Digest)>,
}

/// Computes the digests of a stream of record batches.
pub(crate) struct Hasher {
    layout: Layout,
    rows: u64,
    columns: Vec<Sha256>,
}

impl Hasher {
    pub(crate) fn new(layout: &Layout) -> Self {
        Self {
            layout: layout.clone(),
            rows: 0,
            columns: vec![Sha256::new(); layout.columns().len()],
        }
    }

    /// Adds a batch whose columns are those of the layout, in that order.
    pub(crate) fn update(&mut self, batch: &RecordBatch) {
        for ((column, array), hash) in self
            .layout
            .columns()
            .iter()
            .zip(batch.columns())
            .zip(&mut self.columns)
        {
            if column.name == FINAL_OBSERVATION {
                update_final(hash, array, self.rows);
            } else {
                update_values(hash, array, column.dtype);
            }
        }
        self.rows += batch.num_rows() as u64;
    }

    pub(crate) fn finish(self) -> Digests {
        let digests: Vec<Digest> = self.columns.into_iter().map(Digest::finish).collect();
        let mut text = format!("{HEADER}rows\t{}\n", self.rows);
        let columns = self.layout.columns();
        for (column, digest) in columns
            .iter()
            .zip(&digests)
            .filter(|(column, _)| column.is_core())
        {
            text += &format!(
                "{}\t{}\t{}\t{digest}\n",
                column.name, column.dtype, column.width
            );
        }
        let named = columns
            .iter()
            .map(|c| c.name.clone())
            .zip(digests)
            .collect();
        Digests {
            logical: Digest::of(text.as_bytes()),
            columns: named,
        }
    }
}

fn update_values(hash: &mut Sha256, array: &dyn Array, dtype: Dtype) {
    let values = array
        .as_fixed_size_list_opt()
        .map_or(array, |list| list.values().as_ref());
    match dtype {
        Dtype::Bool => hash.update(bytes_of_bools(values.as_boolean())),
        Dtype::U32 => hash.update(le_bytes(
            values.as_primitive::<UInt32Type>().values().inner(),
        )),
        Dtype::F32 => hash.update(le_bytes(
            values.as_primitive::<Float32Type>().values().inner(),
        )),
        Dtype::F64 => hash.update(le_bytes(
            values.as_primitive::<Float64Type>().values().inner(),
        )),
    }
}

fn update_final(hash: &mut Sha256, array: &dyn Array, first_row: u64) {
    let list = array.as_fixed_size_list();
    let row_bytes = list.value_length() as usize * size_of::<f32>();
    let bytes = le_bytes(list.values().as_primitive::<Float32Type>().values().inner());
    for row in (0..list.len()).filter(|&row| list.is_valid(row)) {
        hash.update((first_row + row as u64).to_le_bytes());
        hash.update(&bytes[row * row_bytes..(row + 1) * row_bytes]);
    }
}

fn bytes_of_bools(values: &BooleanArray) -> Vec<u8> {
    values.values().iter().map(u8::from).collect()
}

/// Arrow keeps native byte order; the digest is defined in little-endian.
fn le_bytes(buffer: &arrow::buffer::Buffer) -> &[u8] {
    const {
        assert!(
            cfg!(target_endian = "little"),
            "the logical digest needs a byte swap on this target"
        )
    };
    buffer.as_slice()
}
