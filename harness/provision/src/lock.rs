//! One lock file per component: a single process fetches, others wait.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Held while a component is fetched; released when the last descriptor of the open file closes, so also
/// when the process is killed.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock at `path`, calling `waiting` once if another process holds it.
    pub(crate) fn acquire(path: &Path, waiting: impl FnOnce()) -> Result<Self, Error> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|source| Error::io("create", folder, source))?;
        }
        let open = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path);
        let file = open.map_err(|source| Error::io("open", path, source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                waiting();
                file.lock()
                    .map_err(|source| Error::io("lock", path, source))?;
            }
            Err(TryLockError::Error(source)) => return Err(Error::io("lock", path, source)),
        }
        Ok(Self {
            file,
            path: path.to_path_buf(),
        })
    }

    /// Another descriptor of the same lock. Given to the download as its standard input, so that the lock
    /// stays taken for as long as a download runs whose parent was killed.
    pub(crate) fn share(&self) -> Result<File, Error> {
        let clone = self.file.try_clone();
        clone.map_err(|source| Error::io("duplicate", &self.path, source))
    }
}
