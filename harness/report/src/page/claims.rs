//! Claims with their verdicts, from the record that `assay claims` leaves in the study's folder.

use std::path::Path;

use serde::Deserialize;

use super::Study;
use crate::error::{Error, Result};
use crate::html::Html;

/// Name of the record: verdicts as JSON, and the digest of the observations that they are about.
pub const CLAIMS_RECORD: &str = "claim-verdicts.json";

/// What the page shows of the record. Fields that it does not show are nobody's concern here.
#[derive(Debug, Deserialize)]
pub(super) struct Record {
    /// SHA-256 of the observations that the verdicts are about.
    #[serde(default)]
    observations: String,
    registration: Registration,
    report: Verdicts,
}

#[derive(Debug, Deserialize)]
struct Registration {
    before_results: bool,
    #[serde(default)]
    edited: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Verdicts {
    claims_id: String,
    title: String,
    claims_digest: String,
    manifest_digest: String,
    claims: Vec<Claim>,
}

#[derive(Debug, Deserialize)]
struct Claim {
    number: u32,
    statement: String,
    verdict: String,
    verdict_holm: String,
    reason: String,
    runs: usize,
}

/// The record, where there is one.
///
/// # Errors
/// `Record` when it cannot be read or is none.
pub(super) fn read(folder: &Path) -> Result<Option<Record>> {
    let path = folder.join(CLAIMS_RECORD);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => {
            let reason = e.to_string();
            return Err(Error::Record { path, reason });
        }
    };
    let found = serde_json::from_slice(&text).map_err(|e| Error::Record {
        path,
        reason: e.to_string(),
    })?;
    Ok(Some(found))
}

/// Whether the verdicts are about other results than those in the study's folder.
pub(super) fn is_stale(record: &Record, study: &Study, folder: &Path) -> bool {
    let found = std::fs::read(folder.join("observations.parquet"));
    let found = found.map(|bytes| manifest::identity::sha256_hex(&bytes));
    let other = found.is_ok_and(|found| found != record.observations);
    other || record.report.manifest_digest != study.manifest_digest
}

pub(super) fn write(html: &mut Html, record: &Record, stale: bool) {
    let report = &record.report;
    html.open("section", &[("id", "claims")]);
    html.raw("<h2>Claims</h2>\n");
    let when = if record.registration.before_results {
        "registered before the study had results"
    } else {
        "registered after the study had results"
    };
    html.raw("<p>").text(&report.title).raw(" (<code>");
    html.text(&report.claims_id).raw("</code>, digest <code>");
    html.text(super::short(&report.claims_digest))
        .raw("</code>), ");
    html.text(when).raw(".</p>\n");
    if !record.registration.edited.is_empty() {
        let edited = record.registration.edited.join(", ");
        html.element("p", &[], format!("Edited since: {edited}."));
    }
    if stale {
        html.raw("<p><strong>Decided on other results than these; run <code>assay claims</code> again.</strong></p>\n");
    }
    html.raw("<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">#</th><th scope=\"col\">claim</th>");
    html.raw("<th scope=\"col\">verdict, after Holm</th><th scope=\"col\">why</th><th scope=\"col\">runs</th></tr></thead>\n<tbody>\n");
    for claim in &report.claims {
        html.raw("<tr>").element("td", &[], claim.number);
        html.element("th", &[("scope", "row")], &claim.statement);
        html.raw("<td>");
        verdict(html, &claim.verdict_holm);
        if claim.verdict != claim.verdict_holm {
            html.raw(" <span class=\"soft\">before: ");
            html.text(words(&claim.verdict)).raw("</span>");
        }
        html.raw("</td>").element("td", &[], &claim.reason);
        html.element("td", &[], claim.runs).raw("</tr>\n");
    }
    html.raw("</tbody>\n</table></div>\n<p class=\"note\">Details with every interval: <code>claims.md</code> beside this page.</p>\n");
    html.raw("</section>\n");
}

/// The name of a verdict in JSON as it is read.
fn words(name: &str) -> String {
    match name {
        "not-testable" => "not testable here".into(),
        other => other.to_owned(),
    }
}

fn verdict(html: &mut Html, name: &str) {
    let words = words(name);
    let class = format!("verdict {}", words.replace(' ', "-"));
    html.element("span", &[("class", &class)], &words);
}
