//! What a figure must say in words: statistic, interval, counts, holes, origin.

use std::collections::BTreeMap;

use analysis::{Entry, Study};

/// The caption for everything drawn, given the pipelines and their entries.
pub(super) fn caption<'a>(
    study: &Study,
    drawn: impl IntoIterator<Item = (&'a str, &'a Entry)>,
) -> String {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    let mut holes: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for (pipeline, entry) in drawn {
        if let Some(cell) = &entry.cell {
            *counts.entry(cell.n).or_default() += 1;
        }
        for reason in entry.reasons() {
            *holes.entry((pipeline, reason)).or_default() += 1;
        }
    }
    let n = match (counts.keys().next(), counts.keys().next_back()) {
        (Some(low), Some(high)) if low != high => {
            format!("n = {low} to {high} distinct evaluations")
        }
        (Some(n), _) => format!("n = {n} distinct evaluations"),
        _ => "nothing measured".into(),
    };
    let mut text = format!(
        "Interquartile mean with a 95 % bootstrap interval over whole seeds, widened for the small sample; {n} each."
    );
    for (pipeline, reason) in holes.keys() {
        text += &format!(" {pipeline}: {reason}.");
    }
    text + &format!(
        " Study {}, manifest {}.",
        study.study,
        short(&study.manifest_digest)
    )
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
