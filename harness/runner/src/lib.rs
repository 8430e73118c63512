//! Plans the stage graph of a manifest, executes it in worker processes, evaluates policies in environments.
//!
//! The life of a run: [`plan`] resolves names to bytes and expands the manifest to a graph of content-addressed nodes;
//! [`execute`] hands the nodes that the store lacks to workers, one process each; [`worker`] computes one node;
//! [`observe`] compacts what the store holds into the study's long table. Raw scores are made here and nowhere else.

mod channel;
pub mod clock;
mod data;
mod error;
mod generate;
mod job;
mod machine;
mod made_with;
mod observe;
mod origins;
mod physics;
mod plan;
mod policy_file;
mod pool;
pub mod worker;

pub use data::{ensure_generated, generated_id, read_recipe, with_policy_file};
pub use error::Error;
pub use generate::GenerateRequest;
pub use job::{Job, StageJob};
pub use made_with::made_with;
pub use observe::{Hole, MS_PER_ACTION, observe};
pub use origins::origins;
pub use physics::{Deviation, PhysicsReport, PhysicsRequest, physics_request, replay_physics};
pub use plan::{
    BenchmarkFacts, Cell, CellState, NodeKind, NodePlan, Places, Plan, Resolver,
    benchmark_definitions, plan,
};
pub use pool::{Event, Options, Report, execute};
pub use worker::collect::{Collecting, collect};

/// Hash of the sources that decide which batches a stage sees.
pub const SAMPLER_SOURCE: &str = env!("ASSAY_SAMPLER_SOURCE");
/// Hash of the sources that decide what happens in an online phase.
pub const ONLINE_SOURCE: &str = env!("ASSAY_ONLINE_SOURCE");
/// Hash of the sources that decide how stages are trained in turn.
pub const JOINT_SOURCE: &str = env!("ASSAY_JOINT_SOURCE");
/// Hash of the sources that decide how a policy is scored.
pub const EVALUATOR_SOURCE: &str = env!("ASSAY_EVALUATOR_SOURCE");
