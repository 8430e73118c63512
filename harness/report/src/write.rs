//! Everything that a study can be rendered to, into one folder.

use std::path::{Path, PathBuf};

use analysis::{Error as AnalysisError, Resampler, Results, ScalingOptions};

use crate::error::{Error, Result};
use crate::figure::{CurveFigure, FigureFormat, FigureOptions, ScalingFigure};
use crate::tables::{Content, TableFormat, TableOptions};
use crate::tuning;

/// What [`write_all`] wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The files, in the order of writing.
    pub files: Vec<PathBuf>,
    /// Figures that the study has no data for, with the reason.
    pub left_out: Vec<(String, String)>,
}

/// Renders the study in `study_dir` into `out_dir`: `table.{md,csv,json,tex}`, `scaling.{svg,png}` and
/// `curve.{svg,png}`; where values were tuned, `tuning.{md,json}` too. A figure without data is left out and named; a file is replaced as a whole.
///
/// # Errors
/// `Analysis` with `NothingMeasured` when no table has a measured cell, and every other error of reading the study;
/// `Write` when a file cannot be written.
pub fn write_all(study_dir: &Path, out_dir: &Path) -> Result<Written> {
    let results = Results::open(study_dir)?;
    let resampler = Resampler::default();
    let content = Content::read(&results, &resampler, &TableOptions::default())?;
    let mut written = Written::default();
    std::fs::create_dir_all(out_dir).map_err(|source| Error::Write {
        path: out_dir.to_owned(),
        source,
    })?;
    let options = FigureOptions::default();
    let formats = [("svg", FigureFormat::Svg), ("png", FigureFormat::Png)];
    let scaling = optional(
        &mut written,
        "scaling",
        ScalingFigure::read(&results, &resampler, &options),
    )?;
    let curve = optional(
        &mut written,
        "curve",
        CurveFigure::read(&results, &resampler, &options),
    )?;
    for (extension, format) in formats {
        if let Some(figure) = &scaling {
            save(
                &mut written,
                out_dir,
                &format!("scaling.{extension}"),
                &figure.render(format)?,
            )?;
        }
        if let Some(figure) = &curve {
            save(
                &mut written,
                out_dir,
                &format!("curve.{extension}"),
                &figure.render(format)?,
            )?;
        }
    }
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
    Ok(written)
}

/// A figure, or none with its reason noted where the study has nothing for it.
fn optional<T>(written: &mut Written, name: &str, figure: Result<T>) -> Result<Option<T>> {
    match figure {
        Ok(figure) => Ok(Some(figure)),
        Err(Error::Analysis(error @ AnalysisError::NothingMeasured { .. })) => {
            written.left_out.push((name.to_owned(), error.to_string()));
            Ok(None)
        }
        Err(error) => Err(error),
    }
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
