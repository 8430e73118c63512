//! Importers: one module per file layout. Each streams its source with bounded memory into a
//! [`DatasetWriter`](crate::DatasetWriter), so a failed import leaves nothing.
//!
//! | layout | source | module |
//! |---|---|---|
//! | `d4rl` | HDF5 with one array per quantity | [`d4rl`] |
//! | `ogbench` | NPZ of states, without rewards | [`mod@ogbench`] |
//! | `npz` | NPZ with D4RL's keys | [`d4rl`] |

mod arrays;
mod cursor;
pub mod d4rl;
mod d4rl_source;
mod detect;
mod hdf5;
mod npy;
mod npz;
mod ogbench;
mod options;
mod paired;
mod pipeline;
mod problem;
mod side;
mod window;

use std::path::Path;

pub use detect::Layout;
pub use options::{ImportOptions, SideFile};
pub use problem::ImportProblem;

use crate::error::{Error, Result};
use crate::writer::{Written, io_error};
use arrays::Array;
use detect::Container;
use side::Side;

/// What decompression can make of a byte, with a margin: deflate gives at most 1032.
const EXPANSION: u64 = 1100;

/// Most that is held of what comes in one piece: a chunk of an array, an episode that is a file.
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
    let opened = match (layout, &container) {
        (Layout::D4rl, Container::Archive(archive)) => {
            d4rl::open(source, archive, options, &side, "d4rl-hdf5")
        }
        (Layout::Npz, Container::Archive(archive)) => {
            d4rl::open(source, archive, options, &side, "npz")
        }
        (Layout::Ogbench, Container::Archive(archive)) => ogbench::open(source, archive, options),
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
