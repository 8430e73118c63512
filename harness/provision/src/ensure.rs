//! Finds a component in the cache or where the user named it, and has it fetched otherwise.

use std::fs;
use std::path::{Path, PathBuf};

use crate::component::Component;
use crate::error::Error;
use crate::fetch::{Fetch, cached};
use crate::progress::{Event, Progress, Step};
use crate::ready;
use crate::settings::Settings;

/// Returns the folder of `component`, fetching it first if it is not there. Free when it is.
///
/// Reports [`Event::Starting`] before anything is fetched. Several threads or processes may call this at
/// once: one fetches, the others wait and then find it.
///
/// # Errors
/// Any [`Error`]; nothing half-made is ever visible under the component's name.
pub fn ensure(
    settings: &Settings,
    component: Component,
    progress: &mut dyn Progress,
) -> Result<PathBuf, Error> {
    if let Some(folder) = located(settings, component)? {
        return Ok(folder);
    }
    check_platform(component)?;
    let fetch = Fetch {
        settings,
        component,
        recipe: component.recipe(),
    };
    fetch.run(progress)
}

/// Returns the folder of `component` if it is there, without network. An installation that the user named is
/// preferred to the cache. A folder of the cache that fails the cheap check counts as not there.
///
/// # Errors
/// [`Error::WrongVersion`] or [`Error::NotAnInstallation`] when the user named an installation that cannot be used.
pub fn located(settings: &Settings, component: Component) -> Result<Option<PathBuf>, Error> {
    let own = match component {
        Component::Libtorch => settings.libtorch.as_deref().map(own_libtorch),
        Component::Mujoco => settings.mujoco.as_deref().map(own_mujoco),
        _ => None,
    };
    match own {
        Some(found) => found.map(Some),
        None => Ok(cached(settings, component.recipe())),
    }
}

/// Reads every file of `component` in the cache and compares it with what was unpacked. An installation that
/// the user named is checked for its version only.
///
/// # Errors
/// [`Error::Damaged`] names the first file that differs, [`Error::NotThere`] says that there is nothing to check.
pub fn verify(
    settings: &Settings,
    component: Component,
    progress: &mut dyn Progress,
) -> Result<(), Error> {
    let recipe = component.recipe();
    let folder = settings.cache.join(recipe.folder());
    if let Some(found) = located(settings, component)?
        && found != folder
    {
        return Ok(());
    }
    if !folder.exists() {
        return Err(Error::NotThere {
            component,
            cache: settings.cache.clone(),
        });
    }
    ready::verify(&folder, recipe, &mut |completed| {
        progress.report(&Event::Advance {
            component,
            step: Step::Check,
            completed: completed.min(recipe.disk_bytes),
            total: recipe.disk_bytes,
        });
    })
}

fn check_platform(component: Component) -> Result<(), Error> {
    if cfg!(all(
        target_os = "linux",
        target_arch = "x86_64",
        target_env = "gnu"
    )) || component.is_models()
    {
        return Ok(());
    }
    Err(Error::UnsupportedPlatform {
        component,
        os: std::env::consts::OS,
        arch: std::env::consts::ARCH,
    })
}

/// A libtorch distribution has `build-version`; the `torch` folder of a Python environment has `version.py`.
fn own_libtorch(folder: &Path) -> Result<PathBuf, Error> {
    let component = Component::Libtorch;
    let variable = "LIBTORCH";
    let lacks = |file: &str| Error::NotAnInstallation {
        component,
        variable,
        path: folder.to_path_buf(),
        file: file.to_string(),
    };
    let text = fs::read_to_string(folder.join("build-version"))
        .ok()
        .or_else(|| {
            let python = fs::read_to_string(folder.join("version.py")).ok()?;
            let rest = python.split("__version__ = '").nth(1)?;
            Some(rest.split('\'').next()?.to_string())
        });
    let found = text.ok_or_else(|| lacks("build-version"))?;
    let found = found.trim();
    if found.split('+').next() != Some(component.version()) {
        return Err(Error::WrongVersion {
            component,
            variable,
            path: folder.to_path_buf(),
            found: found.to_string(),
        });
    }
    for file in ["lib/libc10.so", "lib/libtorch_cpu.so", "include"] {
        if !folder.join(file).exists() {
            return Err(lacks(file));
        }
    }
    Ok(folder.to_path_buf())
}

/// MuJoCo's library carries its version in its name.
fn own_mujoco(folder: &Path) -> Result<PathBuf, Error> {
    let component = Component::Mujoco;
    let variable = "ASSAY_MUJOCO";
    let library = format!("libmujoco.so.{}", component.version());
    if folder.join("lib").join(&library).exists() {
        if folder.join("lib/libmujoco.so").exists() {
            return Ok(folder.to_path_buf());
        }
        return Err(Error::NotAnInstallation {
            component,
            variable,
            path: folder.to_path_buf(),
            file: "lib/libmujoco.so".to_string(),
        });
    }
    let entries = fs::read_dir(folder.join("lib"))
        .into_iter()
        .flatten()
        .filter_map(Result::ok);
    let other = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut versions = other.filter_map(|name| {
        let version = name.strip_prefix("libmujoco.so.")?;
        Some(version.to_string())
    });
    Err(match versions.next() {
        Some(found) => Error::WrongVersion {
            component,
            variable,
            path: folder.to_path_buf(),
            found,
        },
        None => Error::NotAnInstallation {
            component,
            variable,
            path: folder.to_path_buf(),
            file: format!("lib/{library}"),
        },
    })
}
