//! What a study measured, in memory and indexed for claims.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::load::{Query, Results};
use crate::observation::Outcome;
use crate::point::{Level, Point};
use crate::study;

use super::file::Labels;

/// One number of one run at one snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The benchmark.
    pub benchmark: Arc<str>,
    /// The pipeline.
    pub pipeline: Arc<str>,
    /// The metric.
    pub metric: Arc<str>,
    /// The seed.
    pub seed: i64,
    /// Whether values are chosen on this run; no verdict sees it.
    pub tuning: bool,
    /// Where on the axes and sweeps.
    pub point: Arc<Point>,
    /// Whether every key is at the pipeline's declared value.
    pub reference: bool,
    /// Updates of the last stage.
    pub update: i64,
    /// Equal for rows that are one computation.
    pub evaluation_id: Arc<str>,
    /// The number; NaN and infinities are kept and count as missing.
    pub value: f64,
}

/// Seeds of a half below which null pairs are not judged.
pub(crate) const LEAST_HALF: usize = 3;

/// Benchmark, pipeline and metric.
type Key = (Arc<str>, Arc<str>, Arc<str>);

/// A study's shape: what of `study.json` claims need.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shape {
    /// Identifier.
    pub study: String,
    /// Digest of the canonical manifest.
    pub manifest_digest: String,
    /// Environment by benchmark.
    pub benchmarks: BTreeMap<String, String>,
    /// Labels by pipeline.
    pub pipelines: BTreeMap<String, Labels>,
    /// Axes that are crossed.
    pub axes: Vec<String>,
}

/// All measurements of a study by benchmark, pipeline and metric.
#[derive(Debug, Default)]
pub struct Evidence {
    shape: Shape,
    rows: Vec<Measured>,
    index: BTreeMap<Key, Vec<usize>>,
    references: BTreeMap<Arc<str>, Arc<Point>>,
    /// Runs without any value: (benchmark, pipeline) to reasons.
    failures: Failures,
}

impl Shape {
    /// The shape of a study description.
    pub fn of(study: &study::Study) -> Self {
        Self {
            study: study.study.clone(),
            manifest_digest: study.manifest_digest.clone(),
            benchmarks: study
                .benchmarks
                .iter()
                .map(|b| (b.id.clone(), b.environment.clone()))
                .collect(),
            pipelines: study
                .pipelines
                .iter()
                .map(|p| (p.name.clone(), p.labels.clone()))
                .collect(),
            axes: study.axes.iter().map(|a| a.name.clone()).collect(),
        }
    }
}

impl Evidence {
    /// Indexes measurements.
    pub fn new(shape: Shape, rows: Vec<Measured>) -> Self {
        let mut evidence = Self {
            shape,
            ..Self::default()
        };
        for (i, row) in rows.iter().enumerate() {
            let key = (
                Arc::clone(&row.benchmark),
                Arc::clone(&row.pipeline),
                Arc::clone(&row.metric),
            );
            evidence.index.entry(key).or_default().push(i);
            if row.reference {
                evidence
                    .references
                    .entry(Arc::clone(&row.pipeline))
                    .or_insert_with(|| Arc::clone(&row.point));
            }
        }
        evidence.rows = rows;
        evidence
    }

    /// Reads `metrics` of a study; metrics that it lacks stay absent.
    ///
    /// # Errors
    /// What reading the observations gives.
    pub fn read(results: &Results, metrics: &BTreeSet<String>) -> Result<Self> {
        let mut rows = Vec::new();
        let mut failures = Failures::new();
        read_rows(results, metrics, false, &mut rows, &mut failures)?;
        if let Some(tuning) = results.tuning() {
            // A tuning run without a value keeps its level from being chosen; it says nothing about the claims.
            read_rows(&tuning, metrics, true, &mut rows, &mut Failures::new())?;
        }
        let mut evidence = Self::new(Shape::of(results.study()), rows);
        evidence.failures = failures;
        Ok(evidence)
    }

    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The study's shape.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Pipelines that have all of `labels` and some measurement on `benchmark`.
    pub(crate) fn pipelines(&self, benchmark: &str, labels: &Labels) -> Vec<&str> {
        let named = self.shape.pipelines.iter();
        named
            .filter(|(name, own)| matches(own, labels) && self.has(benchmark, name))
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// The only pipeline with all of `labels`, or why there is none.
    pub(crate) fn pipeline(
        &self,
        benchmark: &str,
        labels: &Labels,
    ) -> std::result::Result<&str, String> {
        match self.pipelines(benchmark, labels).as_slice() {
            [only] => Ok(only),
            [] => Err(format!("no pipeline with {} was measured", words(labels))),
            many => Err(format!(
                "{} are meant by {}",
                many.join(" and "),
                words(labels)
            )),
        }
    }

    fn has(&self, benchmark: &str, pipeline: &str) -> bool {
        let low: Key = (benchmark.into(), pipeline.into(), "".into());
        let next = self.index.range(low..).next();
        next.is_some_and(|((b, p, _), _)| &**b == benchmark && &**p == pipeline)
    }

    /// The rows of one metric of one pipeline, without tuning runs.
    pub(crate) fn rows(&self, benchmark: &str, pipeline: &str, metric: &str) -> Vec<&Measured> {
        self.all_rows(benchmark, pipeline, metric)
            .filter(|row| !row.tuning)
            .collect()
    }

    /// The rows of one metric of one pipeline, tuning runs included.
    pub(crate) fn all_rows(
        &self,
        benchmark: &str,
        pipeline: &str,
        metric: &str,
    ) -> impl Iterator<Item = &Measured> {
        let key: Key = (benchmark.into(), pipeline.into(), metric.into());
        let rows = self.index.get(&key).into_iter().flatten();
        rows.map(|&i| &self.rows[i])
    }

    /// The pipeline's declared point.
    pub(crate) fn reference(&self, pipeline: &str) -> Option<&Point> {
        self.references.get(pipeline).map(Arc::as_ref)
    }

    /// Levels of `key` that a pipeline was run at on `benchmark`, ascending.
    pub(crate) fn levels(
        &self,
        benchmark: &str,
        pipeline: &str,
        metric: &str,
        key: &str,
    ) -> Vec<Level> {
        let rows = self.all_rows(benchmark, pipeline, metric);
        let levels: BTreeSet<Level> = rows
            .filter_map(|row| row.point.0.get(key).cloned())
            .collect();
        levels.into_iter().collect()
    }

    /// Reasons of runs without a value, each with its number.
    pub(crate) fn failures(&self, benchmark: &str, pipeline: &str) -> Vec<String> {
        let key = (benchmark.to_owned(), pipeline.to_owned());
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for why in self.failures.get(&key).into_iter().flatten() {
            *counts.entry(why).or_default() += 1;
        }
        let text = |(why, n): (&str, usize)| format!("{pipeline}: {n} runs without value ({why})");
        counts.into_iter().map(text).collect()
    }

    /// Splits seeds into two halves, lowest against highest, as if they were two runs of the same seeds: the second half
    /// takes the numbers of the first. None with fewer than [`LEAST_HALF`] seeds a half.
    pub(crate) fn halves(
        &self,
        benchmark: &str,
    ) -> Option<(BTreeMap<i64, i64>, BTreeMap<i64, i64>)> {
        let seeds: BTreeSet<i64> = self
            .rows
            .iter()
            .filter(|row| !row.tuning && *row.benchmark == *benchmark)
            .map(|row| row.seed)
            .collect();
        let seeds: Vec<i64> = seeds.into_iter().collect();
        let half = seeds.len() / 2;
        (half >= LEAST_HALF).then(|| {
            let first = seeds[..half].iter().map(|&s| (s, s)).collect();
            let second = seeds[half..2 * half]
                .iter()
                .copied()
                .zip(seeds[..half].iter().copied());
            (first, second.collect())
        })
    }
}

/// Reasons by benchmark and pipeline.
type Failures = BTreeMap<(String, String), Vec<String>>;

fn read_rows(
    results: &Results,
    metrics: &BTreeSet<String>,
    tuning: bool,
    rows: &mut Vec<Measured>,
    failures: &mut Failures,
) -> Result<()> {
    for (nth, metric) in metrics.iter().enumerate() {
        let name: Arc<str> = Arc::from(metric.as_str());
        let query = Query {
            metric,
            benchmark: None,
            last_only: false,
        };
        for row in results.observations(&query)? {
            let value = match row.outcome {
                Outcome::Value(x) | Outcome::NotFinite(x) => x,
                Outcome::Failed(why) | Outcome::Skipped(why) => {
                    // Runs without a value come with every metric that is asked for.
                    if nth == 0 {
                        let key = (row.benchmark.to_string(), row.pipeline.to_string());
                        failures.entry(key).or_default().push(why);
                    }
                    continue;
                }
            };
            rows.push(Measured {
                benchmark: row.benchmark,
                pipeline: row.pipeline,
                metric: Arc::clone(&name),
                seed: row.seed,
                tuning,
                point: row.point,
                reference: row.reference,
                update: row.update,
                evaluation_id: row.evaluation_id,
                value,
            });
        }
    }
    Ok(())
}

/// Whether `own` has every label of `asked`; the level `none` also matches a label that is not there.
pub(crate) fn matches(own: &Labels, asked: &Labels) -> bool {
    asked.iter().all(|(name, level)| match own.get(name) {
        Some(found) => found == level,
        None => level == "none",
    })
}

/// Labels in words: `extraction = AWR, value = IQL`.
pub(crate) fn words(labels: &Labels) -> String {
    let pairs: Vec<String> = labels.iter().map(|(k, v)| format!("{k} = {v}")).collect();
    if pairs.is_empty() {
        "any labels".into()
    } else {
        pairs.join(", ")
    }
}

/// Labels put together; `b` wins.
pub(crate) fn joined(a: &Labels, b: &Labels) -> Labels {
    let mut all = a.clone();
    all.extend(b.iter().map(|(k, v)| (k.clone(), v.clone())));
    all
}

/// A study without a row has nothing to say.
pub(crate) fn nothing(study: &str) -> Error {
    Error::NothingMeasured {
        study: study.to_owned(),
        what: None,
    }
}
