//! What more data would give: power laws along each axis, the data that a target needs, and the slopes of a matrix.
//!
//! Simulated coverage of the nominal 95 % of limit, exponent and data needed, for a law with exponent 0.5 at five levels and a target at four times the
//! data (`tests/all/fits.rs`, 120 draws): 95.0, 98.3, 92.5 % with 5 seeds; 95.0, 95.8, 93.3 % with 10.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cell::observed;
use crate::error::Result;
use crate::load::Results;
use crate::observation::Observation;
use crate::point::Level;
use crate::scaling::{ScalingOptions, Slices, axes, axis_names};
use crate::stats::bootstrap::{Resampler, Scale};
use crate::stats::power_law::{LEAST_LEVELS, Levels, PowerLaw};
use crate::stats::{Estimate, Interval, Panel, slopes};
use crate::study::{Better, non_negative};

/// Fits of a study; what could not be fitted is named with its reason.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScalingFits {
    /// What scores are asked to reach, where the caller asked.
    pub target: Option<f64>,
    /// One per benchmark, axis and pipeline with enough levels.
    pub laws: Vec<FittedLaw>,
    /// One per benchmark and pipeline with two axes.
    pub slopes: Vec<MatrixSlopes>,
    /// Curves without a law.
    pub left_out: Vec<LeftOutCurve>,
}

/// `y(f) = limit - amplitude f^(-exponent)` over the interquartile means along one axis.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FittedLaw {
    /// The benchmark.
    pub benchmark: String,
    /// The pipeline.
    pub pipeline: String,
    /// The metric.
    pub metric: String,
    /// Which direction is good.
    pub better: Better,
    /// The axis.
    pub axis: String,
    /// The levels fitted, ascending.
    pub levels: Vec<f64>,
    /// `amplitude`, the distance to the limit at level 1.
    pub amplitude: f64,
    /// With any amount of data; absent where the curve does not bend.
    pub limit: Option<Estimate>,
    /// The exponent, between the ends of [`crate::stats::power_law::EXPONENTS`].
    pub exponent: Estimate,
    /// Root of the mean squared residual over the levels, in units of the metric.
    pub residual: f64,
    /// The level that reaches the target; infinite where none does.
    pub needed: Option<Estimate>,
}

/// Least squares over all cells of a matrix, in units of the metric per factor of ten.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MatrixSlopes {
    /// The benchmark.
    pub benchmark: String,
    /// The pipeline.
    pub pipeline: String,
    /// The metric.
    pub metric: String,
    /// Which direction is good.
    pub better: Better,
    /// Axis across.
    pub x: String,
    /// Axis down.
    pub y: String,
    /// Along `x`.
    pub along_x: Estimate,
    /// Along `y`.
    pub along_y: Estimate,
    /// `along_x - along_y`, counted so that more is better.
    pub difference: Estimate,
}

/// A curve without a law.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOutCurve {
    /// The benchmark.
    pub benchmark: String,
    /// The pipeline.
    pub pipeline: String,
    /// The axis.
    pub axis: String,
    /// Why.
    pub reason: String,
}

/// Fits along each axis (or along `options.x`), with 95 % intervals over whole seeds; `target` is a value of the metric to reach.
///
/// # Errors
/// `UnknownName` for a name that the study lacks, and what reading the observations gives.
pub fn scaling_fits(
    results: &Results,
    resampler: &Resampler,
    options: &ScalingOptions,
    target: Option<f64>,
) -> Result<ScalingFits> {
    let study = results.study();
    let mut fits = ScalingFits {
        target,
        laws: Vec::new(),
        slopes: Vec::new(),
        left_out: Vec::new(),
    };
    let names = axis_names(study, options)?;
    let two = axes(study, options)?;
    for benchmark in options.benchmarks(study)? {
        let metric = options.metric(study, benchmark)?;
        let of = |pipeline: &str, axis: &str| Subject {
            benchmark: benchmark.to_owned(),
            pipeline: pipeline.to_owned(),
            metric: metric.clone(),
            better: study.better(&metric),
            axis: axis.to_owned(),
        };
        for name in &names {
            let slices = Slices::read(results, &metric, benchmark, &[name])?;
            for pipeline in options.pipelines(study)? {
                let Some(slice) = slices.0.get(pipeline).filter(|slice| slice.len() > 1) else {
                    continue;
                };
                let subject = of(pipeline, name);
                match subject.law(resampler, slice, target)? {
                    Ok(law) => fits.laws.push(law),
                    Err(reason) => fits.left_out.push(subject.left_out(reason)),
                }
            }
        }
        let Some((x, y)) = &two else { continue };
        let slices = Slices::read(results, &metric, benchmark, &[x, y])?;
        for pipeline in options.pipelines(study)? {
            if let Some(slice) = slices.0.get(pipeline) {
                fits.slopes
                    .extend(of(pipeline, x).slopes(resampler, slice, y)?);
            }
        }
    }
    Ok(fits)
}

type Slice = BTreeMap<Vec<Option<Level>>, Vec<Observation>>;

/// What a fit is about.
struct Subject {
    benchmark: String,
    pipeline: String,
    metric: String,
    better: Better,
    axis: String,
}

impl Subject {
    fn left_out(&self, reason: String) -> LeftOutCurve {
        LeftOutCurve {
            benchmark: self.benchmark.clone(),
            pipeline: self.pipeline.clone(),
            axis: self.axis.clone(),
            reason,
        }
    }

    /// Cells with a value at positive levels, as `[K]` lists of levels and a panel over the seeds that all of them have.
    fn panel(&self, slice: &Slice) -> Result<(Vec<Vec<f64>>, Panel)> {
        let (mut levels, mut cells) = (Vec::new(), Vec::new());
        for (key, rows) in slice {
            let numbers = key
                .iter()
                .map(|level| level.as_ref().and_then(Level::number));
            let Some(numbers) = numbers.collect::<Option<Vec<f64>>>() else {
                continue;
            };
            let values = observed(&rows.iter().collect::<Vec<_>>());
            if numbers.iter().all(|f| *f > 0.0) && !values.is_empty() {
                levels.push(numbers);
                cells.push(values);
            }
        }
        Ok((levels, Panel::new(&self.metric, &cells)?))
    }

    /// The law along the axis, or why there is none.
    fn law(
        &self,
        resampler: &Resampler,
        slice: &Slice,
        target: Option<f64>,
    ) -> Result<std::result::Result<FittedLaw, String>> {
        let (levels, panel) = self.panel(slice)?;
        let levels: Vec<f64> = levels.into_iter().flatten().collect();
        let Some(prepared) = Levels::new(&levels) else {
            let found = levels.len();
            return Ok(Err(format!(
                "{found} levels with values; a law with an offset needs at least {LEAST_LEVELS}"
            )));
        };
        let estimate = |scale, of: &(dyn Fn(&PowerLaw) -> f64 + Sync)| {
            resampler.estimate(&panel, scale, |means| {
                Some(of(&PowerLaw::fit(&prepared, means)))
            })
        };
        let exponent = estimate(Scale::Log, &|law| law.exponent);
        let (Some(exponent), Some(means)) = (exponent, resampler.means(&panel)) else {
            return Ok(Err("no seed has a value at every level".to_owned()));
        };
        let law = PowerLaw::fit(&prepared, &means);
        let limit = estimate(Scale::Linear, &PowerLaw::told_limit);
        let limit = limit.filter(|limit| limit.value.is_finite());
        let rising = self.better == Better::Higher;
        let needed = target.and_then(|target| {
            // In its inverse, "never" is zero, and an interval that passes zero is open.
            let inverse = estimate(Scale::Linear, &|law| {
                1.0 / law.needed(target, rising, levels[0])
            });
            inverse.map(reciprocal)
        });
        let cut = |i: Interval| match non_negative(&self.metric) {
            true => i.at_least_zero(),
            false => i,
        };
        Ok(Ok(FittedLaw {
            benchmark: self.benchmark.clone(),
            pipeline: self.pipeline.clone(),
            metric: self.metric.clone(),
            better: self.better,
            axis: self.axis.clone(),
            amplitude: law.amplitude,
            limit: limit.map(|limit| Estimate {
                interval: limit.interval.map(cut),
                ..limit
            }),
            exponent,
            residual: (law.squares / levels.len() as f64).sqrt(),
            needed,
            levels,
        }))
    }

    /// Slopes of a matrix; none where it has fewer than two levels along either axis.
    fn slopes(
        &self,
        resampler: &Resampler,
        slice: &Slice,
        y: &str,
    ) -> Result<Option<MatrixSlopes>> {
        let (levels, panel) = self.panel(slice)?;
        let logs: Vec<(f64, f64)> = levels
            .iter()
            .map(|l| (libm::log10(l[0]), libm::log10(l[1])))
            .collect();
        let sign = match self.better {
            Better::Higher => 1.0,
            Better::Lower => -1.0,
        };
        let estimate = |of: fn(slopes::Slopes) -> f64, sign: f64| {
            resampler.estimate(&panel, Scale::Linear, |means| {
                slopes::fit(&logs, means).map(|s| sign * of(s))
            })
        };
        let along_x = estimate(|s| s.first, 1.0);
        let along_y = estimate(|s| s.second, 1.0);
        let difference = estimate(|s| s.first - s.second, sign);
        let (Some(along_x), Some(along_y), Some(difference)) = (along_x, along_y, difference)
        else {
            return Ok(None);
        };
        Ok(Some(MatrixSlopes {
            benchmark: self.benchmark.clone(),
            pipeline: self.pipeline.clone(),
            metric: self.metric.clone(),
            better: self.better,
            x: self.axis.clone(),
            y: y.to_owned(),
            along_x,
            along_y,
            difference,
        }))
    }
}

/// The estimate of `1 / x` from that of `x >= 0`.
fn reciprocal(inverse: Estimate) -> Estimate {
    let of = |x: f64| if x > 0.0 { 1.0 / x } else { f64::INFINITY };
    Estimate {
        value: of(inverse.value),
        interval: inverse.interval.map(|i| Interval {
            low: of(i.high),
            high: of(i.low),
        }),
        ..inverse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_of_an_inverse_that_passes_zero_is_open() {
        let inverse = Estimate {
            value: 0.5,
            interval: Some(Interval {
                low: -0.1,
                high: 1.0,
            }),
            n: 5,
            low_n: None,
        };
        let needed = reciprocal(inverse);
        let interval = needed.interval.unwrap();
        assert_eq!(
            (needed.value, interval.low, interval.high),
            (2.0, 1.0, f64::INFINITY)
        );
    }
}
