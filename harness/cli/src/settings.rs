//! Settings from environment variables; the only reader of them.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `ASSAY_HOME` | the installation: benchmarks, manifests, built plugins, SDK sources | the folder Assay was built in |
//! | `ASSAY_DATA` | datasets | `<home>/data` |
//! | `ASSAY_RESULTS` | results | `results` in the current folder |
//! | `ASSAY_PLUGIN_PATH` | further folders with plugins, separated by `:` | none |
//! | `ASSAY_CACHE`, `LIBTORCH`, `ASSAY_MUJOCO`, `ASSAY_PYTHON`, `ASSAY_WHEELS` | see `assay doctor` | |

use std::path::{Path, PathBuf};

/// Where things are.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) home: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) results: PathBuf,
    pub(crate) plugin_path: Vec<PathBuf>,
    pub(crate) provision: provision::Settings,
    pub(crate) jobs: usize,
}

#[expect(clippy::disallowed_methods, reason = "the one place where environment variables enter")]
pub(crate) fn lookup(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Settings {
    /// Reads the environment.
    pub(crate) fn read() -> Self {
        let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."));
        let home = lookup("ASSAY_HOME").map_or_else(|| built_in.to_owned(), PathBuf::from);
        let mut plugin_path: Vec<PathBuf> = lookup("ASSAY_PLUGIN_PATH")
            .map(|text| text.split(':').filter(|p| !p.is_empty()).map(PathBuf::from).collect())
            .unwrap_or_default();
        plugin_path.push(home.join("target/plugins/lib"));
        Self {
            data: lookup("ASSAY_DATA").map_or_else(|| home.join("data"), PathBuf::from),
            results: lookup("ASSAY_RESULTS").map_or_else(|| PathBuf::from("results"), PathBuf::from),
            plugin_path,
            provision: provision::Settings::from_lookup(&lookup),
            jobs: std::thread::available_parallelism().map_or(1, usize::from),
            home,
        }
    }
}
