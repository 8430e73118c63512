//! What gave no value, and why.

use std::collections::{BTreeMap, BTreeSet};

use analysis::{Absent, MissingKind};

use super::origin::ranges;
use crate::html::Html;
use crate::tables::Content;

/// Benchmarks and seeds of numbers that are not finite, by reason.
type NotFinite<'a> = BTreeMap<&'a str, (BTreeSet<&'a str>, BTreeSet<i64>)>;

/// Whether there is anything to say.
pub(super) fn any(absent: &[Absent], content: &Content<'_>) -> bool {
    !absent.is_empty() || !not_finite(content).is_empty()
}

pub(super) fn write(html: &mut Html, absent: &[Absent], content: &Content<'_>) {
    if !any(absent, content) {
        return;
    }
    html.raw(
        "<section id=\"failures\">\n<h2>Failures</h2>\n<div class=\"scroll\"><table>\n<thead><tr>",
    );
    for name in [
        "what",
        "why",
        "runs",
        "pipelines",
        "benchmarks",
        "seeds",
        "look",
    ] {
        html.element("th", &[("scope", "col")], name);
    }
    html.raw("</tr></thead>\n<tbody>\n");
    for one in absent {
        let seeds: Vec<i64> = one.seeds.iter().copied().collect();
        let look = one.evaluation_ids.first();
        row(
            html,
            one.kind,
            &one.reason,
            &one.runs.to_string(),
            [
                &joined(&one.pipelines),
                &joined(&one.benchmarks),
                &ranges(&seeds, "–", ", "),
            ],
            look.map(|id| format!("assay show {}", id.chars().take(16).collect::<String>())),
        );
    }
    for (reason, (benchmarks, seeds)) in not_finite(content) {
        let seeds: Vec<i64> = seeds.into_iter().collect();
        let benchmarks: Vec<&str> = benchmarks.into_iter().collect();
        let places = ["", &benchmarks.join(", "), &ranges(&seeds, "–", ", ")];
        row(html, MissingKind::NotFinite, reason, "", places, None);
    }
    html.raw("</tbody>\n</table></div>\n</section>\n");
}

fn joined(names: &BTreeSet<String>) -> String {
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    all.join(", ")
}

fn row(
    html: &mut Html,
    kind: MissingKind,
    reason: &str,
    runs: &str,
    places: [&str; 3],
    look: Option<String>,
) {
    html.raw("<tr>")
        .element("th", &[("scope", "row")], kind.word());
    html.element("td", &[], reason).element("td", &[], runs);
    for text in places {
        html.element("td", &[], text);
    }
    html.raw("<td>");
    if let Some(command) = look {
        html.element("code", &[], command);
    }
    html.raw("</td></tr>\n");
}

/// Numbers of the tables that are not finite.
fn not_finite<'a>(content: &'a Content<'_>) -> NotFinite<'a> {
    let mut found = NotFinite::new();
    let entries = content
        .tables
        .iter()
        .flat_map(|t| t.cells.iter().flatten().flatten());
    let missing = entries.flat_map(|entry| &entry.missing);
    for one in missing.filter(|m| m.kind == MissingKind::NotFinite) {
        let (benchmarks, seeds) = found.entry(&one.reason).or_default();
        benchmarks.insert(&one.benchmark);
        seeds.extend(one.seed);
    }
    found
}
