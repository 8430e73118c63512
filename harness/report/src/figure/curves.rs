//! `curve.svg`: per benchmark, learning curves and sensitivity to each swept parameter.

use analysis::words::short;
use analysis::{
    Entry, LearningCurve, Level, Resampler, Results, Sensitivity, Study, learning_curves,
    sensitivities,
};
use serde::Serialize;

use super::caption::caption;
use super::panel::{Panel, Series, levels};
use super::scaling::{heading, title};
use super::style::Styles;
use super::svg::{Font, GREY, Svg};
use super::{FigureFormat, FigureOptions, encode, nothing};
use crate::error::Result;

/// What the figure shows.
#[derive(Serialize)]
pub(crate) struct Figure<'a> {
    #[serde(skip)]
    study: &'a Study,
    pub(crate) learning: Vec<LearningCurve>,
    pub(crate) sensitivity: Vec<Sensitivity>,
}

const MARGIN: f64 = 24.0;
const GAP: f64 = 26.0;
const WIDTH: f64 = 1040.0;
const PANEL: f64 = 300.0;

impl<'a> Figure<'a> {
    pub(crate) fn read(
        results: &'a Results,
        resampler: &Resampler,
        options: &FigureOptions,
    ) -> Result<Self> {
        let study = results.study();
        // A chosen horizontal axis names a swept parameter, or `update` for the learning curves alone.
        let over_updates = options.x.as_deref() == Some("update");
        let learning = if options.x.is_none() || over_updates {
            learning_curves(results, resampler, options)?
        } else {
            Vec::new()
        };
        let sensitivity = if over_updates {
            Vec::new()
        } else {
            sensitivities(results, resampler, options)?
        };
        let figure = Self {
            study,
            learning,
            sensitivity,
        };
        let measured = figure.entries().any(|(_, entry)| entry.cell.is_some());
        if measured {
            Ok(figure)
        } else {
            Err(nothing(study, "a series of snapshots or a swept parameter"))
        }
    }

    pub(crate) fn render(&self, format: FigureFormat) -> Result<Vec<u8>> {
        encode(format, || self.svg(), self)
    }

    fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        let learning = self
            .learning
            .iter()
            .flat_map(|c| c.points.iter().map(|p| (c.pipeline.as_str(), &p.entry)));
        learning.chain(
            self.sensitivity
                .iter()
                .flat_map(|s| s.points.iter().map(|p| (s.pipeline.as_str(), &p.entry))),
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
            "Learning curves and sensitivity to swept parameters",
        );
        let each = (WIDTH - 2.0 * MARGIN - GAP) / 2.0;
        for benchmark in &self.study.benchmarks {
            let panels = self.panels(&styles, &benchmark.id);
            if panels.is_empty() {
                continue;
            }
            let learning = self
                .learning
                .iter()
                .filter(|c| c.benchmark == benchmark.id)
                .map(|c| (&c.metric, c.better));
            let swept = self
                .sensitivity
                .iter()
                .filter(|s| s.benchmark == benchmark.id)
                .map(|s| (&s.metric, s.better));
            if let Some((name, better)) = learning.chain(swept).next() {
                heading(&mut svg, y, &benchmark.id, name, better);
                y += 40.0;
            }
            for pair in panels.chunks(2) {
                for (column, panel) in pair.iter().enumerate() {
                    panel.draw(
                        &mut svg,
                        (MARGIN + column as f64 * (each + GAP), y),
                        (each, PANEL),
                    );
                }
                y += PANEL + 16.0;
            }
        }
        let font = Font::new(11.0).fill(GREY);
        let text = caption(self.study, self.entries());
        for line in font.wrap(&text, WIDTH - 2.0 * MARGIN) {
            y += 15.0;
            svg.text(MARGIN, y, font, &line);
        }
        svg.finish(
            WIDTH,
            y + MARGIN,
            &format!("Curves: {}", self.study.title),
            &text,
        )
    }

    fn panels(&self, styles: &Styles, benchmark: &str) -> Vec<Panel> {
        let learning: Vec<&LearningCurve> = self
            .learning
            .iter()
            .filter(|c| c.benchmark == benchmark)
            .collect();
        let mut panels = Vec::new();
        if let Some(first) = learning.first() {
            panels.push(over_updates(&learning, &first.metric, styles));
        }
        let own = || self.sensitivity.iter().filter(|s| s.benchmark == benchmark);
        let mut parameters: Vec<&str> = Vec::new();
        for sensitivity in own() {
            if !parameters.contains(&sensitivity.parameter.as_str()) {
                parameters.push(&sensitivity.parameter);
            }
        }
        for parameter in parameters {
            let swept: Vec<&Sensitivity> = own().filter(|s| s.parameter == parameter).collect();
            panels.push(over_levels(parameter, &swept, styles));
        }
        panels
    }
}

fn over_updates(curves: &[&LearningCurve], name: &str, styles: &Styles) -> Panel {
    let series = curves.iter().map(|curve| {
        let points = curve.points.iter().map(|p| (p.update as f64, &p.entry));
        Series::new(
            &curve.pipeline,
            styles.style(&curve.pipeline),
            false,
            points,
        )
    });
    let mut updates: Vec<i64> = curves
        .iter()
        .flat_map(|c| c.points.iter().map(|p| p.update))
        .collect();
    updates.sort_unstable();
    updates.dedup();
    let each = |update: i64| (update as f64, update.to_string());
    let x_ticks = (updates.len() <= 5).then(|| updates.into_iter().map(each).collect());
    Panel {
        title: "Over training, at the reference".into(),
        x_label: "updates of the last stage".into(),
        y_label: short(name).to_owned(),
        x_ticks,
        x_log: false,
        reference: None,
        series: Series::merged(series),
    }
}

fn over_levels(parameter: &str, swept: &[&Sensitivity], styles: &Styles) -> Panel {
    let places = levels(swept.iter().flat_map(|s| s.points.iter().map(|p| &p.level)));
    let at = |level: &Level| {
        places
            .iter()
            .find(|(known, ..)| known == level)
            .map(|(_, x, _)| *x)
    };
    let series = swept.iter().map(|s| {
        let points = s
            .points
            .iter()
            .filter_map(|p| Some((at(&p.level)?, &p.entry)));
        Series::new(&s.pipeline, styles.style(&s.pipeline), false, points)
    });
    Panel {
        title: format!("Sensitivity to {parameter}"),
        x_label: parameter.to_owned(),
        y_label: swept.first().map_or("", |s| short(&s.metric)).to_owned(),
        reference: swept
            .first()
            .and_then(|s| s.reference.as_ref())
            .and_then(at),
        x_ticks: Some(
            places
                .iter()
                .map(|(_, x, label)| (*x, label.clone()))
                .collect(),
        ),
        x_log: true,
        series: Series::merged(series),
    }
}
