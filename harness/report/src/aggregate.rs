//! Pipelines over all benchmarks, as text, Markdown, CSV and JSON, and their performance profiles as a figure.

use std::fmt::Write as _;
use std::path::Path;

use analysis::words::metric;
use analysis::{AggregateOptions, AggregateRow, Aggregates, Estimate, LowN, Resampler, Results};

use crate::error::Result;
use crate::figure::{self, FigureFormat};
use crate::grid;
use crate::tables::{TableFormat, bounds, escape, estimate, quote};

/// The aggregates of the study in `study_dir`. LaTeX and HTML are not offered and give Markdown.
///
/// # Errors
/// `Analysis` when the study cannot be read, a name is unknown, or no pipeline has a value on every benchmark.
pub fn aggregate(
    study_dir: &Path,
    options: &AggregateOptions,
    format: TableFormat,
) -> Result<String> {
    let results = Results::open(study_dir)?;
    let found = analysis::aggregates(&results, &Resampler::default(), options)?;
    Ok(match format {
        TableFormat::Json => serde_json::to_string_pretty(&found)?,
        TableFormat::Csv => csv(&found),
        TableFormat::Markdown | TableFormat::Latex | TableFormat::Html => markdown(&found),
        TableFormat::Console => console(&found),
    })
}

/// The performance profiles of the study in `study_dir`.
///
/// # Errors
/// As [`aggregate`].
pub fn profile(
    study_dir: &Path,
    options: &AggregateOptions,
    format: FigureFormat,
) -> Result<Vec<u8>> {
    let results = Results::open(study_dir)?;
    let found = analysis::aggregates(&results, &Resampler::default(), options)?;
    figure::profile(results.study(), &found, &intervals(&found), format)
}

type Column = (&'static str, fn(&AggregateRow) -> Option<&Estimate>);

const COLUMNS: [Column; 4] = [
    ("IQM", |row| Some(&row.iqm)),
    ("median", |row| Some(&row.median)),
    ("mean", |row| Some(&row.mean)),
    ("optimality gap", |row| row.optimality_gap.as_ref()),
];

/// The columns that any row has.
fn columns(found: &Aggregates) -> Vec<Column> {
    let shown = |(_, of): &Column| found.rows.iter().any(|row| of(row).is_some());
    COLUMNS.into_iter().filter(shown).collect()
}

fn intervals(found: &Aggregates) -> String {
    if found.rliable {
        "95 % percentile intervals as rliable computes them, too narrow for few runs".to_owned()
    } else {
        "95 % bootstrap intervals over whole seeds of each benchmark, widened for few runs"
            .to_owned()
    }
}

/// `3 benchmarks`.
pub(crate) fn counted(found: &Aggregates) -> String {
    match found.benchmarks.len() {
        1 => "1 benchmark".to_owned(),
        n => format!("{n} benchmarks"),
    }
}

fn caption(found: &Aggregates) -> String {
    format!(
        "{} over {} ({}), {}",
        metric(&found.metric),
        counted(found),
        found.better.words(),
        intervals(found)
    )
}

/// What a reader must know of a row.
fn remarks(row: &AggregateRow) -> String {
    let mut remarks = Vec::new();
    match row.iqm.low_n {
        Some(LowN::Strong) => remarks
            .push("fewer than 5 seeds on a benchmark: intervals may cover much less".to_owned()),
        Some(LowN::Light) => remarks.push("fewer than 10 seeds on a benchmark".to_owned()),
        None => {}
    }
    if !row.missing.is_empty() {
        remarks.push(format!(
            "{} runs without a value are left out",
            row.missing.len()
        ));
    }
    remarks.join("; ")
}

/// What stands below a table.
fn below(found: &Aggregates) -> Vec<String> {
    let mut lines = vec![format!("benchmarks: {}", found.benchmarks.join(", "))];
    lines.extend(found.left_out.iter().map(|left| {
        format!(
            "{} is left out: no value on {}",
            left.pipeline,
            left.lacks.join(", ")
        )
    }));
    lines
}

fn cells(found: &Aggregates) -> Vec<Vec<String>> {
    let columns = columns(found);
    let mut head = vec!["pipeline".to_owned()];
    head.extend(columns.iter().map(|(name, _)| (*name).to_owned()));
    head.extend(["runs".to_owned(), String::new()]);
    let line = |row: &AggregateRow| {
        let mut line = vec![row.pipeline.clone()];
        let text = |(_, of): &Column| of(row).map_or_else(String::new, estimate);
        line.extend(columns.iter().map(text));
        line.extend([row.runs.to_string(), remarks(row)]);
        line
    };
    std::iter::once(head)
        .chain(found.rows.iter().map(line))
        .collect()
}

fn console(found: &Aggregates) -> String {
    let lines = below(found).join("\n");
    format!(
        "{}\n{}{lines}\n",
        caption(found),
        grid::console(&cells(found))
    )
}

fn markdown(found: &Aggregates) -> String {
    let mut out = format!(
        "{}\n\n{}\n",
        escape(&caption(found)),
        grid::markdown(&cells(found))
    );
    for line in below(found) {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "* {}", escape(&line));
    }
    out
}

/// One line an aggregate, all digits.
fn csv(found: &Aggregates) -> String {
    let mut out = "pipeline,metric,aggregate,value,low,high,runs,benchmarks\n".to_owned();
    for row in &found.rows {
        for (name, of) in columns(found) {
            let Some(estimate) = of(row) else { continue };
            let (low, high) = bounds(estimate.interval);
            let _ = writeln!(
                out,
                "{},{},{},{},{low},{high},{},{}",
                quote(&row.pipeline),
                quote(&found.metric),
                name,
                estimate.value,
                row.runs,
                found.benchmarks.len()
            );
        }
    }
    out
}
