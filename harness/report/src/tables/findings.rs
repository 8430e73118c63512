//! Findings in words: sentences that intervals support, and every estimate with its verdict.

use analysis::{Comparison, Finding, Findings, Verdict};

use super::layout;

/// One line of the table of findings.
pub(crate) struct Line {
    pub(crate) id: String,
    pub(crate) formula: String,
    pub(crate) benchmark: String,
    /// The level of the swept parameter, or nothing.
    pub(crate) level: String,
    pub(crate) estimate: String,
    pub(crate) n: String,
    pub(crate) verdict: String,
}

/// The headings of [`Line`].
pub(crate) const HEADER: [&str; 7] = [
    "finding",
    "formula",
    "benchmark",
    "level",
    "estimate [95 %]",
    "n",
    "verdict",
];

impl Line {
    /// Texts under [`HEADER`].
    pub(crate) fn cells(&self) -> [&str; 7] {
        [
            &self.id,
            &self.formula,
            &self.benchmark,
            &self.level,
            &self.estimate,
            &self.n,
            &self.verdict,
        ]
    }
}

/// Sentences in order, those about several findings last.
pub(crate) fn sentences(findings: &Findings) -> Vec<&str> {
    let own = findings
        .findings
        .iter()
        .filter_map(|f| f.sentence.as_deref());
    own.chain(findings.sentences.iter().map(String::as_str))
        .collect()
}

/// Every comparison of every finding.
pub(crate) fn lines(findings: &Findings) -> Vec<Line> {
    findings
        .findings
        .iter()
        .flat_map(|f| f.comparisons.iter().map(|c| line(f, c)))
        .collect()
}

fn line(finding: &Finding, comparison: &Comparison) -> Line {
    let names: Vec<&str> = comparison
        .parts
        .iter()
        .map(|p| p.pipeline.as_str())
        .collect();
    let metric = &finding.metric;
    let formula = match (finding.kind, names.as_slice()) {
        ("ratio-of-ratios", [a, b, c, d]) => format!("{metric}: ({a} / {b}) / ({c} / {d})"),
        ("order", [a, b]) => format!("{metric}: {a} - {b}"),
        ("train-evaluation-gap", [a, _]) => format!("{metric}: evaluation / training, {a}"),
        (_, names) => format!("{metric}: {}", names.join(" / ")),
    };
    let level = match (&comparison.parameter, &comparison.level) {
        (Some(parameter), Some(level)) => format!("{parameter} = {level}"),
        _ => String::new(),
    };
    let verdict = verdict(comparison);
    Line {
        id: finding.id.clone(),
        formula,
        benchmark: finding.benchmark.clone(),
        level,
        estimate: comparison
            .estimate
            .as_ref()
            .map_or_else(|| "–".into(), layout::estimate),
        n: comparison
            .estimate
            .map_or_else(|| "0".into(), |e| e.n.to_string()),
        verdict: match &comparison.reason {
            Some(reason) => format!("{verdict}: {reason}"),
            None => verdict,
        },
    }
}

fn verdict(comparison: &Comparison) -> String {
    let name = |index: usize| {
        comparison
            .parts
            .get(index)
            .map_or("", |p| p.pipeline.as_str())
    };
    match comparison.verdict {
        Verdict::Below => "below 1".into(),
        Verdict::Above => "above 1".into(),
        Verdict::FirstBetter => format!("{} better", name(0)),
        Verdict::SecondBetter => format!("{} better", name(1)),
        Verdict::NotDecided => "not decided".into(),
        Verdict::NotMeasured => "not measured".into(),
    }
}
