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
    /// gymnasium's model files. Used by tests only; a worker finds them by itself.
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
            if component.on_demand()
                && provision::located(&workspace.settings, component)
                    .map_err(explained)?
                    .is_none()
            {
                continue;
            }
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

/// Fetches what is missing for building and for the manifests of quickstart. Free when nothing is.
pub(crate) fn components(workspace: &Workspace) -> Result<Components> {
    Ok(Components {
        libtorch: ensure(workspace, Component::Libtorch)?,
        mujoco: ensure(workspace, Component::Mujoco)?,
        models: ensure(workspace, Component::GymnasiumModels)?,
    })
}

/// Fetches the model files that only some environments need; the tests of these environments compare them with their
/// originals.
pub(crate) fn models_on_demand(workspace: &Workspace) -> Result<()> {
    for component in Component::ALL {
        if component.on_demand() {
            ensure(workspace, component)?;
        }
    }
    Ok(())
}

fn ensure(workspace: &Workspace, component: Component) -> Result<PathBuf> {
    let mut progress = Terminal::new();
    let folder = provision::ensure(&workspace.settings, component, &mut progress);
    progress.end_line();
    folder.map_err(explained)
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
