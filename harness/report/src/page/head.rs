//! Title, what was asked, on what, what came out of it, and the way to the sections.

use std::collections::BTreeSet;

use analysis::Level;

use super::{Shown, Sources, Study, environment, origin, short};
use crate::html::Html;
use crate::tables::{Content, findings};

/// The most names that are listed one by one.
const NAMED: usize = 12;

pub(super) fn write(html: &mut Html, sources: &Sources<'_>, shown: Option<&Shown<'_>>) {
    let study = sources.study;
    let content = shown.map(|s| s.content);
    html.raw("<header>\n")
        .element("h1", &[], super::title(study));
    html.raw("\n<p class=\"soft\">Study <code>")
        .text(&study.study)
        .raw("</code></p>\n");
    html.open("p", &[("class", "result")]);
    html.text(result(sources, content))
        .raw("</p>\n<dl class=\"facts\">\n");
    fact(html, "asked", &asked(sources));
    let names = study.pipelines.iter().map(|p| p.name.as_str());
    fact(html, "pipelines", &listed(names));
    let benchmarks = study.benchmarks.iter().map(|b| b.id.as_str());
    fact(html, "on", &listed(benchmarks));
    fact(html, "measured", &measured(sources));
    digests(html, sources);
    html.raw("</dl>\n");
    navigation(html, sources, shown);
    html.raw("</header>\n");
}

fn fact(html: &mut Html, name: &'static str, text: &str) {
    html.raw("<dt>").raw(name).raw("</dt>");
    html.element("dd", &[], text).raw("\n");
}

/// The first sentence that intervals support.
fn result(sources: &Sources<'_>, content: Option<&Content<'_>>) -> String {
    if !sources.measured {
        return "Nothing was measured: no table of this study has a value.".into();
    }
    let all = content.map(|c| findings::sentences(&c.findings));
    let first = all.as_deref().and_then(<[&str]>::first);
    first.map_or_else(
        || "No finding is decided: the study asks for none, or no interval decides.".into(),
        |sentence| (*sentence).to_owned(),
    )
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = names.collect();
    if all.len() <= NAMED {
        return all.join(", ");
    }
    format!(
        "{}, and {} more",
        all[..NAMED].join(", "),
        all.len() - NAMED
    )
}

/// `1 run`, `2 runs`.
fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

fn asked(sources: &Sources<'_>) -> String {
    let study = sources.study;
    let mut text = format!(
        "{} on {}",
        count(study.pipelines.len(), "pipeline", "pipelines"),
        count(study.benchmarks.len(), "benchmark", "benchmarks")
    );
    let levels = |values: &[serde_json::Value]| -> String {
        let each = values.iter().map(|v| Level::from_json(v).to_string());
        each.collect::<Vec<_>>().join(", ")
    };
    for axis in &study.axes {
        text += &format!("; {} = {}", axis.name, levels(&axis.values));
    }
    for sweep in &study.sweeps {
        let how = if sweep.tune { "tuned" } else { "swept" };
        text += &format!("; {how}: {} = {}", sweep.parameter, levels(&sweep.values));
    }
    text
}

fn measured(sources: &Sources<'_>) -> String {
    let absent = |kind| -> usize {
        let own = sources.absent.iter().filter(|a| a.kind == kind);
        own.map(|a| a.runs).sum()
    };
    let (failed, skipped) = (
        absent(analysis::MissingKind::Failed),
        absent(analysis::MissingKind::Skipped),
    );
    let seeds: BTreeSet<i64> = sources.evaluations.values().map(|r| r.seed).collect();
    let seeds: Vec<i64> = seeds.into_iter().collect();
    let mut text = count(sources.evaluations.len(), "evaluation", "evaluations");
    match seeds.len() {
        0 => {}
        1 => text += &format!(", one seed ({}): no intervals", seeds[0]),
        n => text += &format!(", {n} seeds ({})", origin::ranges(&seeds, "–", ", ")),
    }
    if failed > 0 {
        text += &format!("; {} failed", count(failed, "run", "runs"));
    }
    if skipped > 0 {
        text += &format!("; {} skipped", count(skipped, "run", "runs"));
    }
    text
}

/// Digests in short; the environment section has them whole.
fn digests(html: &mut Html, sources: &Sources<'_>) {
    html.raw("<dt>digests</dt><dd>manifest <code>");
    html.text(short(&sources.study.manifest_digest))
        .raw("</code>");
    if let Some(origins) = &sources.origins {
        let datasets = environment::different(origins, |s| &s.datasets);
        if let [(name, digest)] = datasets.as_slice() {
            html.raw(", dataset ").text(name).raw(" <code>");
            html.text(short(digest)).raw("</code>");
        } else {
            html.text(format!(
                ", {}",
                count(datasets.len(), "dataset", "datasets")
            ));
        }
        let libraries = environment::different(origins, |s| &s.libraries);
        html.text(format!(
            ", {}",
            count(libraries.len(), "library", "libraries")
        ));
        for commit in environment::commits(origins) {
            html.raw(", commit <code>")
                .text(short(&commit))
                .raw("</code>");
        }
        html.raw(": <a href=\"#environment\">in full</a>");
    }
    html.raw("</dd>\n");
}

fn navigation(html: &mut Html, sources: &Sources<'_>, shown: Option<&Shown<'_>>) {
    let content = shown.map(|s| s.content);
    let findings = content.is_some_and(|c| !c.findings.findings.is_empty());
    let drawn = |s: &Shown<'_>| s.drawings.iter().any(|d| d.figure.is_ok());
    let figures = shown.is_some_and(drawn);
    let fits = shown.is_some_and(|s| super::fits::any(&s.fits));
    let failures = content.is_some_and(|c| super::failures::any(&sources.absent, c));
    let sections = [
        (sources.claims.is_some(), "#claims", "Claims"),
        (findings, "#findings", "Findings"),
        (content.is_some(), "#tables", "Tables"),
        (fits, "#fits", "More data"),
        (figures, "#figures", "Figures"),
        (failures, "#failures", "Failures"),
        (true, "#environment", "Environment"),
    ];
    html.raw("<nav aria-label=\"Sections\"><ul>");
    for (_, target, name) in sections.into_iter().filter(|(there, ..)| *there) {
        html.raw("<li>")
            .element("a", &[("href", target)], name)
            .raw("</li>");
    }
    html.raw("</ul></nav>\n");
}

pub(super) fn footer(html: &mut Html, study: &Study) {
    html.raw("<footer>Made by <code>assay report ");
    html.text(super::shell_word(&study.study))
        .raw("</code>, Assay ");
    html.raw(env!("CARGO_PKG_VERSION"));
    html.raw(". Needs no network. <span class=\"screen\">Every number is a button that opens its origin; headers of tables sort.</span>");
    html.raw("<noscript> Scripts are off: numbers open nothing, tables do not sort.</noscript></footer>\n");
}
