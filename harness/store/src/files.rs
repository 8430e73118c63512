//! Durable file operations; the only places where the store touches the disk for writing.

use crate::error::Error;
use crate::failpoint;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Writes a file that does not exist yet and flushes it to disk.
pub fn write_new_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    failpoint::pass();
    let mut file = File::create_new(path).map_err(Error::io("creating", path))?;
    file.write_all(bytes).map_err(Error::io("writing", path))?;
    failpoint::pass();
    file.sync_all().map_err(Error::io("flushing", path))?;
    failpoint::pass();
    Ok(())
}

/// Replaces (or makes) a file in one step: readers see the old bytes or the new ones.
pub fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let folder = folder_of(path);
    make_folder(folder)?;
    let temporary = unique(
        folder,
        &path.file_name().unwrap_or_default().to_string_lossy(),
    );
    write_new_file(&temporary, bytes)?;
    rename(&temporary, path)
}

/// The folder that holds `path`: the current one for a bare name, whose parent is empty rather than absent.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Makes a folder and its parents.
pub(crate) fn make_folder(path: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(path).map_err(Error::io("making folder", path))
}

/// Renames and flushes the folder that holds the new name.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    failpoint::pass();
    std::fs::rename(from, to).map_err(Error::io("renaming to", to))?;
    failpoint::pass();
    sync_folder(folder_of(to))
}

/// Flushes a folder's entries to disk.
pub(crate) fn sync_folder(path: &Path) -> Result<(), Error> {
    failpoint::pass();
    File::open(path)
        .and_then(|f| f.sync_all())
        .map_err(Error::io("flushing folder", path))?;
    failpoint::pass();
    Ok(())
}

/// A name in `folder` that no other process or thread uses.
pub(crate) fn unique(folder: &Path, stem: &str) -> PathBuf {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let n = COUNT.fetch_add(1, Ordering::Relaxed);
    folder.join(format!(".{stem}.{}-{n}.tmp", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_name_lies_in_the_current_folder() {
        assert_eq!(folder_of(Path::new("figure.svg")), Path::new("."));
        assert_eq!(folder_of(Path::new("a/figure.svg")), Path::new("a"));
        assert_eq!(folder_of(Path::new("/figure.svg")), Path::new("/"));
    }
}
