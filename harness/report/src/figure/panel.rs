//! A panel of lines with bands, markers and a label at the end of each line.

use analysis::{Entry, Level};

use super::scale::Scale;
use super::style::Style;
use super::svg::{Anchor, Font, GREY, LINE, Svg};

/// One line.
pub(super) struct Series {
    label: String,
    style: Style,
    /// Ascending in position.
    points: Vec<Mark>,
    /// A single point on an axis that does not apply, drawn across the panel.
    across: bool,
    /// The evaluations behind the points.
    evaluations: Vec<Vec<String>>,
}

/// One measured point.
#[derive(Clone, Copy, Debug)]
struct Mark {
    x: f64,
    value: f64,
    low: f64,
    high: f64,
}

/// A panel before it is drawn.
pub(super) struct Panel {
    pub(super) title: String,
    pub(super) x_label: String,
    pub(super) y_label: String,
    /// Ticks at measured levels, or none for round numbers.
    pub(super) x_ticks: Option<Vec<(f64, String)>>,
    /// Whether the horizontal axis may be logarithmic.
    pub(super) x_log: bool,
    /// The level used everywhere else.
    pub(super) reference: Option<f64>,
    pub(super) series: Vec<Series>,
}

/// Where things are.
struct Frame {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    x: Scale,
    y: Scale,
}

const TOP: f64 = 40.0;
const LABELS: f64 = 28.0;
const LINE_HEIGHT: f64 = 14.5;

/// Positions of levels: the numbers themselves, or 0, 1, 2 where a level is not a number; with tick labels.
pub(super) fn levels<'a>(all: impl IntoIterator<Item = &'a Level>) -> Vec<(Level, f64, String)> {
    let mut distinct: Vec<Level> = all.into_iter().cloned().collect();
    distinct.sort();
    distinct.dedup();
    let numbers: Option<Vec<f64>> = distinct.iter().map(Level::number).collect();
    let positions = numbers.unwrap_or_else(|| (0..distinct.len()).map(|i| i as f64).collect());
    let label = |(level, x): (Level, f64)| {
        let text = level.to_string();
        (level, x, text)
    };
    distinct.into_iter().zip(positions).map(label).collect()
}

impl Panel {
    /// Room that the labels of the lines need on the right.
    pub(super) fn label_width(&self) -> f64 {
        let font = Font::new(11.5);
        self.series
            .iter()
            .map(|s| font.width(&s.label))
            .fold(0.0, f64::max)
            + LABELS
            + 24.0
    }

    /// Draws the panel into a box; nothing without any measured point.
    pub(super) fn draw(&self, svg: &mut Svg, at: (f64, f64), size: (f64, f64)) {
        let (left, top) = (at.0 + 62.0, at.1 + TOP);
        svg.text(left, at.1 + 16.0, Font::new(13.0).bold(), &self.title);
        let measured = self.series.iter().filter(|s| !s.across);
        let positions = measured.flat_map(|s| s.points.iter().map(|m| m.x));
        let log_from = if self.x_log { 8.0 } else { f64::INFINITY };
        let (Some(x), Some(y)) = (Scale::covering(positions, 0.03, log_from), self.vertical())
        else {
            svg.text(
                left,
                top + 20.0,
                Font::new(12.0).fill(GREY),
                "nothing measured",
            );
            return;
        };
        let frame = Frame {
            left,
            top,
            width: size.0 - 62.0 - self.label_width(),
            height: size.1 - TOP - 44.0,
            x,
            y,
        };
        self.axes(svg, &frame, at);
        for series in &self.series {
            series.band(svg, &frame);
        }
        for series in &self.series {
            series.line(svg, &frame);
        }
        self.labels(svg, &frame);
    }

    /// The vertical scale. Values far apart make it logarithmic; bounds far below every value, or at zero, then end at
    /// its lower edge instead of stretching it.
    fn vertical(&self) -> Option<Scale> {
        let marks = || self.series.iter().flat_map(|s| &s.points);
        let values = Scale::covering(marks().map(|m| m.value), 0.0, 20.0)?;
        let ends = marks().flat_map(|m| [m.low, m.high, m.value]);
        if values.log {
            Scale::covering(ends.filter(|x| *x > values.low / 10.0), 0.06, 1.0)
        } else {
            Scale::covering(ends, 0.06, f64::INFINITY)
        }
    }

    fn axes(&self, svg: &mut Svg, frame: &Frame, at: (f64, f64)) {
        let font = Font::new(11.0).fill(GREY);
        let (right, bottom) = (frame.left + frame.width, frame.top + frame.height);
        for (value, label) in frame.y.ticks(7) {
            let y = frame.place(0.0, value).1;
            svg.line((frame.left, y), (right, y), LINE, 1.0, "");
            svg.text(frame.left - 7.0, y + 4.0, font.at(Anchor::End), &label);
        }
        if let Some(reference) = self.reference {
            let x = frame.place(reference, 0.0).0;
            svg.line((x, frame.top), (x, bottom), "#8a8a8a", 1.0, "2 3");
            svg.text(
                x,
                frame.top - 3.0,
                Font::new(10.0).fill(GREY).at(Anchor::Middle),
                "reference",
            );
        }
        let ticks = self.x_ticks.clone().unwrap_or_else(|| frame.x.ticks(5));
        for (value, label) in ticks {
            let x = frame.place(value, 0.0).0;
            svg.line((x, bottom), (x, bottom + 4.0), GREY, 1.0, "");
            svg.text(x, bottom + 17.0, font.at(Anchor::Middle), &label);
        }
        svg.line((frame.left, bottom), (right, bottom), GREY, 1.0, "");
        let scale = if frame.x.log { " (log scale)" } else { "" };
        let middle = frame.left + frame.width / 2.0;
        svg.text(
            middle,
            bottom + 35.0,
            font.at(Anchor::Middle),
            &format!("{}{scale}", self.x_label),
        );
        let scale = if frame.y.log { " (log scale)" } else { "" };
        svg.vertical(
            at.0 + 14.0,
            frame.top + frame.height / 2.0,
            font,
            &format!("{}{scale}", self.y_label),
        );
    }

    /// Labels stand at the ends of their lines, moved apart where they would touch.
    fn labels(&self, svg: &mut Svg, frame: &Frame) {
        let mut ends: Vec<(f64, &Series)> = self
            .series
            .iter()
            .filter_map(|s| s.points.last().map(|m| (frame.place(m.x, m.value).1, s)))
            .collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        let wanted: Vec<f64> = ends.iter().map(|(y, _)| *y).collect();
        let placed = spread(&wanted, frame.top, frame.top + frame.height);
        let x = frame.left + frame.width;
        for ((end, series), y) in ends.into_iter().zip(placed) {
            let colour = series.style.colour;
            svg.polyline(&[(x + 3.0, end), (x + 20.0, y)], "#a8a8a8", 0.8, "");
            svg.line(
                (x + 22.0, y),
                (x + 22.0 + LABELS - 4.0, y),
                colour,
                2.0,
                series.style.dash,
            );
            marker(svg, x + 22.0 + (LABELS - 4.0) / 2.0, y, 3.2, &series.style);
            svg.text(x + 22.0 + LABELS, y + 4.0, Font::new(11.5), &series.label);
        }
    }
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

    fn band(&self, svg: &mut Svg, frame: &Frame) {
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

    fn line(&self, svg: &mut Svg, frame: &Frame) {
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

impl Frame {
    fn place(&self, x: f64, y: f64) -> (f64, f64) {
        let along = |scale: &Scale, v: f64| {
            if scale.log && v <= scale.low {
                0.0
            } else {
                scale.position(v)
            }
        };
        (
            self.left + self.width * along(&self.x, x),
            self.top + self.height * (1.0 - along(&self.y, y)),
        )
    }
}

/// Shapes differ as colours do, and are filled alike.
fn marker(svg: &mut Svg, x: f64, y: f64, r: f64, style: &Style) {
    let colour = style.colour;
    let polygon = |svg: &mut Svg, corners: &[(f64, f64)]| {
        let points: Vec<(f64, f64)> = corners
            .iter()
            .map(|(dx, dy)| (x + dx * r, y + dy * r))
            .collect();
        svg.polygon(&points, colour, 1.0, "#ffffff");
    };
    match style.marker % 5 {
        0 => svg.circle(x, y, r, colour, "#ffffff"),
        1 => polygon(svg, &[(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]),
        2 => polygon(svg, &[(0.0, -1.3), (1.2, 0.9), (-1.2, 0.9)]),
        3 => polygon(svg, &[(0.0, -1.4), (1.4, 0.0), (0.0, 1.4), (-1.4, 0.0)]),
        _ => polygon(svg, &[(0.0, 1.3), (1.2, -0.9), (-1.2, -0.9)]),
    }
}

/// Moves ascending positions at least a line apart, inside `top..bottom` where they fit.
fn spread(wanted: &[f64], top: f64, bottom: f64) -> Vec<f64> {
    let mut placed = wanted.to_vec();
    // Neighbours that touch form a block around the mean of what its members want.
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for &y in &placed {
        blocks.push((y, 1));
        while let [.., (a, n), (b, m)] = *blocks.as_slice() {
            let gap = LINE_HEIGHT * (n + m) as f64 / 2.0;
            if b - a >= gap {
                break;
            }
            blocks.truncate(blocks.len() - 2);
            let total = (n + m) as f64;
            let centre = (a * n as f64 + b * m as f64) / total;
            let half = LINE_HEIGHT * total / 2.0;
            blocks.push((centre.min(bottom - half + 7.0).max(top + half - 7.0), n + m));
        }
    }
    let mut index = 0;
    for (centre, count) in blocks {
        for k in 0..count {
            placed[index] = centre + LINE_HEIGHT * (k as f64 - (count - 1) as f64 / 2.0);
            index += 1;
        }
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_keep_their_order_and_do_not_touch() {
        let placed = spread(&[10.0, 11.0, 12.0, 90.0, 95.0], 0.0, 100.0);
        assert!(
            placed
                .windows(2)
                .all(|pair| pair[1] - pair[0] >= LINE_HEIGHT - 1e-9),
            "{placed:?}"
        );
        assert_eq!(spread(&[10.0, 60.0], 0.0, 100.0), [10.0, 60.0]);
    }
}
