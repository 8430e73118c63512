//! Digests in full, and where results were computed; for results of others, what is known of their source.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use store::{MadeBy, Origins, Source};

use super::Sources;
use crate::error::{Error, Result};
use crate::html::Html;

/// A maker in words.
pub(super) fn maker(maker: &MadeBy) -> String {
    let MadeBy {
        assay,
        commit,
        cpu,
        system,
    } = maker;
    let commit = commit.as_deref().unwrap_or("not recorded");
    format!("assay {assay}, commit {commit}, on {cpu}, {system}")
}

/// Different (name, digest) pairs over all sources.
pub(super) fn different(
    origins: &Origins,
    pick: impl Fn(&Source) -> &BTreeMap<String, String>,
) -> Vec<(String, String)> {
    let pairs = origins.sources.iter().flat_map(|s| pick(s).iter());
    let distinct: BTreeSet<(String, String)> = pairs.map(|(k, v)| (k.clone(), v.clone())).collect();
    distinct.into_iter().collect()
}

/// The commits of the harness behind the results.
pub(super) fn commits(origins: &Origins) -> BTreeSet<String> {
    let makers = origins.sources.iter().flat_map(|s| &s.made_by);
    makers.filter_map(|m| m.commit.clone()).collect()
}

/// What stands in the place of origins where a study has none.
///
/// # Errors
/// `Record` when `import.json` is there and cannot be read.
pub(super) fn foreign(folder: &Path) -> Result<String> {
    let path = folder.join("import.json");
    let wrong = |reason: String| Error::Record {
        path: path.clone(),
        reason,
    };
    match std::fs::read(&path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(
            "No origin is recorded for these runs: run the manifest again, which trains nothing that is in the store.".into(),
        ),
        Err(e) => Err(wrong(e.to_string())),
        Ok(text) => {
            let record: serde_json::Value = serde_json::from_slice(&text).map_err(|e| wrong(e.to_string()))?;
            let field = |key: &str| record[key].as_str().unwrap_or("unknown").to_owned();
            Ok(format!(
                "Recorded elsewhere: imported from {}, SHA-256 of its runs {}.",
                field("source"),
                field("sha256")
            ))
        }
    }
}

pub(super) fn write(html: &mut Html, sources: &Sources<'_>) {
    html.raw("<section id=\"environment\">\n<h2>Environment and digests</h2>\n");
    html.raw("<dl class=\"facts\">\n<dt>manifest</dt><dd><code>");
    html.text(&sources.study.manifest_digest).raw("</code>");
    let Some(origins) = &sources.origins else {
        html.raw("</dd>\n</dl>\n")
            .element("p", &[], &sources.foreign);
        html.raw("\n</section>\n");
        return;
    };
    html.raw(" <code>")
        .text(&origins.manifest)
        .raw("</code></dd>\n");
    let makers: BTreeSet<String> = origins
        .sources
        .iter()
        .flat_map(|s| &s.made_by)
        .map(maker)
        .collect();
    list(html, "computed by", makers);
    let environments: BTreeSet<String> = origins
        .sources
        .iter()
        .map(|s| s.environment.clone())
        .collect();
    list(html, "environments", environments);
    let protocols: BTreeSet<String> = origins.sources.iter().map(|s| s.protocol.clone()).collect();
    list(html, "protocols", protocols);
    html.raw("</dl>\n");
    digests(
        html,
        "Datasets",
        "dataset",
        &different(origins, |s| &s.datasets),
    );
    digests(
        html,
        "Plugins and runtimes",
        "library",
        &different(origins, |s| &s.libraries),
    );
    digests(
        html,
        "Harness sources that decide results",
        "source",
        &different(origins, |s| &s.code),
    );
    html.raw("</section>\n");
}

fn list(html: &mut Html, name: &'static str, texts: BTreeSet<String>) {
    html.raw("<dt>").raw(name).raw("</dt><dd>");
    for (index, text) in texts.iter().enumerate() {
        html.raw(if index > 0 { "<br>" } else { "" }).text(text);
    }
    html.raw("</dd>\n");
}

fn digests(html: &mut Html, title: &'static str, what: &'static str, pairs: &[(String, String)]) {
    if pairs.is_empty() {
        return;
    }
    html.raw("<h3>")
        .raw(title)
        .raw("</h3>\n<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">");
    html.raw(what)
        .raw("</th><th scope=\"col\">digest</th></tr></thead>\n<tbody>\n");
    for (name, digest) in pairs {
        html.raw("<tr>").element("th", &[("scope", "row")], name);
        html.raw("<td><code>")
            .text(digest)
            .raw("</code></td></tr>\n");
    }
    html.raw("</tbody>\n</table></div>\n");
}
