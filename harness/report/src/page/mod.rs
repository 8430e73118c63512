//! One self-contained HTML page of a study: what was asked, claims, tables, figures, failures, and behind every cell the
//! bytes that it comes from.
//!
//! One file per section; the style and the script are files of their own beside them. The page loads nothing: its content
//! policy forbids every resource, and allows this one script by its digest. It holds no clock, so equal input gives equal bytes.

mod base64;
mod claims;
mod environment;
mod failures;
mod figures;
mod findings;
mod fits;
mod head;
mod origin;
mod tables;

use std::collections::BTreeMap;
use std::path::Path;

use analysis::{
    Absent, Error as AnalysisError, Resampler, Results, Run, ScalingFits, ScalingOptions, Study,
};
use store::Origins;

use crate::error::Result;
use crate::figure::{self, Drawing};
use crate::html::Html;
use crate::tables::{Content, TableOptions};
use origin::Trail;

pub use claims::CLAIMS_RECORD;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// A page, and whether it shows any number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The whole file.
    pub html: String,
    /// Whether a table has a measured cell; where not, the page says so.
    pub measured: bool,
}

/// What every section reads.
struct Sources<'a> {
    study: &'a Study,
    /// Evaluations with a result, by id.
    evaluations: BTreeMap<String, Run>,
    absent: Vec<Absent>,
    origins: Option<Origins>,
    /// With whether they are about other results.
    claims: Option<(claims::Record, bool)>,
    /// What stands in the place of origins where there are none.
    foreign: String,
    measured: bool,
}

/// What was computed from measurements.
struct Shown<'a> {
    content: &'a Content<'a>,
    drawings: &'a [Drawing<'a>],
    fits: ScalingFits,
}

/// The page of the study in `study_dir`. A study without any measured cell has one, too; [`Page::measured`] tells.
///
/// # Errors
/// `Analysis` when the study cannot be read, `Store` and `Record` when what lies beside it cannot.
pub fn page(study_dir: &Path) -> Result<Page> {
    match Results::open(study_dir) {
        Ok(results) => {
            let resampler = Resampler::default();
            let options = TableOptions::default();
            let content = Content::gather(&results, &resampler, &options, true)?;
            let drawings = figure::drawings(&results, &resampler)?;
            of(study_dir, &results, &content, &drawings)
        }
        Err(AnalysisError::NothingMeasured { .. }) => {
            let file = study_dir.join("study.json");
            let text = std::fs::read_to_string(&file).map_err(|source| AnalysisError::Read {
                path: file.clone(),
                source,
            })?;
            let study = Study::parse(&text, &file.display().to_string())?;
            let sources = Sources::read(study_dir, &study, BTreeMap::new(), Vec::new(), false)?;
            Ok(sources.page(None)?)
        }
        Err(error) => Err(error.into()),
    }
}

/// As [`page`], from what was computed already.
pub(crate) fn of(
    study_dir: &Path,
    results: &Results,
    content: &Content<'_>,
    drawings: &[Drawing<'_>],
) -> Result<Page> {
    let evaluations = analysis::runs(results)?;
    let absent = analysis::absent(results)?;
    let measured = content.is_measured();
    let sources = Sources::read(study_dir, results.study(), evaluations, absent, measured)?;
    let fits = crate::fits::found(results, &ScalingOptions::default(), None)?;
    let shown = Shown {
        content,
        drawings,
        fits,
    };
    Ok(sources.page(Some(&shown))?)
}

impl<'a> Sources<'a> {
    fn read(
        study_dir: &Path,
        study: &'a Study,
        evaluations: BTreeMap<String, Run>,
        absent: Vec<Absent>,
        measured: bool,
    ) -> Result<Self> {
        let origins = Origins::read(study_dir)?;
        Ok(Self {
            study,
            evaluations,
            absent,
            foreign: environment::foreign(study_dir)?,
            origins,
            claims: claims::read(study_dir)?.map(|record| {
                let stale = claims::is_stale(&record, study, study_dir);
                (record, stale)
            }),
            measured,
        })
    }

    fn page(&self, shown: Option<&Shown<'_>>) -> serde_json::Result<Page> {
        let mut trail = Trail::new(&self.evaluations, self.origins.as_ref());
        let mut main = Html::default();
        if let Some((record, stale)) = &self.claims {
            claims::write(&mut main, record, *stale);
        }
        if let Some(shown) = shown {
            let content = shown.content;
            findings::write(&mut main, &content.findings);
            tables::write(&mut main, content, &mut trail);
            fits::write(&mut main, &shown.fits);
            figures::write(&mut main, self.study, shown.drawings, &mut trail);
            failures::write(&mut main, &self.absent, content);
        }
        environment::write(&mut main, self);
        let main = main.finish();
        let manifest = self.origins.as_ref().map_or("", |o| o.manifest.as_str());
        let data = trail.finish(&self.foreign, &shell_word(manifest))?;

        let mut html = Html::default();
        html.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        html.element("title", &[], title(self.study)).raw("\n");
        html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        html.open(
            "meta",
            &[
                ("http-equiv", "Content-Security-Policy"),
                ("content", &policy()),
            ],
        );
        html.raw("\n<link rel=\"icon\" href=\"data:,\">\n<style>\n")
            .raw(STYLE);
        html.raw("</style>\n</head>\n<body>\n");
        html.raw("<a class=\"skip\" href=\"#main\">Skip to the results</a>\n");
        head::write(&mut html, self, shown);
        html.raw("<main id=\"main\">\n")
            .made_here(&main)
            .raw("</main>\n");
        head::footer(&mut html, self.study);
        html.raw("<dialog id=\"origin\" aria-labelledby=\"origin-title\"></dialog>\n");
        html.raw("<script type=\"application/json\" id=\"data\">")
            .made_here(&data);
        html.raw("</script>\n<script>")
            .raw(SCRIPT)
            .raw("</script>\n</body>\n</html>\n");
        Ok(Page {
            html: html.finish(),
            measured: self.measured,
        })
    }
}

/// The study's title, or its id where it has none.
fn title(study: &Study) -> &str {
    if study.title.is_empty() {
        &study.study
    } else {
        &study.title
    }
}

/// Nothing is loaded from anywhere; the one script is named by its digest, so no other can run.
fn policy() -> String {
    let digest = manifest::identity::sha256_hex(SCRIPT.as_bytes());
    let digest = origin::bytes_of(&digest).expect("SHA-256 is 32 bytes");
    format!(
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{}'",
        base64::encode(&digest)
    )
}

/// The first twelve digits of a digest.
fn short(digest: &str) -> String {
    digest
        .trim_start_matches("sha256:")
        .chars()
        .take(12)
        .collect()
}

/// A word for a shell: as it is, or in single quotes.
fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_and_script_cannot_end_their_elements() {
        assert!(!STYLE.contains("</") && !SCRIPT.contains("</script") && !SCRIPT.contains("<!--"));
    }

    #[test]
    fn words_for_a_shell_are_quoted_where_they_must_be() {
        assert_eq!(shell_word("manifests/a-b.toml"), "manifests/a-b.toml");
        assert_eq!(shell_word("it's $x"), r"'it'\''s $x'");
    }
}
