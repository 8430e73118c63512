//! Sealed metadata beside a library: `<library>.toml`, readable without running code.

use crate::error::Error;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// The format of this file.
pub(crate) const SIDECAR_VERSION: u32 = 1;

/// The metadata of one plugin library.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sidecar {
    /// Format version; readers refuse a higher one.
    pub sidecar_version: u32,
    /// Plugin id.
    pub id: String,
    /// Plugin version.
    pub version: String,
    /// SPDX expression.
    pub license: String,
    /// One sentence.
    pub description: String,
    /// Runtimes the library binds by SONAME, e.g. `libtorch 2.11.0`.
    pub runtimes: Vec<String>,
    /// The ABI it speaks.
    pub abi: AbiMeta,
    /// The library these words are about.
    pub library: LibraryMeta,
    /// Learners inside.
    #[serde(default, rename = "learner", skip_serializing_if = "Vec::is_empty")]
    pub learners: Vec<LearnerMeta>,
    /// Environments inside.
    #[serde(default, rename = "environment", skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<EnvironmentMeta>,
}

/// ABI numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AbiMeta {
    /// Major; must equal the host's.
    pub major: u32,
    /// Minor it was built against.
    pub minor: u32,
    /// Lowest host minor it works with.
    pub minor_needed: u32,
}

/// The bytes that were sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LibraryMeta {
    /// File name.
    pub file: String,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
}

/// A learner inside a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearnerMeta {
    /// Learner id.
    pub id: String,
    /// Algorithm version.
    pub version: String,
    /// One sentence.
    pub description: String,
    /// Interfaces that must be bound.
    pub requires: Vec<String>,
    /// Interfaces offered with default hyperparameters.
    pub provides: Vec<String>,
    /// `bitwise` or `none`.
    pub determinism: String,
    /// JSON Schema of the hyperparameters, every property with its default.
    pub hyperparameters: String,
}

/// An environment inside a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentMeta {
    /// Environment id.
    pub id: String,
    /// Semantics version.
    pub version: String,
    /// One sentence.
    pub description: String,
    /// Files below the model folder.
    pub model_files: Vec<String>,
}

/// Where the sidecar of a library stands: `libiql.so` -> `libiql.so.toml`.
pub fn sidecar_path(library: &Path) -> PathBuf {
    let mut name = library.as_os_str().to_owned();
    name.push(".toml");
    PathBuf::from(name)
}

/// SHA-256 of bytes in hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

impl Sidecar {
    /// Reads the sidecar of `library` and checks that it was sealed from the bytes that are there now.
    pub fn read(library: &Path) -> Result<Self, Error> {
        let path = sidecar_path(library);
        let stale = |reason: String| Error::Stale {
            library: library.to_owned(),
            reason,
        };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(stale(format!("{} does not exist", path.display())));
            }
            Err(source) => {
                return Err(Error::Io {
                    action: "reading",
                    path,
                    source,
                });
            }
        };
        let sidecar: Self = toml::from_str(&text).map_err(|e| Error::Sidecar {
            path: path.clone(),
            reason: e.to_string().trim_end().to_owned(),
        })?;
        if sidecar.sidecar_version > SIDECAR_VERSION {
            return Err(Error::Sidecar {
                path,
                reason: format!(
                    "sidecar_version is {}, this build reads {SIDECAR_VERSION}",
                    sidecar.sidecar_version
                ),
            });
        }
        let bytes = std::fs::read(library).map_err(|source| Error::Io {
            action: "reading",
            path: library.to_owned(),
            source,
        })?;
        let found = sha256_hex(&bytes);
        if found == sidecar.library.sha256 {
            return Ok(sidecar);
        }
        let sealed = &sidecar.library.sha256;
        Err(stale(format!(
            "it was sealed from sha256 {}…, the library is {}…",
            short(sealed),
            short(&found)
        )))
    }

    /// Writes the sidecar beside `library`, replacing an older one in one step.
    pub fn write(&self, library: &Path) -> Result<PathBuf, Error> {
        let path = sidecar_path(library);
        let io = |action, path: &Path| {
            let path = path.to_owned();
            move |source| Error::Io {
                action,
                path,
                source,
            }
        };
        let text = toml::to_string(self).map_err(|e| Error::Sidecar {
            path: path.clone(),
            reason: e.to_string(),
        })?;
        let mut temporary = path.clone().into_os_string();
        temporary.push(format!(".{}.tmp", std::process::id()));
        let temporary = PathBuf::from(temporary);
        std::fs::write(&temporary, text).map_err(io("writing", &temporary))?;
        std::fs::rename(&temporary, &path).map_err(io("renaming", &path))?;
        Ok(path)
    }
}

fn short(hex: &str) -> &str {
    hex.get(..12).unwrap_or(hex)
}
