//! What a figure must say in words: statistic, interval, counts, holes, origin.

use std::collections::{BTreeMap, BTreeSet};

use analysis::{Entry, ScalingOptions, Study};

use crate::error::Result;

/// What is drawn of one pipeline.
#[derive(Default)]
struct Drawn {
    counts: BTreeSet<usize>,
    reasons: BTreeSet<String>,
}

/// The most pipelines that a caption names one by one.
const NAMED: usize = 8;

/// What a figure says about the pipelines that it chose and did not draw.
#[derive(Default)]
pub(super) struct Choice {
    /// Labels by which pipelines were chosen, e.g. `test_time = none`.
    only: Vec<String>,
    /// Chosen, run on one of the benchmarks shown, and not drawn.
    left_out: Vec<String>,
}

impl Choice {
    /// Compares what `options` choose with what is `drawn` on each of the benchmarks (benchmark, pipeline).
    pub(super) fn of(
        study: &Study,
        options: &[ScalingOptions],
        drawn: &BTreeSet<(&str, &str)>,
    ) -> Result<Self> {
        let Some(first) = options.first() else {
            return Ok(Self::default());
        };
        let shown: BTreeSet<&str> = drawn.iter().map(|(benchmark, _)| *benchmark).collect();
        let is_drawn = |name: &str| drawn.iter().any(|(_, pipeline)| *pipeline == name);
        let mut left_out = Vec::new();
        for name in first.pipelines(study)? {
            let pipeline = study.pipeline(name)?;
            if !is_drawn(name) && shown.iter().any(|b| pipeline.runs_on(b)) {
                left_out.push(name.to_owned());
            }
        }
        let label = |(name, value): (&String, &String)| format!("{name} = {value}");
        Ok(Self {
            only: first.only.iter().map(label).collect(),
            left_out,
        })
    }

    /// Sentences for the caption; `reason` says what those left out lack.
    fn sentences(&self, reason: &str) -> String {
        let mut text = String::new();
        if !self.only.is_empty() {
            text += &format!(" Only pipelines with {}.", self.only.join(", "));
        }
        if !self.left_out.is_empty() {
            let who = if self.left_out.len() > NAMED {
                format!("{} pipelines", self.left_out.len())
            } else {
                self.left_out.join(", ")
            };
            text += &format!(" Left out, {reason}: {who}.");
        }
        text
    }
}

/// The caption for everything drawn, given the pipelines and their entries. `reason` says what those left out lack,
/// `across` what lines without markers are, where there are any.
pub(super) fn caption<'a>(
    study: &Study,
    drawn: impl IntoIterator<Item = (&'a str, &'a Entry)>,
    (choice, reason): (&Choice, &str),
    across: Option<&str>,
) -> String {
    let mut times: BTreeMap<usize, usize> = BTreeMap::new();
    let mut pipelines: BTreeMap<&str, Drawn> = BTreeMap::new();
    for (pipeline, entry) in drawn {
        let own = pipelines.entry(pipeline).or_default();
        let n = entry.cell.as_ref().map_or(0, |cell| cell.n);
        *times.entry(n).or_default() += 1;
        own.counts.insert(n);
        own.reasons.extend(entry.reasons());
    }
    let usual = times
        .iter()
        .filter(|(n, _)| **n > 0)
        .max_by_key(|&(n, times)| (times, n))
        .map_or(0, |(n, _)| *n);
    let mut text = match usual {
        1 => "Single evaluations (n = 1), so there is no interval".to_owned(),
        n => format!(
            "Interquartile mean with a 95 % bootstrap interval over whole seeds, widened for the small sample; n = {n} distinct evaluations"
        ),
    };
    let exceptions: Vec<String> = pipelines
        .iter()
        .filter_map(|(name, drawn)| exception(name, drawn, usual))
        .collect();
    if exceptions.is_empty() {
        text += ".";
    } else {
        text += &format!(" unless stated. {}.", exceptions.join(". "));
    }
    if let Some(across) = across {
        text += &format!(" Lines without markers: {across}.");
    }
    text += &choice.sentences(reason);
    text + &format!(
        " Study {}, manifest {}.",
        study.study,
        short(&study.manifest_digest)
    )
}

/// Other counts than the usual one, and why.
fn exception(name: &str, drawn: &Drawn, usual: usize) -> Option<String> {
    let others: Vec<String> = drawn
        .counts
        .iter()
        .filter(|n| **n != usual)
        .map(ToString::to_string)
        .collect();
    if others.is_empty() && drawn.reasons.is_empty() {
        return None;
    }
    let mut text = name.to_owned();
    if !others.is_empty() {
        text += &format!(", n = {} at some points", others.join(", "));
    }
    if !drawn.reasons.is_empty() {
        let reasons: Vec<&str> = drawn.reasons.iter().map(String::as_str).collect();
        text += &format!(": {}", reasons.join("; "));
    }
    Some(text)
}

/// The algorithm and the first twelve digits of a digest.
fn short(digest: &str) -> String {
    let (name, digits) = digest.split_once(':').unwrap_or(("", digest));
    let digits: String = digits.chars().take(12).collect();
    if name.is_empty() {
        digits
    } else {
        format!("{name}:{digits}")
    }
}
