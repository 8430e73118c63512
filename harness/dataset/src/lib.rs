//! Datasets: immutable transitions in Parquet, named `family/name-vN`, identified by a logical digest.
//!
//! A dataset is a folder `<data root>/<family>/<name-vN>/` with one file, `transitions.parquet`, which holds the rows and,
//! as JSON in its key-value metadata, everything known about them ([`Metadata`]). `verified.json` beside it is a cache.
//!
//! | column | type | |
//! |---|---|---|
//! | `episode` | u32 | trajectory number: 0, 1, 2, ... without gaps |
//! | `observation`, `action` | fixed-size list of f32 | |
//! | `reward` | f32 | |
//! | `terminated`, `truncated` | bool | only on the last row of an episode |
//! | `final_observation` | fixed-size list of f32, nullable | the observation after the last row of an episode, when known |
//! | side columns | f32 or f64, scalar or fixed-size list | `qpos`, `qvel`, `action_log_prob`, ...: digests of their own |
//!
//! * [`DatasetWriter`] writes a dataset, all or nothing; [`import`] fills one from other layouts.
//! * [`Dataset`] opens, verifies and loads one; [`list`] finds all under a data root.
//! * [`Transitions`] are the rows in memory; [`split`] and [`View`] say which of them a stage sees.
//! * [`digest`] defines the logical digest.

mod batch;
mod catalog;
pub mod digest;
mod error;
mod file;
mod id;
pub mod import;
pub mod lint;
mod metadata;
mod pack;
mod pages;
mod reader;
pub mod repair;
mod rows;
mod scan;
mod schema;
mod stamp;
mod stats;
mod tally;
mod transitions;
mod view;
mod writer;

pub use batch::{Batch, SideValues, Transition};
pub use catalog::{Listed, list};
pub use digest::{Digest, Digests};
pub use error::{Error, ImportProblem, Mismatch, OrderProblem, Result};
pub use id::DatasetId;
pub use metadata::{
    Behaviour, ColumnRecord, Description, FORMAT_VERSION, Generator, METADATA_KEY, Metadata, Origin,
};
pub use reader::{DATA_FILE, Dataset, Verified};
pub use schema::{CORE_COLUMNS, Column, Dtype};
pub use stamp::file_digest;
pub use stats::{Stats, Summary};
pub use tally::Counts;
pub use transitions::Transitions;
pub use view::{Side, Split, View, split};
pub use writer::{Compression, DatasetWriter, Outcome, WriteOptions, Written};
