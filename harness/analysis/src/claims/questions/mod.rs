//! From a claim and a study to the questions that decide the claim. One file per family of statistics.

mod association;
mod codes;
mod difference;
mod drops;
mod gap_growth;
mod settings;
mod shares;
mod slopes;
mod snapshots;
mod sweep;
mod test_time;
mod variance;

pub(crate) use settings::Scope;
pub use settings::fits;
pub(crate) use slopes::regressors as slope_regressors;

use super::answer::Question;
use super::file::Test;

/// The questions of a claim, or why the study cannot answer them.
pub(crate) fn questions(scope: &Scope<'_>) -> Result<Vec<Question>, String> {
    match &scope.claim.test {
        Test::ShareNonInferior { .. } => shares::non_inferior(scope),
        Test::ShareWithinBest { .. } => shares::within_best(scope),
        Test::VarianceComponents { .. } => variance::components(scope),
        Test::Slopes { .. } => slopes::slopes(scope),
        Test::GapGrowth { .. } => gap_growth::gap_growth(scope),
        Test::Difference { .. } => difference::difference(scope),
        Test::RelativeDrops { .. } => drops::relative_drops(scope),
        Test::SweepShape { .. } => sweep::shape(scope),
        Test::TestTime { .. } => test_time::gains(scope),
        Test::PairedBenchmarks { .. } => codes::paired_benchmarks(scope),
        Test::Association { .. } => association::association(scope),
    }
}

/// A test that is asked of a claim of another kind is a mistake of this module.
pub(crate) const OTHER_KIND: &str = "the claim is of another kind";

/// Value and policy slope of one matrix.
pub(crate) fn slopes_of(x: &[(f64, f64)], y: &[f64]) -> Option<(f64, f64)> {
    crate::stats::slopes::fit(x, y).map(|s| (s.first, s.second))
}
