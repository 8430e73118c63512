//! A line of a panel with its band and markers.

use analysis::{Entry, Estimate};

use super::panel::Frame;
use super::style::{MARKERS, Style};
use super::svg::Svg;

/// One line.
pub(super) struct Series {
    pub(super) label: String,
    pub(super) style: Style,
    /// Ascending in position.
    pub(super) points: Vec<Mark>,
    /// A single point on an axis that does not apply, drawn across the panel.
    pub(super) across: bool,
    /// The evaluations behind the points.
    evaluations: Vec<Vec<String>>,
}

/// One measured point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) x: f64,
    pub(super) value: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Series {
    /// A line through the measured ones of `points`; positions of a line across do not matter.
    pub(super) fn new<'a>(
        label: &str,
        style: Style,
        across: bool,
        points: impl IntoIterator<Item = (f64, &'a Entry)>,
    ) -> Self {
        let mut series = Self {
            label: label.to_owned(),
            style,
            points: Vec::new(),
            across,
            evaluations: Vec::new(),
        };
        for (x, entry) in points {
            let Some(cell) = &entry.cell else { continue };
            let (low, high) = cell
                .interval
                .map_or((cell.iqm, cell.iqm), |i| (i.low, i.high));
            series.points.push(Mark {
                x,
                value: cell.iqm,
                low,
                high,
            });
            series.evaluations.push(cell.evaluation_ids.clone());
        }
        series
    }

    /// A line through estimates.
    pub(super) fn estimated<'a>(
        label: &str,
        style: Style,
        points: impl IntoIterator<Item = (f64, &'a Estimate)>,
    ) -> Self {
        let mark = |(x, estimate): (f64, &Estimate)| {
            let value = estimate.value;
            let (low, high) = estimate
                .interval
                .map_or((value, value), |i| (i.low, i.high));
            Mark {
                x,
                value,
                low,
                high,
            }
        };
        Self {
            label: label.to_owned(),
            style,
            points: points.into_iter().map(mark).collect(),
            across: false,
            evaluations: Vec::new(),
        }
    }

    /// Draws pipelines whose evaluations are the same as one line with both names.
    pub(super) fn merged(all: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let mut out: Vec<Self> = Vec::new();
        for series in all.into_iter().filter(|s| !s.points.is_empty()) {
            match out
                .iter_mut()
                .find(|known| known.evaluations == series.evaluations)
            {
                Some(known) => known.label = format!("{} = {}", known.label, series.label),
                None => out.push(series),
            }
        }
        out
    }

    pub(super) fn band(&self, svg: &mut Svg, frame: &Frame) {
        let colour = self.style.colour;
        let marks = self.marks(frame);
        let upper = marks.iter().map(|m| frame.place(m.x, m.high));
        let lower = marks.iter().rev().map(|m| frame.place(m.x, m.low));
        if marks.len() > 1 {
            let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
            svg.polygon(&outline, colour, 0.13, "none");
        } else if let Some(mark) = marks.first() {
            svg.line(
                frame.place(mark.x, mark.low),
                frame.place(mark.x, mark.high),
                colour,
                1.4,
                "",
            );
        }
    }

    pub(super) fn line(&self, svg: &mut Svg, frame: &Frame) {
        let points: Vec<(f64, f64)> = self
            .marks(frame)
            .iter()
            .map(|m| frame.place(m.x, m.value))
            .collect();
        svg.polyline(&points, self.style.colour, 2.0, self.style.dash);
        let crowded = points.len() > 12;
        for (index, &(x, y)) in points.iter().enumerate() {
            if !self.across && (!crowded || index + 1 == points.len()) {
                marker(svg, x, y, 3.2, &self.style);
            }
        }
    }

    /// The points, or both ends of a line across the panel.
    fn marks(&self, frame: &Frame) -> Vec<Mark> {
        match self.points.as_slice() {
            [only] if self.across => {
                vec![
                    Mark {
                        x: frame.x.low,
                        ..*only
                    },
                    Mark {
                        x: frame.x.high,
                        ..*only
                    },
                ]
            }
            points => points.to_vec(),
        }
    }
}

/// Shapes differ as colours do, and are filled alike.
pub(super) fn marker(svg: &mut Svg, x: f64, y: f64, r: f64, style: &Style) {
    let colour = style.colour;
    let polygon = |svg: &mut Svg, corners: &[(f64, f64)]| {
        let points: Vec<(f64, f64)> = corners
            .iter()
            .map(|(dx, dy)| (x + dx * r, y + dy * r))
            .collect();
        svg.polygon(&points, colour, 1.0, "#ffffff");
    };
    match style.marker % MARKERS {
        0 => svg.circle(x, y, r, colour, "#ffffff"),
        1 => polygon(svg, &[(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]),
        2 => polygon(svg, &[(0.0, -1.3), (1.2, 0.9), (-1.2, 0.9)]),
        3 => polygon(svg, &[(0.0, -1.4), (1.4, 0.0), (0.0, 1.4), (-1.4, 0.0)]),
        _ => polygon(svg, &[(0.0, 1.3), (1.2, -0.9), (-1.2, -0.9)]),
    }
}
