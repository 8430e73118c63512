//! Performance profiles: the share of runs above a score, over all scores, a line for each pipeline.

use analysis::words::{metric, short};
use analysis::{AggregateRow, Aggregates, Study};

use super::panel::Panel;
use super::scaling::title;
use super::series::Series;
use super::style::Styles;
use super::svg::{Font, GREY, Svg};
use super::{FigureFormat, encode};
use crate::aggregate::counted;
use crate::error::Result;

const MARGIN: f64 = 24.0;
const WIDTH: f64 = 780.0;
const PANEL: f64 = 400.0;

/// The profiles of `found`; `intervals` says what the bands are.
///
/// # Errors
/// What encoding gives.
pub(crate) fn profile(
    study: &Study,
    found: &Aggregates,
    intervals: &str,
    format: FigureFormat,
) -> Result<Vec<u8>> {
    encode(format, || svg(study, found, intervals), found)
}

fn svg(study: &Study, found: &Aggregates, intervals: &str) -> String {
    let styles = Styles::new(study);
    let mut svg = Svg::default();
    let mut y = MARGIN;
    title(&mut svg, &mut y, study, "Performance profiles");
    let line = |row: &AggregateRow| {
        let points = row.profile.iter().map(|p| (p.tau, &p.share));
        Series::estimated(&row.pipeline, styles.style(&row.pipeline), points)
    };
    let name = metric(&found.metric);
    let panel = Panel {
        title: format!("Share of runs above a score, {}", counted(found)),
        x_label: format!("score: {name}"),
        y_label: format!("share of runs with a higher {}", short(&found.metric)),
        x_ticks: None,
        x_log: false,
        reference: None,
        series: found.rows.iter().map(line).collect(),
    };
    y += Panel::beside(
        &[panel],
        &mut svg,
        (MARGIN, y),
        (WIDTH - 2.0 * MARGIN, PANEL),
        0.0,
    ) + 16.0;
    let text = format!(
        "Runs of all benchmarks pooled; a line that lies higher everywhere is better at every level ({}). Bands: {intervals}.",
        found.better.words()
    );
    let font = Font::new(11.0).fill(GREY);
    for line in font.wrap(&text, WIDTH - 2.0 * MARGIN) {
        y += 15.0;
        svg.text(MARGIN, y, font, &line);
    }
    svg.finish(
        WIDTH,
        y + MARGIN,
        &format!("Performance profiles: {}", study.title),
        &text,
    )
}
