//! `provision`, and the set-up that other commands begin with.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};
use provision::Component;

use crate::BadUsage;
use crate::progress::Terminal;
use crate::workspace::{Workspace, explained};

/// Folders of all components.
pub(crate) struct Components {
    pub(crate) libtorch: PathBuf,
    pub(crate) mujoco: PathBuf,
    /// Used by tests only; a worker finds it by itself.
    pub(crate) models: PathBuf,
}

/// `cargo xtask provision [--verify]`
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<u8> {
    let verify = match arguments {
        [] => false,
        [flag] if flag == "--verify" => true,
        other => return Err(BadUsage(format!("`provision` does not take {other:?}")).into()),
    };
    let found = components(workspace)?;
    if verify {
        for component in Component::ALL {
            let mut progress = Terminal::new();
            provision::verify(&workspace.settings, component, &mut progress).map_err(explained)?;
            progress.end_line();
        }
    }
    for folder in [&found.libtorch, &found.mujoco, &found.models] {
        println!("{}", folder.display());
    }
    Ok(0)
}

/// Fetches what is missing. Free when nothing is.
pub(crate) fn components(workspace: &Workspace) -> Result<Components> {
    let ensure = |component| {
        let mut progress = Terminal::new();
        let folder = provision::ensure(&workspace.settings, component, &mut progress);
        progress.end_line();
        folder.map_err(explained)
    };
    Ok(Components {
        libtorch: ensure(Component::Libtorch)?,
        mujoco: ensure(Component::Mujoco)?,
        models: ensure(Component::GymnasiumModels)?,
    })
}

/// Refuses to begin a long build that would fail at its end.
pub(crate) fn require_cxx() -> Result<()> {
    let compiler = crate::workspace::variable("CXX").unwrap_or_else(|| "c++".to_string());
    let program = compiler.split_whitespace().next().unwrap_or("c++");
    match Command::new(program).arg("--version").output() {
        Ok(output) if output.status.success() => Ok(()),
        _ => bail!(
            "no C++ compiler: `{program} --version` does not run\n\
             hint: install one (Debian: apt install g++), or set CXX"
        ),
    }
}
