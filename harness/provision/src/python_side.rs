//! The Python side of the plugin `gymnasium`: an interpreter with packages, and two files that name them.
//!
//! ```text
//! <cache>/gymnasium-python-<pins>/   venv/  gymnasium-python.txt  gymnasium-interpreter
//! <cache>/gymnasium-own-<path>/             gymnasium-python.txt  gymnasium-interpreter
//! ```
//!
//! The first is a virtual environment with pinned packages, the second an interpreter of the user's own. Either folder
//! is a model folder of the plugin's environments: the digest of the package list is part of the ids of evaluations,
//! and the plugin refuses an interpreter whose packages have changed since.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::lock::Lock;
use crate::pip::remove_folder;
use crate::ready::hex;
use crate::settings::Settings;

/// The pinned packages, each with its SHA-256.
const REQUIREMENTS: &str = include_str!("gymnasium-requirements.txt");
/// Lists what an interpreter has.
const LISTING: &str = include_str!("packages.py");
/// The interpreter's version and packages.
const PACKAGES: &str = "gymnasium-python.txt";
/// The interpreter's path. Written last but for the rename.
const INTERPRETER: &str = "gymnasium-interpreter";
/// Variables that would have the interpreter import from elsewhere.
const FORGOTTEN: [&str; 3] = ["PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE"];

/// The interpreter for Gymnasium's environments, as it was set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PythonSide {
    /// Holds the two files.
    pub folder: PathBuf,
    /// The interpreter.
    pub python: PathBuf,
}

/// Returns the Python side if it was set up, without running anything.
pub fn located_python_side(settings: &Settings) -> Option<PythonSide> {
    let folder = folder(settings);
    let python = fs::read_to_string(folder.join(INTERPRETER)).ok()?;
    let python = PathBuf::from(python.trim_end_matches('\n'));
    folder
        .join(PACKAGES)
        .is_file()
        .then_some(PythonSide { folder, python })
}

/// Compares the interpreter's packages with those that were written down.
///
/// # Errors
/// [`Error::PythonSide`] where the interpreter does not run or its packages have changed.
pub fn verify_python_side(side: &PythonSide) -> Result<(), Error> {
    let path = side.folder.join(PACKAGES);
    let written = fs::read_to_string(&path).map_err(|source| Error::io("read", &path, source))?;
    if listed(&side.python)? == written {
        return Ok(());
    }
    Err(Error::PythonSide {
        action: "vouch for the packages",
        python: side.python.clone(),
        detail: format!(
            "they have changed since they were written to `{}`",
            path.display()
        ),
    })
}

/// Sets the Python side up: lists the packages of the interpreter that the user named, or makes a virtual environment of
/// pinned packages. `note` is told of slow steps. What is there already is listed anew.
///
/// # Errors
/// [`Error::PythonSide`] with the last words of the command that failed; nothing half-made is ever visible.
pub fn create_python_side(
    settings: &Settings,
    note: &mut dyn FnMut(&str),
) -> Result<PythonSide, Error> {
    let folder = folder(settings);
    let name = folder.file_name().unwrap_or_default().to_owned();
    let work = settings.cache.join(".work").join(&name);
    let lock = work.with_extension("lock");
    let _lock = Lock::acquire(&lock, || {
        note("waiting for another process that sets it up")
    })?;
    if let Some(side) = located_python_side(settings) {
        write(&side.folder, PACKAGES, &listed(&side.python)?)?;
        return Ok(side);
    }
    remove_folder(&work)?;
    let fresh = work.join("new");
    fs::create_dir_all(&fresh).map_err(|source| Error::io("create", &fresh, source))?;
    let python = match &settings.gymnasium_python {
        Some(own) => own.clone(),
        None => {
            install(settings, &fresh, note)?;
            folder.join("venv/bin/python")
        }
    };
    let here = match &settings.gymnasium_python {
        Some(own) => own.clone(),
        None => fresh.join("venv/bin/python"),
    };
    write(&fresh, PACKAGES, &listed(&here)?)?;
    write(&fresh, INTERPRETER, &format!("{}\n", python.display()))?;
    remove_folder(&folder)?;
    fs::rename(&fresh, &folder).map_err(|source| Error::io("rename", &fresh, source))?;
    remove_folder(&work)?;
    Ok(PythonSide { folder, python })
}

/// Where the Python side is kept: one folder for each own interpreter, and one for each set of pins.
fn folder(settings: &Settings) -> PathBuf {
    let (kind, of) = match &settings.gymnasium_python {
        Some(own) => ("own", own.to_string_lossy().into_owned()),
        None => ("python", REQUIREMENTS.to_owned()),
    };
    let digest = hex(&Sha256::digest(of.as_bytes()));
    let short = digest.get(..12).unwrap_or_default();
    settings.cache.join(format!("gymnasium-{kind}-{short}"))
}

/// Makes `fresh/venv` with the pinned packages.
fn install(settings: &Settings, fresh: &Path, note: &mut dyn FnMut(&str)) -> Result<(), Error> {
    note("making a virtual environment (about 0.2 GB to download, 0.6 GB on disk)");
    let venv = fresh.join("venv");
    let mut command = Command::new(&settings.python);
    command.args(["-m", "venv"]).arg(&venv);
    run(&mut command, "make a virtual environment", &settings.python)?;
    let requirements = fresh.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS)
        .map_err(|source| Error::io("write", &requirements, source))?;
    let python = venv.join("bin/python");
    let mut command = Command::new(&python);
    command.args(["-m", "pip", "install", "--no-deps", "--require-hashes"]);
    command.args(["--only-binary=:all:", "--no-cache-dir", "--no-input"]);
    command.args(["--disable-pip-version-check", "--quiet"]);
    if let Some(wheels) = &settings.wheels {
        command.arg("--no-index").arg("--find-links").arg(wheels);
    }
    command.arg("--requirement").arg(&requirements);
    run(&mut command, "install the pinned packages", &python).map(|_| ())
}

/// What `python` lists.
fn listed(python: &Path) -> Result<String, Error> {
    let mut command = Command::new(python);
    command.args(["-s", "-c", LISTING]);
    let output = run(&mut command, "list the packages", python)?;
    Ok(String::from_utf8_lossy(&output).into_owned())
}

/// Runs a command to its end and returns what it printed.
fn run(command: &mut Command, action: &'static str, python: &Path) -> Result<Vec<u8>, Error> {
    let failed = |detail: String| Error::PythonSide {
        action,
        python: python.to_path_buf(),
        detail,
    };
    for name in FORGOTTEN {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    let output = command.output().map_err(|e| failed(e.to_string()))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    // venv and pip report some failures on stdout.
    let words = [output.stdout, output.stderr].concat();
    let words = String::from_utf8_lossy(&words);
    let lines: Vec<&str> = words.lines().filter(|l| !l.trim().is_empty()).collect();
    let last = lines
        .get(lines.len().saturating_sub(3)..)
        .unwrap_or_default();
    Err(failed(format!("{}: {}", output.status, last.join("; "))))
}

/// Writes a file beside and renames it.
fn write(folder: &Path, name: &str, text: &str) -> Result<(), Error> {
    let (path, beside) = (folder.join(name), folder.join(format!("{name}.new")));
    fs::write(&beside, text).map_err(|source| Error::io("write", &beside, source))?;
    fs::rename(&beside, &path).map_err(|source| Error::io("rename", &beside, source))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// Settings whose own interpreter is a script that prints `packages`.
    fn own(cache: &Path, body: &str) -> Settings {
        let python = cache.join("own-python");
        fs::write(&python, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
        Settings {
            cache: cache.to_path_buf(),
            libtorch: None,
            mujoco: None,
            wheels: None,
            python: PathBuf::from("/nonexistent/python3"),
            gymnasium_python: Some(python),
        }
    }

    #[test]
    fn an_own_interpreter_is_written_down_and_changes_are_seen() {
        let cache = tempfile::tempdir().unwrap();
        let settings = own(cache.path(), "echo cpython 3.11.7; echo numpy==1");
        assert_eq!(located_python_side(&settings), None);
        let side = create_python_side(&settings, &mut |_| {}).unwrap();
        assert_eq!(located_python_side(&settings), Some(side.clone()));
        assert_eq!(Some(&side.python), settings.gymnasium_python.as_ref());
        let list = fs::read_to_string(side.folder.join(PACKAGES)).unwrap();
        assert_eq!(list, "cpython 3.11.7\nnumpy==1\n");
        verify_python_side(&side).unwrap();
        let settings = own(cache.path(), "echo cpython 3.11.7; echo numpy==2");
        let error = verify_python_side(&side).unwrap_err();
        assert!(error.to_string().contains("have changed"), "{error}");
        // Setting it up again takes the new ones down.
        let again = create_python_side(&settings, &mut |_| {}).unwrap();
        verify_python_side(&again).unwrap();
    }

    #[test]
    fn what_fails_leaves_nothing_and_is_quoted() {
        let cache = tempfile::tempdir().unwrap();
        let settings = own(cache.path(), "echo no such luck >&2; exit 3");
        let error = create_python_side(&settings, &mut |_| {}).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("exit status: 3: no such luck"), "{text}");
        assert!(
            error.hint().contains("ASSAY_GYMNASIUM_PYTHON"),
            "{}",
            error.hint()
        );
        assert_eq!(located_python_side(&settings), None);
    }

    #[test]
    fn every_pin_has_a_hash() {
        let pins = REQUIREMENTS.lines().filter(|l| !l.starts_with('#'));
        for pin in pins {
            let (package, hashes) = pin.split_once(" --hash=sha256:").unwrap();
            assert!(package.contains("=="), "{pin}");
            assert!(hashes.len() >= 64, "{pin}");
        }
    }
}
