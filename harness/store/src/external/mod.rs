//! Learning curves that others recorded, as the long table of a study.
//!
//! A run is one algorithm on one benchmark with one seed; its evaluations are (updates, undiscounted return) pairs. Sources
//! are read whole, checked, cut as asked, and only then written: one bad cell refuses the source, and its message names
//! file, row and column.

mod d3rlpy;
mod mapping;
mod text;
mod typed;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use d3rlpy::read_d3rlpy;
pub use mapping::CurveColumns;

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::files::replace_file;
use crate::observations::{Observation, columns};
use crate::rows::parquet_of;

/// The metric that imported returns are recorded as.
pub const RETURN: &str = "episode_return_mean";

/// The evaluations of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct CurveRun {
    /// Algorithm as the source names it.
    pub algorithm: String,
    /// Benchmark as the source names it, e.g. `hopper-medium-v0`.
    pub benchmark: String,
    /// Environment as the source names it, where it does.
    pub environment: Option<String>,
    /// Seed, or the number of the run.
    pub seed: i64,
    /// Updates and return of each evaluation, ascending in updates.
    pub evaluations: Vec<(i64, f64)>,
}

/// Which evaluations of a source count. Nothing is cut by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cuts {
    /// Evaluations dropped at the start of every run, before anything else.
    pub drop_first: usize,
    /// Algorithms of which only the last so many evaluations of a run are kept.
    pub keep_last: BTreeMap<String, usize>,
}

impl Cuts {
    /// Each cut in words; empty where nothing is cut.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        match self.drop_first {
            0 => {}
            1 => words.push("the first evaluation of every run is dropped".to_owned()),
            k => words.push(format!(
                "the first {k} evaluations of every run are dropped"
            )),
        }
        for (algorithm, k) in &self.keep_last {
            words.push(format!(
                "only the last {k} evaluations of {algorithm} are kept"
            ));
        }
        words
    }

    /// Cuts every run.
    ///
    /// # Errors
    /// `Source` for an algorithm that is not there, and for a run of which nothing would be left.
    pub fn apply(&self, runs: &mut [CurveRun], path: &Path) -> Result<(), Error> {
        let wrong = |reason: String| Error::Source {
            path: path.to_owned(),
            reason,
        };
        if let Some(unknown) = self
            .keep_last
            .keys()
            .find(|a| !runs.iter().any(|r| r.algorithm == **a))
        {
            let known = run_names(runs, |r| &r.algorithm).join(", ");
            return Err(wrong(format!(
                "it has no algorithm `{unknown}`, it has: {known}"
            )));
        }
        for run in runs {
            let count = run.evaluations.len();
            let kept = count.saturating_sub(self.drop_first);
            let kept = self
                .keep_last
                .get(&run.algorithm)
                .map_or(kept, |&k| kept.min(k));
            if kept == 0 {
                let CurveRun {
                    algorithm,
                    benchmark,
                    seed,
                    ..
                } = run;
                return Err(wrong(format!(
                    "nothing is left of the {count} evaluations of {algorithm} on {benchmark}, seed {seed}"
                )));
            }
            run.evaluations.drain(..count - kept);
        }
        Ok(())
    }
}

/// Distinct names, in the order of their first appearance.
pub fn run_names(runs: &[CurveRun], pick: fn(&CurveRun) -> &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for name in runs.iter().map(pick) {
        if !all.iter().any(|known| known == name) {
            all.push(name.to_owned());
        }
    }
    all
}

/// Reads a CSV or Parquet file with a row an evaluation.
///
/// # Errors
/// `Io` and `Parquet` for a file that cannot be read, `Source` for one without rows or without a mapped column, `Cell` for a
/// value of another type and for an evaluation that is there twice.
pub fn read_curves(path: &Path, columns: &CurveColumns) -> Result<Vec<CurveRun>, Error> {
    let mut collected = Collected::new(path);
    let ending = path.extension().and_then(|e| e.to_str());
    if ending == Some("parquet") {
        typed::read(path, columns, &mut collected)?;
    } else {
        text::read(path, columns, &mut collected)?;
    }
    collected.finish()
}

/// SHA-256 over the runs as they stand, in hexadecimal: names, seeds, updates and the bits of the returns. The same runs have
/// the same digest in every layout of the source.
pub fn curves_digest(runs: &[CurveRun]) -> String {
    let mut sorted: Vec<&CurveRun> = runs.iter().collect();
    sorted.sort_by_key(|run| (&run.algorithm, &run.benchmark, run.seed));
    let mut hasher = Sha256::new();
    for run in sorted {
        for name in [&run.algorithm, &run.benchmark] {
            hasher.update((name.len() as u64).to_le_bytes());
            hasher.update(name);
        }
        hasher.update(run.seed.to_le_bytes());
        hasher.update((run.evaluations.len() as u64).to_le_bytes());
        for (update, value) in &run.evaluations {
            hasher.update(update.to_le_bytes());
            hasher.update(value.to_bits().to_le_bytes());
        }
    }
    hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Evaluations that are rows at a time while the table is written; a row is about half a kilobyte in memory.
const PIECE: usize = 50_000;

/// Writes the observations of runs, in their order; `source` says where they come from and begins their ids.
///
/// # Errors
/// `Io` and `Parquet` for a file that cannot be written.
pub fn write_curves(path: &Path, runs: &[CurveRun], source: &str) -> Result<(), Error> {
    let mut rest = runs;
    let pieces = std::iter::from_fn(|| {
        let mut rows = Vec::new();
        while let Some((run, others)) = rest.split_first()
            && rows.len() < PIECE
        {
            rows.extend(rows_of(run, source));
            rest = others;
        }
        (!rows.is_empty()).then(|| columns(&rows))
    });
    replace_file(path, &parquet_of(pieces)?)
}

fn rows_of<'a>(run: &'a CurveRun, source: &'a str) -> impl Iterator<Item = Observation> + 'a {
    let last = run.evaluations.len().saturating_sub(1);
    let CurveRun {
        algorithm,
        benchmark,
        seed,
        ..
    } = run;
    let row = move |(index, &(update, value)): (usize, &(i64, f64))| Observation {
        benchmark: benchmark.clone(),
        pipeline: algorithm.clone(),
        seed: *seed,
        tuning: false,
        point: "{}".into(),
        reference: true,
        update,
        last: index == last,
        metric: RETURN.into(),
        value: Some(value),
        status: "ok".into(),
        reason: None,
        evaluation_id: format!("{source}/{algorithm}/{benchmark}/{seed}/{update}"),
    };
    run.evaluations.iter().enumerate().map(row)
}

/// One row of a table of evaluations.
struct Evaluation<'a> {
    algorithm: &'a str,
    benchmark: &'a str,
    environment: Option<&'a str>,
    seed: i64,
    update: i64,
    value: f64,
}

/// Runs as their rows come in, in the order of their first rows.
struct Collected {
    path: PathBuf,
    runs: Vec<CurveRun>,
    /// The row of each evaluation, for messages.
    rows: Vec<Vec<u64>>,
    index: BTreeMap<(String, String, i64), usize>,
    /// The run of the row before: rows of a run mostly follow each other.
    current: usize,
}

impl Collected {
    fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            runs: Vec::new(),
            rows: Vec::new(),
            index: BTreeMap::new(),
            current: 0,
        }
    }

    fn add(&mut self, row: u64, evaluation: &Evaluation<'_>) {
        let same = |run: &CurveRun| {
            run.seed == evaluation.seed
                && run.algorithm == evaluation.algorithm
                && run.benchmark == evaluation.benchmark
        };
        if !self.runs.get(self.current).is_some_and(same) {
            let names = (
                evaluation.algorithm.to_owned(),
                evaluation.benchmark.to_owned(),
            );
            let key = (names.0.clone(), names.1.clone(), evaluation.seed);
            self.current = *self.index.entry(key).or_insert_with(|| {
                self.runs.push(CurveRun {
                    algorithm: names.0,
                    benchmark: names.1,
                    environment: evaluation.environment.map(str::to_owned),
                    seed: evaluation.seed,
                    evaluations: Vec::new(),
                });
                self.rows.push(Vec::new());
                self.runs.len() - 1
            });
        }
        self.runs[self.current]
            .evaluations
            .push((evaluation.update, evaluation.value));
        self.rows[self.current].push(row);
    }

    /// The runs with their evaluations in order.
    fn finish(mut self) -> Result<Vec<CurveRun>, Error> {
        if self.runs.is_empty() {
            return Err(Error::Source {
                path: self.path,
                reason: "it has no evaluation".into(),
            });
        }
        for (run, rows) in self.runs.iter_mut().zip(&self.rows) {
            let mut order: Vec<usize> = (0..rows.len()).collect();
            order.sort_by_key(|&i| (run.evaluations[i].0, rows[i]));
            let twice = order
                .windows(2)
                .find(|w| run.evaluations[w[0]].0 == run.evaluations[w[1]].0);
            if let Some(&[first, second]) = twice {
                return Err(Error::Cell {
                    path: self.path,
                    row: rows[second],
                    column: "update".into(),
                    expected: "one evaluation of a run at an update",
                    found: format!("{}, as in row {}", run.evaluations[second].0, rows[first]),
                });
            }
            run.evaluations = order.iter().map(|&i| run.evaluations[i]).collect();
        }
        Ok(self.runs)
    }
}
