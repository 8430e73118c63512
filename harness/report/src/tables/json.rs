//! Everything as JSON, all digits, in declaration order.

use analysis::{Finding, Table};
use serde::Serialize;

use super::Content;
use crate::error::Result;

#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    study: &'a str,
    title: &'a str,
    manifest_digest: &'a str,
    tables: &'a [Table],
    findings: &'a [Finding],
    sentences: &'a [String],
}

pub(crate) fn render(content: &Content<'_>) -> Result<String> {
    let document = Document {
        format: 1,
        study: &content.study.study,
        title: &content.study.title,
        manifest_digest: &content.study.manifest_digest,
        tables: &content.tables,
        findings: &content.findings.findings,
        sentences: &content.findings.sentences,
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}
