//! The validator: what cannot be right in published tables. The rules are in words in `results/published/README.md`.

mod cells;
mod columns;
mod offset;
mod range;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::table::{Score, Selection, Table};

/// What kind of defect; kebab-case in files and output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// Two tables have one id.
    DuplicateTable,
    /// Two scores are of the same algorithm, environment and dataset.
    DuplicateCell,
    /// The number of runs is impossible.
    Runs,
    /// The normaliser has no reference returns for this dataset: unknown, or columns changed places.
    NoReference,
    /// The mean cannot be reached by any run.
    Range,
    /// The mean lies outside the printed minimum and maximum.
    MinMax,
    /// More digits than the table prints.
    Decimals,
    /// The spread is negative or not a number.
    SpreadSign,
    /// A spread in a table that declares none.
    SpreadUndeclared,
    /// No set of runs with this mean has such a spread: another scale, or mean and spread changed places.
    SpreadBound,
    /// The spreads of a column or a table are of another scale than those beside them.
    SpreadScale,
    /// The spread is far above its neighbours: a suspicion, not an impossibility.
    SpreadOutlier,
    /// The spreads of a column carry the offset of the normaliser.
    SpreadOffset,
    /// The means of a column or a table are in another unit than those beside them.
    Unit,
    /// The best evaluations of the same runs are worse than the last ones.
    BestBelowLast,
}

impl Code {
    /// Whether the numbers may still be right, so that somebody has to look.
    pub fn is_suspicion(self) -> bool {
        self == Self::SpreadOutlier
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.serialize(f)
    }
}

/// One finding of the validator.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Defect {
    /// What kind.
    pub code: Code,
    /// The table.
    pub table: String,
    /// The score, counted from 1; absent for the table as a whole.
    pub row: Option<usize>,
    /// The score in words: algorithm on dataset.
    pub cell: Option<String>,
    /// What was found and what was expected.
    pub message: String,
    /// Whether the table's file says that this is known of its source.
    pub acknowledged: bool,
}

/// Reference returns (0 and 100 points) of a normaliser for a dataset's id.
pub type References<'a> = &'a dyn Fn(&str, &str) -> Option<(f64, f64)>;

/// Applies every rule to every table; in the order of tables, then of rows, then of codes.
pub fn check(tables: &[&Table], references: References<'_>) -> Vec<Defect> {
    let mut all = Vec::new();
    for (index, table) in tables.iter().enumerate() {
        let mut found = Found {
            table,
            defects: Vec::new(),
        };
        if tables[..index].iter().any(|t| t.id == table.id) {
            let message = "another table has this id".to_owned();
            found.whole(Code::DuplicateTable, message);
        }
        cells::check(&mut found, references);
        columns::check(&mut found);
        offset::check(&mut found, references);
        best_and_last(&mut found, tables);
        found.defects.sort_by_key(|d| (d.row, d.code));
        all.append(&mut found.defects);
    }
    all
}

/// The defects of one table, as they are found.
struct Found<'a> {
    table: &'a Table,
    defects: Vec<Defect>,
}

impl Found<'_> {
    fn push(&mut self, code: Code, row: Option<usize>, message: String) {
        let score = row.and_then(|r| self.table.scores.get(r));
        self.defects.push(Defect {
            code,
            table: self.table.id.clone(),
            row: row.map(|r| r + 1),
            cell: score.map(|s| format!("{} on {}", s.algorithm, s.benchmark())),
            message,
            acknowledged: self.table.acknowledged.contains(&code),
        });
    }

    /// A defect of the score at this index.
    fn cell(&mut self, code: Code, index: usize, message: String) {
        self.push(code, Some(index), message);
    }

    /// A defect of the table.
    fn whole(&mut self, code: Code, message: String) {
        self.push(code, None, message);
    }
}

/// The scores of each algorithm, with their indices.
fn by_algorithm(table: &Table) -> BTreeMap<&str, Vec<(usize, &Score)>> {
    let mut columns: BTreeMap<&str, Vec<(usize, &Score)>> = BTreeMap::new();
    for (index, score) in table.scores.iter().enumerate() {
        let column = columns.entry(&score.algorithm).or_default();
        column.push((index, score));
    }
    columns
}

/// The maximum over evaluations is at least the last one, in every run and so on average.
fn best_and_last(found: &mut Found<'_>, tables: &[&Table]) {
    let table = found.table;
    let Some(id) = &table.last else { return };
    let Some(last) = tables.iter().find(|t| t.id == *id) else {
        let message = format!("`last` names the table `{id}`, which is not here");
        found.whole(Code::BestBelowLast, message);
        return;
    };
    if last.selection != Selection::Last || last.measure != table.measure {
        let message = format!("`{id}` does not hold last evaluations of the same measure");
        found.whole(Code::BestBelowLast, message);
        return;
    }
    let slack = (table.step() + last.step()) / 2.0;
    for (index, best) in table.scores.iter().enumerate() {
        let same = |s: &&Score| {
            s.algorithm == best.algorithm
                && s.environment == best.environment
                && s.dataset == best.dataset
        };
        let Some(other) = last.scores.iter().find(same) else {
            continue;
        };
        if best.mean < other.mean - slack {
            let message = format!(
                "the best evaluations average {}, the last ones in `{id}` {}",
                best.mean, other.mean
            );
            found.cell(Code::BestBelowLast, index, message);
        }
    }
}
