//! Figures as SVG, and as PNG from the same SVG.

use std::path::Path;

use analysis::{Error as AnalysisError, Resampler, Results, ScalingOptions, Study};

use crate::error::Result;

mod caption;
mod colour;
mod curves;
mod heatmap;
mod panel;
mod png;
mod scale;
mod scaling;
mod style;
mod svg;
mod widths;

/// What to draw; everything absent means the study's own choice.
pub type FigureOptions = ScalingOptions;

/// A figure's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FigureFormat {
    /// Scalable, with text as text.
    Svg,
    /// Bitmap with two pixels per unit of the SVG.
    Png,
    /// The numbers drawn, all digits.
    Json,
}

/// Data-scaling matrices side by side, with one colour scale per benchmark, and curves along each axis.
///
/// # Errors
/// `Analysis` when the study cannot be read, a name is unknown, or no axis was varied and measured.
pub fn scaling(study_dir: &Path, options: &FigureOptions, format: FigureFormat) -> Result<Vec<u8>> {
    scaling::Figure::read(&Results::open(study_dir)?, &Resampler::default(), options)?
        .render(format)
}

/// Learning curves and sensitivity curves with bands.
///
/// # Errors
/// `Analysis` when the study cannot be read, a name is unknown, or there is neither a snapshot series nor a sweep.
pub fn curve(study_dir: &Path, options: &FigureOptions, format: FigureFormat) -> Result<Vec<u8>> {
    curves::Figure::read(&Results::open(study_dir)?, &Resampler::default(), options)?.render(format)
}

pub(crate) use curves::Figure as CurveFigure;
pub(crate) use scaling::Figure as ScalingFigure;

fn nothing(study: &Study, what: &str) -> crate::Error {
    AnalysisError::NothingMeasured {
        study: study.study.clone(),
        what: Some(what.to_owned()),
    }
    .into()
}

/// Bytes of a figure in `format`, given how to draw it and what it shows.
fn encode(
    format: FigureFormat,
    svg: impl FnOnce() -> String,
    data: &impl serde::Serialize,
) -> Result<Vec<u8>> {
    Ok(match format {
        FigureFormat::Svg => svg().into_bytes(),
        FigureFormat::Png => png::encode(&svg())?,
        FigureFormat::Json => (serde_json::to_string_pretty(data)? + "\n").into_bytes(),
    })
}
