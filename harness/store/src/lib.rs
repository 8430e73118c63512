//! The append-only, content-addressed result store and the study folders made from it.
//!
//! ```text
//! results/store/FORMAT                      format number
//! results/store/lock                        held by the one `assay run` that writes
//! results/store/nodes/<aa>/<run_id>/        a completed stage or evaluation: node.json, log.txt and its files
//! results/store/partial/<run_id>/           resumable state of a running stage
//! results/store/failures/<run_id>/<n>/      failed attempts: failure.json, log.txt
//! results/store/tmp/                        half-written folders; swept at the next start
//! results/<study>/                          observations.parquet, study.json, origins.json and renderings
//! results/<study>/parts/<part>/             the same of a part of the study, with part.json
//! ```
//!
//! A node becomes visible by one rename of a folder whose files are on disk, so a kill at any instant leaves either
//! the whole node or nothing. Files carry SHA-256 digests that are checked again when they are read.

mod error;
mod external;
pub mod failpoint;
mod files;
mod merge;
mod node;
mod observations;
mod origins;
mod rows;
mod store;

pub use error::Error;
pub use external::{
    CurveColumns, CurveRun, Cuts, RETURN, curves_digest, read_curves, read_d3rlpy, run_names,
    write_curves,
};
pub use files::{replace_file, write_new_file};
pub use merge::merge_observations;
pub use node::{FileRecord, Node, NodeWriter, Provenance};
pub use observations::{Observation, read_observations, write_observations};
pub use origins::{EvaluationOrigin, MadeBy, Origins, Source};
pub use rows::{EpisodeRow, MetricRow, read_episodes, read_metrics, write_episodes, write_metrics};
pub use store::{Failure, FailureKind, Lock, Partial, Store};
