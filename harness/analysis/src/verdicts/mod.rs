//! Verdicts on two results: a study against a published table ([`reproduce`]), and a study against another ([`compare`]).
//!
//! Scores are arithmetic means over runs here, as published tables have them, and tests are Welch's or paired t tests
//! ([`crate::stats::welch`]). A published cell is *reproduced* where two one-sided tests at .05 show that the means differ by less than a
//! margin, else *not reproduced* where the 95 % interval of the difference excludes 0, else *inconclusive*. How often these rules err
//! is simulated in the crate's tests: equal means are called not reproduced in at most 5 % of draws, and means a margin apart reproduced in
//! at most 5 %, give or take a point. The first is rarer where spreads are small for the runs, because equivalence is shown instead; the
//! second where they are large, because it is out of reach. The interval alone excludes a true 0 in at most 6 % of draws from 4 runs on
//! each side; with 3 in up to 7 %, with 2 in up to 11 %.
//!
//! Each verdict is given twice: by its own p, and after Holm's adjustment over the cells that were tested, which can only make it
//! inconclusive.

mod compare;
mod compared;
mod decide;
mod gap;
mod outlook;
mod protocol;
mod reproduce;
mod runs;
mod table;
mod unlike;

pub use compare::{Against, compare};
pub use compared::{Compared, Decision, Group, Measured, Row, Score, Together};
pub use decide::{Detail, Verdict, after_holm};
pub use gap::{Gap, Reference, gap};
pub use outlook::{Outlook, outlook};
pub use protocol::Reason;
pub use reproduce::{Request, default_margin, reproduce};
pub use table::{CellVerdict, Counts, Own, Published, Reproduction};
pub use unlike::Caveat;

/// Level of intervals and of every test.
pub const ALPHA: f64 = 0.05;
