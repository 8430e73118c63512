//! Probability of improvement: a matrix of pipelines against pipelines.

use analysis::{Estimate, ImprovementMatrix, Study};

use super::colour::diverging;
use super::scaling::title;
use super::svg::{Anchor, Font, GREY, Svg};
use super::{FigureFormat, encode};
use crate::error::Result;

const MARGIN: f64 = 24.0;
const CELL: (f64, f64) = (92.0, 46.0);
const LEAST_WIDTH: f64 = 560.0;

/// The matrix; `words` is the caption.
///
/// # Errors
/// What encoding gives.
pub(crate) fn improvement(
    study: &Study,
    found: &ImprovementMatrix,
    words: &str,
    format: FigureFormat,
) -> Result<Vec<u8>> {
    encode(format, || svg(study, found, words), found)
}

fn svg(study: &Study, found: &ImprovementMatrix, words: &str) -> String {
    let mut svg = Svg::default();
    let mut y = MARGIN;
    title(&mut svg, &mut y, study, "Probability of improvement");
    let names = Font::new(12.0);
    let widest = |font: Font<'_>| {
        let widths = found.pipelines.iter().map(|name| font.width(name));
        widths.fold(0.0, f64::max)
    };
    let left = MARGIN + widest(names) + 10.0;
    let cell = (CELL.0.max(widest(names) + 10.0), CELL.1);
    let count = found.pipelines.len() as f64;
    let width = (left + cell.0 * count + MARGIN).max(LEAST_WIDTH);
    let column = |j: usize| left + cell.0 * j as f64;
    for (j, name) in found.pipelines.iter().enumerate() {
        let x = column(j) + cell.0 / 2.0;
        svg.text(x, y + 12.0, names.at(Anchor::Middle), name);
    }
    y += 20.0;
    for (name, row) in found.pipelines.iter().zip(&found.cells) {
        let middle = y + cell.1 / 2.0 + 4.0;
        svg.text(left - 8.0, middle, names.at(Anchor::End), name);
        for (j, estimate) in row.iter().enumerate() {
            if let Some(estimate) = estimate {
                draw(&mut svg, (column(j), y), cell, estimate);
            }
        }
        y += cell.1;
    }
    let font = Font::new(11.0).fill(GREY);
    y += 8.0;
    for line in font.wrap(words, width - 2.0 * MARGIN) {
        y += 15.0;
        svg.text(MARGIN, y, font, &line);
    }
    svg.finish(
        width,
        y + MARGIN,
        &format!("Probability of improvement: {}", study.title),
        words,
    )
}

fn draw(svg: &mut Svg, at: (f64, f64), size: (f64, f64), estimate: &Estimate) {
    let (fill, ink) = diverging(estimate.value);
    svg.rect(at.0, at.1, size.0, size.1, &fill, "#d9d9d9");
    let (x, y) = (at.0 + size.0 / 2.0, at.1 + size.1 / 2.0);
    let value = Font::new(14.0).fill(ink).bold().at(Anchor::Middle);
    let Some(interval) = estimate.interval else {
        svg.text(x, y + 5.0, value, &format!("{:.2}", estimate.value));
        return;
    };
    svg.text(x, y - 1.0, value, &format!("{:.2}", estimate.value));
    let small = Font::new(10.0).fill(ink).at(Anchor::Middle);
    let text = format!("[{:.2}, {:.2}]", interval.low, interval.high);
    svg.text(x, y + 13.0, small, &text);
}
