//! A node of the graph on disk: a completed stage or evaluation.

use crate::error::Error;
use crate::files;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(crate) const NODE_FILE: &str = "node.json";

/// A file of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRecord {
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Its size.
    pub size_bytes: u64,
}

/// Where and how a node was computed; never part of its identity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Version of Assay.
    pub assay_version: String,
    /// Commit of the checkout that the executable lies in; absent where it lies in none. Changes that were not committed do
    /// not show here: the hashes in identities do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Processor as the system names it.
    pub cpu: String,
    /// Cores of the machine.
    pub cores: u32,
    /// Operating system and kernel.
    pub system: String,
    /// Seconds since 1970 when the node was finished.
    pub finished_unix_s: u64,
    /// Wall-clock seconds of the worker.
    pub wall_time_s: f64,
    /// Updates per second of a stage, environment steps per second of an evaluation.
    pub rate_per_s: f64,
    /// Updates that were taken over from an interrupted worker.
    pub resumed_from_update: u64,
    /// Libraries loaded: name to SHA-256.
    pub libraries: BTreeMap<String, String>,
    /// Milliseconds that the policy took for one action of one environment, on average over an evaluation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms_per_action: Option<f64>,
}

/// The record of a completed node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Format of this record.
    pub format: u32,
    /// `stage` or `evaluation`.
    pub kind: String,
    /// Id with binaries; the folder's name.
    pub run_id: String,
    /// Id without binaries.
    pub spec_id: String,
    /// What was computed: the identity that was hashed.
    pub identity: serde_json::Value,
    /// Ids of the nodes it was computed from, by role.
    pub upstream: BTreeMap<String, String>,
    /// Files by name.
    pub files: BTreeMap<String, FileRecord>,
    /// How it came about.
    pub provenance: Provenance,
    /// The folder it was read from.
    #[serde(skip)]
    pub folder: PathBuf,
}

pub(crate) const NODE_FORMAT: u32 = 1;

impl Node {
    /// Reads the record in `folder`.
    pub(crate) fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(NODE_FILE);
        let bytes = std::fs::read(&path).map_err(Error::io("reading", &path))?;
        let mut node: Self = serde_json::from_slice(&bytes).map_err(|e| Error::Malformed {
            path: path.clone(),
            reason: e.to_string(),
        })?;
        if node.format != NODE_FORMAT {
            return Err(Error::Format {
                path,
                expected: NODE_FORMAT,
                found: node.format.to_string(),
            });
        }
        node.folder = folder.to_owned();
        Ok(node)
    }

    /// The bytes of one of its files, checked against the recorded digest.
    pub fn file(&self, name: &str) -> Result<Vec<u8>, Error> {
        let path = self.folder.join(name);
        let record = self.files.get(name).ok_or_else(|| Error::Malformed {
            path: self.folder.join(NODE_FILE),
            reason: format!("it records no file `{name}`"),
        })?;
        let bytes = std::fs::read(&path).map_err(Error::io("reading", &path))?;
        let found = hex(&bytes);
        if found == record.sha256 {
            return Ok(bytes);
        }
        Err(Error::Corrupt {
            path,
            expected: record.sha256.clone(),
            found,
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// A node being written: invisible until [`NodeWriter::publish`].
pub struct NodeWriter {
    temporary: PathBuf,
    destination: PathBuf,
    files: BTreeMap<String, FileRecord>,
    published: bool,
}

impl NodeWriter {
    pub(crate) fn new(temporary: PathBuf, destination: PathBuf) -> Result<Self, Error> {
        files::make_folder(&temporary)?;
        Ok(Self {
            temporary,
            destination,
            files: BTreeMap::new(),
            published: false,
        })
    }

    /// Adds a file (`name` may contain one folder).
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.temporary.join(name);
        if let Some(folder) = path.parent() {
            files::make_folder(folder)?;
        }
        files::write_new_file(&path, bytes)?;
        self.files.insert(
            name.to_owned(),
            FileRecord {
                sha256: hex(bytes),
                size_bytes: bytes.len() as u64,
            },
        );
        Ok(())
    }

    /// The folder being written, for libraries that write files themselves; register those with `adopt`.
    pub fn folder(&self) -> &Path {
        &self.temporary
    }

    /// Makes the node visible. If another worker was first, its node stays and this one is dropped.
    pub fn publish(mut self, mut node: Node) -> Result<(), Error> {
        node.format = NODE_FORMAT;
        node.files = std::mem::take(&mut self.files);
        let path = self.temporary.join(NODE_FILE);
        let text = serde_json::to_string_pretty(&node).map_err(|e| Error::Malformed {
            path: path.clone(),
            reason: e.to_string(),
        })?;
        files::write_new_file(&path, text.as_bytes())?;
        files::sync_folder(&self.temporary)?;
        if let Some(parent) = self.destination.parent() {
            files::make_folder(parent)?;
        }
        let published = || self.destination.join(NODE_FILE).exists();
        if published() {
            return Ok(());
        }
        match files::rename(&self.temporary, &self.destination) {
            // Another worker was first between the look and the rename.
            Err(_) if self.temporary.exists() && published() => Ok(()),
            outcome => {
                self.published = outcome.is_ok();
                outcome
            }
        }
    }
}

impl Drop for NodeWriter {
    fn drop(&mut self) {
        if !self.published {
            // Best effort: what stays is swept at the next start.
            let _ = std::fs::remove_dir_all(&self.temporary);
        }
    }
}
