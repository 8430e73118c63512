//! Null pairs: one method twice, through the same engine. Whatever it finds there is false.
//!
//! Two kinds. Every method that a claim reads is split into its lower and its upper half of seeds, as if these were two
//! methods (at least six seeds). And a claims file may name pipelines that are the same method, run apart. Each pair is
//! tested for a difference of zero; "first above second" and "second above first" are both false verdicts. About
//! one pair in twenty gives one; many more mean that the intervals are too narrow. How many more is chance says the
//! binomial tail, as if pairs were independent; pairs that share seeds and stages are not, so that it is a lower bound.
//!
//! Halves of two seeds each are not judged: Student's interval over two differences is exact for normal scores (a false
//! verdict in 5.0 % of pairs) but not for scores of two kinds, where two differences are often nearly equal (30 %
//! failures: 10.6 % of pairs; with three differences 2.8 %).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::answer::{Answer, Contrast, Question};
use super::decide::{Bound, Needs, Rule, Sides, Verdict};
use super::evidence::{Evidence, LEAST_HALF};
use super::file::{ClaimsFile, Labels, Test};
use super::questions::Scope;
use super::sample::ALPHA;
use super::table::{Column, Table, mean};

/// What the engine said about null pairs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Nulls {
    /// Each pair.
    pub pairs: Vec<NullResult>,
    /// Pairs between which it found a difference.
    pub false_verdicts: usize,
    /// How many are to be expected at most.
    pub expected: f64,
    /// Probability of as many or more, if pairs were independent.
    pub chance: f64,
    /// Why there is none.
    pub reason: Option<String>,
}

/// One method against itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NullResult {
    /// The benchmark.
    pub benchmark: String,
    /// The method, or both names.
    pub pair: String,
    /// What was compared.
    pub metric: String,
    /// `halves of the seeds` or `two pipelines`.
    pub kind: &'static str,
    /// What the engine made of it.
    pub answer: Answer,
}

impl Test {
    /// The methods that it compares, and the metric of the comparison.
    fn compared(&self) -> (Vec<&Labels>, &str) {
        match self {
            Self::ShareNonInferior {
                first,
                second,
                metric,
                ..
            }
            | Self::Difference {
                first,
                second,
                metric,
                ..
            }
            | Self::Association {
                first,
                second,
                metric,
                ..
            }
            | Self::GapGrowth {
                first,
                second,
                score: metric,
                ..
            } => (vec![first, second], metric),
            Self::ShareWithinBest {
                first,
                others,
                metric,
                ..
            } => (std::iter::once(first).chain(others).collect(), metric),
            Self::TestTime {
                base,
                methods,
                metric,
                ..
            } => (std::iter::once(base).chain(methods).collect(), metric),
            Self::Slopes {
                policy_bounded,
                value_bounded,
                metric,
                ..
            } => (vec![policy_bounded, value_bounded], metric),
            Self::SweepShape {
                pipeline, metric, ..
            } => (vec![pipeline], metric),
            Self::RelativeDrops {
                pipeline,
                falls: metric,
                ..
            }
            | Self::PairedBenchmarks {
                pipeline,
                falls: metric,
                ..
            } => (vec![pipeline], metric),
            Self::VarianceComponents { metric, .. } => (Vec::new(), metric),
        }
    }
}

/// All null pairs of a file on a study.
pub(crate) fn nulls(file: &ClaimsFile, evidence: &Evidence) -> Nulls {
    let mut out = Nulls::default();
    let halves: BTreeMap<&str, (Seeds, Seeds)> = (evidence.shape().benchmarks.keys())
        .filter_map(|benchmark| Some((benchmark.as_str(), evidence.halves(benchmark)?)))
        .collect();
    if halves.is_empty() {
        out.reason = Some(format!(
            "halves of the seeds need at least {} of them",
            2 * LEAST_HALF
        ));
    }
    halves_of_seeds(file, evidence, &halves, &mut out);
    for pair in &file.null_pairs {
        for benchmark in evidence.shape().benchmarks.keys() {
            let names = (
                evidence.pipeline(benchmark, &pair.first),
                evidence.pipeline(benchmark, &pair.second),
            );
            if let (Ok(first), Ok(second)) = names {
                let columns = [first, second].map(|p| Column::last(benchmark, p, &pair.metric));
                out.add(
                    evidence,
                    benchmark,
                    &format!("{first}, {second}"),
                    "two pipelines",
                    &columns,
                );
            }
        }
    }
    out.false_verdicts = out
        .pairs
        .iter()
        .filter(|p| p.answer.verdict != Verdict::Inconclusive)
        .count();
    out.expected = ALPHA * out.pairs.len() as f64;
    out.chance = at_least(out.false_verdicts, out.pairs.len(), ALPHA);
    out
}

/// Probability of `k` or more successes in `n` draws with probability `p` each.
fn at_least(k: usize, n: usize, p: f64) -> f64 {
    let (mut term, mut below) = (libm::pow(1.0 - p, n as f64), 0.0);
    for i in 0..k {
        below += term;
        term *= (n - i) as f64 / (i + 1) as f64 * p / (1.0 - p);
    }
    (1.0 - below).clamp(0.0, 1.0)
}

/// New number of a seed by its number.
type Seeds = BTreeMap<i64, i64>;

fn halves_of_seeds(
    file: &ClaimsFile,
    evidence: &Evidence,
    halves: &BTreeMap<&str, (Seeds, Seeds)>,
    out: &mut Nulls,
) {
    let mut seen: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
    for claim in &file.claims {
        let scope = Scope::new(evidence, claim);
        let (methods, metric) = claim.test.compared();
        for place in scope.places() {
            let Some((lower, upper)) = halves.get(place.benchmark) else {
                continue;
            };
            for method in &methods {
                let Ok(pipeline) = scope.pipeline(&place, method) else {
                    continue;
                };
                if seen.insert((place.benchmark, pipeline, metric)) {
                    let columns = [lower, upper].map(|seeds| Column {
                        seeds: Some(seeds),
                        ..Column::last(place.benchmark, pipeline, metric)
                    });
                    out.add(
                        evidence,
                        place.benchmark,
                        pipeline,
                        "halves of the seeds",
                        &columns,
                    );
                }
            }
        }
    }
}

impl Nulls {
    fn add(
        &mut self,
        evidence: &Evidence,
        benchmark: &str,
        pair: &str,
        kind: &'static str,
        columns: &[Column<'_>],
    ) {
        // A pair without values is no pair.
        let Ok(table) = Table::read(evidence, columns, None) else {
            return;
        };
        let contrast = Contrast {
            name: "first - second".into(),
            sample: table.sample(benchmark, |c| Some(mean(&c[0]) - mean(&c[1]))),
            bound: Bound::Above(0.0),
        };
        let setting = super::answer::Setting {
            label: format!("{benchmark}, {pair}"),
            environment: benchmark.to_owned(),
            contrasts: vec![contrast],
            needs: Needs::All,
            floor: Sides::ZERO,
            seeds: table.seeds,
            runs: table.runs,
            notes: table.notes,
        };
        let question = Question {
            name: "the first is above the second".into(),
            unit: columns[0].metric.to_owned(),
            rule: Rule::Together,
            settings: vec![setting],
        };
        self.pairs.push(NullResult {
            benchmark: benchmark.to_owned(),
            pair: pair.to_owned(),
            metric: columns[0].metric.to_owned(),
            kind,
            answer: question.answer(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_binomials() {
        // scipy.stats.binom.sf(3, 49, .05) and .sf(0, 10, .05)
        assert!(
            (at_least(4, 49, 0.05) - 0.228_9).abs() < 1e-3,
            "{}",
            at_least(4, 49, 0.05)
        );
        assert!((at_least(1, 10, 0.05) - 0.401_263).abs() < 1e-6);
        assert!((at_least(0, 10, 0.05) - 1.0).abs() < 1e-12);
    }
}
