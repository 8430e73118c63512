//! What holds a method back on this data: value learning, policy extraction or generalisation?
//!
//! **By substitution**, where the environment offers exact values. With `d` the states of the data, `v` the states that the
//! policy visits, and `regret(s) = max_a Q*(s, a) - Q*(s, pi(s))`, the performance-difference identity says that the
//! optimality gap of a policy is the sum of its regret over the states that it visits. That regret is split by putting
//! exact things in place of learned ones, one after the other:
//!
//! | part | formula |
//! |---|---|
//! | value estimation | regret_d(learned Q) - regret_d(exact Q of the same functional) |
//! | value objective | regret_d(exact Q of the same functional) - regret_d(Q*) |
//! | policy extraction | regret_d(Q*) - regret_d(exact extraction from Q*), which is 0 |
//! | generalisation | regret_v(learned Q) - regret_d(learned Q) |
//!
//! The parts add up to `regret_v(learned Q)` exactly. Parts depend on the order of substitution; where the study also has
//! exact extraction from the learned Q, value and extraction are the means over both orders (Shapley). A part may be
//! negative: two errors can cancel. Without exact Q of the same functional the first two parts are one.
//!
//! **By slopes and errors** elsewhere: slopes of the score over the data matrix, and the ratio of the evaluation error to
//! the training error.
//!
//! Substitutes are pipelines of the same labels but for `value`: [`EXACT_Q`], [`Q_STAR`], or `extraction`:
//! [`EXACT_EXTRACTION`].

mod advice;
mod observed;
mod substitution;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::claims::{Effect, Evidence, Labels};
use crate::error::{Error, Result};
use crate::load::Results;

/// Label `value` of the exact Q of the learned functional.
pub const EXACT_Q: &str = "exact Q";
/// Label `value` of the optimal Q.
pub const Q_STAR: &str = "Q*";
/// Label `extraction` of acting by the critic's maximum.
pub const EXACT_EXTRACTION: &str = "exact";

/// What is diagnosed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnosis {
    /// Version of this layout.
    pub format: u32,
    /// The study.
    pub study: String,
    /// Each method on each benchmark.
    pub subjects: Vec<Subject>,
}

/// One method on one benchmark.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Subject {
    /// The benchmark.
    pub benchmark: String,
    /// The pipeline.
    pub pipeline: String,
    /// How it was found.
    pub basis: Basis,
    /// Regret on visited states: the optimality gap a step; absent without exact values.
    pub gap: Option<Effect>,
    /// 100 minus the normalised score.
    pub score_gap: Option<Effect>,
    /// Parts of the gap, or slopes and errors.
    pub parts: Vec<PartOfGap>,
    /// The largest part, where it is told from every other.
    pub bottleneck: Option<Bottleneck>,
    /// Why, or why none is named.
    pub reason: String,
    /// Failure signatures.
    pub signatures: Vec<Signature>,
    /// What to try next.
    pub next: Vec<String>,
    /// What a reader must know.
    pub notes: Vec<String>,
    /// Evaluations behind it.
    pub runs: Vec<String>,
}

/// How a diagnosis was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Exact values in place of learned ones.
    Substitution,
    /// Slopes of the data matrix and the three errors.
    SlopesAndErrors,
}

/// What can hold a method back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bottleneck {
    /// The value function.
    Value,
    /// Getting a policy out of it.
    Extraction,
    /// The policy on states that the data do not hold.
    Generalisation,
}

/// A number with its interval and what it stands for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartOfGap {
    /// Name.
    pub name: String,
    /// To which of the three it belongs.
    pub of: Bottleneck,
    /// The number.
    pub effect: Effect,
    /// Its share of the gap; absent where there is no gap to share.
    pub share: Option<Effect>,
    /// Unit.
    pub unit: String,
}

/// A way to fail that can be told by its marks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Signature {
    /// Which.
    pub kind: SignatureKind,
    /// Whether it is there; absent where the data cannot tell.
    pub present: Option<bool>,
    /// The number behind it.
    pub evidence: String,
}

/// The failure signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureKind {
    /// A good value function but a poor policy.
    GoodValuePoorPolicy,
    /// Good on the training states but poor at test time.
    GoodTrainingPoorTest,
    /// More data do not help.
    NoGainFromData,
}

/// Every metric that a diagnosis reads.
const METRICS: [&str; 7] = [
    "regret_train",
    "regret_evaluation",
    "action_mse_train",
    "action_mse_validation",
    "action_mse_evaluation",
    "normalized_score",
    "q_rank_correlation_train",
];

/// Reads what a diagnosis needs of a study.
///
/// # Errors
/// What reading the observations gives; `NothingMeasured` where the study has none of the metrics.
pub fn evidence(results: &Results) -> Result<Evidence> {
    let metrics: BTreeSet<String> = METRICS.iter().map(|&m| m.to_owned()).collect();
    let evidence = Evidence::read(results, &metrics)?;
    if evidence.is_empty() {
        return Err(Error::NothingMeasured {
            study: results.study().study.clone(),
            what: Some("a diagnosis".into()),
        });
    }
    Ok(evidence)
}

/// Diagnoses every method of a study: pipelines with the labels `value` and `extraction` that are no substitutes. Where a
/// benchmark has none, pipelines with an exact critic are methods themselves.
pub fn diagnose(evidence: &Evidence) -> Diagnosis {
    let mut subjects = Vec::new();
    for benchmark in evidence.shape().benchmarks.keys() {
        let measured = evidence.pipelines(benchmark, &Labels::new());
        let labelled: Vec<(&str, &Labels)> = measured
            .into_iter()
            .map(|name| (name, &evidence.shape().pipelines[name]))
            .filter(|(_, labels)| {
                let exact = labels
                    .get("extraction")
                    .is_some_and(|e| e == EXACT_EXTRACTION);
                let value = labels.get("value").is_some_and(|v| v != "none");
                value && labels.contains_key("extraction") && !exact
            })
            .collect();
        let learned = |labels: &Labels| ![EXACT_Q, Q_STAR].contains(&labels["value"].as_str());
        let any = labelled.iter().any(|(_, labels)| learned(labels));
        for (pipeline, labels) in labelled {
            if learned(labels) || !any {
                subjects.push(subject(evidence, benchmark, pipeline, labels));
            }
        }
    }
    Diagnosis {
        format: 1,
        study: evidence.shape().study.clone(),
        subjects,
    }
}

fn subject(evidence: &Evidence, benchmark: &str, pipeline: &str, labels: &Labels) -> Subject {
    let mut subject = match substitution::split(evidence, benchmark, pipeline, labels) {
        Ok(subject) => subject,
        Err(why) => {
            let mut subject = observed::slopes_and_errors(evidence, benchmark, pipeline);
            subject.notes.push(format!("no substitution: {why}"));
            subject
        }
    };
    observed::no_gain_from_data(evidence, &mut subject);
    subject.next = advice::next(&subject, labels);
    subject
}

impl Subject {
    /// Nothing known yet.
    fn new(benchmark: &str, pipeline: &str, basis: Basis) -> Self {
        Self {
            benchmark: benchmark.to_owned(),
            pipeline: pipeline.to_owned(),
            basis,
            gap: None,
            score_gap: None,
            parts: Vec::new(),
            bottleneck: None,
            reason: String::new(),
            signatures: Vec::new(),
            next: Vec::new(),
            notes: Vec::new(),
            runs: Vec::new(),
        }
    }
}

impl Bottleneck {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Value => "value learning",
            Self::Extraction => "policy extraction",
            Self::Generalisation => "generalisation",
        }
    }
}

impl SignatureKind {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::GoodValuePoorPolicy => "good value but poor policy",
            Self::GoodTrainingPoorTest => "good training but poor test performance",
            Self::NoGainFromData => "no gain from more data",
        }
    }
}
