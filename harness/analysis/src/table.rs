//! Comparison tables at the study's reference point, final snapshots.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::cell::Entry;
use crate::error::{Error, Result};
use crate::load::{Query, Results};
use crate::observation::Observation;
use crate::stats::bootstrap::Resampler;
use crate::study::{Better, Pipeline, TableSpec};

/// A table of typed cells; rendering adds nothing to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Table {
    /// Identifier from the study.
    pub id: String,
    /// The benchmark, or none for all.
    pub benchmark: Option<String>,
    /// The benchmarks in scope: the one, or all.
    pub scope: Vec<String>,
    /// The metric.
    pub metric: String,
    /// What scores are normalised by where that is not the study's own, e.g. `d4rl, version 1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub normalizer: Option<String>,
    /// Which direction is good.
    pub better: Better,
    /// Labels by which its pipelines were chosen; empty for all pipelines.
    #[serde(rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    pub only: BTreeMap<String, String>,
    /// What rows are.
    pub row_dimension: String,
    /// What columns are.
    pub column_dimension: String,
    /// Row labels.
    pub rows: Vec<String>,
    /// Column labels.
    pub columns: Vec<String>,
    /// `[rows][columns]`; none where no pipeline belongs.
    pub cells: Vec<Vec<Option<Entry>>>,
    /// Groups of places that are the same evaluations, hence one observation.
    pub shared: Vec<Shared>,
}

/// Places of a table, as (row, column) indices, whose evaluations are identical.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shared {
    /// The places.
    pub places: Vec<(usize, usize)>,
}

/// All tables that the study asks for.
///
/// # Errors
/// As [`table`]; `NothingMeasured` when no table has a measured cell.
pub fn tables(results: &Results, resampler: &Resampler) -> Result<Vec<Table>> {
    let specs = &results.study().tables;
    let tables: Vec<Table> = specs
        .iter()
        .map(|spec| table(results, resampler, spec))
        .collect::<Result<_>>()?;
    let measured = tables
        .iter()
        .any(|t| t.cells.iter().flatten().flatten().any(|e| e.cell.is_some()));
    if measured {
        Ok(tables)
    } else {
        let study = results.study().study.clone();
        Err(Error::NothingMeasured {
            study,
            what: Some("its tables".into()),
        })
    }
}

/// One table.
///
/// # Errors
/// `UnknownName` for a benchmark, dimension or pipeline that the study lacks, `AmbiguousCell` when two pipelines have
/// one place, and what reading the observations gives.
pub fn table(results: &Results, resampler: &Resampler, spec: &TableSpec) -> Result<Table> {
    let study = results.study();
    let scope: Vec<&str> = match &spec.benchmark {
        Some(id) => vec![study.benchmark(id)?.id.as_str()],
        None => study.benchmarks.iter().map(|b| b.id.as_str()).collect(),
    };
    let query = Query {
        metric: &spec.metric,
        benchmark: spec.benchmark.as_deref(),
        last_only: true,
    };
    let observations = results.observations(&query)?;
    let mut layout = Layout::default();
    for pipeline in study.pipelines.iter().filter(|p| spec.shows(p)) {
        for &benchmark in scope.iter().filter(|id| pipeline.runs_on(id)) {
            let row = label(results, &spec.rows, pipeline, benchmark)?;
            let column = label(results, &spec.columns, pipeline, benchmark)?;
            layout.add(row, column, &pipeline.name, benchmark);
        }
    }
    let mut cells = vec![vec![None; layout.columns.len()]; layout.rows.len()];
    for ((row, column), place) in &layout.places {
        let [pipeline] = place.pipelines.as_slice() else {
            return Err(Error::AmbiguousCell {
                table: spec.id.clone(),
                row: layout.rows[*row].clone(),
                column: layout.columns[*column].clone(),
                pipelines: place.pipelines.clone(),
            });
        };
        let belongs = |o: &&Observation| {
            o.reference && &*o.pipeline == pipeline && place.benchmarks.contains(&&*o.benchmark)
        };
        let rows: Vec<&Observation> = observations.iter().filter(belongs).collect();
        cells[*row][*column] = Some(Entry::of(
            resampler,
            &spec.metric,
            &place.benchmarks,
            &rows,
        )?);
    }
    Ok(Table {
        id: spec.id.clone(),
        benchmark: spec.benchmark.clone(),
        scope: scope.iter().map(|id| (*id).to_owned()).collect(),
        metric: spec.metric.clone(),
        normalizer: results.exchanged(&spec.metric, &scope),
        better: spec.better,
        only: spec.only.clone(),
        row_dimension: spec.rows.clone(),
        column_dimension: spec.columns.clone(),
        shared: shared(&cells),
        rows: layout.rows,
        columns: layout.columns,
        cells,
    })
}

/// Labels in order of appearance, and who belongs where.
#[derive(Default)]
struct Layout<'a> {
    rows: Vec<String>,
    columns: Vec<String>,
    places: BTreeMap<(usize, usize), Place<'a>>,
}

#[derive(Default)]
struct Place<'a> {
    pipelines: Vec<String>,
    benchmarks: Vec<&'a str>,
}

impl<'a> Layout<'a> {
    fn add(&mut self, row: String, column: String, pipeline: &str, benchmark: &'a str) {
        let index = (
            position(&mut self.rows, row),
            position(&mut self.columns, column),
        );
        let place = self.places.entry(index).or_default();
        if !place.pipelines.iter().any(|p| p == pipeline) {
            place.pipelines.push(pipeline.to_owned());
        }
        if !place.benchmarks.contains(&benchmark) {
            place.benchmarks.push(benchmark);
        }
    }
}

fn position(labels: &mut Vec<String>, label: String) -> usize {
    labels
        .iter()
        .position(|known| *known == label)
        .unwrap_or_else(|| {
            labels.push(label);
            labels.len() - 1
        })
}

/// The label of a pipeline on a benchmark along `dimension`; pipelines without that label share `none`.
fn label(
    results: &Results,
    dimension: &str,
    pipeline: &Pipeline,
    benchmark: &str,
) -> Result<String> {
    match dimension {
        "pipeline" => Ok(pipeline.name.clone()),
        "benchmark" => Ok(benchmark.to_owned()),
        other => {
            let mut known: BTreeSet<String> = results
                .study()
                .pipelines
                .iter()
                .flat_map(|p| p.labels.keys().cloned())
                .collect();
            if known.contains(other) {
                return Ok(pipeline
                    .labels
                    .get(other)
                    .cloned()
                    .unwrap_or_else(|| "none".into()));
            }
            known.extend(["pipeline".to_owned(), "benchmark".to_owned()]);
            let known = known.into_iter().collect();
            Err(Error::UnknownName {
                kind: "table dimension",
                name: other.to_owned(),
                known,
            })
        }
    }
}

fn shared(cells: &[Vec<Option<Entry>>]) -> Vec<Shared> {
    let mut by_evaluations: BTreeMap<&[String], Vec<(usize, usize)>> = BTreeMap::new();
    for (row, entries) in cells.iter().enumerate() {
        for (column, entry) in entries.iter().enumerate() {
            if let Some(cell) = entry.as_ref().and_then(|e| e.cell.as_ref()) {
                by_evaluations
                    .entry(&cell.evaluation_ids)
                    .or_default()
                    .push((row, column));
            }
        }
    }
    let mut groups: Vec<Shared> = by_evaluations
        .into_values()
        .filter(|places| places.len() > 1)
        .map(|places| Shared { places })
        .collect();
    groups.sort_by(|a, b| a.places.cmp(&b.places));
    groups
}
