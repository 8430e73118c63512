//! Finds, checks, loads and calls plugins.
//!
//! Two halves. The first never loads anything: [`Search`] finds libraries, [`Sidecar`] is the sealed metadata beside
//! each, and planning works from these alone. The second half ([`Library`], [`Learner`], [`Environment`]) runs inside
//! worker processes only, because a plugin may crash the process it is loaded into. Libraries are never unloaded.

mod environment;
mod error;
mod learner;
mod library;
pub mod numeric;
mod runtime;
mod search;
mod services;
mod sidecar;

pub use environment::{Behaviour, Environment, PluginOracle};
pub use error::Error;
pub use learner::{Bound, Learner, ProblemSpec, Served};
pub use library::Library;
pub use plugin_api::{ActMode, BatchRequest, Goals, Network, Query, Reduce, View};
pub use runtime::{Runtime, RuntimeLibrary, load as load_runtime};
pub use search::{Candidate, Found, Search};
pub use services::{BatchBuffers, Random, Services, SharedServices};
pub use sidecar::{
    AbiMeta, EnvironmentMeta, LearnerMeta, LibraryMeta, Sidecar, sha256_hex, sidecar_path,
};
