//! Which layout a source has, by its content.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::arrays::Archive;
use super::hdf5::Hdf5;
use super::npz::Npz;
use super::{exorl, minari, problem};
use crate::error::{Error, ImportProblem, Names, Result};
use crate::writer::io_error;

/// Bytes of a file that are looked at.
const HEAD: u64 = 512;

/// A layout that can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the module's table says what each is")]
pub enum Layout {
    D4rl,
    Minari,
    Ogbench,
    Exorl,
    Neorl,
    D3rlpy,
    Imitation,
    Npz,
    Parquet,
    Csv,
}

impl Layout {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::D4rl => "d4rl",
            Self::Minari => "minari",
            Self::Ogbench => "ogbench",
            Self::Exorl => "exorl",
            Self::Neorl => "neorl",
            Self::D3rlpy => "d3rlpy",
            Self::Imitation => "imitation",
            Self::Npz => "npz",
            Self::Parquet => "parquet",
            Self::Csv => "csv",
        }
    }

    fn expects(self) -> &'static str {
        match self {
            Self::D4rl | Self::D3rlpy => "an HDF5 file",
            Self::Minari => "a folder with `data/main_data.hdf5` or `data/metadata.json`",
            Self::Exorl => "a folder with files `episode_*.npz`",
            Self::Ogbench | Self::Neorl | Self::Imitation | Self::Npz => "an NPZ file",
            Self::Parquet => "a Parquet file",
            Self::Csv => "a text file",
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What kind of file or folder the source is.
pub(super) enum Container {
    Archive(Archive),
    /// The folder of Minari's metadata; ExoRL's episodes.
    Folder {
        minari: Option<PathBuf>,
        episodes: Vec<PathBuf>,
    },
    Parquet,
    /// Text whose first line has a comma.
    Text,
    Unknown(String),
}

impl Container {
    pub(super) fn open(path: &Path) -> Result<Self> {
        if path.is_dir() {
            return Ok(Self::Folder {
                minari: minari::data_folder(path),
                episodes: exorl::episodes(path)?.unwrap_or_default(),
            });
        }
        let mut head = Vec::new();
        File::open(path)
            .and_then(|file| file.take(HEAD).read_to_end(&mut head))
            .map_err(io_error(path, "read the file"))?;
        let suffix = path.extension().unwrap_or_default().to_string_lossy();
        Ok(match &head[..] {
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => {
                Self::Archive(Archive::Npz(Npz::open(path)?))
            }
            _ if head.starts_with(b"\x89HDF\r\n\x1a\n") || is_hdf5(&suffix) => {
                Self::Archive(Archive::Hdf5(Box::new(Hdf5::open(path)?)))
            }
            _ if is_pickle(&head, &suffix) => return Err(problem(path, ImportProblem::Pickle)),
            _ if head.starts_with(b"PAR1") => Self::Parquet,
            _ if is_table(&head) => Self::Text,
            _ => Self::Unknown(describe(&head)),
        })
    }

    /// The layout that was asked for, or the one that the content shows.
    pub(super) fn layout(&self, path: &Path, asked: Option<Layout>) -> Result<Layout> {
        if let Some(layout) = asked {
            return Ok(layout);
        }
        self.guess().ok_or_else(|| {
            let found = self.found();
            problem(path, ImportProblem::UnknownLayout { found })
        })
    }

    fn guess(&self) -> Option<Layout> {
        let archive = match self {
            Self::Archive(archive) => archive,
            Self::Folder {
                minari: Some(_), ..
            } => return Some(Layout::Minari),
            Self::Folder { episodes, .. } if !episodes.is_empty() => return Some(Layout::Exorl),
            Self::Parquet => return Some(Layout::Parquet),
            Self::Text => return Some(Layout::Csv),
            Self::Folder { .. } | Self::Unknown(_) => return None,
        };
        let has = |keys: &[&str]| keys.iter().all(|key| archive.has(key));
        let steps = ["observations", "actions", "terminals"];
        match archive {
            Archive::Hdf5(_) if has(&["episode_terminals"]) || has(&["discrete_action"]) => {
                Some(Layout::D3rlpy)
            }
            // Its metadata are beside it, so the folder is what is imported.
            Archive::Hdf5(_) if has(&["episode_0/observations"]) => Some(Layout::Minari),
            // A lack of arrays is told best by the layout itself.
            Archive::Hdf5(_) => Some(Layout::D4rl),
            Archive::Npz(_) if has(&steps) && has(&["rewards"]) => Some(Layout::Npz),
            Archive::Npz(_) if has(&steps) => Some(Layout::Ogbench),
            Archive::Npz(_) if has(&["obs", "action", "index"]) => Some(Layout::Neorl),
            Archive::Npz(_) if has(&["obs", "acts", "indices"]) => Some(Layout::Imitation),
            Archive::Npz(_) => None,
        }
    }

    fn found(&self) -> String {
        match self {
            Self::Archive(archive) => {
                let kind = match archive {
                    Archive::Hdf5(_) => "HDF5",
                    Archive::Npz(_) => "NPZ",
                };
                format!("an {kind} file with {}", Names(&archive.shown()))
            }
            Self::Folder {
                minari: Some(_), ..
            } => "a folder of a Minari dataset".to_owned(),
            Self::Folder { episodes, .. } if !episodes.is_empty() => {
                "a folder of episodes".to_owned()
            }
            Self::Folder { .. } => {
                "a folder with neither `data/metadata.json` nor `episode_*.npz`".to_owned()
            }
            Self::Parquet => "a Parquet file".to_owned(),
            Self::Text => "a text file".to_owned(),
            Self::Unknown(text) => text.clone(),
        }
    }

    /// The error for a layout that such a source cannot have.
    pub(super) fn wrong(&self, path: &Path, layout: Layout) -> Error {
        let wrong = ImportProblem::WrongContainer {
            layout: layout.name(),
            expected: layout.expects(),
            found: self.found(),
        };
        problem(path, wrong)
    }
}

/// HDF5 may start at a later block of 512 bytes.
fn is_hdf5(suffix: &str) -> bool {
    ["hdf5", "h5"].contains(&suffix)
}

/// Protocols from 2 on start with their number; earlier ones are known by the file's name only.
fn is_pickle(head: &[u8], suffix: &str) -> bool {
    matches!(head, [0x80, 2..=5, ..]) || ["pkl", "pickle", "p"].contains(&suffix)
}

/// Printable text with a comma in the first line, which is complete.
fn is_table(head: &[u8]) -> bool {
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let printable = |byte: &u8| *byte >= 0x20 || [b'\t', b'\r', b'\n'].contains(byte);
    line.contains(&b',') && head.iter().all(printable) && !line.starts_with(b"{")
}

fn describe(head: &[u8]) -> String {
    match head {
        [] => "an empty file".to_owned(),
        [0x1f, 0x8b, ..] => "a gzip file; decompress it first".to_owned(),
        [b'A', b'R', b'R', b'O', b'W', b'1', ..] => {
            "an Arrow file; Minari's are imported as a folder".to_owned()
        }
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => {
            "a single NumPy array; put all arrays into one NPZ file".to_owned()
        }
        _ => {
            let shown: Vec<String> = head.iter().take(8).map(|b| format!("{b:02x}")).collect();
            format!("a file that starts with the bytes {}", shown.join(" "))
        }
    }
}
