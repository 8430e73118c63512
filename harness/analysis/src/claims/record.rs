//! The digest of a claims file beside the results, so that later edits show.
//!
//! `claims.json` in the study's folder keeps the digests of the file and of each claim as they were when the file was
//! first seen, and whether the study had results then. It is written once and never changed by later runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::file::ClaimsFile;

/// A claims file as it was first seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registered {
    /// Version of this layout.
    pub format: u32,
    /// Digest of the file by its id.
    pub files: BTreeMap<String, RegisteredFile>,
}

/// One file as it was first seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisteredFile {
    /// SHA-256 of its canonical JSON.
    pub digest: String,
    /// The same of each claim.
    pub claims: BTreeMap<String, String>,
    /// Whether the study had no result yet.
    pub before_results: bool,
}

/// What registering a file found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Registration {
    /// Whether the file was seen for the first time.
    pub new: bool,
    /// Whether it was registered before the study had results.
    pub before_results: bool,
    /// Digest at registration.
    pub digest: String,
    /// Claims that were changed since, added ones included.
    pub edited: Vec<String>,
    /// Claims that were taken out since.
    pub removed: Vec<String>,
}

/// Compares `file` with what is registered, and registers it if its id is new. Returns what to write back, if anything.
///
/// # Errors
/// When `known` is not a registration of this format.
pub fn register(
    known: Option<&str>,
    file: &ClaimsFile,
    before_results: bool,
) -> serde_json::Result<(Registration, Option<Registered>)> {
    let mut registered = match known {
        Some(text) => serde_json::from_str(text)?,
        None => Registered {
            format: 1,
            files: BTreeMap::new(),
        },
    };
    let claims: BTreeMap<String, String> = file
        .claims
        .iter()
        .map(|c| (c.id.clone(), c.digest()))
        .collect();
    if let Some(first) = registered.files.get(&file.id) {
        let changed = |(id, digest): &(&String, &String)| first.claims.get(*id) != Some(*digest);
        let registration = Registration {
            new: false,
            before_results: first.before_results,
            digest: first.digest.clone(),
            edited: claims
                .iter()
                .filter(changed)
                .map(|(id, _)| id.clone())
                .collect(),
            removed: first
                .claims
                .keys()
                .filter(|id| !claims.contains_key(*id))
                .cloned()
                .collect(),
        };
        return Ok((registration, None));
    }
    let entry = RegisteredFile {
        digest: file.digest(),
        claims,
        before_results,
    };
    let registration = Registration {
        new: true,
        before_results,
        digest: entry.digest.clone(),
        ..Registration::default()
    };
    registered.files.insert(file.id.clone(), entry);
    Ok((registration, Some(registered)))
}
