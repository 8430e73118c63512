//! What `cargo metadata` says about the first-party packages.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// The part of cargo's answer that is used.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) target_directory: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// One workspace member.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) manifest_path: PathBuf,
    pub(crate) targets: Vec<Target>,
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Target {
    /// Crate name; for a library with underscores.
    pub(crate) name: String,
    pub(crate) crate_types: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `dev`, `build`, or nothing.
    pub(crate) kind: Option<String>,
    /// The folder of a path dependency.
    pub(crate) path: Option<PathBuf>,
}

impl Metadata {
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let output = Command::new(crate::command::cargo())
            .args(["metadata", "--format-version", "1", "--no-deps"])
            .current_dir(root)
            .output()
            .context("cannot run cargo metadata")?;
        if !output.status.success() {
            bail!(
                "cargo metadata failed:\n{}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        let mut metadata: Self =
            serde_json::from_slice(&output.stdout).context("cannot read cargo metadata")?;
        metadata.packages.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(metadata)
    }
}

impl Package {
    /// Folder of the package relative to the workspace root, with `/`.
    pub(crate) fn folder(&self, root: &Path) -> String {
        let folder = self.manifest_path.parent().unwrap_or(&self.manifest_path);
        folder
            .strip_prefix(root)
            .unwrap_or(folder)
            .to_string_lossy()
            .into_owned()
    }

    /// Name of the dynamic library that the package makes, without `lib` and `.so`.
    pub(crate) fn dynamic_library(&self) -> Option<&str> {
        let mut targets = self.targets.iter();
        let target =
            targets.find(|target| target.crate_types.iter().any(|kind| kind == "cdylib"))?;
        Some(&target.name)
    }
}
