//! Claims about a study, decided by tests that were fixed beforehand.
//!
//! A [`ClaimsFile`] names for each statement its statistic, comparison, margin, the least number of settings and seeds, and
//! the power. [`evaluate`] turns a study's measurements into verdicts: supported, contradicted, inconclusive, or not
//! testable here, with intervals over whole seeds, for each setting, each environment and together, raw and after
//! Holm. Null pairs (one method twice) go through the same engine; what it says about them is counted.
//!
//! | file | what |
//! |---|---|
//! | `file`, `check`, `topic` | the claims file, its checks, and what an environment cannot speak about |
//! | `evidence`, `table` | measurements, complete tables of seeds by columns by cells |
//! | `questions/` | statistics: one file per family, formulas at its top |
//! | `sample`, `decide`, `answer` | mean and interval over whole seeds, p, partial conjunctions, verdicts |
//! | `evaluate`, `null`, `record` | all claims of a file, null pairs, and the file's digest beside the results |
//! | `outlook`, `power` | further seeds that would decide; what the study can see at its own spread |
//! | `forecast` | how likely each claim is decided with more seeds |

mod answer;
mod check;
mod decide;
mod evaluate;
mod evidence;
mod file;
mod forecast;
mod null;
mod outlook;
mod power;
mod questions;
mod record;
mod sample;
mod table;
mod topic;

pub use answer::{Answer, Part, Shown};
pub use decide::{Bound, Needs, Sides, Verdict};
pub use evaluate::{ClaimResult, LeftOut, Report, evaluate, verdicts};
pub use evidence::{Evidence, Measured, Shape};
pub use file::{
    Claim, ClaimsFile, FORMAT, Factor, Favours, Identity, Labels, Least, Levels, MarginUnit,
    NullPair, Power, Property, Scale, Tag, Test, Tuning,
};
pub use forecast::{Forecast, forecast};
pub use null::{NullResult, Nulls};
pub use questions::fits;
pub use record::{Registered, Registration, register};
pub use sample::{ALPHA, Effect, Sample, pooled};
pub use topic::{Topic, barred};

// A diagnosis reads the same tables.
pub(crate) use evidence::joined;
pub(crate) use questions::{slope_regressors, slopes_of};
pub(crate) use table::{Column, Table, mean};
