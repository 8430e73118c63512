//! Figures as SVG, and as PNG from the same SVG.

use std::path::Path;

use analysis::study::FigureSpec;
use analysis::{Error as AnalysisError, FigureKind, Resampler, Results, ScalingOptions, Study};

use crate::error::Result;

mod caption;
mod colour;
mod curves;
mod heatmap;
mod panel;
mod png;
mod profile;
mod scale;
mod scaling;
mod series;
mod style;
mod svg;
mod widths;

pub(crate) use profile::profile;

/// What to draw; everything absent means the study's own choice.
#[derive(Clone, Debug, Default)]
pub struct FigureOptions {
    /// The study's figure with this id; else its first one of the kind.
    pub figure: Option<String>,
    /// Another metric than the figure's.
    pub metric: Option<String>,
    /// One benchmark.
    pub benchmark: Option<String>,
    /// These pipelines, whatever labels the figure asks for; empty means the figure's own.
    pub pipelines: Vec<String>,
    /// Axis across, or a swept parameter; `update` for the learning curves alone.
    pub x: Option<String>,
    /// Axis down.
    pub y: Option<String>,
}

impl FigureOptions {
    /// What to draw of the figure `spec`: one entry for each metric.
    fn of(&self, spec: &FigureSpec) -> Vec<ScalingOptions> {
        let metrics: Vec<Option<String>> = match (&self.metric, spec.metrics.as_slice()) {
            (Some(metric), _) => vec![Some(metric.clone())],
            (None, []) => vec![None],
            (None, own) => own.iter().cloned().map(Some).collect(),
        };
        let only = if self.pipelines.is_empty() {
            spec.only.clone()
        } else {
            Default::default()
        };
        let each = |metric| ScalingOptions {
            metric,
            benchmark: self.benchmark.clone().or_else(|| spec.benchmark.clone()),
            pipelines: self.pipelines.clone(),
            only: only.clone(),
            x: self.x.clone(),
            y: self.y.clone(),
        };
        metrics.into_iter().map(each).collect()
    }

    /// The figure of `kind` that is meant.
    fn figure(&self, study: &Study, kind: FigureKind) -> Result<FigureSpec> {
        let figures = study.figures_of(kind);
        let known = || figures.iter().map(|f| f.id.clone()).collect();
        let wanted = |f: &&FigureSpec| self.figure.as_ref().is_none_or(|id| f.id == *id);
        Ok(figures
            .iter()
            .find(wanted)
            .cloned()
            .ok_or_else(|| AnalysisError::UnknownName {
                kind: "figure",
                name: self.figure.clone().unwrap_or_default(),
                known: known(),
            })?)
    }
}

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
    let results = Results::open(study_dir)?;
    let spec = options.figure(results.study(), FigureKind::Scaling)?;
    scaling::Figure::read(&results, &Resampler::default(), &options.of(&spec))?.render(format)
}

/// Learning curves and sensitivity curves with bands.
///
/// # Errors
/// `Analysis` when the study cannot be read, a name is unknown, or there is neither a snapshot series nor a sweep.
pub fn curve(study_dir: &Path, options: &FigureOptions, format: FigureFormat) -> Result<Vec<u8>> {
    let results = Results::open(study_dir)?;
    let spec = options.figure(results.study(), FigureKind::Curve)?;
    curves::Figure::read(&results, &Resampler::default(), &options.of(&spec))?.render(format)
}

/// The figure `spec` in every format that is written to files, as (ending, bytes).
///
/// # Errors
/// As [`scaling`] and [`curve`].
pub(crate) fn files(
    results: &Results,
    resampler: &Resampler,
    spec: &FigureSpec,
) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let options = FigureOptions::default().of(spec);
    let formats = [("svg", FigureFormat::Svg), ("png", FigureFormat::Png)];
    let render: Box<dyn Fn(FigureFormat) -> Result<Vec<u8>>> = match spec.kind {
        FigureKind::Scaling => {
            let figure = scaling::Figure::read(results, resampler, &options)?;
            Box::new(move |format| figure.render(format))
        }
        FigureKind::Curve => {
            let figure = curves::Figure::read(results, resampler, &options)?;
            Box::new(move |format| figure.render(format))
        }
    };
    formats
        .into_iter()
        .map(|(ending, format)| Ok((ending, render(format)?)))
        .collect()
}

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
