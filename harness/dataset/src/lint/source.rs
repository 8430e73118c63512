//! Lint of a source before it is imported: what keeps it from being read, and what its rows say.

use std::path::Path;

use crate::error::{Error, Result};
use crate::import::{ImportOptions, ImportProblem, Layout, import};
use crate::metadata::Origin;
use crate::reader::Dataset;
use crate::repair::Fix;

use super::{Code, Finding, Rows, dataset as check, ends, seams};

/// What came of a source.
pub struct Examined {
    /// The data as far as they can be read, in the scratch folder.
    pub dataset: Dataset,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// Imports `path` under `scratch`, putting right what keeps it from being read, and checks what was read. Each thing put right is
/// a finding.
///
/// # Errors
/// What cannot be put right.
pub fn source(
    scratch: &Path,
    path: &Path,
    layout: Option<Layout>,
    options: &ImportOptions,
) -> Result<Examined> {
    let mut options = options.clone();
    let mut findings = Vec::new();
    let written = loop {
        match import(scratch, path, layout, &options, &mut |_, _| {}) {
            Ok(written) => break written,
            Err(error) => findings.extend(put_right(&mut options, error)?),
        }
    };
    for (fix, rows) in &written.fixed {
        // The first bad row stopped the first try; now all are known.
        if let Some(finding) = findings.iter_mut().find(|f| f.code == fix.code()) {
            finding.rows = rows.clone();
        }
    }
    let metadata = written.metadata;
    let mut unmarked = None;
    if let Origin::File { notes, .. } = &metadata.description.origin
        && let Some(note) = notes.iter().find(|n| n.starts_with("no `timeouts` and no"))
    {
        unmarked = Some(note.clone());
    }
    let dataset = Dataset::open(scratch, &metadata.description.id)?;
    if let Some(finding) = findings
        .iter_mut()
        .find(|f| f.code == Code::TimeoutsMisplaced)
    {
        finding.rows = ends::unmarked(&dataset.load()?);
    }
    if let Some(note) = unmarked {
        let (at, jumps) = seams::unmarked(&dataset.load()?).unwrap_or_default();
        let seen = if jumps.is_empty() {
            note
        } else {
            format!("{note}; {jumps}")
        };
        findings.push(Finding::new(Code::MissingTimeouts, seen, at));
    }
    for finding in check(&dataset)? {
        if findings.iter().all(|known| known.code != finding.code) {
            findings.push(finding);
        }
    }
    Ok(Examined { dataset, findings })
}

/// The environment of a source that names none.
pub const UNKNOWN: &str = "unknown/unknown-v0";

/// Changes the options so that the import gets past `error`, and names it where it is a defect.
fn put_right(options: &mut ImportOptions, error: Error) -> Result<Option<Finding>> {
    let Error::Import { problem, .. } = &error else {
        return Err(error);
    };
    let seen = problem.to_string();
    let fixes = &mut options.write.fixes;
    let (code, rows) = match &**problem {
        ImportProblem::NotFinite { row, .. } if !fixes.contains(&Fix::NonFinite) => {
            fixes.push(Fix::NonFinite);
            (Code::NonFinite, [*row].into_iter().collect())
        }
        ImportProblem::UnequalLengths { .. } if !fixes.contains(&Fix::UnequalLengths) => {
            fixes.push(Fix::UnequalLengths);
            (Code::UnequalLengths, Rows::default())
        }
        ImportProblem::Dtype { found, .. } if found == "f64" && !options.convert_f64 => {
            options.convert_f64 = true;
            (Code::WrongDtype, Rows::default())
        }
        ImportProblem::Discontinuity { row } if !options.split_discontinuities => {
            options.split_discontinuities = true;
            (Code::TimeoutsMisplaced, [*row].into_iter().collect())
        }
        ImportProblem::NoEnvironment if options.environment.is_none() => {
            options.environment = Some(UNKNOWN.to_owned());
            return Ok(None);
        }
        _ => return Err(error),
    };
    Ok(Some(Finding::new(code, seen, rows)))
}
