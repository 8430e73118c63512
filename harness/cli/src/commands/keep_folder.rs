//! A study folder: its long table, its description, and what is rendered from them.

use crate::exit::{Exit, Refusal};
use crate::output;
use analysis::study::Study;
use std::path::Path;
use store::{Observation, Origins};

/// Beside the renderings: the digest of what they were made from. Written last, so that renderings which a kill left
/// unfinished or old are made anew.
const RENDERED: &str = "rendered.sha256";

/// Writes long table, description and what `origins` gives, and renders the study anew unless that was done from the same bytes.
pub(crate) fn keep(
    folder: &Path,
    study: &Study,
    rows: &[Observation],
    origins: impl FnOnce() -> Result<Origins, Refusal>,
) -> Result<(), Refusal> {
    let observations = folder.join("observations.parquet");
    let text =
        serde_json::to_string_pretty(study).map_err(|e| Refusal::new(Exit::Bug, e.to_string()))?;
    store::write_observations(&observations, rows)?;
    store::replace_file(&folder.join("study.json"), text.as_bytes())?;
    let long_table = std::fs::read(&observations).map_err(|e| {
        let message = format!("reading {}: {e}", observations.display());
        Refusal::new(Exit::Execution, message)
    })?;
    let source = manifest::identity::id_of(&[
        env!("CARGO_PKG_VERSION"),
        &manifest::identity::sha256_hex(&long_table),
        &manifest::identity::sha256_hex(text.as_bytes()),
    ]);
    let rendered = folder.join(RENDERED);
    // Studies of earlier versions have no origins: theirs are written, and shown on a page, with the next run.
    let complete = folder.join(Origins::FILE).is_file();
    if complete && std::fs::read_to_string(&rendered).is_ok_and(|found| found == source) {
        return Ok(());
    }
    // What follows replaces files one by one: until all are new, they are those of no source.
    match std::fs::remove_file(&rendered) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            let message = format!("removing {}: {e}", rendered.display());
            return Err(Refusal::new(Exit::Execution, message));
        }
        _ => {}
    }
    origins()?.write(folder)?;
    match report::write_all(folder, folder) {
        Ok(written) => {
            for (figure, reason) in &written.left_out {
                output::note(&format!("no {figure}: {reason}"));
            }
            Ok(store::replace_file(&rendered, source.as_bytes())?)
        }
        // The exit code says so at the end, after the failures were listed.
        Err(error) if error.nothing_measured() => {
            let page = report::page(folder)?;
            Ok(store::replace_file(
                &folder.join(report::PAGE),
                page.html.as_bytes(),
            )?)
        }
        Err(error) => Err(error.into()),
    }
}
