//! Parts of a study: `results/<study>/parts/<name>/` is a study folder with a `part.json` beside it.

use super::session::Session;
use crate::exit::{Exit, Refusal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Version of `part.json`.
const FORMAT: u32 = 1;

/// What a part was made with.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartRecord {
    format: u32,
    /// Digests by name.
    pub(crate) made_with: BTreeMap<String, String>,
}

/// A part's name becomes the name of a folder.
pub(crate) fn check_name(name: &str) -> Result<(), Refusal> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !name.is_empty() && name.chars().all(good) {
        return Ok(());
    }
    let message = format!("--part `{name}`: expected lower-case letters, digits and `-`");
    Err(Refusal::new(Exit::Usage, message).hint("for example --part seeds-0-3"))
}

/// The folder of the parts of the study in `study`.
pub(crate) fn all(study: &Path) -> PathBuf {
    study.join("parts")
}

/// The folder of one part.
pub(crate) fn folder(study: &Path, name: &str) -> PathBuf {
    all(study).join(name)
}

/// Writes down what the part is made with.
pub(crate) fn record(session: &Session, folder: &Path) -> Result<(), Refusal> {
    let record = PartRecord {
        format: FORMAT,
        made_with: runner::made_with(&session.plan),
    };
    let text = serde_json::to_string_pretty(&record)
        .map_err(|e| Refusal::new(Exit::Bug, e.to_string()))?;
    Ok(store::replace_file(
        &folder.join("part.json"),
        text.as_bytes(),
    )?)
}

/// Reads what the part in `folder` was made with.
pub(crate) fn read(folder: &Path) -> Result<PartRecord, Refusal> {
    let file = folder.join("part.json");
    let text = std::fs::read_to_string(&file).map_err(|e| {
        Refusal::new(Exit::Usage, format!("cannot read {}: {e}", file.display()))
            .hint("a part is made by `assay run MANIFEST --part NAME`; copy its whole folder")
    })?;
    let bad = |reason: String| {
        let message = format!("{} is not valid: {reason}", file.display());
        Refusal::new(Exit::Usage, message).hint("run the part again: finished work is kept")
    };
    let record: PartRecord = serde_json::from_str(&text).map_err(|e| bad(e.to_string()))?;
    if record.format != FORMAT {
        return Err(bad(format!(
            "format is {}, expected {FORMAT}",
            record.format
        )));
    }
    Ok(record)
}
