//! Data-scaling matrices (two axes) and curves (one axis), final snapshots, everything else at the reference.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::cell::Entry;
use crate::error::Result;
use crate::load::{NORMALIZED_SCORE, Query, RETURN, Results};
use crate::observation::Observation;
use crate::point::Level;
use crate::stats::bootstrap::Resampler;
use crate::study::{Better, Study, TableSpec};

/// What to look at; everything absent means the study's own choice.
#[derive(Clone, Debug, Default)]
pub struct ScalingOptions {
    /// The metric; else that of the study's first table that covers the benchmark.
    pub metric: Option<String>,
    /// One benchmark; else all.
    pub benchmark: Option<String>,
    /// Pipelines in the order of the study; empty means all.
    pub pipelines: Vec<String>,
    /// Labels that a pipeline must have; empty means none.
    pub only: BTreeMap<String, String>,
    /// Axis across; else the first `policy.` axis, else the last.
    pub x: Option<String>,
    /// Axis down; else the first other axis.
    pub y: Option<String>,
}

/// A metric over two axes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Matrix {
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
    /// Levels across, ascending; one absent level where the axis does not apply to the pipeline.
    pub x_levels: Vec<Option<Level>>,
    /// Levels down, ascending.
    pub y_levels: Vec<Option<Level>>,
    /// `[y_levels][x_levels]`.
    pub cells: Vec<Vec<Entry>>,
}

/// A metric along one axis, the other axes at the reference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
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
    /// Ascending levels; a single point without level where the axis does not apply to the pipeline.
    pub points: Vec<CurvePoint>,
}

impl Curve {
    /// Whether it can be drawn: along the axis, across it where the axis does not apply, or as a hole with its reason.
    /// A pipeline that was run at one level only has nothing to say about the axis.
    fn shows(&self) -> bool {
        match self.points.as_slice() {
            [only] => only.level.is_none() || only.entry.cell.is_none(),
            points => !points.is_empty(),
        }
    }
}

/// One point of a [`Curve`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CurvePoint {
    /// The level.
    pub level: Option<Level>,
    /// What was measured.
    pub entry: Entry,
}

impl ScalingOptions {
    /// The chosen benchmark, or all of the study that can have the chosen metric.
    pub(crate) fn benchmarks<'a>(&self, study: &'a Study) -> Result<Vec<&'a str>> {
        if let Some(id) = &self.benchmark {
            return Ok(vec![study.benchmark(id)?.id.as_str()]);
        }
        let normalized = self.metric.as_deref() == Some(NORMALIZED_SCORE);
        let all = study.benchmarks.iter();
        let can = all.filter(|b| !normalized || b.normalizer.is_some());
        Ok(can.map(|b| b.id.as_str()).collect())
    }

    /// The chosen pipelines in the order of the study.
    ///
    /// # Errors
    /// `UnknownName` for a pipeline that the study lacks.
    pub fn pipelines<'a>(&self, study: &'a Study) -> Result<Vec<&'a str>> {
        for name in &self.pipelines {
            study.pipeline(name)?;
        }
        let chosen = |name: &String| self.pipelines.is_empty() || self.pipelines.contains(name);
        Ok(study
            .pipelines
            .iter()
            .filter(|p| p.has(&self.only) && chosen(&p.name))
            .map(|p| p.name.as_str())
            .collect())
    }

    pub(crate) fn metric(&self, study: &Study, benchmark: &str) -> Result<String> {
        if let Some(metric) = &self.metric {
            return Ok(metric.clone());
        }
        let normalized = study.benchmark(benchmark)?.normalizer.is_some();
        let covers = |t: &&TableSpec| t.benchmark.as_deref().is_none_or(|b| b == benchmark);
        // Tables of the benchmark itself say more about it than those of all: parts that were joined have them in another order.
        let mut headline: Vec<&TableSpec> = study.tables.iter().filter(covers).collect();
        headline.sort_by_key(|t| t.benchmark.is_none());
        let headline = headline.into_iter().map(|t| t.metric.as_str());
        let usable = |metric: &&str| *metric != NORMALIZED_SCORE || normalized;
        let fallback = if normalized { NORMALIZED_SCORE } else { RETURN };
        Ok(headline
            .filter(usable)
            .map(str::to_owned)
            .next()
            .unwrap_or_else(|| fallback.to_owned()))
    }
}

/// Matrices over two axes, one per benchmark and pipeline with more than one level; none when the study has fewer
/// than two axes.
///
/// # Errors
/// `UnknownName` for a name that the study lacks, and what reading the observations gives.
pub fn matrices(
    results: &Results,
    resampler: &Resampler,
    options: &ScalingOptions,
) -> Result<Vec<Matrix>> {
    let study = results.study();
    let Some((x, y)) = axes(study, options)? else {
        return Ok(Vec::new());
    };
    let mut out = Vec::new();
    for benchmark in options.benchmarks(study)? {
        let metric = options.metric(study, benchmark)?;
        let slices = Slices::read(results, &metric, benchmark, &[&x, &y])?;
        for pipeline in options.pipelines(study)? {
            let Some(slice) = slices.0.get(pipeline) else {
                continue;
            };
            let levels = |index: usize| -> Vec<Option<Level>> {
                let all: BTreeSet<_> = slice.keys().map(|key| key[index].clone()).collect();
                all.into_iter().collect()
            };
            let (x_levels, y_levels) = (levels(0), levels(1));
            if x_levels.len() * y_levels.len() < 2 {
                continue;
            }
            let entry = |yl: &Option<Level>, xl: &Option<Level>| {
                let rows = slice
                    .get(&vec![xl.clone(), yl.clone()])
                    .map_or(&[][..], Vec::as_slice);
                Entry::of(
                    resampler,
                    &metric,
                    &[benchmark],
                    &rows.iter().collect::<Vec<_>>(),
                )
            };
            let row = |yl: &Option<Level>| x_levels.iter().map(|xl| entry(yl, xl)).collect();
            let cells = y_levels.iter().map(row).collect::<Result<_>>()?;
            out.push(Matrix {
                benchmark: benchmark.to_owned(),
                pipeline: pipeline.to_owned(),
                better: study.better(&metric),
                metric: metric.clone(),
                x: x.clone(),
                y: y.clone(),
                x_levels,
                y_levels,
                cells,
            });
        }
    }
    Ok(out)
}

/// Curves along each axis (or along `options.x`), one per benchmark and pipeline that was run at more than one level or
/// to which the axis does not apply. Axes that have a single level on a benchmark give no curve there.
///
/// # Errors
/// As [`matrices`].
pub fn curves(
    results: &Results,
    resampler: &Resampler,
    options: &ScalingOptions,
) -> Result<Vec<Curve>> {
    let study = results.study();
    let names = axis_names(study, options)?;
    let mut out = Vec::new();
    for benchmark in options.benchmarks(study)? {
        let metric = options.metric(study, benchmark)?;
        for name in &names {
            let slices = Slices::read(results, &metric, benchmark, &[name])?;
            let mut curves = Vec::new();
            for pipeline in options.pipelines(study)? {
                let Some(slice) = slices.0.get(pipeline) else {
                    continue;
                };
                let point = |(key, rows): (&Vec<Option<Level>>, &Vec<Observation>)| {
                    let rows: Vec<&Observation> = rows.iter().collect();
                    let entry = Entry::of(resampler, &metric, &[benchmark], &rows)?;
                    Ok(CurvePoint {
                        level: key[0].clone(),
                        entry,
                    })
                };
                curves.push(Curve {
                    benchmark: benchmark.to_owned(),
                    pipeline: pipeline.to_owned(),
                    metric: metric.clone(),
                    better: study.better(&metric),
                    axis: name.clone(),
                    points: slice.iter().map(point).collect::<Result<_>>()?,
                });
            }
            if curves.iter().any(|c| c.points.len() > 1) {
                curves.retain(Curve::shows);
                out.append(&mut curves);
            }
        }
    }
    Ok(out)
}

/// The axis asked for, or all of them.
pub(crate) fn axis_names(study: &Study, options: &ScalingOptions) -> Result<Vec<String>> {
    Ok(match &options.x {
        Some(name) => vec![axis(study, name)?],
        None => study.axes.iter().map(|a| a.name.clone()).collect(),
    })
}

fn axis(study: &Study, name: &str) -> Result<String> {
    let known: Vec<String> = study.axes.iter().map(|a| a.name.clone()).collect();
    if known.iter().any(|k| k == name) {
        return Ok(name.to_owned());
    }
    Err(crate::Error::UnknownName {
        kind: "axis",
        name: name.to_owned(),
        known,
    })
}

/// The axes across and down, where the study has two.
pub(crate) fn axes(study: &Study, options: &ScalingOptions) -> Result<Option<(String, String)>> {
    let x = match &options.x {
        Some(name) => Some(axis(study, name)?),
        None => {
            let policy = study.axes.iter().find(|a| a.name.starts_with("policy."));
            policy.or(study.axes.last()).map(|a| a.name.clone())
        }
    };
    let Some(x) = x else { return Ok(None) };
    let y = match &options.y {
        Some(name) => Some(axis(study, name)?),
        None => study
            .axes
            .iter()
            .map(|a| &a.name)
            .find(|name| **name != x)
            .cloned(),
    };
    Ok(y.map(|y| (x, y)))
}

/// Observations by pipeline and by their levels on the free keys.
pub(crate) struct Slices(
    pub(crate) BTreeMap<String, BTreeMap<Vec<Option<Level>>, Vec<Observation>>>,
);

impl Slices {
    /// Final snapshots of `metric` on `benchmark`, every key outside `free` at the reference.
    pub(crate) fn read(
        results: &Results,
        metric: &str,
        benchmark: &str,
        free: &[&str],
    ) -> Result<Self> {
        let query = Query {
            metric,
            benchmark: Some(benchmark),
            last_only: true,
        };
        let observations = results.observations(&query)?;
        // Pipelines may differ in their reference; their own rows say it, the study's map only fills in.
        let study = results.reference();
        let own = observations.iter().filter(|row| row.reference);
        let own: BTreeMap<_, _> = own
            .map(|row| (row.pipeline.clone(), row.point.clone()))
            .collect();
        let mut slices: BTreeMap<String, BTreeMap<_, Vec<_>>> = BTreeMap::new();
        for row in observations {
            let reference = own
                .get(&row.pipeline)
                .map_or(&study, |point| point.as_ref());
            if row.reference || row.point.at_reference_except(reference, free) {
                let key = free
                    .iter()
                    .map(|name| row.point.0.get(*name).cloned())
                    .collect();
                slices
                    .entry(row.pipeline.to_string())
                    .or_default()
                    .entry(key)
                    .or_default()
                    .push(row);
            }
        }
        Ok(Self(slices))
    }
}
