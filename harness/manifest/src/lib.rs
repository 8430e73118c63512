//! Manifests, benchmarks, identities, and the random streams everything draws from.
//!
//! This crate does no I/O: it turns text into checked types ([`Manifest`], [`BenchmarkDefinition`]), types into points
//! of an experiment ([`expand`]), and specifications into content ids ([`identity`]). It depends on no other crate of
//! the project.

mod benchmark;
mod check;
mod check_shown;
mod check_tuning;
mod error;
pub mod expand;
mod expert;
mod goal;
pub mod identity;
mod online;
pub mod params;
mod parse;
mod part;
pub mod random;
mod reward;
mod schema;
mod shown;
mod transform;
mod types;

pub use benchmark::{BenchmarkDefinition, BenchmarkEvaluation, BenchmarkSpaces};
pub use check::check;
pub use error::{Error, Position, nearest};
pub use expert::{EXPERT_ROLE, ExpertSpec};
pub use goal::{End, Future, GoalRules, GoalSampling, Reached};
pub use online::Online;
pub use parse::{locate, parse_benchmark, parse_document, parse_manifest};
pub use part::{Part, SeedRange};
pub use reward::{RewardDivisor, RewardSpec};
pub use schema::manifest_schema;
pub use shown::{Better, Figure, FigureKind, Finding, Pair, Table};
pub use transform::{TransformKind, TransformSpec};
pub use types::{
    ActionMode, BenchmarkRef, Evaluation, IdentityMode, Limits, Manifest, NumericMode, Pipeline,
    Plugins, PolicyView, Precision, Schedule, Seeds, Selection, StageSpec, Study, Sweep, Training,
    Tuning,
};
