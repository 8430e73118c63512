//! A metric along each swept hyperparameter, final snapshots, everything else at the reference.

use serde::Serialize;

use crate::cell::Entry;
use crate::error::{Error, Result};
use crate::load::Results;
use crate::observation::Observation;
use crate::point::Level;
use crate::scaling::{ScalingOptions, Slices};
use crate::stats::bootstrap::Resampler;
use crate::study::Better;

/// The metric of one pipeline along one swept parameter.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sensitivity {
    /// The benchmark.
    pub benchmark: String,
    /// The pipeline.
    pub pipeline: String,
    /// The metric.
    pub metric: String,
    /// Which direction is good.
    pub better: Better,
    /// The parameter.
    pub parameter: String,
    /// The level used everywhere else, where the study has one.
    pub reference: Option<Level>,
    /// Ascending levels.
    pub points: Vec<SensitivityPoint>,
}

/// One level of a [`Sensitivity`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SensitivityPoint {
    /// The level.
    pub level: Level,
    /// What was measured.
    pub entry: Entry,
}

/// Sensitivity of every swept parameter (or of `options.x`) on every benchmark with more than one measured level.
///
/// # Errors
/// `UnknownName` for a name that the study lacks, and what reading the observations gives.
pub fn sensitivities(
    results: &Results,
    resampler: &Resampler,
    options: &ScalingOptions,
) -> Result<Vec<Sensitivity>> {
    let study = results.study();
    if let Some(x) = options
        .x
        .as_ref()
        .filter(|x| !study.sweeps.iter().any(|s| s.parameter == **x))
    {
        let known = study.sweeps.iter().map(|s| s.parameter.clone()).collect();
        return Err(Error::UnknownName {
            kind: "swept parameter",
            name: x.clone(),
            known,
        });
    }
    let reference = results.reference();
    let chosen = options.pipelines(study)?;
    let mut out = Vec::new();
    for benchmark in options.benchmarks(study)? {
        let metric = options.metric(study, benchmark)?;
        for sweep in &study.sweeps {
            if options.x.as_ref().is_some_and(|x| *x != sweep.parameter) {
                continue;
            }
            let slices = Slices::read(results, &metric, benchmark, &[&sweep.parameter])?;
            for pipeline in chosen
                .iter()
                .filter(|name| sweep.pipelines.iter().any(|p| p == *name))
            {
                let Some(slice) = slices.0.get(*pipeline).filter(|slice| slice.len() > 1) else {
                    continue;
                };
                let mut points = Vec::new();
                for (key, rows) in slice {
                    let rows: Vec<&Observation> = rows.iter().collect();
                    let entry = Entry::of(resampler, &metric, &[benchmark], &rows)?;
                    points.extend(
                        key[0]
                            .clone()
                            .map(|level| SensitivityPoint { level, entry }),
                    );
                }
                out.push(Sensitivity {
                    benchmark: benchmark.to_owned(),
                    pipeline: (*pipeline).to_owned(),
                    metric: metric.clone(),
                    better: study.better(&metric),
                    parameter: sweep.parameter.clone(),
                    reference: reference.0.get(&sweep.parameter).cloned(),
                    points,
                });
            }
        }
    }
    Ok(out)
}
