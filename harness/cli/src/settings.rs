//! Settings from environment variables; the only reader of them.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `ASSAY_HOME` | the installation: benchmarks, manifests, built plugins, SDK sources | the folder Assay was built in |
//! | `ASSAY_DATA` | datasets | `<home>/data` |
//! | `ASSAY_RESULTS` | results | `results` in the current folder |
//! | `ASSAY_PLUGIN_PATH` | further folders with plugins, separated by `:` | none |
//! | `ASSAY_CACHE`, `LIBTORCH`, `ASSAY_MUJOCO`, `ASSAY_PYTHON`, `ASSAY_WHEELS` | see `assay doctor` | |
//! | `ASSAY_GYMNASIUM_PYTHON` | the interpreter of `assay doctor --create gymnasium` | one with pinned packages |
//! | `ASSAY_FAILPOINT_RUN`, `ASSAY_FAILPOINT_WORKER` | abort at the n-th write, flush or rename; for tests | never |

use crate::args::PlaceArguments;
use std::path::{Path, PathBuf};

/// Where things are.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) home: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) results: PathBuf,
    pub(crate) plugin_path: Vec<PathBuf>,
    /// Absent where no cache folder can be named (no HOME): only commands that need it complain.
    provision: Option<provision::Settings>,
    pub(crate) jobs: usize,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where environment variables enter"
)]
pub(crate) fn lookup(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The failpoint to arm in this process, from the given variable.
pub(crate) fn failpoint(name: &str) -> u64 {
    lookup(name)
        .and_then(|text| text.parse().ok())
        .unwrap_or_default()
}

impl Settings {
    /// Reads the environment.
    pub(crate) fn read() -> Self {
        let built_in = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .unwrap_or(Path::new("."));
        let home = lookup("ASSAY_HOME").map_or_else(|| built_in.to_owned(), PathBuf::from);
        let mut plugin_path: Vec<PathBuf> = lookup("ASSAY_PLUGIN_PATH")
            .map(|text| {
                text.split(':')
                    .filter(|p| !p.is_empty())
                    .map(PathBuf::from)
                    .collect()
            })
            .unwrap_or_default();
        plugin_path.push(home.join("target/plugins/lib"));
        Self {
            data: lookup("ASSAY_DATA").map_or_else(|| home.join("data"), PathBuf::from),
            results: lookup("ASSAY_RESULTS")
                .map_or_else(|| PathBuf::from("results"), PathBuf::from),
            plugin_path,
            provision: provision::Settings::from_lookup(lookup).ok(),
            jobs: std::thread::available_parallelism().map_or(1, usize::from),
            home,
        }
    }

    /// With the flags of the command line in front of the environment.
    pub(crate) fn with(mut self, places: PlaceArguments) -> Self {
        if let Some(results) = places.results {
            self.results = results;
        }
        if let Some(data) = places.data {
            self.data = data;
        }
        self.plugin_path.splice(0..0, places.plugin_dir);
        self
    }

    /// Where components are kept.
    pub(crate) fn provision(&self) -> Result<&provision::Settings, crate::exit::Refusal> {
        self.provision
            .as_ref()
            .ok_or_else(|| provision::Error::NoCacheFolder.into())
    }
}
