//! Statistics over a study's measurements, with Polars.
//!
//! Raw numbers are made in the runner; means, intervals, normalised scores and verdicts are made here and nowhere
//! else. This crate reads a study folder (`study.json`, `observations.parquet`), returns typed results, and never
//! renders, prints or decides an exit code.
//!
//! ```no_run
//! let results = analysis::Results::open(std::path::Path::new("results/quickstart"))?;
//! let tables = analysis::tables(&results, &analysis::Resampler::default())?;
//! println!("{} tables", tables.len());
//! # Ok::<(), analysis::Error>(())
//! ```

mod aggregate;
mod budget;
mod cell;
pub mod claims;
pub mod diagnose;
mod error;
mod findings;
mod fits;
mod improvement_matrix;
mod learning;
mod load;
mod merge;
mod observation;
mod point;
pub mod protocol;
pub mod published;
mod runs;
mod scaling;
mod selection;
mod sensitivity;
mod sentence;
mod standing;
pub mod stats;
pub mod study;
mod table;
mod tuning;
pub mod verdicts;
pub mod words;

pub use aggregate::{
    AggregateOptions, AggregateRow, Aggregates, LeftOutPipeline, ProfilePoint, aggregates,
};
pub use budget::Budget;
pub use cell::{Cell, Entry, Missing, MissingKind};
pub use error::{Error, Result};
pub use findings::{Comparison, Finding, Findings, Part, Verdict, findings};
pub use fits::{FittedLaw, LeftOutCurve, MatrixSlopes, ScalingFits, scaling_fits};
pub use improvement_matrix::{IMPROVEMENT_REPLICATES, ImprovementMatrix, improvement_matrix};
pub use learning::{LearningCurve, LearningPoint, learning_curves};
pub use load::{Query, Results};
pub use merge::merge_studies;
pub use observation::{Observation, Outcome};
pub use point::{Level, Point};
pub use runs::{Absent, Run, absent, runs};
pub use scaling::{Curve, CurvePoint, Matrix, ScalingOptions, curves, matrices};
pub use sensitivity::{Sensitivity, SensitivityPoint, sensitivities};
pub use standing::{Standing, standings};
pub use stats::bootstrap::Resampler;
pub use stats::small_sample::LowN;
pub use stats::{Estimate, Interval};
pub use study::{Better, FigureKind, Over, Study};
pub use table::{Shared, Table, table, tables};
pub use tuning::{Tried, Tuned, tuned};
