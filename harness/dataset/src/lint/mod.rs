//! Lint: the historical defects of offline data as checks with codes.
//!
//! | code | finds | fix |
//! |---|---|---|
//! | `time-limit-terminated` | terminated rows at the one greatest episode length | marks them truncated |
//! | `timeouts-misplaced` | jumps of the observation next to the ends of truncated episodes | - |
//! | `missing-timeouts` | jumps inside episodes; a file that marks none | `--episode-length` |
//! | `reward-shifted` | rewards that transitions explain far better one row earlier or later | moves them back |
//! | `non-finite` | NaN or infinite values (files; datasets never hold any) | cuts the episode before them |
//! | `unequal-lengths` | arrays of different lengths (files) | cuts all to the shortest |
//! | `wrong-dtype` | arrays of another element type (files) | rounds double precision |
//! | `actions-out-of-bounds` | actions beyond the declared bounds | clips them |
//! | `duplicate-trajectory` | trajectories equal bit for bit to an earlier one | drops them |
//! | `empty-episode` | episodes without a row to learn from | drops them |
//! | `constant-column` | observation, action or reward entries that never change | - |
//! | `no-normalizer` | an environment whose scores cannot be normalised | - |
//! | `physics-differs` | replayed states whose successors are not the data's (`--physics`) | - |
//!
//! [`dataset`] checks a dataset, [`source`] a file or folder before it is imported; [`crate::repair`] applies fixes while data are imported. Every check is a function of
//! the data alone and reads all rows, but the reward check, which takes at most [`SAMPLED_ROWS`] of them, evenly spaced.

mod copies;
mod ends;
mod seams;
mod shift;
mod source;
mod values;

use serde::Serialize;
use serde_json::Value;

use crate::error::Result;
use crate::reader::Dataset;
use crate::transitions::Transitions;

pub use shift::SAMPLED_ROWS;
pub use source::{Examined, UNKNOWN, source};

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// A time limit is stored as a termination.
    TimeLimitTerminated,
    /// Timeouts are out of step with trajectories.
    TimeoutsMisplaced,
    /// Ends of episodes are not marked.
    MissingTimeouts,
    /// Rewards belong to the row before or after.
    RewardShifted,
    /// NaN or infinite values.
    NonFinite,
    /// Arrays of different lengths.
    UnequalLengths,
    /// Arrays of another element type than the layout's.
    WrongDtype,
    /// Actions beyond their bounds.
    ActionsOutOfBounds,
    /// The same trajectory twice.
    DuplicateTrajectory,
    /// An episode without a row to learn from.
    EmptyEpisode,
    /// An entry that never changes.
    ConstantColumn,
    /// No reference scores.
    NoNormalizer,
    /// The simulator says something else.
    PhysicsDiffers,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Training on it gives wrong values or a wrong score.
    Defect,
    /// Often harmless; look at it.
    Suspicion,
}

impl Code {
    /// Every code, in the order of the table.
    pub const ALL: [Self; 13] = [
        Self::TimeLimitTerminated,
        Self::TimeoutsMisplaced,
        Self::MissingTimeouts,
        Self::RewardShifted,
        Self::NonFinite,
        Self::UnequalLengths,
        Self::WrongDtype,
        Self::ActionsOutOfBounds,
        Self::DuplicateTrajectory,
        Self::EmptyEpisode,
        Self::ConstantColumn,
        Self::NoNormalizer,
        Self::PhysicsDiffers,
    ];

    /// The code as it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TimeLimitTerminated => "time-limit-terminated",
            Self::TimeoutsMisplaced => "timeouts-misplaced",
            Self::MissingTimeouts => "missing-timeouts",
            Self::RewardShifted => "reward-shifted",
            Self::NonFinite => "non-finite",
            Self::UnequalLengths => "unequal-lengths",
            Self::WrongDtype => "wrong-dtype",
            Self::ActionsOutOfBounds => "actions-out-of-bounds",
            Self::DuplicateTrajectory => "duplicate-trajectory",
            Self::EmptyEpisode => "empty-episode",
            Self::ConstantColumn => "constant-column",
            Self::NoNormalizer => "no-normalizer",
            Self::PhysicsDiffers => "physics-differs",
        }
    }

    /// How much it matters.
    pub const fn severity(self) -> Severity {
        match self {
            Self::ConstantColumn | Self::NoNormalizer | Self::EmptyEpisode | Self::WrongDtype => {
                Severity::Suspicion
            }
            _ => Severity::Defect,
        }
    }

    /// What it does to training or scores.
    pub const fn effect(self) -> &'static str {
        match self {
            Self::TimeLimitTerminated => {
                "nothing is bootstrapped from these rows: values of good states are learned as if life ended there"
            }
            Self::TimeoutsMisplaced => {
                "one transition an episode leads from the end of one trajectory to the start of another, and values leak across"
            }
            Self::MissingTimeouts => {
                "values leak from the start of one trajectory into the end of another"
            }
            Self::RewardShifted => {
                "values are learned of the action before or after the one that earned the reward"
            }
            Self::NonFinite => "the first minibatch that holds such a row makes the loss NaN",
            Self::UnequalLengths => "rows of different steps are put together",
            Self::WrongDtype => "the digest of the data would depend on how they are rounded",
            Self::ActionsOutOfBounds => {
                "policies are trained towards actions that the environment clips, and log-likelihoods at the bounds become infinite"
            }
            Self::DuplicateTrajectory => {
                "these trajectories count twice, and a copy in the validation split makes overfitting look like learning"
            }
            Self::EmptyEpisode => {
                "nothing is learned from them, but they count as episodes of length one"
            }
            Self::ConstantColumn => {
                "normalising by its standard deviation divides by zero; it may be a sensor that was not recorded"
            }
            Self::PhysicsDiffers => {
                "what is learned holds for another simulator than the one that scores it: another version, inertia or row order"
            }
            Self::NoNormalizer => {
                "scores can be given as returns only, and not be averaged over environments"
            }
        }
    }

    /// What to do about it.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::TimeoutsMisplaced => {
                "import again with `--split-discontinuities` where the file has `next_observations`; else correct the source"
            }
            Self::MissingTimeouts => {
                "import again with `--episode-length N` or, where the file has `next_observations`, `--split-discontinuities`"
            }
            Self::ConstantColumn => "nothing, if the environment is like this",
            Self::PhysicsDiffers => {
                "choose the environment that made the data (its version, or its `mj20` variant)"
            }
            Self::NoNormalizer => "name a normalizer in the benchmark, or compare returns",
            Self::WrongDtype => "import with `--convert-f64`",
            _ => "import with `--fix` and this code",
        }
    }

    /// Whether [`crate::repair`] can put it right.
    pub const fn fixable(self) -> bool {
        matches!(
            self,
            Self::TimeLimitTerminated
                | Self::RewardShifted
                | Self::NonFinite
                | Self::UnequalLengths
                | Self::ActionsOutOfBounds
                | Self::DuplicateTrajectory
                | Self::EmptyEpisode
        )
    }
}

/// Rows that a finding is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rows {
    /// How many.
    pub count: u64,
    /// The first few, ascending.
    pub first: Vec<u64>,
}

/// Rows that are listed one by one.
const LISTED: usize = 8;

impl Rows {
    /// Counts `row` and lists it while there are few.
    pub fn push(&mut self, row: u64) {
        self.count += 1;
        if self.first.len() < LISTED {
            self.first.push(row);
        }
    }
}

impl FromIterator<u64> for Rows {
    fn from_iter<I: IntoIterator<Item = u64>>(rows: I) -> Self {
        let mut all = Self::default();
        rows.into_iter().for_each(|row| all.push(row));
        all
    }
}

/// One defect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is.
    pub code: Code,
    /// How much it matters.
    pub severity: Severity,
    /// What was seen, with numbers.
    pub seen: String,
    /// Where.
    pub rows: Rows,
    /// What it does to training.
    pub effect: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

impl Finding {
    /// A finding of `code`.
    pub fn new(code: Code, seen: String, rows: Rows) -> Self {
        Self {
            code,
            severity: code.severity(),
            seen,
            rows,
            effect: code.effect(),
            remedy: code.remedy(),
        }
    }
}

/// What is wrong with a dataset, in the order of codes.
///
/// # Errors
/// What loading it gives.
pub fn dataset(dataset: &Dataset) -> Result<Vec<Finding>> {
    let description = &dataset.metadata().description;
    // Rewards that the source does not have are zeros.
    let rewarded = description.declared.get("rewards") != Some(&Value::from("absent"));
    let rows = dataset.load()?;
    Ok(transitions(
        &rows,
        description.action_bounds.as_deref(),
        rewarded,
    ))
}

fn transitions(
    rows: &Transitions,
    action_bounds: Option<&[[f32; 2]]>,
    rewarded: bool,
) -> Vec<Finding> {
    let mut all: Vec<Finding> = ends::time_limits(rows).into_iter().collect();
    all.extend(seams::seams(rows));
    all.extend(shift::reward(rows));
    all.extend(values::out_of_bounds(rows, action_bounds));
    all.extend(copies::duplicates(rows));
    all.extend(ends::empty(rows));
    all.extend(values::constants(rows, rewarded));
    all
}
