//! The datasets of a data root.

use std::fs;
use std::path::Path;

use crate::error::Result;
use crate::id::DatasetId;
use crate::reader::{DATA_FILE, Dataset};
use crate::writer::io_error;

/// Parts of a name, at most.
const DEPTH: u32 = 3;

/// An entry of [`list`].
#[derive(Debug)]
pub struct Listed {
    /// The name, from the folder.
    pub id: DatasetId,
    /// The dataset, or why it cannot be opened.
    pub dataset: Result<Dataset>,
}

/// The datasets under `root`, by name. A missing root has none.
pub fn list(root: &Path) -> Result<Vec<Listed>> {
    let mut ids = Vec::new();
    collect(root, "", DEPTH, &mut ids)?;
    ids.sort();
    let open = |id| Listed {
        dataset: Dataset::open(root, &id),
        id,
    };
    Ok(ids.into_iter().map(open).collect())
}

fn collect(folder: &Path, prefix: &str, depth: u32, ids: &mut Vec<DatasetId>) -> Result<()> {
    if depth == 0 || !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder).map_err(io_error(folder, "list the folder"))? {
        let entry = entry.map_err(io_error(folder, "list the folder"))?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if name.starts_with('.') {
            continue;
        }
        let path = entry.path();
        let id = format!("{prefix}{name}");
        match DatasetId::new(&id) {
            Ok(id) if path.join(DATA_FILE).is_file() => ids.push(id),
            _ => collect(&path, &format!("{id}/"), depth - 1, ids)?,
        }
    }
    Ok(())
}
