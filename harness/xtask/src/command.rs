//! Child processes whose output goes to the terminal.

use std::process::{Command, ExitStatus};

use anyhow::{Context, Result, bail};

use crate::workspace::{Workspace, variable};

/// The cargo that runs xtask.
pub(crate) fn cargo() -> String {
    variable("CARGO").unwrap_or_else(|| "cargo".to_string())
}

/// A cargo command in the workspace root.
pub(crate) fn cargo_in(workspace: &Workspace) -> Command {
    let mut command = Command::new(cargo());
    command.current_dir(&workspace.root);
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
