//! Manifests, benchmarks, identities, and the random streams everything draws from.
//!
//! This crate does no I/O: it turns text into checked types ([`Manifest`], [`BenchmarkDefinition`]), types into points
//! of an experiment ([`expand`]), and specifications into content ids ([`identity`]). It depends on no other crate of
//! the project.

mod benchmark;
mod check;
mod error;
pub mod expand;
pub mod identity;
pub mod params;
mod parse;
pub mod random;
mod schema;
mod types;

pub use benchmark::{BenchmarkDefinition, BenchmarkEvaluation};
pub use check::check;
pub use error::{Error, Position, nearest};
pub use parse::{locate, parse_benchmark, parse_manifest};
pub use schema::manifest_schema;
pub use types::{
    ActionMode, BenchmarkRef, Better, Evaluation, Finding, IdentityMode, Limits, Manifest,
    NumericMode, Pair, Pipeline, Plugins, PolicyView, Precision, Seeds, Selection, StageSpec,
    Study, Sweep, Table, Training,
};
