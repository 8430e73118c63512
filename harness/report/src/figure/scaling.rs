//! `scaling.svg`: matrices side by side, then curves along each axis.

use analysis::words::{metric, short};
use analysis::{
    Better, Curve, Level, Matrix, Resampler, Results, ScalingOptions, Study, curves, matrices,
};
use serde::Serialize;

use super::caption::{Choice, caption};
use super::heatmap::{self, Colours, Grid};
use super::panel::{Panel, levels};
use super::series::Series;
use super::style::Styles;
use super::svg::{Font, GREY, Svg};
use super::{FigureFormat, Section as Piece, encode, nothing, what};
use crate::error::Result;

/// What the figure shows.
#[derive(Serialize)]
pub(crate) struct Figure<'a> {
    #[serde(skip)]
    study: &'a Study,
    pub(crate) matrices: Vec<Matrix>,
    pub(crate) curves: Vec<Curve>,
    #[serde(skip)]
    choice: Choice,
}

/// One benchmark and metric.
#[derive(Clone, Copy, PartialEq)]
struct Section<'a> {
    benchmark: &'a str,
    metric: &'a str,
}

const MARGIN: f64 = 24.0;
const GAP: f64 = 26.0;
const WIDTH: f64 = 1040.0;
const PANEL: f64 = 290.0;

impl<'a> Figure<'a> {
    pub(crate) fn read(
        results: &'a Results,
        resampler: &Resampler,
        options: &[ScalingOptions],
    ) -> Result<Self> {
        let study = results.study();
        let (mut all_matrices, mut all_curves) = (Vec::new(), Vec::new());
        for one in options {
            all_matrices.append(&mut matrices(results, resampler, one)?);
            all_curves.append(&mut curves(results, resampler, one)?);
        }
        let of_matrices = all_matrices.iter().map(|m| (&*m.benchmark, &*m.pipeline));
        let of_curves = all_curves.iter().map(|c| (&*c.benchmark, &*c.pipeline));
        let choice = Choice::of(study, options, &of_matrices.chain(of_curves).collect())?;
        let figure = Self {
            study,
            matrices: all_matrices,
            curves: all_curves,
            choice,
        };
        let measured = figure.entries().any(|(_, entry)| entry.cell.is_some());
        if measured {
            Ok(figure)
        } else {
            Err(nothing(study, "a varied axis"))
        }
    }

    pub(crate) fn render(&self, format: FigureFormat) -> Result<Vec<u8>> {
        encode(format, || self.svg(), self)
    }

    fn entries(&self) -> impl Iterator<Item = (&str, &analysis::Entry)> {
        let cells = self
            .matrices
            .iter()
            .flat_map(|m| m.cells.iter().flatten().map(|e| (m.pipeline.as_str(), e)));
        cells.chain(
            self.curves
                .iter()
                .flat_map(|c| c.points.iter().map(|p| (c.pipeline.as_str(), &p.entry))),
        )
    }

    fn svg(&self) -> String {
        let styles = Styles::new(self.study);
        let mut svg = Svg::default();
        let mut y = MARGIN;
        title(
            &mut svg,
            &mut y,
            self.study,
            "Data-scaling matrices and curves",
        );
        let width = self.width(&styles);
        for section in self.sections() {
            self.matrices(&mut svg, &mut y, width, &styles, section);
            self.panels(&mut svg, &mut y, width, &styles, section);
        }
        let font = Font::new(11.0).fill(GREY);
        let text = self.words();
        for line in font.wrap(&text, width - 2.0 * MARGIN) {
            y += 15.0;
            svg.text(MARGIN, y, font, &line);
        }
        svg.finish(
            width,
            y + MARGIN,
            &format!("Data scaling: {}", self.study.title),
            &text,
        )
    }

    /// The caption.
    pub(super) fn words(&self) -> String {
        let across = |c: &Curve| c.points.iter().all(|p| p.level.is_none());
        let across = self.curves.iter().any(across);
        caption(
            self.study,
            self.entries(),
            (&self.choice, "run at one level of each axis only"),
            across.then_some("the axis does not apply to the pipeline"),
        )
    }

    /// Its sections in pieces.
    pub(super) fn pieces(&self) -> Vec<Piece<'_>> {
        let styles = Styles::new(self.study);
        let mut pieces = Vec::new();
        for section in self.sections() {
            let own = self.of(section);
            let mut matrices: Vec<Vec<&Matrix>> = Vec::new();
            for row in styles.arrange(&own, |m| &m.pipeline) {
                matrices.push(row.into_iter().map(|(_, matrix)| *matrix).collect());
            }
            let panels = self.panels_of(&styles, section);
            pieces.push(Piece {
                benchmark: section.benchmark,
                what: Some(what(section.metric, self.study.better(section.metric))),
                colours: Colours::covering(own.iter().copied()),
                matrices,
                panels: panels.iter().map(Panel::alone).collect(),
            });
        }
        pieces
    }

    /// Benchmarks and metrics, in the order of the study.
    fn sections(&self) -> Vec<Section<'_>> {
        let of_matrices = self.matrices.iter().map(|m| (&*m.benchmark, &*m.metric));
        let of_curves = self.curves.iter().map(|c| (&*c.benchmark, &*c.metric));
        let mut all: Vec<Section<'_>> = Vec::new();
        for (benchmark, metric) in of_matrices.chain(of_curves) {
            let section = Section { benchmark, metric };
            if !all.contains(&section) {
                all.push(section);
            }
        }
        let place = |s: &Section<'_>| {
            let mut ids = self.study.benchmarks.iter().map(|b| b.id.as_str());
            ids.position(|id| id == s.benchmark)
        };
        // Stable: metrics stay in the order in which the figure names them.
        all.sort_by_key(place);
        all
    }

    fn of<'b>(&'b self, section: Section<'_>) -> Vec<&'b Matrix> {
        let own = |m: &&Matrix| m.benchmark == section.benchmark && m.metric == section.metric;
        self.matrices.iter().filter(own).collect()
    }

    fn width(&self, styles: &Styles) -> f64 {
        let section = |section: Section<'_>| {
            let own = self.of(section);
            let columns = beside(&styles.arrange(&own, |m| &m.pipeline));
            columns as f64 * (Grid::of(&own).size().0 + GAP) - GAP + 2.0 * MARGIN
        };
        self.sections()
            .into_iter()
            .map(section)
            .fold(WIDTH, f64::max)
    }

    fn matrices(
        &self,
        svg: &mut Svg,
        y: &mut f64,
        width: f64,
        styles: &Styles,
        section: Section<'_>,
    ) {
        let own = self.of(section);
        let (Some(first), Some(colours)) = (own.first(), Colours::covering(own.iter().copied()))
        else {
            return;
        };
        heading(svg, *y, section.benchmark, &first.metric, first.better);
        colours.draw(svg, width - MARGIN, *y);
        *y += 40.0;
        let rows = styles.arrange(&own, |m| &m.pipeline);
        let grid = Grid::of(&own)
            .widened((width - 2.0 * MARGIN + GAP) / beside(&rows).max(1) as f64 - GAP);
        let size = grid.size();
        for row in rows {
            for (column, matrix) in row {
                let x = MARGIN + column as f64 * (size.0 + GAP);
                heatmap::draw(svg, (x, *y), &grid, matrix, &colours);
            }
            *y += size.1 + 14.0;
        }
        *y += 6.0;
    }

    fn panels(
        &self,
        svg: &mut Svg,
        y: &mut f64,
        width: f64,
        styles: &Styles,
        section: Section<'_>,
    ) {
        let panels = self.panels_of(styles, section);
        if !panels.is_empty() && self.of(section).is_empty() {
            let better = self.study.better(section.metric);
            heading(svg, *y, section.benchmark, section.metric, better);
            *y += 30.0;
        }
        let each = (width - 2.0 * MARGIN - GAP) / 2.0;
        for pair in panels.chunks(2) {
            *y += Panel::beside(pair, svg, (MARGIN, *y), (each, PANEL), GAP) + 16.0;
        }
    }

    /// One panel for each axis.
    fn panels_of(&self, styles: &Styles, section: Section<'_>) -> Vec<Panel> {
        let is_own = |c: &&Curve| c.benchmark == section.benchmark && c.metric == section.metric;
        let own = || self.curves.iter().filter(is_own);
        let mut axes: Vec<&str> = Vec::new();
        for curve in own() {
            if !axes.contains(&curve.axis.as_str()) {
                axes.push(&curve.axis);
            }
        }
        let panel = |axis: &str| {
            let curves: Vec<&Curve> = own().filter(|c| c.axis == axis).collect();
            self.panel(axis, &curves, styles)
        };
        axes.into_iter().map(panel).collect()
    }

    fn panel(&self, axis: &str, curves: &[&Curve], styles: &Styles) -> Panel {
        let places = levels(
            curves
                .iter()
                .flat_map(|c| c.points.iter().filter_map(|p| p.level.as_ref())),
        );
        let at = |level: &Level| {
            places
                .iter()
                .find(|(known, ..)| known == level)
                .map_or(0.0, |(_, x, _)| *x)
        };
        let series = curves.iter().map(|curve| {
            let points = curve
                .points
                .iter()
                .map(|p| (p.level.as_ref().map_or(f64::NAN, at), &p.entry));
            let across = curve.points.iter().all(|p| p.level.is_none());
            Series::new(
                &curve.pipeline,
                styles.style(&curve.pipeline),
                across,
                points,
            )
        });
        let reference = |name: &str| self.study.reference.get(name).map(Level::from_json);
        let others = self.study.axes.iter().filter(|a| a.name != axis);
        let others = others.filter_map(|a| Some(format!("{} = {}", a.name, reference(&a.name)?)));
        let others: Vec<String> = others.collect();
        let at = if others.is_empty() {
            String::new()
        } else {
            format!(" at {}", others.join(", "))
        };
        Panel {
            title: format!("Along {axis}{at}"),
            x_label: axis.to_owned(),
            y_label: curves.first().map_or("", |c| short(&c.metric)).to_owned(),
            x_ticks: Some(
                places
                    .iter()
                    .map(|(_, x, label)| (*x, label.clone()))
                    .collect(),
            ),
            x_log: true,
            reference: None,
            series: Series::merged(series),
        }
    }
}

/// Columns of an arrangement.
fn beside<T>(rows: &[Vec<(usize, T)>]) -> usize {
    rows.iter()
        .flatten()
        .map(|(column, _)| column + 1)
        .max()
        .unwrap_or(0)
}

/// The study's title, and below it what kind of figure this is.
pub(super) fn title(svg: &mut Svg, y: &mut f64, study: &Study, kind: &str) {
    svg.text(MARGIN, *y + 16.0, Font::new(18.0).bold(), &study.title);
    svg.text(MARGIN, *y + 36.0, Font::new(12.0).fill(GREY), kind);
    *y += 64.0;
}

/// `benchmark: metric (direction)`.
pub(super) fn heading(svg: &mut Svg, y: f64, benchmark: &str, name: &str, better: Better) {
    let direction = better.words();
    svg.text(MARGIN, y + 10.0, Font::new(14.0).bold(), benchmark);
    svg.text(
        MARGIN,
        y + 27.0,
        Font::new(12.0).fill(GREY),
        &format!("{}, {direction}", metric(name)),
    );
}
