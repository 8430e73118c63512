//! Child processes whose output goes to the terminal.

use std::process::{Command, ExitStatus};

use anyhow::{Context, Result, bail};

use crate::workspace::{Workspace, variable};

/// The cargo that runs xtask.
pub(crate) fn cargo() -> String {
    variable("CARGO").unwrap_or_else(|| "cargo".to_string())
}

/// What `cargo run` tells xtask about its own package. Build scripts that ask to be run again when one of these changes
/// (ring's, below Polars) would make every change between `cargo xtask ...` and plain cargo a build from scratch.
const OWN_PACKAGE: [&str; 8] = [
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_NAME",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
];

/// A cargo command in the workspace root, as if called from a shell.
pub(crate) fn cargo_in(workspace: &Workspace) -> Command {
    let mut command = Command::new(cargo());
    command.current_dir(&workspace.root);
    for name in OWN_PACKAGE {
        command.env_remove(name);
    }
    command
}

/// Runs to the end.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    let program = command.get_program().to_string_lossy().into_owned();
    command
        .status()
        .with_context(|| format!("cannot run `{program}`"))
}

/// Runs to the end; an error unless it exits with 0.
pub(crate) fn succeed(command: &mut Command, what: &str) -> Result<()> {
    let status = status(command)?;
    if !status.success() {
        bail!("{what} failed ({status})");
    }
    Ok(())
}
