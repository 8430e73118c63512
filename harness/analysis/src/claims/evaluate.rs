//! All claims of a file on one study.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::error::Result;
use crate::load::Results;

use super::answer::{Answer, Question};
use super::decide::{Sides, Verdict, after_holm, verdict};
use super::evidence::{Evidence, nothing};
use super::file::{Claim, ClaimsFile, Least, Power, Tag, Test};
use super::null::{Nulls, nulls};
use super::outlook::Outlook;
use super::power::power_here;
use super::questions::{Scope, questions};

/// Verdicts on the claims of a file by one study.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Version of this layout.
    pub format: u32,
    /// Identifier of the claims file.
    pub claims_id: String,
    /// Its title.
    pub title: String,
    /// Digest of the claims file.
    pub claims_digest: String,
    /// By how many looks every claim's p is multiplied.
    pub looks: u32,
    /// The study.
    pub study: String,
    /// Digest of its manifest.
    pub manifest_digest: String,
    /// In the order of the file.
    pub claims: Vec<ClaimResult>,
    /// The same method twice, through the same engine.
    pub nulls: Nulls,
}

/// The verdict on one claim.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClaimResult {
    /// Identifier.
    pub id: String,
    /// Number.
    pub number: u32,
    /// The statement.
    pub statement: String,
    /// How well the statement is known.
    pub tag: Tag,
    /// By its own p.
    pub verdict: Verdict,
    /// After Holm over all claims that the study can test.
    pub verdict_holm: Verdict,
    /// Why it is decided or not.
    pub reason: String,
    /// p for and against; absent where it is not testable.
    pub p: Option<Sides>,
    /// Each question of the claim.
    pub answers: Vec<Answer>,
    /// Benchmarks that the claim may not use.
    pub left_out: Vec<LeftOut>,
    /// Distinct evaluations behind it.
    pub runs: usize,
    /// Further seeds a setting that would decide it.
    pub further_seeds: Option<u64>,
    /// The least that it asks for.
    pub least: Least,
    /// What its test can see.
    pub power: Power,
    /// Share of studies like this one, in seeds, settings and spread, that support the claim by its own p where everything that
    /// it needs holds by the declared effect; absent where that cannot be said.
    pub power_here: Option<f64>,
    /// The probability of a decision that the claims file expects of this study; absent where it says none.
    pub expected: Option<f64>,
}

/// A benchmark that a claim may not use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The benchmark.
    pub benchmark: String,
    /// Why.
    pub reason: String,
}

impl ClaimsFile {
    /// Every metric that a claim or a null pair reads.
    pub fn metrics(&self) -> BTreeSet<String> {
        let own = self.claims.iter().flat_map(|claim| {
            let tuned = claim.tuning.iter().map(|t| t.metric.clone());
            claim.test.metrics().into_iter().chain(tuned)
        });
        own.chain(self.null_pairs.iter().map(|pair| pair.metric.clone()))
            .collect()
    }
}

impl Test {
    /// The metrics that it reads.
    pub fn metrics(&self) -> Vec<String> {
        let some = |names: &[&String]| names.iter().map(|name| (*name).clone()).collect::<Vec<_>>();
        match self {
            Self::ShareNonInferior { metric, .. }
            | Self::ShareWithinBest { metric, .. }
            | Self::VarianceComponents { metric, .. }
            | Self::Slopes { metric, .. }
            | Self::Difference { metric, .. }
            | Self::TestTime { metric, .. } => some(&[metric]),
            Self::Association {
                metric, properties, ..
            } => std::iter::once(metric.clone())
                .chain(properties.iter().map(|p| p.metric.clone()))
                .collect(),
            Self::GapGrowth {
                train,
                validation,
                score,
                ..
            } => some(&[train, validation, score]),
            Self::RelativeDrops {
                falls,
                flat,
                follows,
                ..
            } => some(&[falls, follows])
                .into_iter()
                .chain(flat.iter().cloned())
                .collect(),
            Self::SweepShape {
                metric, optimality, ..
            } => std::iter::once(metric.clone())
                .chain(optimality.clone())
                .collect(),
            Self::PairedBenchmarks {
                falls,
                rises,
                equal,
                ..
            } => some(&[falls, rises])
                .into_iter()
                .chain(equal.iter().cloned())
                .collect(),
        }
    }
}

impl Evidence {
    /// What a claims file reads of a study.
    ///
    /// # Errors
    /// What reading the observations gives; `NothingMeasured` where the study has no row.
    pub fn of(results: &Results, file: &ClaimsFile) -> Result<Self> {
        let evidence = Self::read(results, &file.metrics())?;
        if evidence.is_empty() {
            return Err(nothing(&results.study().study));
        }
        Ok(evidence)
    }
}

/// Decides every claim of `file`, and null pairs by the same engine. `manifest` is the entry of the file's `manifests` that
/// the study was run from; claims that do not read it are not testable here. With `None`, every claim is tried.
pub fn evaluate(file: &ClaimsFile, evidence: &Evidence, manifest: Option<&str>) -> Report {
    Report {
        format: 1,
        claims_id: file.id.clone(),
        title: file.title.clone(),
        claims_digest: file.digest(),
        looks: file.looks_at(manifest),
        study: evidence.shape().study.clone(),
        manifest_digest: evidence.shape().manifest_digest.clone(),
        nulls: nulls(file, evidence),
        claims: verdicts(file, evidence, manifest)
            .into_iter()
            .zip(&file.claims)
            .map(|(result, claim)| ClaimResult {
                power_here: result
                    .p
                    .and_then(|_| power_here(evidence, claim, file.looks_at(manifest))),
                expected: manifest.and_then(|name| claim.expected.get(name).copied()),
                ..result
            })
            .collect(),
    }
}

/// The verdicts of [`evaluate`] alone.
pub fn verdicts(
    file: &ClaimsFile,
    evidence: &Evidence,
    manifest: Option<&str>,
) -> Vec<ClaimResult> {
    let one = |claim: &Claim| match manifest {
        Some(name) if !claim.reads(file).iter().any(|m| m == name) => {
            let why = format!("it reads {}, not {name}", claim.reads(file).join(", "));
            not_testable(claim, why, Vec::new())
        }
        _ => decide(evidence, claim, file.looks_at(manifest)),
    };
    let mut claims: Vec<ClaimResult> = file.claims.iter().map(one).collect();
    let tested: Vec<usize> = (0..claims.len())
        .filter(|&i| claims[i].p.is_some())
        .collect();
    let sides: Vec<Sides> = tested.iter().filter_map(|&i| claims[i].p).collect();
    for (i, holm) in tested.into_iter().zip(after_holm(&sides)) {
        let claim = &mut claims[i];
        claim.verdict_holm = holm;
        if holm != claim.verdict {
            claim.reason += "; not after Holm's adjustment over the claims tested";
        }
    }
    claims
}

fn result(claim: &Claim, left_out: Vec<LeftOut>) -> ClaimResult {
    ClaimResult {
        id: claim.id.clone(),
        number: claim.number,
        statement: claim.statement.clone(),
        tag: claim.tag,
        verdict: Verdict::NotTestable,
        verdict_holm: Verdict::NotTestable,
        reason: String::new(),
        p: None,
        answers: Vec::new(),
        left_out,
        runs: 0,
        further_seeds: None,
        least: claim.least,
        power: claim.power,
        power_here: None,
        expected: None,
    }
}

fn not_testable(claim: &Claim, reason: String, left_out: Vec<LeftOut>) -> ClaimResult {
    ClaimResult {
        reason,
        ..result(claim, left_out)
    }
}

fn decide(evidence: &Evidence, claim: &Claim, looks: u32) -> ClaimResult {
    let scope = Scope::new(evidence, claim);
    let barred = scope.barred.iter().map(|(benchmark, reason)| LeftOut {
        benchmark: benchmark.clone(),
        reason: reason.clone(),
    });
    let left_out: Vec<LeftOut> = barred.collect();
    let questions = match questions(&scope) {
        Ok(questions) => questions,
        Err(why) => return not_testable(claim, why, left_out),
    };
    let answers: Vec<Answer> = questions.iter().map(|q| q.answer()).collect();
    let p = sides(&answers).times(looks);
    let runs: BTreeSet<&String> = answers
        .iter()
        .flat_map(|a| &a.settings)
        .flat_map(|s| &s.runs)
        .collect();
    let runs = runs.len();
    let (settings, seeds) = size(&questions);
    let least = claim.least;
    let too_few = if !enough_settings(claim, settings) {
        Some(format!(
            "{settings} settings, the claim asks for at least {}",
            least.settings
        ))
    } else if seeds < least.seeds {
        Some(format!(
            "{seeds} seeds, the claim asks for at least {}",
            least.seeds
        ))
    } else {
        None
    };
    let mut out = result(claim, left_out);
    out.runs = runs;
    match too_few {
        Some(why) => {
            // Below the least nothing is decided, so nothing enters Holm's family either.
            out.verdict = Verdict::Inconclusive;
            out.further_seeds = (seeds < least.seeds).then(|| (least.seeds - seeds) as u64);
            out.reason = why;
        }
        None => {
            out.verdict = verdict(p);
            out.p = Some(p);
            // What is decided only before Bonferroni's adjustments counts as one more seed.
            out.further_seeds = (out.verdict == Verdict::Inconclusive)
                .then(|| Outlook::of_claim(&answers, looks).nearest())
                .flatten()
                .map(|seeds| seeds.max(1));
            out.reason = reason(&answers, out.verdict, out.further_seeds);
        }
    }
    out.verdict_holm = out.verdict;
    out.answers = answers;
    out
}

/// Settings and seeds of the question that has the fewest.
pub(crate) fn size(questions: &[Question]) -> (usize, usize) {
    let settings = questions.iter().map(|q| q.settings.len()).min();
    let seeds = questions.iter().flat_map(|q| &q.settings).map(|s| s.seeds);
    (settings.unwrap_or(0), seeds.min().unwrap_or(0))
}

/// An association has properties for settings; it counts benchmarks itself.
pub(crate) fn enough_settings(claim: &Claim, settings: usize) -> bool {
    matches!(claim.test, Test::Association { .. }) || settings >= claim.least.settings
}

/// p of a claim: for it every question has to be shown, against it any one (Bonferroni).
pub(crate) fn sides(answers: &[Answer]) -> Sides {
    let count = answers.len() as f64;
    Sides {
        supported: answers.iter().map(|a| a.p.supported).fold(0.0, f64::max),
        contradicted: (count * answers.iter().map(|a| a.p.contradicted).fold(1.0, f64::min))
            .min(1.0),
    }
}

fn reason(answers: &[Answer], verdict: Verdict, further: Option<u64>) -> String {
    let named = |wanted: Verdict| {
        let names: Vec<&str> = answers
            .iter()
            .filter(|a| a.verdict == wanted)
            .map(|a| a.question.as_str())
            .collect();
        names.join("; ")
    };
    match verdict {
        Verdict::Supported => "every question is decided for it".into(),
        Verdict::Contradicted => {
            format!("the opposite is shown of: {}", named(Verdict::Contradicted))
        }
        _ => {
            let mut text = format!("not decided: {}", named(Verdict::Inconclusive));
            if answers.iter().all(|a| a.verdict != Verdict::Inconclusive) {
                let against = named(Verdict::Contradicted);
                text = if against.is_empty() {
                    "decided for it only before counting the looks".into()
                } else {
                    format!("decided against only before counting questions and looks: {against}")
                };
            }
            text += &match further {
                Some(n) => format!("; about {n} further seeds would decide"),
                None => "; 1,000 further seeds would not".into(),
            };
            text
        }
    }
}
