//! `scaling.svg`: matrices side by side, then curves along each axis.

use analysis::words::{metric, short};
use analysis::{Better, Curve, Level, Matrix, Resampler, Results, Study, curves, matrices};
use serde::Serialize;

use super::caption::caption;
use super::heatmap::{self, Colours, Grid};
use super::panel::{Panel, Series, levels};
use super::style::Styles;
use super::svg::{Font, GREY, Svg};
use super::{FigureFormat, FigureOptions, encode, nothing};
use crate::error::Result;

/// What the figure shows.
#[derive(Serialize)]
pub(crate) struct Figure<'a> {
    #[serde(skip)]
    study: &'a Study,
    pub(crate) matrices: Vec<Matrix>,
    pub(crate) curves: Vec<Curve>,
}

const MARGIN: f64 = 24.0;
const GAP: f64 = 26.0;
const WIDTH: f64 = 1040.0;
const PANEL: f64 = 290.0;

impl<'a> Figure<'a> {
    pub(crate) fn read(
        results: &'a Results,
        resampler: &Resampler,
        options: &FigureOptions,
    ) -> Result<Self> {
        let study = results.study();
        let figure = Self {
            study,
            matrices: matrices(results, resampler, options)?,
            curves: curves(results, resampler, options)?,
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
        for benchmark in &self.study.benchmarks {
            self.matrices(&mut svg, &mut y, width, &styles, &benchmark.id);
            self.panels(&mut svg, &mut y, width, &styles, &benchmark.id);
        }
        let font = Font::new(11.0).fill(GREY);
        let text = caption(self.study, self.entries());
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

    fn of<'b>(&'b self, benchmark: &str) -> Vec<&'b Matrix> {
        self.matrices
            .iter()
            .filter(|m| m.benchmark == benchmark)
            .collect()
    }

    fn width(&self, styles: &Styles) -> f64 {
        let section = |benchmark: &analysis::study::Benchmark| {
            let own = self.of(&benchmark.id);
            let columns = beside(&styles.arrange(&own, |m| &m.pipeline));
            columns as f64 * (Grid::of(&own).size().0 + GAP) - GAP + 2.0 * MARGIN
        };
        self.study
            .benchmarks
            .iter()
            .map(section)
            .fold(WIDTH, f64::max)
    }

    fn matrices(&self, svg: &mut Svg, y: &mut f64, width: f64, styles: &Styles, benchmark: &str) {
        let own = self.of(benchmark);
        let (Some(first), Some(colours)) = (own.first(), Colours::covering(own.iter().copied()))
        else {
            return;
        };
        heading(svg, *y, benchmark, &first.metric, first.better);
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

    fn panels(&self, svg: &mut Svg, y: &mut f64, width: f64, styles: &Styles, benchmark: &str) {
        let own = || self.curves.iter().filter(|c| c.benchmark == benchmark);
        let mut axes: Vec<&str> = Vec::new();
        for curve in own() {
            if !axes.contains(&curve.axis.as_str()) {
                axes.push(&curve.axis);
            }
        }
        if !axes.is_empty()
            && self.of(benchmark).is_empty()
            && let Some(first) = own().next()
        {
            heading(svg, *y, benchmark, &first.metric, first.better);
            *y += 30.0;
        }
        let each = (width - 2.0 * MARGIN - GAP) / 2.0;
        for pair in axes.chunks(2) {
            for (column, axis) in pair.iter().enumerate() {
                let curves: Vec<&Curve> = own().filter(|c| c.axis == *axis).collect();
                let x = MARGIN + column as f64 * (each + GAP);
                self.panel(axis, &curves, styles)
                    .draw(svg, (x, *y), (each, PANEL));
            }
            *y += PANEL + 16.0;
        }
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
    let direction = match better {
        Better::Lower => "lower is better",
        Better::Higher => "higher is better",
    };
    svg.text(MARGIN, y + 10.0, Font::new(14.0).bold(), benchmark);
    svg.text(
        MARGIN,
        y + 27.0,
        Font::new(12.0).fill(GREY),
        &format!("{}, {direction}", metric(name)),
    );
}
