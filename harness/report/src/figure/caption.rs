//! What a figure must say in words: statistic, interval, counts, holes, origin.

use std::collections::{BTreeMap, BTreeSet};

use analysis::{Entry, Study};

/// What is drawn of one pipeline.
#[derive(Default)]
struct Drawn {
    counts: BTreeSet<usize>,
    reasons: BTreeSet<String>,
}

/// The caption for everything drawn, given the pipelines and their entries.
pub(super) fn caption<'a>(
    study: &Study,
    drawn: impl IntoIterator<Item = (&'a str, &'a Entry)>,
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
