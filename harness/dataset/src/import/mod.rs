//! Importers: one module per file layout. Each streams its source with bounded memory into a
//! [`DatasetWriter`](crate::DatasetWriter), so a failed import leaves nothing.
//!
//! | layout | source | module |
//! |---|---|---|
//! | `d4rl` | HDF5 with one array per quantity | [`d4rl`] |
//! | `minari` | folder of a Minari dataset, HDF5 or Arrow | [`minari`] |
//! | `ogbench` | NPZ of states, without rewards | [`ogbench`] |
//! | `exorl` | folder of NPZ episodes | [`exorl`] |
//! | `neorl` | NPZ with `index` | [`neorl`] |
//! | `d3rlpy` | HDF5 with `episode_terminals` | [`d3rlpy`] |
//! | `imitation` | NPZ with `indices` | [`imitation`] |
//! | `npz` | NPZ with D4RL's keys | [`d4rl`] |
//! | `parquet`, `csv` | table with a [`Mapping`] | [`table`] |
//!
//! Pickles and arrays of Python objects are refused: reading one runs the program in it.

mod arrays;
mod cursor;
pub mod d3rlpy;
pub mod d4rl;
mod d4rl_source;
mod detect;
pub mod exorl;
mod hdf5;
pub mod imitation;
mod inflate;
pub mod minari;
pub mod neorl;
mod npy;
mod npz;
mod numbers;
pub mod ogbench;
mod options;
mod paired;
mod pipeline;
mod problem;
pub mod relabel;
mod side;
mod steps;
pub mod table;
mod window;

use std::path::Path;

pub use detect::Layout;
pub use options::{ImportOptions, SideFile};
pub use problem::ImportProblem;
pub use table::Mapping;

use crate::error::{Error, Result};
use crate::writer::{Written, io_error};
use arrays::{Archive, Array, Kind};
use detect::Container;
use side::Side;

/// What decompression can make of a byte, with a margin: deflate gives at most 1032.
const EXPANSION: u64 = 1100;

/// Most that is held of what comes in one piece: a list of boundaries, an array of an episode.
const MAX_HELD_BYTES: u64 = 256 << 20;

/// Imports `source`, a file or a folder, under `root`. Without a layout the content decides. `progress` is called with
/// the rows done and the rows in all.
pub fn import(
    root: &Path,
    source: &Path,
    layout: Option<Layout>,
    options: &ImportOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Written> {
    exists(source)?;
    let container = Container::open(source)?;
    let layout = container.layout(source, layout)?;
    let side = Side::read(source, &options.side_file)?;
    let environment = options.environment.as_deref();
    let environment = environment.or(side.environment.as_deref());
    let opened = match (layout, &container) {
        (Layout::D4rl | Layout::Npz, Container::Archive(archive)) => {
            let name = match archive {
                Archive::Hdf5(_) => "d4rl-hdf5",
                Archive::Npz(_) => "npz",
            };
            d4rl::open(source, archive, options, &side, name)
        }
        (Layout::Ogbench, Container::Archive(archive)) => ogbench::open(source, archive, options),
        (Layout::Neorl, Container::Archive(archive)) => neorl::open(source, archive, options),
        (Layout::D3rlpy, Container::Archive(archive)) => d3rlpy::open(source, archive, options),
        (Layout::Imitation, Container::Archive(archive)) => {
            imitation::open(source, archive, options)
        }
        (
            Layout::Minari,
            Container::Folder {
                minari: Some(data), ..
            },
        ) => minari::open(source, data, options),
        (Layout::Exorl, Container::Folder { episodes, .. }) if !episodes.is_empty() => {
            exorl::open(source, episodes.clone(), environment, options)
        }
        (Layout::Parquet, Container::Parquet) => table::open_parquet(source, options),
        (Layout::Csv, Container::Text | Container::Unknown(_)) => table::open_csv(source, options),
        (layout, container) => Err(container.wrong(source, layout)),
    }?;
    pipeline::write(root, source, options, &side, opened, progress)
}

/// A plain error for a missing file, before a decoder sees it.
fn exists(path: &Path) -> Result<()> {
    std::fs::metadata(path)
        .map(drop)
        .map_err(io_error(path, "read the file"))
}

fn problem(file: &Path, problem: ImportProblem) -> Error {
    Error::Import {
        file: file.to_owned(),
        problem: Box::new(problem),
    }
}

/// Refuses arrays of unequal or no length.
fn equal_rows(file: &Path, arrays: &[&Array]) -> Result<()> {
    let lengths: Vec<(String, u64)> = arrays
        .iter()
        .map(|array| (array.key().to_owned(), array.rows()))
        .collect();
    let rows = lengths.first().map_or(0, |&(_, n)| n);
    if lengths.iter().any(|&(_, n)| n != rows) {
        return Err(problem(file, ImportProblem::UnequalLengths { lengths }));
    }
    match lengths.into_iter().next() {
        Some((array, 0)) => Err(problem(file, ImportProblem::NoRows { array })),
        _ => Ok(()),
    }
}

/// A note for each array that a layout does not use.
fn left_out(archive: &Archive, used: &[&str]) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for key in archive
        .keys()
        .iter()
        .filter(|key| !used.contains(&key.as_str()))
    {
        let objects = matches!(archive.find(key)?, Some(array) if array.kind() == Kind::Objects);
        notes.push(if objects {
            format!(
                "`{key}` left out: it holds Python objects, stored as a pickle, and reading a pickle runs the program in it"
            )
        } else {
            format!("`{key}` left out: not part of the layout")
        });
    }
    Ok(notes)
}
