//! From measurements to a complete table: seeds by columns by cells of the data matrix.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::point::{Level, Point};

use super::evidence::{Evidence, Measured};
use super::file::Tuning;
use super::sample::Sample;
use crate::study::Better;

/// Which snapshot of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Snapshot {
    First,
    Last,
    At(i64),
}

/// One column: a metric of a pipeline.
#[derive(Clone, Debug)]
pub(crate) struct Column<'a> {
    pub(crate) benchmark: &'a str,
    pub(crate) pipeline: &'a str,
    pub(crate) metric: &'a str,
    pub(crate) snapshot: Snapshot,
    /// Keys fixed at a level other than the declared one.
    pub(crate) fixed: BTreeMap<String, Level>,
    /// Seeds that are read, and the number under which each is paired; absent: all, as they are.
    pub(crate) seeds: Option<&'a BTreeMap<i64, i64>>,
}

impl<'a> Column<'a> {
    pub(crate) fn last(benchmark: &'a str, pipeline: &'a str, metric: &'a str) -> Self {
        Self {
            benchmark,
            pipeline,
            metric,
            snapshot: Snapshot::Last,
            fixed: BTreeMap::new(),
            seeds: None,
        }
    }

    pub(crate) fn at(mut self, snapshot: Snapshot) -> Self {
        self.snapshot = snapshot;
        self
    }

    pub(crate) fn fixed(mut self, key: &str, level: Level) -> Self {
        self.fixed.insert(key.to_owned(), level);
        self
    }
}

/// Values of complete seeds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    /// Cells of the matrix.
    pub(crate) points: Vec<Point>,
    /// By unit: the values of its seeds, each `[column][point]`.
    pub(crate) units: BTreeMap<i64, Vec<Vec<Vec<f64>>>>,
    pub(crate) seeds: usize,
    pub(crate) runs: BTreeSet<Arc<str>>,
    pub(crate) notes: Vec<String>,
}

/// Value and evaluation by seed.
type Cell<'a> = BTreeMap<i64, (f64, &'a Arc<str>)>;

impl Table {
    /// Reads `columns` over the cells and seeds that all of them have.
    pub(crate) fn read(
        evidence: &Evidence,
        columns: &[Column<'_>],
        tuning: Option<&Tuning>,
    ) -> Result<Self, String> {
        let mut notes = Vec::new();
        let mut cells = Vec::new();
        for column in columns {
            cells.push(column_cells(evidence, column, tuning, &mut notes)?);
            notes.extend(evidence.failures(column.benchmark, column.pipeline));
        }
        notes.sort();
        notes.dedup();
        let points = common_points(&cells);
        if points.is_empty() {
            return Err("no cell of the data matrix has a value on all sides".into());
        }
        let aligned: Vec<Vec<&Cell<'_>>> = cells
            .iter()
            .map(|own| points.iter().map(|p| &own[&project(p, own)]).collect())
            .collect();
        let cells_of_widest = cells.iter().map(BTreeMap::len).max().unwrap_or(0);
        if points.len() < cells_of_widest {
            notes.push(format!(
                "{} of {cells_of_widest} cells of the data matrix are there on all sides",
                points.len()
            ));
        }
        let all: BTreeSet<i64> = aligned
            .iter()
            .flatten()
            .flat_map(|c| c.keys().copied())
            .collect();
        let complete: Vec<i64> = all
            .iter()
            .copied()
            .filter(|s| aligned.iter().flatten().all(|c| c.contains_key(s)))
            .collect();
        if complete.is_empty() {
            return Err("no seed has a value in every cell on all sides".into());
        }
        if complete.len() < all.len() {
            notes.push(format!(
                "{} of {} seeds lack a value somewhere and are left out",
                all.len() - complete.len(),
                all.len()
            ));
        }
        let unit_of = units(&complete, &aligned);
        let mut table = Self {
            points,
            seeds: complete.len(),
            notes,
            ..Self::default()
        };
        for &seed in &complete {
            let values = aligned
                .iter()
                .map(|column| column.iter().map(|c| c[&seed].0).collect());
            table
                .units
                .entry(unit_of[&seed])
                .or_default()
                .push(values.collect());
            table
                .runs
                .extend(aligned.iter().flatten().map(|c| Arc::clone(c[&seed].1)));
        }
        Ok(table)
    }

    /// A value per unit: the mean over its seeds of `of([column][point])`; units where it is undefined are left out.
    pub(crate) fn sample(&self, stratum: &str, of: impl Fn(&[Vec<f64>]) -> Option<f64>) -> Sample {
        let unit = |(&unit, seeds): (&i64, &Vec<Vec<Vec<f64>>>)| {
            let values: Option<Vec<f64>> = seeds.iter().map(|values| of(values)).collect();
            let values = values?;
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            mean.is_finite().then_some((unit, mean))
        };
        Sample {
            stratum: stratum.to_owned(),
            units: self.units.iter().filter_map(unit).collect(),
        }
    }

    /// Mean over the matrix of column `index`, per unit.
    pub(crate) fn matrix_mean(&self, stratum: &str, index: usize) -> Sample {
        self.sample(stratum, |columns| Some(mean(&columns[index])))
    }
}

/// Arithmetic mean of a matrix.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// One column by cell: axes free, all else declared, tuned or fixed.
fn column_cells<'a>(
    evidence: &'a Evidence,
    column: &Column<'_>,
    tuning: Option<&Tuning>,
    notes: &mut Vec<String>,
) -> Result<BTreeMap<Point, Cell<'a>>, String> {
    let mut fixed = column.fixed.clone();
    if let Some(tuning) = tuning {
        for (key, level) in tuned(evidence, column, tuning, notes) {
            fixed.entry(key).or_insert(level);
        }
    }
    let reference = evidence.reference(column.pipeline);
    let axes = &evidence.shape().axes;
    let free = |key: &str| axes.iter().any(|axis| axis == key);
    let wanted = |row: &Measured| {
        row.point.0.iter().all(|(key, level)| match fixed.get(key) {
            Some(fixed) => fixed == level,
            None => free(key) || reference.is_none_or(|r| r.0.get(key) == Some(level)),
        })
    };
    let rows = evidence.rows(column.benchmark, column.pipeline, column.metric);
    let rows: Vec<&Measured> = rows
        .into_iter()
        .filter(|row| row.value.is_finite() && wanted(row))
        .collect();
    if rows.is_empty() {
        return Err(format!(
            "`{}` of {} was not measured on {}",
            column.metric, column.pipeline, column.benchmark
        ));
    }
    let mut cells: BTreeMap<Point, BTreeMap<i64, &Measured>> = BTreeMap::new();
    for row in rows {
        let seed = match column.seeds {
            Some(seeds) => match seeds.get(&row.seed) {
                Some(&paired) => paired,
                None => continue,
            },
            None => row.seed,
        };
        let key = row
            .point
            .0
            .iter()
            .filter(|(key, _)| free(key) && !fixed.contains_key(*key));
        let point = Point(key.map(|(k, v)| (k.clone(), v.clone())).collect());
        let better = |old: &Measured| match column.snapshot {
            Snapshot::First => row.update < old.update,
            Snapshot::Last => row.update > old.update,
            Snapshot::At(_) => false,
        };
        if matches!(column.snapshot, Snapshot::At(update) if update != row.update) {
            continue;
        }
        let cell = cells.entry(point).or_default();
        if cell.get(&seed).is_none_or(|old| better(old)) {
            cell.insert(seed, row);
        }
    }
    let value = |row: &'a Measured| (row.value, &row.evaluation_id);
    Ok(cells
        .into_iter()
        .map(|(point, seeds)| {
            (
                point,
                seeds.into_iter().map(|(s, row)| (s, value(row))).collect(),
            )
        })
        .collect())
}

/// The best level of every tuned parameter over the tuning runs; ties go to the declared level, then to the lowest.
fn tuned(
    evidence: &Evidence,
    column: &Column<'_>,
    tuning: &Tuning,
    notes: &mut Vec<String>,
) -> BTreeMap<String, Level> {
    let mut chosen = BTreeMap::new();
    for key in &tuning.parameters {
        let Column {
            benchmark,
            pipeline,
            ..
        } = *column;
        let levels = evidence.levels(benchmark, pipeline, &tuning.metric, key);
        if levels.len() < 2 {
            continue;
        }
        let declared = evidence.reference(pipeline).and_then(|r| r.0.get(key));
        let sign = if tuning.better == Better::Higher {
            1.0
        } else {
            -1.0
        };
        let mut best: Option<(f64, &Level)> = None;
        for level in &levels {
            let Some(score) = tuning_mean(evidence, column, &tuning.metric, key, level) else {
                continue;
            };
            let score = sign * score;
            let wins =
                |(old, _): (f64, &Level)| score > old || (score == old && Some(level) == declared);
            if best.is_none_or(wins) {
                best = Some((score, level));
            }
        }
        let Some((_, level)) = best else {
            notes.push(format!(
                "{pipeline}: {key} as declared, there are no tuning runs"
            ));
            continue;
        };
        notes.push(format!(
            "{pipeline}: {key} = {level} chosen on the tuning seeds"
        ));
        chosen.insert(key.clone(), level.clone());
    }
    chosen
}

/// Mean of the final metric over the tuning runs at `key = level`; none without runs or where one has no value.
fn tuning_mean(
    evidence: &Evidence,
    column: &Column<'_>,
    metric: &str,
    key: &str,
    level: &Level,
) -> Option<f64> {
    let reference = evidence.reference(column.pipeline);
    let axes = &evidence.shape().axes;
    let others_declared = |row: &&Measured| {
        let mut keys = row.point.0.iter().filter(|(k, _)| *k != key);
        keys.all(|(k, l)| axes.contains(k) || reference.is_none_or(|r| r.0.get(k) == Some(l)))
    };
    let rows = evidence.all_rows(column.benchmark, column.pipeline, metric);
    let rows = rows.filter(|row| row.tuning && row.point.0.get(key) == Some(level));
    let mut last: BTreeMap<(&Point, i64), &Measured> = BTreeMap::new();
    for row in rows.filter(others_declared) {
        let newest = last.entry((row.point.as_ref(), row.seed)).or_insert(row);
        if row.update > newest.update {
            *newest = row;
        }
    }
    let values: Vec<f64> = last.values().map(|row| row.value).collect();
    let all = !values.is_empty() && values.iter().all(|x| x.is_finite());
    all.then(|| mean(&values))
}

/// Cells that every column has; a column without some axis has one cell for all its levels.
fn common_points(cells: &[BTreeMap<Point, Cell<'_>>]) -> Vec<Point> {
    let width = |own: &&BTreeMap<Point, Cell<'_>>| own.keys().map(|p| p.0.len()).max().unwrap_or(0);
    let Some(widest) = cells.iter().max_by_key(width) else {
        return Vec::new();
    };
    let everywhere = |p: &&Point| cells.iter().all(|own| own.contains_key(&project(p, own)));
    widest.keys().filter(everywhere).cloned().collect()
}

/// `point` with the keys that `cells` know.
fn project(point: &Point, cells: &BTreeMap<Point, Cell<'_>>) -> Point {
    let known = cells.keys().next();
    let keys = point
        .0
        .iter()
        .filter(|(key, _)| known.is_some_and(|k| k.0.contains_key(*key)));
    Point(keys.map(|(k, v)| (k.clone(), v.clone())).collect())
}

/// The lowest seed of each seed's unit. Seeds that share an evaluation are one unit; an evaluation that all seeds of a cell
/// share is a constant and links nothing, unless there is nothing else.
fn units(seeds: &[i64], columns: &[Vec<&Cell<'_>>]) -> BTreeMap<i64, i64> {
    let mut unit: BTreeMap<i64, i64> = seeds.iter().map(|&s| (s, s)).collect();
    let mut constant = true;
    for cell in columns.iter().flatten() {
        let mut by_id: BTreeMap<&Arc<str>, Vec<i64>> = BTreeMap::new();
        for &seed in seeds {
            by_id.entry(cell[&seed].1).or_default().push(seed);
        }
        if by_id.len() == 1 && seeds.len() > 1 {
            continue;
        }
        constant = false;
        for group in by_id.values().filter(|group| group.len() > 1) {
            let roots: BTreeSet<i64> = group.iter().map(|s| unit[s]).collect();
            let Some(&low) = roots.first() else { continue };
            for root in unit.values_mut().filter(|root| roots.contains(root)) {
                *root = low;
            }
        }
    }
    if constant {
        let low = seeds.first().copied().unwrap_or_default();
        unit.values_mut().for_each(|root| *root = low);
    }
    unit
}
