//! Built-in environments with exact solutions, dataset recipes and score normalisers.
//!
//! | environment | page | solution |
//! |---|---|---|
//! | `cbandit/default-v0` | [`cbandit`] | exact |
//! | `lqr-nav/default-v0` | [`lqr`] | exact where actions are inside the bounds |
//! | `point-maze/{umaze,medium,large}-v0` | [`maze`] | value iteration, discretisation error stated |
//!
//! [`make`] builds a simulator, [`oracle`] its solution, [`generate`] a dataset from a [`Recipe`], [`normalizer::lookup`] finds
//! the references of a score. All mathematics is portable (`libm`) and all randomness comes from `manifest::random`, so the same recipe and
//! seed give the same bytes on every machine. Environments behind plugins implement the same [`Environment`] trait.

mod behaviour;
mod catalog;
pub mod cbandit;
mod dataset_recipe;
mod discrete;
mod environment;
mod error;
mod expectile;
mod generate;
pub mod lqr;
pub mod maze;
pub mod normalizer;
mod overrides;
mod quadrature;
mod recipe;
mod simulated;
mod source;

pub use behaviour::{BehaviourSpec, Part, clipped_normal_moments};
pub use catalog::{EnvironmentInfo, catalog, info, make, oracle};
pub use dataset_recipe::DatasetRecipe;
pub use discrete::Levels;
pub use environment::{Environment, Functional, Oracle, Spec, Step};
pub use error::{Error, SinkError};
pub use generate::{BehaviourValue, Sink, Transition, behaviour_value, generate};
pub use normalizer::{Normalizer, References, normalizers, reference_returns};
pub use recipe::{ActionLabel, GENERATOR_VERSION, Recipe, Start};
pub use simulated::{
    Age, COLLECTOR_VERSION, Include, SimulatedBehaviour, SimulatedPart, SimulatedRecipe, Training,
};
pub use source::source_hash;
