//! Where this checkout and its build folders are.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use provision::Settings;

use crate::metadata::{Metadata, Package};

/// This checkout.
pub(crate) struct Workspace {
    /// The folder with the root `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// cargo's target folder, `target` unless the user says otherwise.
    pub(crate) target: PathBuf,
    /// First-party packages, sorted by name.
    pub(crate) packages: Vec<Package>,
    /// Where components are provided from.
    pub(crate) settings: Settings,
}

impl Workspace {
    pub(crate) fn find() -> Result<Self> {
        // cargo run sets the variable; the constant serves a binary that is started by hand.
        let package = variable("CARGO_MANIFEST_DIR")
            .unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").to_string());
        let root = Path::new(&package)
            .ancestors()
            .nth(2)
            .context("xtask is not inside a workspace")?;
        let metadata = Metadata::read(root)?;
        Ok(Self {
            root: root.to_path_buf(),
            target: metadata.target_directory,
            packages: metadata.packages,
            settings: settings()?,
        })
    }

    /// Target folder of the plugins: own flags, so that they never force a rebuild of the harness.
    pub(crate) fn plugin_target(&self) -> PathBuf {
        self.target.join("plugins")
    }

    /// Where finished plugin libraries and their sealed metadata lie.
    pub(crate) fn plugin_libraries(&self) -> PathBuf {
        self.plugin_target().join("lib")
    }

    /// An `assay` command in the root. It looks for plugins below the root's own `target`, so another target
    /// folder is named to it.
    pub(crate) fn assay_command(&self) -> Command {
        let mut assay = Command::new(self.assay());
        assay.current_dir(&self.root);
        if self.target != self.root.join("target") {
            assay.env("ASSAY_PLUGIN_PATH", self.plugin_libraries());
        }
        assay
    }

    /// The `assay` binary, built with the profile that tests use.
    pub(crate) fn assay(&self) -> PathBuf {
        self.target.join("debug/assay")
    }
}

fn settings() -> Result<Settings> {
    Settings::from_lookup(variable).map_err(explained)
}

/// A provisioning error followed by its remedy.
pub(crate) fn explained(error: provision::Error) -> anyhow::Error {
    let hint = error.hint();
    anyhow::Error::msg(format!("{error}\nhint: {hint}"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the only place of xtask that reads the environment"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
