//! A metric against training updates, at the reference point.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cell::Entry;
use crate::error::Result;
use crate::load::{Observation, Outcome, Query, Results};
use crate::scaling::ScalingOptions;
use crate::stats::bootstrap::Resampler;
use crate::study::Better;

/// The metric of one pipeline over training.
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
    /// Ascending snapshots.
    pub points: Vec<LearningPoint>,
}

/// One snapshot of a [`LearningCurve`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LearningPoint {
    /// Updates of the last stage.
    pub update: i64,
    /// What was measured; runs that failed are missing from every snapshot that they did not reach.
    pub entry: Entry,
}

/// Learning curves of every pipeline, on every benchmark where some pipeline has more than one snapshot.
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
        let metric = options.metric(study, benchmark)?;
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
                points,
            });
        }
        if curves.iter().any(|curve| curve.points.len() > 1) {
            curves.retain(|curve| !curve.points.is_empty());
            out.append(&mut curves);
        }
    }
    Ok(out)
}

fn recorded(row: &Observation) -> bool {
    matches!(row.outcome, Outcome::Value(_) | Outcome::NotFinite(_))
}
