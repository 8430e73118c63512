//! Reading the folder of published tables.

use std::path::{Path, PathBuf};

use super::table::Table;
use crate::error::{Error, Result};

/// A table with the file that it came from.
#[derive(Clone, Debug)]
pub struct File {
    /// The file.
    pub path: PathBuf,
    /// Its text, for the lines of its keys.
    text: String,
    /// What it says.
    pub table: Table,
}

impl File {
    /// A table from text that is not on disk.
    ///
    /// # Errors
    /// As [`Table::parse`].
    pub fn parse(path: PathBuf, text: String) -> std::result::Result<Self, manifest::Error> {
        let table = Table::parse(&text, &path.display().to_string())?;
        Ok(Self { path, text, table })
    }

    /// The line on which the score with this 1-based number begins.
    pub fn line(&self, row: usize) -> Option<usize> {
        let key = format!("scores[{}]", row.checked_sub(1)?);
        manifest::locate(&self.text, "", &key).line
    }
}

/// Every `*.toml` of a folder, in the order of their names.
///
/// # Errors
/// `Read` for a folder or file that cannot be read, `Published` for a file that is no table or not named after it.
pub fn load(folder: &Path) -> Result<Vec<File>> {
    let read = |path: &Path, source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| read(folder, e))? {
        let path = entry.map_err(|e| read(folder, e))?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let text = std::fs::read_to_string(&path).map_err(|e| read(&path, e))?;
        let file = File::parse(path, text)?;
        let stem = file.path.file_stem().unwrap_or_default().to_string_lossy();
        if stem != file.table.id {
            let reason = format!("id is `{}`, expected `{stem}`, as the file", file.table.id);
            let name = file.path.display().to_string();
            let at = manifest::locate(&file.text, &name, "id");
            let hint = None;
            return Err(manifest::Error::Value { at, reason, hint }.into());
        }
        files.push(file);
    }
    Ok(files)
}
