//! Published tables: what they hold, how they are read, what is wrong with them.
//!
//! A table is one TOML file below `results/published/`; `results/published/README.md` is the format and the list of the
//! validator's rules. Numbers are kept as they were printed: nothing is normalised or converted when a file is read, and
//! [`sample_sd`] is the one place where a printed spread becomes a standard deviation.

mod check;
mod load;
mod recompute;
mod spread;
mod table;

pub use check::{Code, Defect, References, check};
pub use load::{File, load};
pub use recompute::{Recomputed, recompute};
pub use spread::{Spread, SpreadKind, sample_sd};
pub use table::{FORMAT, Measure, Score, Selection, Table, Trust};
