//! The store itself: looking nodes up, writing them, keeping partial states and failures.

use crate::error::Error;
use crate::files;
use crate::node::{Node, NodeWriter};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::path::{Path, PathBuf};

const FORMAT: &str = "1";

/// A results folder.
#[derive(Clone, Debug)]
pub struct Store {
    results: PathBuf,
    root: PathBuf,
}

/// Held while a run writes; released when dropped or when the process ends in any way.
pub struct Lock {
    _file: File,
}

/// Resumable state of a running stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partial {
    /// Updates made.
    pub update: u64,
    /// SHA-256 of the state file.
    pub state_sha256: String,
    /// Metrics up to here.
    pub metrics: Vec<crate::rows::MetricRow>,
}

/// Why a node could not be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// A function of the plugin returned an error.
    Failed,
    /// The plugin panicked; the guard caught it.
    Panicked,
    /// The worker died of a signal or left without a result.
    Crashed,
    /// A NaN or infinity.
    NonFinite,
    /// The time limit.
    TimedOut,
    /// The memory limit.
    OutOfMemory,
    /// The plugin was refused.
    Refused,
    /// A stage that it is computed from failed.
    Upstream,
}

impl FailureKind {
    /// Name in tables and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::Crashed => "crashed",
            Self::NonFinite => "non-finite",
            Self::TimedOut => "timed-out",
            Self::OutOfMemory => "out-of-memory",
            Self::Refused => "refused",
            Self::Upstream => "upstream",
        }
    }
}

/// A failed attempt at a node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// Format of this record.
    pub format: u32,
    /// The node.
    pub run_id: String,
    /// What was to be computed.
    pub identity: serde_json::Value,
    /// Kind of failure.
    pub kind: FailureKind,
    /// One sentence.
    pub message: String,
    /// Wall-clock seconds until it failed.
    pub wall_time_s: f64,
}

impl Store {
    /// Opens (or makes) the store below `results`.
    pub fn open(results: &Path) -> Result<Self, Error> {
        let store = Self {
            results: results.to_owned(),
            root: results.join("store"),
        };
        files::make_folder(&store.root)?;
        let path = store.root.join("FORMAT");
        match std::fs::read_to_string(&path) {
            Ok(text) if text.trim() == FORMAT => Ok(store),
            Ok(text) => Err(Error::Format {
                path,
                expected: 1,
                found: text.trim().to_owned(),
            }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                files::replace_file(&path, format!("{FORMAT}\n").as_bytes())?;
                Ok(store)
            }
            Err(e) => Err(Error::io("reading", &path)(e)),
        }
    }

    /// The results folder.
    pub fn results(&self) -> &Path {
        &self.results
    }

    /// The folder of a study.
    pub fn study_folder(&self, study: &str) -> PathBuf {
        self.results.join(study)
    }

    /// Takes the writer's lock and sweeps what dead writers left half-written.
    pub fn lock(&self) -> Result<Lock, Error> {
        let path = self.root.join("lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let file = file.map_err(Error::io("opening", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(Error::Locked { path }),
            Err(std::fs::TryLockError::Error(e)) => return Err(Error::io("locking", &path)(e)),
        }
        self.sweep()?;
        Ok(Lock { _file: file })
    }

    /// Removes half-written nodes, and resumable states of nodes that are complete.
    fn sweep(&self) -> Result<(), Error> {
        for half in entries(&self.root.join("tmp"))? {
            // A worker whose coordinator was killed may still be writing here for an instant; what stays is swept the
            // next time.
            let _ = std::fs::remove_dir_all(half);
        }
        for partial in entries(&self.root.join("partial"))? {
            let name = partial.file_name().unwrap_or_default().to_string_lossy();
            if self.has(&name) {
                let _ = std::fs::remove_dir_all(&partial);
            }
        }
        Ok(())
    }

    fn node_folder(&self, run_id: &str) -> PathBuf {
        self.root
            .join("nodes")
            .join(run_id.get(..2).unwrap_or("xx"))
            .join(run_id)
    }

    /// Whether a node is complete.
    pub fn has(&self, run_id: &str) -> bool {
        self.node_folder(run_id)
            .join(crate::node::NODE_FILE)
            .is_file()
    }

    /// A complete node.
    pub fn node(&self, run_id: &str) -> Result<Node, Error> {
        Node::read(&self.node_folder(run_id))
    }

    /// Ids of all complete nodes that start with `prefix`, sorted.
    pub fn find(&self, prefix: &str) -> Result<Vec<String>, Error> {
        let mut found = Vec::new();
        for shard in entries(&self.root.join("nodes"))? {
            for node in entries(&shard)? {
                let name = node
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                if name.starts_with(prefix) && self.has(&name) {
                    found.push(name);
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// Ids of all nodes with a failed attempt that start with `prefix`, sorted.
    pub fn find_failures(&self, prefix: &str) -> Result<Vec<String>, Error> {
        let names = entries(&self.root.join("failures"))?;
        let names = names
            .iter()
            .filter_map(|p| p.file_name())
            .map(|n| n.to_string_lossy().into_owned());
        Ok(names.filter(|name| name.starts_with(prefix)).collect())
    }

    /// Starts writing a node.
    pub fn writer(&self, run_id: &str) -> Result<NodeWriter, Error> {
        let tmp = self.root.join("tmp");
        files::make_folder(&tmp)?;
        NodeWriter::new(files::unique(&tmp, run_id), self.node_folder(run_id))
    }

    fn partial_folder(&self, run_id: &str) -> PathBuf {
        self.root.join("partial").join(run_id)
    }

    /// Keeps a resumable state, replacing an older one.
    pub fn save_partial(
        &self,
        run_id: &str,
        state: &[u8],
        mut partial: Partial,
    ) -> Result<(), Error> {
        let folder = self.partial_folder(run_id);
        partial.state_sha256 = sha(state);
        // The state's name holds its update, so the record that names it never points at other bytes.
        files::replace_file(&folder.join(state_name(partial.update)), state)?;
        let text = serde_json::to_vec(&partial).map_err(|e| Error::Malformed {
            path: folder.join("partial.json"),
            reason: e.to_string(),
        })?;
        files::replace_file(&folder.join("partial.json"), &text)?;
        for entry in entries(&folder)? {
            let name = entry
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if name.starts_with("state-") && name != state_name(partial.update) {
                let _ = std::fs::remove_file(entry);
            }
        }
        Ok(())
    }

    /// The newest resumable state, if there is an intact one.
    pub fn partial(&self, run_id: &str) -> Option<(Partial, Vec<u8>)> {
        let folder = self.partial_folder(run_id);
        let text = std::fs::read(folder.join("partial.json")).ok()?;
        let partial: Partial = serde_json::from_slice(&text).ok()?;
        let state = std::fs::read(folder.join(state_name(partial.update))).ok()?;
        (sha(&state) == partial.state_sha256).then_some((partial, state))
    }

    /// Forgets the resumable state of a node that is complete.
    pub fn drop_partial(&self, run_id: &str) {
        let _ = std::fs::remove_dir_all(self.partial_folder(run_id));
    }

    fn failure_folder(&self, run_id: &str) -> PathBuf {
        self.root.join("failures").join(run_id)
    }

    /// Records a failed attempt with its log; returns the folder.
    pub fn record_failure(&self, mut failure: Failure, log: &[u8]) -> Result<PathBuf, Error> {
        failure.format = 1;
        let folder = self.failure_folder(&failure.run_id);
        let attempt = entries(&folder)?.len() + 1;
        let folder = folder.join(attempt.to_string());
        let text = serde_json::to_vec_pretty(&failure).map_err(|e| Error::Malformed {
            path: folder.join("failure.json"),
            reason: e.to_string(),
        })?;
        files::replace_file(&folder.join("log.txt"), log)?;
        files::replace_file(&folder.join("failure.json"), &text)?;
        Ok(folder)
    }

    /// The newest failed attempt at a node, with its folder.
    pub fn failure(&self, run_id: &str) -> Option<(Failure, PathBuf)> {
        let mut attempts = entries(&self.failure_folder(run_id)).ok()?;
        attempts.sort_by_key(|p| {
            p.file_name()
                .and_then(|n| n.to_string_lossy().parse::<u64>().ok())
        });
        let folder = attempts.pop()?;
        let text = std::fs::read(folder.join("failure.json")).ok()?;
        Some((serde_json::from_slice(&text).ok()?, folder))
    }
}

fn state_name(update: u64) -> String {
    format!("state-{update}.bin")
}

fn sha(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// Entries of a folder, sorted; none if it does not exist.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let read = match std::fs::read_dir(folder) {
        Ok(read) => read,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::io("listing", folder)(e)),
    };
    let mut paths: Vec<PathBuf> = read.flatten().map(|e| e.path()).collect();
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(run_id: &str) -> Failure {
        Failure {
            format: 0,
            run_id: run_id.into(),
            identity: serde_json::json!({}),
            kind: FailureKind::Crashed,
            message: "signal 11".into(),
            wall_time_s: 0.5,
        }
    }

    fn node(run_id: &str) -> Node {
        Node {
            format: 0,
            kind: "stage".into(),
            run_id: run_id.into(),
            spec_id: "s".into(),
            identity: serde_json::json!({"a": 1}),
            upstream: Default::default(),
            files: Default::default(),
            provenance: Default::default(),
            folder: PathBuf::new(),
        }
    }

    #[test]
    fn a_node_is_invisible_until_published_and_checked_when_read() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let mut writer = store.writer("abcd").unwrap();
        writer.add("checkpoint.bin", b"weights").unwrap();
        assert!(!store.has("abcd"));
        writer.publish(node("abcd")).unwrap();
        let read = store.node("abcd").unwrap();
        assert_eq!(read.file("checkpoint.bin").unwrap(), b"weights");
        std::fs::write(read.folder.join("checkpoint.bin"), b"weightz").unwrap();
        assert!(matches!(
            read.file("checkpoint.bin"),
            Err(Error::Corrupt { .. })
        ));
        assert_eq!(store.find("ab").unwrap(), ["abcd"]);
    }

    #[test]
    fn a_dropped_writer_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        drop(store.writer("abcd").unwrap());
        assert!(
            entries(&folder.path().join("store/tmp"))
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn two_writers_exclude_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let lock = store.lock().unwrap();
        assert!(matches!(store.lock(), Err(Error::Locked { .. })));
        drop(lock);
        store.lock().unwrap();
    }

    #[test]
    fn partial_states_replace_each_other_and_corrupt_ones_are_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let partial = |update| Partial {
            update,
            state_sha256: String::new(),
            metrics: Vec::new(),
        };
        store.save_partial("r", b"one", partial(1)).unwrap();
        store.save_partial("r", b"two", partial(2)).unwrap();
        assert_eq!(
            store.partial("r").map(|(p, s)| (p.update, s)),
            Some((2, b"two".to_vec()))
        );
        std::fs::write(folder.path().join("store/partial/r/state-2.bin"), b"tw0").unwrap();
        assert!(store.partial("r").is_none());
    }

    #[test]
    fn the_lock_sweeps_what_is_half_written_or_no_longer_needed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let partial = Partial {
            update: 1,
            state_sha256: String::new(),
            metrics: Vec::new(),
        };
        store.save_partial("abcd", b"one", partial.clone()).unwrap();
        store.save_partial("running", b"one", partial).unwrap();
        let writer = store.writer("abcd").unwrap();
        writer.publish(node("abcd")).unwrap();
        let half = store.writer("dead").unwrap();
        let _lock = store.lock().unwrap();
        assert!(!half.folder().exists());
        assert!(store.partial("abcd").is_none());
        assert!(store.partial("running").is_some());
    }

    #[test]
    fn attempts_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        store.record_failure(failure("r"), b"log").unwrap();
        let second = store.record_failure(failure("r"), b"log").unwrap();
        assert_eq!(store.failure("r").unwrap().1, second);
    }

    #[test]
    fn a_newer_format_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        Store::open(folder.path()).unwrap();
        std::fs::write(folder.path().join("store/FORMAT"), "2\n").unwrap();
        assert!(matches!(
            Store::open(folder.path()),
            Err(Error::Format { .. })
        ));
    }
}
