//! Figures as SVG, and as PNG from the same SVG.

use std::path::Path;

use analysis::study::FigureSpec;
use analysis::{
    Error as AnalysisError, FigureKind, Matrix, Resampler, Results, ScalingOptions, Study,
};

use crate::error::Result;

mod caption;
mod colour;
mod curves;
mod heatmap;
mod improvement;
mod panel;
mod png;
mod profile;
mod scale;
mod scaling;
mod series;
mod style;
mod svg;
mod widths;

pub(crate) use heatmap::{Colours, label as level};
pub(crate) use improvement::improvement;
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

/// A figure of the study before it is drawn, or why it has no data.
pub(crate) struct Drawing<'a> {
    pub(crate) spec: FigureSpec,
    pub(crate) figure: std::result::Result<Figure<'a>, String>,
}

/// A figure's data.
pub(crate) enum Figure<'a> {
    /// Matrices, and curves along each axis.
    Scaling(scaling::Figure<'a>),
    /// Learning curves, and curves along swept parameters.
    Curve(curves::Figure<'a>),
}

/// A benchmark of a figure, in pieces that a page arranges itself.
pub(crate) struct Section<'f> {
    pub(crate) benchmark: &'f str,
    /// Metric and direction, where the whole section shows one metric.
    pub(crate) what: Option<String>,
    /// Matrices in rows, as they stand beside each other.
    pub(crate) matrices: Vec<Vec<&'f Matrix>>,
    /// The colours of the matrices; none without any.
    pub(crate) colours: Option<Colours>,
    /// Panels of curves, an SVG each.
    pub(crate) panels: Vec<String>,
}

/// Every figure of the study, scaling first.
///
/// # Errors
/// As [`scaling`] and [`curve`], except that a figure without data is no error.
pub(crate) fn drawings<'a>(
    results: &'a Results,
    resampler: &Resampler,
) -> Result<Vec<Drawing<'a>>> {
    let study = results.study();
    let kinds = [FigureKind::Scaling, FigureKind::Curve];
    let specs = kinds.into_iter().flat_map(|kind| study.figures_of(kind));
    let read = |spec: FigureSpec| {
        let options = FigureOptions::default().of(&spec);
        let figure = match spec.kind {
            FigureKind::Scaling => {
                scaling::Figure::read(results, resampler, &options).map(Figure::Scaling)
            }
            FigureKind::Curve => {
                curves::Figure::read(results, resampler, &options).map(Figure::Curve)
            }
        };
        match figure {
            Ok(figure) => Ok(Drawing {
                spec,
                figure: Ok(figure),
            }),
            Err(error) if error.nothing_measured() => Ok(Drawing {
                spec,
                figure: Err(error.to_string()),
            }),
            Err(error) => Err(error),
        }
    };
    specs.map(read).collect()
}

impl Figure<'_> {
    /// In every format that is written to files, as (ending, bytes).
    ///
    /// # Errors
    /// `Bitmap` when it is too large for one.
    pub(crate) fn files(&self) -> Result<Vec<(&'static str, Vec<u8>)>> {
        let formats = [("svg", FigureFormat::Svg), ("png", FigureFormat::Png)];
        let render = |(ending, format)| {
            let bytes = match self {
                Self::Scaling(figure) => figure.render(format),
                Self::Curve(figure) => figure.render(format),
            };
            Ok((ending, bytes?))
        };
        formats.into_iter().map(render).collect()
    }

    /// In pieces.
    pub(crate) fn sections(&self) -> Vec<Section<'_>> {
        match self {
            Self::Scaling(figure) => figure.pieces(),
            Self::Curve(figure) => figure.pieces(),
        }
    }

    /// What its numbers are, how many, and what is missing.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Scaling(figure) => figure.words(),
            Self::Curve(figure) => figure.words(),
        }
    }
}

/// `metric, direction`
fn what(metric: &str, better: analysis::Better) -> String {
    format!("{}, {}", analysis::words::metric(metric), better.words())
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
