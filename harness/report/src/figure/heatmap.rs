//! A matrix as cells with numbers, and the bar that explains their colour.

use analysis::{Better, Entry, Level, Matrix};

use super::colour::sequential;
use super::scale::Scale;
use super::svg::{Anchor, Font, GREY, INK, LINE, Svg};
use crate::tables::number;

/// From a metric to a colour; dark is better.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Colours {
    scale: Scale,
    better: Better,
}

/// Sizes shared by the matrices of a section.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    pub(super) cell: (f64, f64),
    /// Rows of the tallest matrix; a matrix that an axis does not apply to is stretched to it.
    pub(super) rows: usize,
    /// Columns of the widest matrix.
    pub(super) columns: usize,
}

const TITLE: f64 = 24.0;
const AXIS_LEFT: f64 = 58.0;
const AXIS_BELOW: f64 = 40.0;
const BAR: f64 = 180.0;

impl Colours {
    pub(super) fn covering<'a>(matrices: impl IntoIterator<Item = &'a Matrix>) -> Option<Self> {
        let mut better = Better::Higher;
        let mut values = Vec::new();
        for matrix in matrices {
            better = matrix.better;
            values.extend(
                matrix
                    .cells
                    .iter()
                    .flatten()
                    .filter_map(|e| e.cell.as_ref().map(|c| c.iqm)),
            );
        }
        Scale::covering(values, 0.0, 10.0).map(|scale| Self { scale, better })
    }

    /// The fill for a value, and the colour of text on it.
    pub(crate) fn of(&self, value: f64) -> (String, &'static str) {
        let t = self.scale.position(value);
        sequential(if self.better == Better::Lower {
            1.0 - t
        } else {
            t
        })
    }

    /// Fills from the least value to the largest, evenly on the scale.
    pub(crate) fn stops(&self) -> Vec<String> {
        let turned = |t: f64| match self.better {
            Better::Lower => 1.0 - t,
            Better::Higher => t,
        };
        let stop = |step: i32| sequential(turned(f64::from(step) / 8.0)).0;
        (0..=8).map(stop).collect()
    }

    /// The least and the largest value of the scale.
    pub(crate) fn ends(&self) -> (f64, f64) {
        (self.scale.low, self.scale.high)
    }

    /// The bar, right-aligned at `right`, its top at `y`.
    pub(super) fn draw(&self, svg: &mut Svg, right: f64, y: f64) {
        let left = right - BAR;
        let steps = 60;
        for step in 0..steps {
            let t = (f64::from(step) + 0.5) / f64::from(steps);
            let (fill, _) = sequential(if self.better == Better::Lower {
                1.0 - t
            } else {
                t
            });
            let x = left + BAR * f64::from(step) / f64::from(steps);
            // Slightly wider than its share, so that no white line shows between two steps.
            let width = (BAR / f64::from(steps) + 0.4).min(right - x);
            svg.rect(x, y, width, 11.0, &fill, "none");
        }
        svg.rect(left, y, BAR, 11.0, "none", LINE);
        let font = Font::new(10.5).fill(GREY).at(Anchor::Middle);
        let mut free = f64::NEG_INFINITY;
        for (value, label) in self.scale.ticks(6) {
            let x = left + BAR * self.scale.position(value);
            let half = font.width(&label) / 2.0;
            if x - half < free {
                continue;
            }
            free = x + half + 6.0;
            svg.line((x, y + 11.0), (x, y + 14.0), GREY, 1.0, "");
            svg.text(x, y + 25.0, font, &label);
        }
        svg.text(
            left - 8.0,
            y + 9.5,
            font.at(Anchor::End),
            "darker is better",
        );
    }
}

impl Grid {
    pub(super) fn of(matrices: &[&Matrix]) -> Self {
        let columns = matrices.iter().map(|m| m.x_levels.len()).max().unwrap_or(1);
        let rows = matrices.iter().map(|m| m.y_levels.len()).max().unwrap_or(1);
        let cell = match columns {
            0..=3 => (94.0, 54.0),
            4 => (84.0, 50.0),
            5..=6 => (74.0, 46.0),
            _ => (66.0, 42.0),
        };
        Self {
            cell,
            rows,
            columns,
        }
    }

    /// Wider cells, so that a matrix takes `width`, up to where cells look empty.
    pub(super) fn widened(self, width: f64) -> Self {
        let wanted = (width - AXIS_LEFT) / self.columns as f64;
        Self {
            cell: (wanted.clamp(self.cell.0, 150.0), self.cell.1),
            ..self
        }
    }

    /// Width and height of one matrix with its title and axes.
    pub(super) fn size(&self) -> (f64, f64) {
        let width = AXIS_LEFT + self.cell.0 * self.columns as f64;
        (width, TITLE + self.cell.1 * self.rows as f64 + AXIS_BELOW)
    }
}

/// Draws `matrix` with its upper left corner, axes included, at (x, y).
pub(super) fn draw(svg: &mut Svg, at: (f64, f64), grid: &Grid, matrix: &Matrix, colours: &Colours) {
    let (left, top) = (at.0 + AXIS_LEFT, at.1 + TITLE);
    let height = grid.cell.1 * grid.rows as f64;
    let (columns, rows) = (matrix.x_levels.len(), matrix.y_levels.len());
    // Only an axis that does not apply is stretched: a shorter list of levels stays short.
    let cell_width = if matrix.x_levels == [None] {
        grid.cell.0 * grid.columns as f64
    } else {
        grid.cell.0
    };
    let cell_height = if matrix.y_levels == [None] {
        height
    } else {
        grid.cell.1
    };
    svg.text(left, at.1 + 15.0, Font::new(13.0).bold(), &matrix.pipeline);
    // The largest level is on top, as on a vertical axis.
    for (row, entries) in matrix.cells.iter().rev().enumerate() {
        for (column, entry) in entries.iter().enumerate() {
            let (x, y) = (
                left + cell_width * column as f64,
                top + cell_height * row as f64,
            );
            draw_cell(svg, (x, y), (cell_width, cell_height), entry, colours);
        }
    }
    let font = Font::new(11.0).fill(INK);
    for (row, level) in matrix.y_levels.iter().rev().enumerate() {
        let y = top + cell_height * (row as f64 + 0.5) + 4.0;
        svg.text(left - 7.0, y, font.at(Anchor::End), &label(level.as_ref()));
    }
    let bottom = top + cell_height * rows as f64;
    for (column, level) in matrix.x_levels.iter().enumerate() {
        let x = left + cell_width * (column as f64 + 0.5);
        svg.text(
            x,
            bottom + 15.0,
            font.at(Anchor::Middle),
            &label(level.as_ref()),
        );
    }
    let font = Font::new(11.0).fill(GREY);
    let middle = left + cell_width * columns as f64 / 2.0;
    svg.text(middle, bottom + 31.0, font.at(Anchor::Middle), &matrix.x);
    svg.vertical(
        at.0 + 12.0,
        top + cell_height * rows as f64 / 2.0,
        font,
        &matrix.y,
    );
}

fn draw_cell(svg: &mut Svg, at: (f64, f64), size: (f64, f64), entry: &Entry, colours: &Colours) {
    let (x, y) = (at.0 + size.0 / 2.0, at.1 + size.1 / 2.0);
    let Some(cell) = &entry.cell else {
        let word = entry
            .missing
            .first()
            .map_or("not measured", |m| m.kind.word());
        svg.rect(at.0, at.1, size.0, size.1, "url(#hole)", "#ffffff");
        let font = Font::new(12.0).at(Anchor::Middle);
        let half = font.width(word) / 2.0 + 4.0;
        svg.rect(x - half, y - 9.0, 2.0 * half, 18.0, "#ffffff", "none");
        svg.text(x, y + 4.0, font, word);
        return;
    };
    let (fill, ink) = colours.of(cell.iqm);
    svg.rect(at.0, at.1, size.0, size.1, &fill, "#ffffff");
    let (value, interval) = number(cell.iqm, cell.interval);
    let small = Font::new(10.0).fill(ink).at(Anchor::Middle);
    let mut lines = Vec::new();
    if !interval.is_empty() && small.width(&interval) <= size.0 - 4.0 {
        lines.push(interval);
    }
    if !entry.missing.is_empty() {
        lines.push(format!("n = {}", cell.n));
    }
    let mut baseline = y + 5.0 - 6.5 * lines.len() as f64;
    svg.text(
        x,
        baseline,
        Font::new(14.0).fill(ink).bold().at(Anchor::Middle),
        &value,
    );
    for line in lines {
        baseline += 14.0;
        svg.text(x, baseline, small, &line);
    }
}

/// A level, or `any` where the axis does not apply.
pub(crate) fn label(level: Option<&Level>) -> String {
    level.map_or_else(|| "any".into(), ToString::to_string)
}
