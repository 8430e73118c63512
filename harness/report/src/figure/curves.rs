//! `curve.svg`: per benchmark, a metric over training, over the online phase, and along each swept parameter.

use std::collections::BTreeSet;

use analysis::words::short;
use analysis::{
    Better, Entry, LearningCurve, Level, Over, Resampler, Results, ScalingOptions, Sensitivity,
    Study, Tuned, learning_curves, sensitivities, tuned,
};
use serde::Serialize;

use super::caption::{Choice, caption};
use super::panel::{Panel, levels};
use super::scaling::{heading, title};
use super::series::Series;
use super::style::Styles;
use super::svg::{Font, GREY, Svg};
use super::{FigureFormat, Section, encode, nothing, what};
use crate::error::Result;

/// What the figure shows.
#[derive(Serialize)]
pub(crate) struct Figure<'a> {
    #[serde(skip)]
    study: &'a Study,
    pub(crate) learning: Vec<LearningCurve>,
    pub(crate) sensitivity: Vec<Sensitivity>,
    pub(crate) tuned: Vec<Tuned>,
    #[serde(skip)]
    choice: Choice,
}

const MARGIN: f64 = 24.0;
const GAP: f64 = 26.0;
const WIDTH: f64 = 1040.0;
const PANEL: f64 = 300.0;

impl<'a> Figure<'a> {
    pub(crate) fn read(
        results: &'a Results,
        resampler: &Resampler,
        options: &[ScalingOptions],
    ) -> Result<Self> {
        let study = results.study();
        let (mut learning, mut sensitivity) = (Vec::new(), Vec::new());
        let mut budgets: Vec<Tuned> = Vec::new();
        for one in options {
            // A chosen horizontal axis names a swept parameter, or `update` for the learning curves alone.
            let over_updates = one.x.as_deref() == Some("update");
            if one.x.is_none() || over_updates {
                learning.append(&mut learning_curves(results, resampler, one)?);
            }
            if !over_updates {
                sensitivity.append(&mut sensitivities(results, resampler, one)?);
                budgets.append(&mut tuned(results, resampler, one)?);
            }
        }
        let over_snapshots = learning.iter().map(|c| (&*c.benchmark, &*c.pipeline));
        let over_levels = sensitivity.iter().map(|s| (&*s.benchmark, &*s.pipeline));
        let drawn: BTreeSet<(&str, &str)> = over_snapshots.chain(over_levels).collect();
        let choice = Choice::of(study, options, &drawn)?;
        let figure = Self {
            study,
            learning,
            sensitivity,
            tuned: budgets,
            choice,
        };
        let measured = figure.entries().any(|(_, entry)| entry.cell.is_some());
        if measured {
            Ok(figure)
        } else {
            Err(nothing(study, "a second snapshot or a swept parameter"))
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
        let half = (WIDTH - 2.0 * MARGIN - GAP) / 2.0;
        for benchmark in &self.study.benchmarks {
            let panels = self.section(&mut svg, &mut y, &styles, &benchmark.id);
            let width = match panels.len() {
                1 => WIDTH - 2.0 * MARGIN,
                _ => half,
            };
            for pair in panels.chunks(2) {
                y += Panel::beside(pair, &mut svg, (MARGIN, y), (width, PANEL), GAP) + 16.0;
            }
        }
        let font = Font::new(11.0).fill(GREY);
        let text = self.words();
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

    /// The caption.
    pub(super) fn words(&self) -> String {
        let across = self.learning.iter().any(|c| c.over == Over::Nothing);
        caption(
            self.study,
            self.entries(),
            (&self.choice, "scored once"),
            across.then_some("the last stage works while it acts, so it is scored once"),
        )
    }

    /// Its benchmarks in pieces.
    pub(super) fn pieces(&self) -> Vec<Section<'_>> {
        let styles = Styles::new(self.study);
        let mut pieces = Vec::new();
        for benchmark in &self.study.benchmarks {
            let metrics = self.metrics(&benchmark.id);
            let panels = self.panels_of(&styles, &benchmark.id, &metrics);
            if !panels.is_empty() {
                pieces.push(Section {
                    benchmark: &benchmark.id,
                    what: match metrics.as_slice() {
                        [(name, better)] => Some(what(name, *better)),
                        _ => None,
                    },
                    matrices: Vec::new(),
                    colours: None,
                    panels: panels.iter().map(Panel::alone).collect(),
                });
            }
        }
        pieces
    }

    /// The metrics shown of a benchmark.
    fn metrics(&self, benchmark: &str) -> Vec<(&str, Better)> {
        let learning = self.learning.iter().filter(|c| c.benchmark == benchmark);
        let swept = self.sensitivity.iter().filter(|s| s.benchmark == benchmark);
        let all = learning
            .map(|c| (&*c.metric, c.better))
            .chain(swept.map(|s| (&*s.metric, s.better)));
        let mut metrics: Vec<(&str, Better)> = Vec::new();
        for one in all {
            if !metrics.contains(&one) {
                metrics.push(one);
            }
        }
        metrics
    }

    /// Writes the heading of a benchmark that has panels, and returns them.
    fn section(&self, svg: &mut Svg, y: &mut f64, styles: &Styles, benchmark: &str) -> Vec<Panel> {
        let metrics = self.metrics(benchmark);
        match metrics.as_slice() {
            [] => return Vec::new(),
            [(name, better)] => {
                heading(svg, *y, benchmark, name, *better);
                *y += 40.0;
            }
            _ => {
                svg.text(MARGIN, *y + 10.0, Font::new(14.0).bold(), benchmark);
                *y += 24.0;
            }
        }
        self.panels_of(styles, benchmark, &metrics)
    }

    fn panels_of(
        &self,
        styles: &Styles,
        benchmark: &str,
        metrics: &[(&str, Better)],
    ) -> Vec<Panel> {
        let each = |(name, better): &(&str, Better)| {
            let what = (metrics.len() > 1).then(|| format!("{}, {}", short(name), better.words()));
            self.panels(styles, (benchmark, name), what.as_deref())
        };
        metrics.iter().flat_map(each).collect()
    }

    /// The panels of one metric. `what` names it in their titles, where the heading does not.
    fn panels(
        &self,
        styles: &Styles,
        (benchmark, name): (&str, &str),
        what: Option<&str>,
    ) -> Vec<Panel> {
        let titled = |text: &str| match what {
            Some(what) => format!("{text}: {what}"),
            None => text.to_owned(),
        };
        let own = |c: &&LearningCurve| c.benchmark == benchmark && c.metric == name;
        let learning: Vec<&LearningCurve> = self.learning.iter().filter(own).collect();
        let mut panels = Vec::new();
        let of = |kinds: &[Over]| -> Vec<&LearningCurve> {
            let own = learning.iter().filter(|c| kinds.contains(&c.over));
            own.copied().collect()
        };
        let training = of(&[Over::Updates, Over::Nothing]);
        if !training.is_empty() {
            let title = titled("Over offline training");
            panels.push(over_snapshots(
                title,
                "updates of the last stage",
                &training,
                styles,
            ));
        }
        let online = of(&[Over::Steps]);
        if !online.is_empty() {
            let title = titled("Over the online phase");
            let x = "steps in the environment after offline training";
            panels.push(over_snapshots(title, x, &online, styles));
        }
        let own = |s: &&Sensitivity| s.benchmark == benchmark && s.metric == name;
        let own = || self.sensitivity.iter().filter(own);
        let mut parameters: Vec<&str> = Vec::new();
        for sensitivity in own() {
            if !parameters.contains(&sensitivity.parameter.as_str()) {
                parameters.push(&sensitivity.parameter);
            }
        }
        for parameter in parameters {
            let swept: Vec<&Sensitivity> = own().filter(|s| s.parameter == parameter).collect();
            let title = titled(&format!("Sensitivity to {parameter}"));
            panels.push(over_levels(title, parameter, &swept, styles));
        }
        let own = |t: &&Tuned| t.benchmark == benchmark && t.metric == name && t.budget.len() > 1;
        let tuned: Vec<&Tuned> = self.tuned.iter().filter(own).collect();
        if !tuned.is_empty() {
            panels.push(over_budgets(titled("Budget of tuning"), &tuned, styles));
        }
        panels
    }
}

fn over_snapshots(
    title: String,
    x_label: &str,
    curves: &[&LearningCurve],
    styles: &Styles,
) -> Panel {
    let series = curves.iter().map(|curve| {
        let points = curve.points.iter().map(|p| (p.update as f64, &p.entry));
        let across = curve.over == Over::Nothing;
        Series::new(
            &curve.pipeline,
            styles.style(&curve.pipeline),
            across,
            points,
        )
    });
    let courses = curves.iter().filter(|c| c.over != Over::Nothing);
    let mut updates: Vec<i64> = courses
        .flat_map(|c| c.points.iter().map(|p| p.update))
        .collect();
    updates.sort_unstable();
    updates.dedup();
    let each = |update: i64| (update as f64, update.to_string());
    let x_ticks = (updates.len() <= 5).then(|| updates.into_iter().map(each).collect());
    Panel {
        title,
        x_label: x_label.to_owned(),
        y_label: curves.first().map_or("", |c| short(&c.metric)).to_owned(),
        x_ticks,
        x_log: false,
        reference: None,
        series: Series::merged(series),
    }
}

fn over_levels(title: String, parameter: &str, swept: &[&Sensitivity], styles: &Styles) -> Panel {
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
        title,
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

/// What the report is expected to be with so many values tried.
fn over_budgets(title: String, tuned: &[&Tuned], styles: &Styles) -> Panel {
    let series = tuned.iter().map(|t| {
        let points = t.budget.iter().map(|b| (b.candidates as f64, &b.expected));
        let label = format!("{}, {}", t.pipeline, t.parameter);
        Series::estimated(&label, styles.style(&t.pipeline), points)
    });
    let most = tuned.iter().map(|t| t.budget.len()).max().unwrap_or(0);
    Panel {
        title,
        x_label: "values tried on the tuning seeds".into(),
        y_label: tuned.first().map_or("", |t| short(&t.metric)).to_owned(),
        x_ticks: Some((1..=most).map(|k| (k as f64, k.to_string())).collect()),
        x_log: false,
        reference: None,
        series: series.collect(),
    }
}
