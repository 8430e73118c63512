//! The cached result of a verification.
//!
//! `verified.json` beside the data file records for which file (path, size, modification time, inode) which digests
//! were computed. It is a cache: missing, unreadable or unwritable, it costs another reading of the data and nothing
//! else.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::digest::Digest;
use crate::error::Result;
use crate::writer::io_error;

const CACHE_FILE: &str = "verified.json";
const CACHE_VERSION: u32 = 1;

/// What identifies the bytes of a file without reading them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    path: PathBuf,
    size: u64,
    modified_s: i64,
    modified_ns: i64,
    inode: u64,
}

#[derive(Serialize, Deserialize)]
struct Record {
    version: u32,
    stamp: Stamp,
    logical_digest: Digest,
    file_digest: Digest,
}

impl Stamp {
    pub(crate) fn of(path: &Path) -> Result<Self> {
        let path = fs::canonicalize(path).map_err(io_error(path, "find the file"))?;
        let facts =
            fs::metadata(&path).map_err(io_error(&path, "read the file's size and time"))?;
        let (modified_s, modified_ns) = (facts.mtime(), facts.mtime_nsec());
        Ok(Self {
            path,
            size: facts.size(),
            modified_s,
            modified_ns,
            inode: facts.ino(),
        })
    }

    /// The logical digest that a verification of exactly this file gave.
    pub(crate) fn recorded(&self, data: &Path) -> Option<Digest> {
        let text = fs::read(cache_path(data)).ok()?;
        let record: Record = serde_json::from_slice(&text).ok()?;
        (record.version == CACHE_VERSION && record.stamp == *self).then_some(record.logical_digest)
    }

    /// Records a verification; failure (a read-only data root) is no error, because this is a cache.
    pub(crate) fn record(self, data: &Path, logical_digest: Digest, file_digest: Digest) {
        let record = Record {
            version: CACHE_VERSION,
            stamp: self,
            logical_digest,
            file_digest,
        };
        let (Some(folder), Ok(text)) = (data.parent(), serde_json::to_vec_pretty(&record)) else {
            return;
        };
        let written = tempfile::Builder::new()
            .prefix(".verified-")
            .permissions(fs::Permissions::from_mode(0o666))
            .tempfile_in(folder)
            .and_then(|mut file| {
                file.write_all(&text)?;
                file.persist(cache_path(data)).map_err(|error| error.error)
            });
        drop(written);
    }
}

fn cache_path(data: &Path) -> PathBuf {
    data.with_file_name(CACHE_FILE)
}

/// SHA-256 of a file, read in blocks.
///
/// # Errors
/// The file cannot be read.
pub fn file_digest(path: &Path) -> Result<Digest> {
    let mut file = File::open(path).map_err(io_error(path, "open the file"))?;
    let mut hash = Sha256::new();
    // As much as the processor's second cache holds, from where it is hashed.
    let mut block = vec![0; 1 << 18];
    loop {
        match file.read(&mut block) {
            Ok(0) => return Ok(Digest::finish(hash)),
            Ok(n) => hash.update(&block[..n]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(io_error(path, "read the file")(error)),
        }
    }
}
