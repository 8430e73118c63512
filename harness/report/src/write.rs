//! Everything that a study can be rendered to, into one folder.

use std::path::{Path, PathBuf};

use analysis::{FigureKind, Resampler, Results, ScalingOptions};

use crate::error::{Error, Result};
use crate::figure::{self, Drawing};
use crate::page;
use crate::tables::{Content, TableFormat, TableOptions};
use crate::tuning;

/// What [`write_all`] wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The files, in the order of writing.
    pub files: Vec<PathBuf>,
    /// Figures that the study asks for by name and has no data for, with the reason.
    pub left_out: Vec<(String, String)>,
}

/// Renders the study in `study_dir` into `out_dir`: `table.{md,csv,json,tex}` and its figures as `<id>.{svg,png}`
/// (`scaling` and `curve` where it asks for none of that kind); where values were tuned, `tuning.{md,json}` too; all of it on
/// one page, `report.html`. A figure without data is left out, and what an earlier rendering drew under its name is removed.
/// A file is replaced as a whole.
///
/// # Errors
/// `Analysis` with `NothingMeasured` when no table has a measured cell, and every other error of reading the study;
/// `Write` when a file cannot be written.
pub fn write_all(study_dir: &Path, out_dir: &Path) -> Result<Written> {
    let results = Results::open(study_dir)?;
    let resampler = Resampler::default();
    let content = Content::read(&results, &resampler, &TableOptions::default(), true)?;
    let mut written = Written::default();
    std::fs::create_dir_all(out_dir).map_err(|source| Error::Write {
        path: out_dir.to_owned(),
        source,
    })?;
    let drawings = figure::drawings(&results, &resampler)?;
    figures(&results, &drawings, out_dir, &mut written)?;
    let formats = [
        ("md", TableFormat::Markdown),
        ("csv", TableFormat::Csv),
        ("json", TableFormat::Json),
        ("tex", TableFormat::Latex),
    ];
    for (extension, format) in formats {
        let text = content.render(format)?;
        save(
            &mut written,
            out_dir,
            &format!("table.{extension}"),
            text.as_bytes(),
        )?;
    }
    let tuned = analysis::tuned(&results, &resampler, &ScalingOptions::default())?;
    if !tuned.is_empty() {
        let json = serde_json::to_string_pretty(&tuned)? + "\n";
        save(&mut written, out_dir, "tuning.json", json.as_bytes())?;
        let text = tuning::markdown(&tuned);
        save(&mut written, out_dir, "tuning.md", text.as_bytes())?;
    }
    let page = page::of(study_dir, &results, &content, &drawings)?;
    save(&mut written, out_dir, PAGE, page.html.as_bytes())?;
    Ok(written)
}

/// Name of the page in a study's folder.
pub const PAGE: &str = "report.html";

/// Draws what the study asks for. A figure that it does not ask for by name is not missed where it has no data.
fn figures(
    results: &Results,
    drawings: &[Drawing<'_>],
    out_dir: &Path,
    written: &mut Written,
) -> Result<()> {
    let study = results.study();
    for Drawing { spec, figure } in drawings {
        match figure {
            Ok(figure) => {
                for (ending, bytes) in figure.files()? {
                    save(written, out_dir, &format!("{}.{ending}", spec.id), &bytes)?;
                }
            }
            Err(reason) => {
                discard(out_dir, &spec.id)?;
                if study.figures.contains(spec) {
                    written.left_out.push((spec.id.clone(), reason.clone()));
                }
            }
        }
    }
    for kind in [FigureKind::Scaling, FigureKind::Curve] {
        if !drawings.iter().any(|d| d.spec.id == kind.name()) {
            discard(out_dir, kind.name())?;
        }
    }
    Ok(())
}

/// Removes the files of a figure that is no longer drawn.
fn discard(dir: &Path, id: &str) -> Result<()> {
    for ending in ["svg", "png"] {
        let path = dir.join(format!("{id}.{ending}"));
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::Write { path, source });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Writes beside the file and renames, so that a reader never sees half of it.
fn save(written: &mut Written, dir: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let path = dir.join(name);
    let partial = dir.join(format!(".{name}.partial"));
    let wrap = |source| Error::Write {
        path: path.clone(),
        source,
    };
    std::fs::write(&partial, bytes).map_err(wrap)?;
    std::fs::rename(&partial, &path).map_err(wrap)?;
    written.files.push(path);
    Ok(())
}
