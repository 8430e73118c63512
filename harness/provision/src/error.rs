//! Everything that can go wrong, each with its remedy.

use std::io;
use std::path::{Path, PathBuf};

use crate::component::Component;

/// Why a component could not be provided. [`Error::hint`] names the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No variable says where the user's cache is.
    #[error("no cache folder: none of ASSAY_CACHE, XDG_CACHE_HOME and HOME is set")]
    NoCacheFolder,

    /// Pinned wheels exist for Linux on x86-64 with the GNU C library only.
    #[error("{component} is provided for linux x86_64 (glibc) only, found {os} {arch}")]
    UnsupportedPlatform {
        /// What was wanted.
        component: Component,
        /// Operating system and C library of this build.
        os: &'static str,
        /// Processor architecture of this build.
        arch: &'static str,
    },

    /// A file operation failed.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// Verb: `create`, `read`, `rename`, ...
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },

    /// Not enough room for the download and the unpacked files.
    #[error("not enough disk space in `{}`{}", path.display(), Room { needed: *needed, available: *available })]
    DiskFull {
        /// The cache folder.
        path: PathBuf,
        /// Bytes needed, where known beforehand.
        needed: Option<u64>,
        /// Bytes available, where measured beforehand.
        available: Option<u64>,
    },

    /// The Python interpreter does not start.
    #[error("cannot run python `{}` to download {wheel}: {source}", python.display())]
    PythonMissing {
        /// The interpreter that was tried.
        python: PathBuf,
        /// Wheel file name.
        wheel: &'static str,
        /// The system's reason.
        source: io::Error,
    },

    /// Python has no pip.
    #[error("python `{}` has no module `pip` to download {wheel}", python.display())]
    PipMissing {
        /// The interpreter that was tried.
        python: PathBuf,
        /// Wheel file name.
        wheel: &'static str,
    },

    /// The package index could not be reached.
    #[error("no connection to the package index while downloading {wheel}: {detail}")]
    Offline {
        /// Wheel file name.
        wheel: &'static str,
        /// The part of pip's output that says so.
        detail: String,
    },

    /// pip failed for another reason.
    #[error("pip failed to download {wheel} ({status}): {detail}")]
    PipFailed {
        /// Wheel file name.
        wheel: &'static str,
        /// pip's exit status.
        status: String,
        /// Last lines of pip's output.
        detail: String,
    },

    /// A wheel is not the pinned one.
    #[error("`{}` has sha256 {found}, expected {expected}", path.display())]
    WrongHash {
        /// The wheel file, or its name where pip refused it.
        path: PathBuf,
        /// Pinned SHA-256.
        expected: &'static str,
        /// SHA-256 found, or what pip reported.
        found: String,
    },

    /// The folder of local wheels lacks one.
    #[error("`{}` has no wheel `{file}`", folder.display())]
    WheelMissing {
        /// The folder named by ASSAY_WHEELS.
        folder: PathBuf,
        /// Wheel file name.
        file: &'static str,
    },

    /// A wheel with the right hash cannot be unpacked as expected.
    #[error("cannot unpack `{}`: {detail}", path.display())]
    BadWheel {
        /// The wheel file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },

    /// The user's own installation has another version.
    #[error("{variable} names `{}`: expected {component}, found version {found}", path.display())]
    WrongVersion {
        /// What was wanted.
        component: Component,
        /// The variable that named the folder.
        variable: &'static str,
        /// The folder.
        path: PathBuf,
        /// The version found there.
        found: String,
    },

    /// The user's own installation lacks a file.
    #[error("{variable} names `{}`, which has no `{file}` of {component}", path.display())]
    NotAnInstallation {
        /// What was wanted.
        component: Component,
        /// The variable that named the folder.
        variable: &'static str,
        /// The folder.
        path: PathBuf,
        /// The missing file.
        file: String,
    },

    /// A file of the cache differs from what was unpacked.
    #[error("`{}` in the cache is damaged: {detail}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What differs.
        detail: String,
    },

    /// The interpreter for Gymnasium's environments could not be set up or used.
    #[error("cannot {action} with `{}`: {detail}", python.display())]
    PythonSide {
        /// What was tried.
        action: &'static str,
        /// The interpreter.
        python: PathBuf,
        /// The last words of the command.
        detail: String,
    },

    /// The component is not in the cache.
    #[error("{component} is not in the cache `{}`", cache.display())]
    NotThere {
        /// What was wanted.
        component: Component,
        /// The cache folder.
        cache: PathBuf,
    },
}

/// The measured part of [`Error::DiskFull`].
struct Room {
    needed: Option<u64>,
    available: Option<u64>,
}

impl std::fmt::Display for Room {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let megabytes = |bytes: u64| bytes.div_ceil(1_000_000);
        match (self.needed, self.available) {
            (Some(needed), Some(available)) => write!(
                formatter,
                ": needed {} MB, available {} MB",
                megabytes(needed),
                megabytes(available)
            ),
            _ => Ok(()),
        }
    }
}

/// The command that fetches every wheel of every component into a folder `wheels`, on any machine with pip.
fn fetch_command() -> String {
    let platforms = crate::pip::PLATFORMS.map(|platform| format!("--platform {platform}"));
    let wheels = Component::ALL
        .into_iter()
        .flat_map(|component| component.recipe().wheels);
    let requirements: Vec<String> = wheels
        .map(|wheel| format!("{}=={}", wheel.project, wheel.version))
        .collect();
    format!(
        "pip download --no-deps --only-binary=:all: --python-version 3.11 --implementation cp --abi cp311 {} \
         -d wheels {}",
        platforms.join(" "),
        requirements.join(" ")
    )
}

impl Error {
    /// Wraps an I/O error; a full disk becomes [`Error::DiskFull`].
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull {
                path,
                needed: None,
                available: None,
            },
            _ => Self::Io {
                action,
                path,
                source,
            },
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::NoCacheFolder => "set ASSAY_CACHE to a folder with 1.1 GB of room".to_string(),
            Self::UnsupportedPlatform { component, .. } => format!(
                "use Linux x86-64 (a container will do){}",
                match component {
                    Component::Libtorch => ", or set LIBTORCH to a libtorch 2.11.0 built for this platform",
                    Component::Mujoco => ", or set ASSAY_MUJOCO to a MuJoCo 3.9.0 built for this platform",
                    _ => "",
                }
            ),
            Self::Io { .. } => "check the permissions of that folder, or set ASSAY_CACHE to another one".to_string(),
            Self::DiskFull { .. } => {
                "free some space, or set ASSAY_CACHE to a folder on a larger disk, and repeat the command".to_string()
            }
            Self::PythonMissing { .. } => "install Python 3 with pip (Debian: apt install python3 python3-pip), or set \
                 ASSAY_PYTHON to an interpreter; without Python, put the wheel files in a folder and set ASSAY_WHEELS to it"
                .to_string(),
            Self::PipMissing { .. } => "install pip (Debian: apt install python3-pip; elsewhere: python3 -m ensurepip), \
                 or set ASSAY_PYTHON to an interpreter that has it"
                .to_string(),
            Self::Offline { .. } => format!(
                "connect to the network and repeat the command (a proxy or mirror goes into pip's own configuration); \
                 or, on a machine with network: {}; then copy the folder `wheels` here and set ASSAY_WHEELS to it",
                fetch_command()
            ),
            Self::PipFailed { wheel, .. } => format!(
                "check that pip's configured index offers {wheel}; or fetch it elsewhere and set ASSAY_WHEELS to its folder"
            ),
            Self::WrongHash { .. } => "the download is corrupted, or the index or folder offers another file under this \
                 name: delete it and repeat the command, or try another index"
                .to_string(),
            Self::WheelMissing { folder, .. } => format!(
                "on a machine with network: {}; then copy the files of `wheels` into `{}`",
                fetch_command(),
                folder.display()
            ),
            Self::BadWheel { .. } => "repeat the command; if it happens again, this is a bug: please report it".to_string(),
            Self::WrongVersion { variable, .. } | Self::NotAnInstallation { variable, .. } => format!(
                "point {variable} at the version that is expected, or unset it to use the one that is provided"
            ),
            Self::Damaged { path, .. } => format!(
                "delete the folder of the cache that holds `{}` and repeat the command: it will be fetched again",
                path.display()
            ),
            Self::PythonSide { action: "vouch for the packages", .. } => {
                "`assay doctor --create gymnasium` writes them down anew; evaluations then have other ids".to_string()
            }
            Self::PythonSide { .. } => "CPython 3.11 or 3.12 with venv is needed (Debian: apt install python3-venv): set \
                 ASSAY_PYTHON to one; or set ASSAY_GYMNASIUM_PYTHON to an interpreter that has gymnasium"
                .to_string(),
            Self::NotThere { .. } => "run `cargo xtask quickstart`, which fetches it".to_string(),
        }
    }
}
