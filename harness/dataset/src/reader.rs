//! Opening, loading and verifying a dataset.

use std::path::{Path, PathBuf};

use arrow::array::AsArray;
use arrow::datatypes::{Float32Type, Float64Type};
use parquet::arrow::arrow_reader::ArrowReaderMetadata;

use crate::digest::{Digest, Digests, Hasher};
use crate::error::{Error, Mismatch, Result};
use crate::id::DatasetId;
use crate::metadata::{FORMAT_VERSION, METADATA_KEY, Metadata};
use crate::rows::CoreRows;
use crate::scan::{self, Scan};
use crate::schema::{Column, Layout};
use crate::stamp::{self, Stamp};
use crate::tally::{Counts, Tally};
use crate::transitions::Transitions;

/// The file of a dataset, in its folder.
pub const DATA_FILE: &str = "transitions.parquet";

/// A dataset on disk whose metadata were read and agree with the file's schema and row count.
#[derive(Clone, Debug)]
pub struct Dataset {
    path: PathBuf,
    metadata: Metadata,
    layout: Layout,
    footer: ArrowReaderMetadata,
}

/// The result of reading every byte of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Logical digest and column digests, as computed.
    pub digests: Digests,
    /// SHA-256 of the file.
    pub file_digest: Digest,
}

impl Dataset {
    /// Opens the dataset `id` under `root`; reads the metadata only.
    pub fn open(root: &Path, id: &DatasetId) -> Result<Self> {
        let path = id.folder(root).join(DATA_FILE);
        if !path.exists() {
            return Err(Error::NotFound {
                id: id.clone(),
                path,
            });
        }
        let dataset = Self::open_file(&path)?;
        if dataset.id() != id {
            return Err(Error::Renamed {
                id: id.clone(),
                found: dataset.id().clone(),
                path,
            });
        }
        Ok(dataset)
    }

    /// Opens a data file wherever it lies.
    pub fn open_file(path: &Path) -> Result<Self> {
        let footer = scan::footer(path)?;
        let metadata = parse_metadata(path, &footer)?;
        let layout = metadata.layout()?;
        layout.check(path, footer.schema())?;
        let dataset = Self {
            path: path.to_owned(),
            metadata,
            layout,
            footer,
        };
        dataset.check_records()?;
        Ok(dataset)
    }

    /// The name.
    pub fn id(&self) -> &DatasetId {
        &self.metadata.description.id
    }

    /// The metadata.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The data file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn disagreement(&self, key: &'static str, expected: String, found: String) -> Error {
        Error::Disagreement {
            path: self.path.clone(),
            key,
            expected,
            found,
        }
    }

    fn check_records(&self) -> Result<()> {
        let recorded: Vec<&Column> = self.metadata.columns.iter().map(|c| &c.column).collect();
        let expected: Vec<&Column> = self.layout.columns().iter().collect();
        if recorded != expected {
            return Err(self.disagreement(
                "columns",
                format!("{recorded:?}"),
                format!("{expected:?}"),
            ));
        }
        let rows = self.footer.metadata().file_metadata().num_rows();
        let expected = self.metadata.counts.transitions;
        if u64::try_from(rows) != Ok(expected) {
            return Err(self.disagreement(
                "counts.transitions",
                expected.to_string(),
                rows.to_string(),
            ));
        }
        Ok(())
    }

    /// Loads the core columns into memory.
    pub fn load(&self) -> Result<Transitions> {
        let rows = self.metadata.counts.transitions;
        let limit = u64::from(u32::MAX);
        if rows > limit {
            return Err(Error::TooManyRows {
                id: self.id().clone(),
                rows,
                limit,
            });
        }
        let mut loaded = Transitions::with_capacity(
            self.layout.observation_dim,
            self.layout.action_dim,
            rows as usize,
        );
        let mut tally = Tally::default();
        for batch in self.scan(true)? {
            let batch = batch?;
            let rows = CoreRows::new(&batch);
            tally.update(&rows)?;
            loaded.extend(&rows);
        }
        self.check_counts(&tally.counts())?;
        Ok(loaded.sealed())
    }

    /// The values of a side column `[n, width]`, row-major, and its width.
    pub fn side_column(&self, name: &str) -> Result<(usize, Vec<f64>)> {
        let record = self.metadata.columns.iter().find(|c| c.column.name == name);
        let unknown = || Error::Schema {
            path: self.path.clone(),
            column: name.to_owned(),
            expected: "a side column".to_owned(),
            found: "none of that name".to_owned(),
        };
        let width = record.ok_or_else(unknown)?.column.width as usize;
        let mut values = Vec::new();
        for batch in self.scan(false)? {
            let batch = batch?;
            let column = batch.column_by_name(name).ok_or_else(unknown)?;
            let flat = match column.as_fixed_size_list_opt() {
                Some(list) => list.values(),
                None => column,
            };
            if let Some(singles) = flat.as_primitive_opt::<Float32Type>() {
                values.extend(singles.values().iter().map(|x| f64::from(*x)));
            } else if let Some(doubles) = flat.as_primitive_opt::<Float64Type>() {
                values.extend_from_slice(doubles.values());
            } else {
                return Err(unknown());
            }
        }
        Ok((width, values))
    }

    /// Computes the digests from the values, and compares them with nothing.
    ///
    /// # Errors
    /// The file cannot be read or decoded.
    pub fn digests(&self) -> Result<Digests> {
        let mut hasher = Hasher::new(&self.layout);
        for batch in self.scan(false)? {
            hasher.update(&batch?);
        }
        Ok(hasher.finish())
    }

    /// Reads the whole file and compares its content with its metadata: digests of all columns, order, counts.
    ///
    /// On success the result is cached beside the data for [`Self::verified_digest`].
    pub fn verify(&self) -> Result<Verified> {
        let before = Stamp::of(&self.path)?;
        let file_digest = stamp::file_digest(&self.path)?;
        let mut hasher = Hasher::new(&self.layout);
        let mut tally = Tally::default();
        // Damaged values can be out of order or not finite as well, but the digests say most about them.
        let mut content = Ok(());
        for batch in self.scan(false)? {
            let batch = batch?;
            hasher.update(&batch);
            content = content.and_then(|()| self.check_rows(&CoreRows::new(&batch), &mut tally));
        }
        let digests = hasher.finish();
        self.check_digests(&digests)?;
        content?;
        self.check_counts(&tally.counts())?;
        // Another process may have replaced the file meanwhile; then the result belongs to no stamp.
        if Stamp::of(&self.path)? == before {
            before.record(&self.path, digests.logical, file_digest);
        }
        Ok(Verified {
            digests,
            file_digest,
        })
    }

    fn check_rows(&self, rows: &CoreRows<'_>, tally: &mut Tally) -> Result<()> {
        let widths = (self.layout.observation_dim, self.layout.action_dim);
        rows.check_finite(tally.counts().transitions, widths)?;
        tally.update(rows)
    }

    fn check_digests(&self, found: &Digests) -> Result<()> {
        let columns = self.metadata.differing_columns(&found.columns);
        if found.logical != self.metadata.logical_digest {
            let mismatch = self.mismatch(self.metadata.logical_digest, found.logical, columns);
            return Err(Error::Digest(Box::new(mismatch)));
        }
        let recorded = self.metadata.columns.iter().zip(&found.columns);
        for (record, (column, digest)) in recorded {
            if record.digest != *digest {
                return Err(Error::SideDigest {
                    path: self.path.clone(),
                    column: column.clone(),
                    expected: record.digest,
                    found: *digest,
                });
            }
        }
        Ok(())
    }

    /// The logical digest of the bytes on disk: cached for a file whose path, size, modification time and inode are
    /// those of the last successful [`Self::verify`], which is run otherwise.
    pub fn verified_digest(&self) -> Result<Digest> {
        match Stamp::of(&self.path)?.recorded(&self.path) {
            Some(logical) if logical == self.metadata.logical_digest => Ok(logical),
            _ => Ok(self.verify()?.digests.logical),
        }
    }

    /// Refuses a dataset whose bytes do not have the digest `pinned`; the error carries both.
    pub fn expect_digest(&self, pinned: Digest) -> Result<()> {
        let found = self.verified_digest()?;
        if found == pinned {
            return Ok(());
        }
        Err(Error::Pinned(Box::new(self.mismatch(
            pinned,
            found,
            Vec::new(),
        ))))
    }

    fn mismatch(&self, expected: Digest, found: Digest, columns: Vec<String>) -> Mismatch {
        Mismatch {
            id: self.id().clone(),
            path: self.path.clone(),
            expected,
            found,
            columns,
        }
    }

    fn check_counts(&self, found: &Counts) -> Result<()> {
        let expected = &self.metadata.counts;
        if found == expected {
            return Ok(());
        }
        Err(self.disagreement("counts", format!("{expected:?}"), format!("{found:?}")))
    }

    fn scan(&self, core_only: bool) -> Result<Scan<'_>> {
        Scan::new(&self.path, &self.footer, &self.layout, core_only)
    }
}

fn parse_metadata(path: &Path, footer: &ArrowReaderMetadata) -> Result<Metadata> {
    let entries = footer.metadata().file_metadata().key_value_metadata();
    let text = entries
        .into_iter()
        .flatten()
        .find(|entry| entry.key == METADATA_KEY)
        .and_then(|e| e.value.as_deref());
    let text = text.ok_or_else(|| Error::NoMetadata {
        path: path.to_owned(),
        key: METADATA_KEY,
    })?;
    let invalid = |source| Error::Metadata {
        path: path.to_owned(),
        key: METADATA_KEY,
        source,
    };
    // The version first: a newer format may hold keys that this code would call invalid.
    let version: Version = serde_json::from_str(text).map_err(invalid)?;
    if version.format > FORMAT_VERSION {
        return Err(Error::Format {
            path: path.to_owned(),
            found: version.format,
            supported: FORMAT_VERSION,
        });
    }
    serde_json::from_str(text).map_err(invalid)
}

#[derive(serde::Deserialize)]
struct Version {
    format: u32,
}
