//! A panel of lines with a label at the end of each line.

use analysis::Level;

use super::scale::Scale;
use super::series::{Series, marker};
use super::svg::{Anchor, Font, GREY, LINE, Svg};

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
pub(super) struct Frame {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    pub(super) x: Scale,
    y: Scale,
}

const TOP: f64 = 40.0;
const BOTTOM: f64 = 44.0;
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

    /// The panel as a drawing of its own, as wide as its labels need.
    pub(super) fn alone(&self) -> String {
        let mut svg = Svg::default();
        let width = (self.label_width() + 380.0).clamp(480.0, 640.0);
        let panels = std::slice::from_ref(self);
        let height = Self::beside(panels, &mut svg, (4.0, 6.0), (width, 280.0), 0.0);
        // Room for a wider font than the one that is embedded in bitmaps.
        svg.finish(width + 24.0, height + 12.0, &self.title, &self.y_label)
    }

    /// Draws panels beside each other, all as high as the one with the most labels needs, and returns that height.
    pub(super) fn beside(
        panels: &[Self],
        svg: &mut Svg,
        at: (f64, f64),
        (width, least): (f64, f64),
        gap: f64,
    ) -> f64 {
        let needed = |panel: &Self| panel.series.len() as f64 * LINE_HEIGHT + TOP + BOTTOM;
        let height = panels.iter().map(needed).fold(least, f64::max);
        for (column, panel) in panels.iter().enumerate() {
            let x = at.0 + column as f64 * (width + gap);
            panel.draw(svg, (x, at.1), (width, height));
        }
        height
    }

    /// Draws the panel into a box; nothing without any measured point.
    fn draw(&self, svg: &mut Svg, at: (f64, f64), size: (f64, f64)) {
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
            height: size.1 - TOP - BOTTOM,
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

impl Frame {
    pub(super) fn place(&self, x: f64, y: f64) -> (f64, f64) {
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
