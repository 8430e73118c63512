//! Loading one plugin library, negotiating the ABI, reading its descriptor.

#![allow(unsafe_code, reason = "this crate is the host side of the C boundary")]

use crate::error::Error;
use crate::runtime::loader_words;
use crate::search::family;
use crate::sidecar::{
    AbiMeta, EnvironmentMeta, LearnerMeta, LibraryMeta, SIDECAR_VERSION, Sidecar, sha256_hex,
};
use libloading::os::unix::{Library as Handle, RTLD_LOCAL, RTLD_NOW};
use plugin_api::{abi, raw};
use std::path::{Path, PathBuf};

/// A loaded plugin. Loaded for the life of the process.
#[derive(Clone)]
pub struct Library {
    path: PathBuf,
    sha256: String,
    descriptor: &'static abi::PluginDescriptor,
}

impl Library {
    /// Loads `path` with RTLD_NOW and RTLD_LOCAL. With `expected`, refuses other bytes than those of that SHA-256.
    pub fn open(path: &Path, expected: Option<&str>) -> Result<Self, Error> {
        let bytes = std::fs::read(path).map_err(|source| Error::Io {
            action: "reading",
            path: path.to_owned(),
            source,
        })?;
        let sha256 = sha256_hex(&bytes);
        if let Some(expected) = expected.filter(|e| *e != sha256) {
            return Err(Error::DigestMismatch {
                library: path.to_owned(),
                expected: expected.into(),
                found: sha256,
            });
        }
        // A path without a slash would make the loader search its own path instead.
        let absolute = path.canonicalize().map_err(|source| Error::Io {
            action: "resolving",
            path: path.to_owned(),
            source,
        })?;
        // SAFETY: loading runs the library's initialisers; this happens in a worker process made for it.
        let handle =
            unsafe { Handle::open(Some(&absolute), RTLD_NOW | RTLD_LOCAL) }.map_err(|e| {
                Error::Load {
                    path: path.to_owned(),
                    reason: loader_words(&e),
                }
            })?;
        // SAFETY: the header fixes the symbol's type.
        let entry = unsafe { handle.get::<abi::EntryFn>(abi::ENTRY_SYMBOL.as_bytes()) }
            .map(|symbol| *symbol)
            .map_err(|_| Error::NoEntry {
                path: path.to_owned(),
                symbol: abi::ENTRY_SYMBOL,
            });
        // Unloading is unsafe: thread-local destructors and OpenMP threads outlive it.
        std::mem::forget(handle);
        // SAFETY: the header says that the entry may be called at any time and returns a static descriptor.
        let descriptor = unsafe { entry?() };
        let descriptor = check(path, descriptor)?;
        Ok(Self {
            path: path.to_owned(),
            sha256,
            descriptor,
        })
    }

    /// The file that was loaded.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-256 of the bytes that were loaded.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The negotiated minor: the lower of both sides.
    pub fn abi_minor(&self) -> u32 {
        self.descriptor.abi_minor.min(abi::ABI_MINOR)
    }

    fn broken(&self, reason: impl Into<String>) -> Error {
        Error::Descriptor {
            path: self.path.clone(),
            reason: reason.into(),
        }
    }

    fn text(&self, what: &str, text: abi::Str) -> Result<&'static str, Error> {
        // SAFETY: strings of a descriptor are static by the header's contract.
        unsafe { raw::text(text) }.map_err(|f| self.broken(format!("{what}: {}", f.message)))
    }

    fn texts(&self, what: &str, data: *const abi::Str, count: u64) -> Result<Vec<String>, Error> {
        self.slice(what, data, count)?
            .iter()
            .map(|t| self.text(what, *t).map(str::to_owned))
            .collect()
    }

    fn slice<T>(&self, what: &str, data: *const T, count: u64) -> Result<&'static [T], Error> {
        if count == 0 {
            return Ok(&[]);
        }
        if data.is_null() || count > 10_000 {
            return Err(self.broken(format!(
                "{what}: {count} entries at a NULL or implausible array"
            )));
        }
        // SAFETY: arrays of a descriptor are static and have the stated length by the header's contract.
        Ok(unsafe { std::slice::from_raw_parts(data, count as usize) })
    }

    /// The learners inside.
    pub fn learners(&self) -> Result<Vec<(LearnerMeta, &'static abi::LearnerDescriptor)>, Error> {
        let pointers = self.slice(
            "learners",
            self.descriptor.learners,
            self.descriptor.learner_count,
        )?;
        pointers.iter().map(|&p| self.learner_meta(p)).collect()
    }

    fn learner_meta(
        &self,
        pointer: *const abi::LearnerDescriptor,
    ) -> Result<(LearnerMeta, &'static abi::LearnerDescriptor), Error> {
        // SAFETY: descriptors are static by the header's contract.
        let Some(d) = (unsafe { pointer.as_ref() }) else {
            return Err(self.broken("a learner is NULL"));
        };
        if (d.struct_size as usize) < size_of::<abi::LearnerDescriptor>() {
            return Err(self.broken(format!("a learner descriptor has {} bytes", d.struct_size)));
        }
        let meta = LearnerMeta {
            id: self.text("learner id", d.id)?.into(),
            version: self.text("learner version", d.version)?.into(),
            description: self.text("learner description", d.description)?.into(),
            requires: self.texts("requires", d.requires_ids, d.requires_count)?,
            provides: self.texts("provides", d.provides_ids, d.provides_count)?,
            determinism: if d.determinism == abi::DETERMINISM_BITWISE {
                "bitwise".into()
            } else {
                "none".into()
            },
            hyperparameters: self
                .text("hyperparameters schema", d.hyperparameters_schema)?
                .into(),
        };
        serde_json::from_str::<serde_json::Value>(&meta.hyperparameters).map_err(|e| {
            self.broken(format!(
                "the hyperparameters schema of `{}` is not JSON: {e}",
                meta.id
            ))
        })?;
        Ok((meta, d))
    }

    /// The environments inside.
    pub fn environments(
        &self,
    ) -> Result<Vec<(EnvironmentMeta, &'static abi::EnvironmentDescriptor)>, Error> {
        let pointers = self.slice(
            "environments",
            self.descriptor.environments,
            self.descriptor.environment_count,
        )?;
        let read = |&pointer: &*const abi::EnvironmentDescriptor| {
            // SAFETY: descriptors are static by the header's contract.
            let Some(d) = (unsafe { pointer.as_ref() }) else {
                return Err(self.broken("an environment is NULL"));
            };
            if (d.struct_size as usize) < size_of::<abi::EnvironmentDescriptor>() {
                return Err(self.broken(format!(
                    "an environment descriptor has {} bytes",
                    d.struct_size
                )));
            }
            let meta = EnvironmentMeta {
                id: self.text("environment id", d.id)?.into(),
                version: self.text("environment version", d.version)?.into(),
                description: self.text("environment description", d.description)?.into(),
                model_files: self.texts("model files", d.model_files, d.model_file_count)?,
            };
            Ok((meta, d))
        };
        pointers.iter().map(read).collect()
    }

    /// The learner `id` of this library.
    pub fn learner(&self, id: &str) -> Result<&'static abi::LearnerDescriptor, Error> {
        let all = self.learners()?;
        all.iter()
            .find(|(m, _)| m.id == id)
            .map(|(_, d)| *d)
            .ok_or_else(|| self.missing("learner", id))
    }

    /// The environment `id` of this library.
    pub fn environment(&self, id: &str) -> Result<&'static abi::EnvironmentDescriptor, Error> {
        let all = self.environments()?;
        let named = |wanted: &str| all.iter().find(|(m, _)| m.id == wanted);
        named(id)
            .or_else(|| named(&family(id)?))
            .map(|(_, d)| *d)
            .ok_or_else(|| self.missing("environment", id))
    }

    fn missing(&self, kind: &'static str, id: &str) -> Error {
        let trace = vec![format!("{} (loaded)", self.path.display())];
        Error::NotFound {
            kind,
            id: id.into(),
            nearest: None,
            trace,
        }
    }

    /// The metadata to seal beside the library.
    pub fn sidecar(&self) -> Result<Sidecar, Error> {
        let d = self.descriptor;
        let file = self
            .path
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        Ok(Sidecar {
            sidecar_version: SIDECAR_VERSION,
            id: self.text("id", d.id)?.into(),
            version: self.text("version", d.version)?.into(),
            license: self.text("license", d.license)?.into(),
            description: self.text("description", d.description)?.into(),
            runtimes: self.texts("runtimes", d.runtimes, d.runtime_count)?,
            abi: AbiMeta {
                major: d.abi_major,
                minor: d.abi_minor,
                minor_needed: d.abi_minor_needed,
            },
            library: LibraryMeta {
                file,
                sha256: self.sha256.clone(),
            },
            learners: self.learners()?.into_iter().map(|(m, _)| m).collect(),
            environments: self.environments()?.into_iter().map(|(m, _)| m).collect(),
        })
    }
}

fn check(
    path: &Path,
    pointer: *const abi::PluginDescriptor,
) -> Result<&'static abi::PluginDescriptor, Error> {
    let broken = |reason: String| Error::Descriptor {
        path: path.to_owned(),
        reason,
    };
    if pointer.is_null() {
        return Err(broken("the entry returned NULL".into()));
    }
    // The first fields are frozen across majors; nothing beyond them is read before the major is known to fit.
    // SAFETY: non-NULL and static by the header's contract; the frozen head has 16 bytes.
    let head = unsafe { std::slice::from_raw_parts(pointer.cast::<u32>(), 4) };
    let (size, major, needed) = (head[0], head[1], head[2]);
    if major != abi::ABI_MAJOR || needed > abi::ABI_MINOR {
        return Err(Error::Abi {
            path: path.to_owned(),
            needs: format!("{major}.{needed}"),
            provides: format!("{}.{}", abi::ABI_MAJOR, abi::ABI_MINOR),
        });
    }
    if (size as usize) < size_of::<abi::PluginDescriptor>() {
        return Err(broken(format!(
            "it has {size} bytes, expected {}",
            size_of::<abi::PluginDescriptor>()
        )));
    }
    // SAFETY: non-NULL, static, large enough.
    Ok(unsafe { &*pointer })
}
