//! A metric against training updates or steps of an online phase, at the reference point.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cell::Entry;
use crate::error::Result;
use crate::load::{Query, Results};
use crate::observation::{Observation, Outcome};
use crate::scaling::ScalingOptions;
use crate::selection;
use crate::stats::bootstrap::Resampler;
use crate::study::{Better, Over};

/// The metric of one pipeline over its snapshots.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LearningCurve {
    /// The benchmark.
    pub benchmark: String,
    /// The pipeline.
    pub pipeline: String,
    /// The metric.
    pub metric: String,
    /// Which direction is good.
    pub better: Better,
    /// What the snapshots count.
    pub over: Over,
    /// Ascending snapshots; one for a pipeline whose last stage works while it acts.
    pub points: Vec<LearningPoint>,
}

impl LearningCurve {
    /// Whether the metric has a course: one snapshot has none, however it is drawn.
    fn is_series(&self) -> bool {
        self.points.len() > 1
    }

    /// Never measured: a hole with its reason.
    fn is_hole(&self) -> bool {
        let measured = |p: &LearningPoint| p.entry.cell.is_some();
        !self.points.is_empty() && !self.points.iter().any(measured)
    }
}

/// One snapshot of a [`LearningCurve`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LearningPoint {
    /// Updates of the last stage, or steps of the online phase.
    pub update: i64,
    /// What was measured; runs that failed are missing from every snapshot that they did not reach.
    pub entry: Entry,
}

/// Learning curves of every pipeline with more than one snapshot. Where training has a course, pipelines whose last
/// stage works while it acts are beside them with their only score; everything else with one snapshot is left out.
///
/// # Errors
/// `UnknownName` for a name that the study lacks, and what reading the observations gives.
pub fn learning_curves(
    results: &Results,
    resampler: &Resampler,
    options: &ScalingOptions,
) -> Result<Vec<LearningCurve>> {
    let study = results.study();
    let mut out = Vec::new();
    for benchmark in options.benchmarks(study)? {
        // A curve shows every evaluation, so a table's rule for choosing one plays no part.
        let metric = options.metric(study, benchmark)?;
        let metric = selection::split(&metric)?.0.to_owned();
        let query = Query {
            metric: &metric,
            benchmark: Some(benchmark),
            last_only: false,
        };
        let observations = results.observations(&query)?;
        let mut curves = Vec::new();
        for pipeline in options.pipelines(study)? {
            let own = observations
                .iter()
                .filter(|o| o.reference && &*o.pipeline == pipeline);
            let (finished, broken): (Vec<_>, Vec<_>) = own.partition(|o| recorded(o));
            let mut updates: BTreeMap<i64, Vec<&Observation>> = BTreeMap::new();
            for row in finished {
                updates.entry(row.update).or_default().push(row);
            }
            if updates.is_empty() {
                // A pipeline that never got to a snapshot is shown as the hole that it is.
                for row in &broken {
                    updates.entry(row.update).or_default();
                }
            }
            let mut points = Vec::new();
            for (update, mut rows) in updates {
                let reached = |seed: i64| rows.iter().any(|row| row.seed == seed);
                let lost: Vec<&Observation> = broken
                    .iter()
                    .copied()
                    .filter(|b| !reached(b.seed))
                    .collect();
                rows.extend(lost);
                points.push(LearningPoint {
                    update,
                    entry: Entry::of(resampler, &metric, &[benchmark], &rows)?,
                });
            }
            curves.push(LearningCurve {
                benchmark: benchmark.to_owned(),
                pipeline: pipeline.to_owned(),
                better: study.better(&metric),
                metric: metric.clone(),
                over: study.pipeline(pipeline)?.over,
                points,
            });
        }
        let series = |over: Over| {
            let drawn = |c: &LearningCurve| c.over == over && c.is_series();
            curves.iter().any(drawn)
        };
        let (training, online) = (series(Over::Updates), series(Over::Steps));
        curves.retain(|curve| {
            let beside = match curve.over {
                Over::Updates => training && curve.is_hole(),
                Over::Steps => online && curve.is_hole(),
                Over::Nothing => training && !curve.points.is_empty(),
            };
            curve.is_series() || beside
        });
        out.append(&mut curves);
    }
    Ok(out)
}

fn recorded(row: &Observation) -> bool {
    matches!(row.outcome, Outcome::Value(_) | Outcome::NotFinite(_))
}
