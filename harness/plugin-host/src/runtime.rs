//! Shared runtimes (libtorch, MuJoCo) that the worker loads before the plugins that bind them by SONAME.

#![allow(unsafe_code, reason = "loading a library runs its initialisers")]

use crate::error::Error;
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A runtime as resolved by the coordinator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runtime {
    /// e.g. `libtorch 2.11.0`, the words a plugin's sidecar uses.
    pub name: String,
    /// Libraries in loading order.
    pub libraries: Vec<RuntimeLibrary>,
}

/// One library of a runtime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuntimeLibrary {
    /// Absolute path.
    pub path: PathBuf,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// Loads a runtime into this process for good.
pub fn load(runtime: &Runtime) -> Result<(), Error> {
    for library in &runtime.libraries {
        // SAFETY: these are the pinned runtime libraries; their initialisers run here, before any plugin.
        let loaded =
            unsafe { Library::open(Some(&library.path), RTLD_NOW | RTLD_LOCAL) }.map_err(|e| {
                Error::Load {
                    path: library.path.clone(),
                    reason: loader_words(&e),
                }
            })?;
        // Unloading is unsafe: thread-local destructors and OpenMP threads outlive it.
        std::mem::forget(loaded);
    }
    Ok(())
}

/// The loader's own sentence, without the wrapper's.
pub(crate) fn loader_words(error: &libloading::Error) -> String {
    use std::error::Error as _;
    error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string)
}
