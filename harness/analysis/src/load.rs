//! Reading a study folder: `study.json` whole, `observations.parquet` lazily, only the rows and columns asked for.
//!
//! Columns of `observations.parquet`, one row per run, snapshot and metric:
//!
//! | column | type | meaning |
//! |---|---|---|
//! | `benchmark`, `pipeline` | string | names in `study.json` |
//! | `seed` | i64 | seed of the run |
//! | `tuning` | bool | values are chosen on this run; [`Results::tuning`] reads it, everything else leaves it out |
//! | `point` | string | JSON object of the axis and sweep levels that apply to the pipeline |
//! | `reference` | bool | every level is the study's reference |
//! | `update` | i64 | training updates of the last stage at this snapshot |
//! | `last` | bool | final snapshot |
//! | `metric`, `value` | string, f64? | name and number; null or NaN counts as not finite |
//! | `status` | string | `ok`, `failed` or `skipped` |
//! | `reason` | string? | why not `ok` |
//! | `evaluation_id` | string | equal for rows that are one computation: these are one observation |
//!
//! A failed or skipped run has one row with an empty metric.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use polars::prelude::*;

use crate::error::{Error, Result};
use crate::observation::{self, Observation};
use crate::point::Point;
use crate::selection;
use crate::study::{self, Study};

/// The metric that is computed here from `episode_return_mean`.
pub(crate) const NORMALIZED_SCORE: &str = "normalized_score";
pub(crate) const RETURN: &str = "episode_return_mean";

/// An opened study.
pub struct Results {
    study: Study,
    path: PathBuf,
    frame: LazyFrame,
    /// Runs on which values are chosen, where the study has any.
    tuning: Option<LazyFrame>,
    /// Benchmarks whose normaliser is not that of `study.json`.
    renormalized: BTreeSet<String>,
    /// Final snapshots by metric: figures ask for the same metric once for each benchmark and axis.
    finals: RefCell<BTreeMap<String, Finals>>,
}

/// The final snapshots of a metric by benchmark, each in the order of the file.
type Finals = Rc<BTreeMap<String, Vec<Observation>>>;

/// Which observations to read.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    /// The metric; `normalized_score` is computed. With a selection rule behind an `@`, as in `normalized_score@best` or
    /// `normalized_score@mean-last-10`, there is one observation a run: its evaluations reduced by the rule.
    pub metric: &'a str,
    /// One benchmark, or all.
    pub benchmark: Option<&'a str>,
    /// Final snapshots only.
    pub last_only: bool,
}

impl Results {
    /// Opens the study in `dir`.
    ///
    /// # Errors
    /// `Read`, `Malformed` or `UnsupportedFormat` for `study.json`; `NothingMeasured` when there is no observations
    /// file or it has no row; `Observations` when it is not Parquet.
    pub fn open(dir: &Path) -> Result<Self> {
        let file = dir.join("study.json");
        let text = std::fs::read_to_string(&file).map_err(|source| Error::Read {
            path: file.clone(),
            source,
        })?;
        let study = Study::parse(&text, &file.display().to_string())?;
        let path = dir.join("observations.parquet");
        if !path.is_file() {
            return Err(Error::NothingMeasured {
                study: study.study,
                what: None,
            });
        }
        let wrap = |source| Error::Observations {
            path: path.clone(),
            source,
        };
        let name = path.to_string_lossy();
        // A study folder may have `*` or `[` in its name.
        let args = ScanArgsParquet {
            glob: false,
            ..ScanArgsParquet::default()
        };
        let mut all = LazyFrame::scan_parquet(PlRefPath::new(name.as_ref()), args).map_err(wrap)?;
        // Studies of the first format have no tuning runs and no such column.
        let marked = all.collect_schema().map_err(wrap)?.contains("tuning");
        let tuning = marked.then(|| all.clone().filter(col("tuning")));
        let frame = if marked {
            all.filter(col("tuning").not())
        } else {
            all
        };
        let first = frame
            .clone()
            .filter(col("status").eq(lit("ok")))
            .limit(1)
            .collect()
            .map_err(wrap)?;
        let failed_only = first.height() == 0;
        let results = Self {
            study,
            path,
            frame,
            tuning,
            renormalized: BTreeSet::new(),
            finals: RefCell::default(),
        };
        if failed_only && results.reasons()?.is_empty() {
            return Err(Error::NothingMeasured {
                study: results.study.study,
                what: None,
            });
        }
        Ok(results)
    }

    /// What was asked.
    pub fn study(&self) -> &Study {
        &self.study
    }

    /// The same results with other normalisers, by benchmark; benchmarks that are not among them keep theirs. All that is
    /// computed from here on, findings too, takes scores by the new ones.
    pub fn renormalized(mut self, normalizers: &BTreeMap<String, study::Normalizer>) -> Self {
        for benchmark in &mut self.study.benchmarks {
            if let Some(other) = normalizers.get(&benchmark.id) {
                benchmark.normalizer = Some(other.clone());
                self.renormalized.insert(benchmark.id.clone());
            }
        }
        self.finals.take();
        self
    }

    /// The normalisers of these benchmarks that are not those of `study.json`, e.g. `d4rl, version 1`; none for a metric
    /// that is not normalised.
    pub(crate) fn exchanged(&self, metric: &str, scope: &[&str]) -> Option<String> {
        let benchmarks = self.study.benchmarks.iter();
        let other = benchmarks.filter(|b| {
            metric == NORMALIZED_SCORE
                && scope.contains(&b.id.as_str())
                && self.renormalized.contains(&b.id)
        });
        let named = other.filter_map(|b| b.normalizer.as_ref());
        let names: BTreeSet<String> = named
            .map(|n| format!("{}, version {}", n.id, n.version))
            .collect();
        (!names.is_empty()).then(|| names.into_iter().collect::<Vec<_>>().join(" and "))
    }

    /// The same study restricted to the runs on which values are chosen; none where nothing is tuned.
    pub fn tuning(&self) -> Option<Self> {
        let frame = self.tuning.clone()?;
        let tuned = self.study.sweeps.iter().any(|s| s.tune);
        tuned.then(|| Self {
            study: self.study.clone(),
            path: self.path.clone(),
            frame,
            tuning: None,
            renormalized: self.renormalized.clone(),
            finals: RefCell::default(),
        })
    }

    /// The study's reference point.
    pub fn reference(&self) -> Point {
        Point::from_values(&self.study.reference)
    }

    /// The observations of one metric, and every failed or skipped run, in the order of the file.
    ///
    /// # Errors
    /// `Observations` and `Column` for a damaged file; `UnknownName` for an unknown benchmark; `NoNormalizer` when
    /// `normalized_score` is asked of a benchmark without one.
    pub fn observations(&self, query: &Query<'_>) -> Result<Vec<Observation>> {
        let (metric, rule) = selection::split(query.metric)?;
        let rows = self.recorded(&Query {
            metric,
            last_only: query.last_only && rule.is_none(),
            ..*query
        })?;
        Ok(match rule {
            Some(rule) => selection::select(rows, rule, self.study.better(metric)),
            None => rows,
        })
    }

    /// The observations of a metric without a rule.
    fn recorded(&self, query: &Query<'_>) -> Result<Vec<Observation>> {
        let normalized = query.metric == NORMALIZED_SCORE;
        if let Some(id) = query.benchmark {
            let benchmark = self.study.benchmark(id)?;
            if normalized && benchmark.normalizer.is_none() {
                return Err(Error::NoNormalizer {
                    benchmark: id.to_owned(),
                });
            }
            if query.last_only {
                let finals = self.finals(query.metric)?;
                return Ok(finals.get(id).cloned().unwrap_or_default());
            }
        }
        let mut wanted = col("metric").eq(lit(if normalized { RETURN } else { query.metric }));
        if query.last_only {
            wanted = wanted.and(col("last"));
        }
        let mut rows = wanted
            .and(col("status").eq(lit("ok")))
            .or(col("status").neq(lit("ok")));
        if let Some(id) = query.benchmark {
            rows = rows.and(col("benchmark").eq(lit(id)));
        }
        let mut frame = self.frame.clone().filter(rows);
        if normalized {
            frame = frame.with_column(normalized_score(&self.study.benchmarks));
        }
        let frame = frame
            .select(observation::columns())
            .collect()
            .map_err(|source| self.wrap(source))?;
        observation::decode(&frame, &self.path)
    }

    /// The final snapshots of a metric without a rule, read once.
    fn finals(&self, metric: &str) -> Result<Finals> {
        if let Some(known) = self.finals.borrow().get(metric) {
            return Ok(Rc::clone(known));
        }
        let mut finals: BTreeMap<String, Vec<Observation>> = BTreeMap::new();
        let all = self.recorded(&Query {
            metric,
            benchmark: None,
            last_only: true,
        })?;
        for row in all {
            match finals.get_mut(&*row.benchmark) {
                Some(own) => own.push(row),
                None => {
                    finals.insert(row.benchmark.to_string(), vec![row]);
                }
            }
        }
        let finals = Rc::new(finals);
        let mut known = self.finals.borrow_mut();
        known.insert(metric.to_owned(), Rc::clone(&finals));
        Ok(finals)
    }

    /// The observations of failed and skipped runs.
    pub(crate) fn reasons(&self) -> Result<Vec<Observation>> {
        let rows = self.frame.clone().filter(col("status").neq(lit("ok")));
        let frame = rows
            .select(observation::columns())
            .collect()
            .map_err(|source| self.wrap(source))?;
        observation::decode(&frame, &self.path)
    }

    /// Text columns and the seed of the final snapshots with a result.
    pub(crate) fn last_ok(&self, names: [&str; 2]) -> Result<DataFrame> {
        let rows = col("status").eq(lit("ok")).and(col("last"));
        let mut columns: Vec<Expr> = names
            .iter()
            .map(|&name| col(name).cast(DataType::String))
            .collect();
        columns.push(col("seed").cast(DataType::Int64));
        let frame = self.frame.clone().filter(rows).select(columns).collect();
        frame.map_err(|source| self.wrap(source))
    }

    pub(crate) fn wrap(&self, source: PolarsError) -> Error {
        Error::Observations {
            path: self.path.clone(),
            source,
        }
    }
}

/// Returns as normalised scores; null on benchmarks without a normaliser.
fn normalized_score(benchmarks: &[study::Benchmark]) -> Expr {
    let mut score = lit(NULL).cast(DataType::Float64);
    for benchmark in benchmarks {
        let Some(n) = &benchmark.normalizer else {
            continue;
        };
        let own = lit(100.0) * (col("value") - lit(n.ref_min)) / lit(n.ref_max - n.ref_min);
        score = when(col("benchmark").eq(lit(benchmark.id.clone())))
            .then(own)
            .otherwise(score);
    }
    score.alias("value")
}
