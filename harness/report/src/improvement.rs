//! The probability of improvement of every pipeline over every other, as text, Markdown, CSV, JSON and a figure.

use std::fmt::Write as _;
use std::path::Path;

use analysis::words::metric;
use analysis::{
    AggregateOptions, Estimate, IMPROVEMENT_REPLICATES, ImprovementMatrix, LowN, Resampler,
    Results, improvement_matrix,
};

use crate::error::Result;
use crate::figure::{self, FigureFormat};
use crate::grid;
use crate::tables::{TableFormat, bounds, escape, quote};

fn read(study_dir: &Path, options: &AggregateOptions) -> Result<(Results, ImprovementMatrix)> {
    let results = Results::open(study_dir)?;
    let resampler = Resampler::new(0, IMPROVEMENT_REPLICATES);
    let found = improvement_matrix(&results, &resampler, options)?;
    Ok((results, found))
}

/// The matrix of the study in `study_dir`. LaTeX and HTML are not offered and give Markdown.
///
/// # Errors
/// `Analysis` when the study cannot be read, a name is unknown, or fewer than two pipelines have a value on every benchmark.
pub fn improvement(
    study_dir: &Path,
    options: &AggregateOptions,
    format: TableFormat,
) -> Result<String> {
    let (_, found) = read(study_dir, options)?;
    Ok(match format {
        TableFormat::Json => serde_json::to_string_pretty(&found)?,
        TableFormat::Csv => csv(&found),
        TableFormat::Markdown | TableFormat::Latex | TableFormat::Html => {
            let mut out = format!(
                "{}\n\n{}\n",
                escape(&caption(&found)),
                grid::markdown(&cells(&found))
            );
            for line in below(&found) {
                // Writing to a string cannot fail.
                let _ = writeln!(out, "* {}", escape(&line));
            }
            out
        }
        TableFormat::Console => format!(
            "{}\n{}{}\n",
            caption(&found),
            grid::console(&cells(&found)),
            below(&found).join("\n")
        ),
    })
}

/// The same as a figure.
///
/// # Errors
/// As [`improvement`].
pub fn improvement_figure(
    study_dir: &Path,
    options: &AggregateOptions,
    format: FigureFormat,
) -> Result<Vec<u8>> {
    let (results, found) = read(study_dir, options)?;
    let words = format!("{}. {}", caption(&found), below(&found).join("; "));
    figure::improvement(results.study(), &found, &words, format)
}

fn caption(found: &ImprovementMatrix) -> String {
    let benchmarks = match found.benchmarks.len() {
        1 => "1 benchmark".to_owned(),
        n => format!("{n} benchmarks, averaged"),
    };
    format!(
        "Probability that a run of the row is better than a run of the column: {} over {benchmarks}, {}",
        metric(&found.metric),
        if found.rliable {
            "95 % percentile intervals as rliable computes them"
        } else {
            "95 % bootstrap intervals over whole seeds"
        }
    )
}

fn below(found: &ImprovementMatrix) -> Vec<String> {
    let mut lines = vec![format!("benchmarks: {}", found.benchmarks.join(", "))];
    let all = found.cells.iter().flatten().flatten();
    match all.filter_map(|e| e.low_n).max() {
        Some(LowN::Strong) => lines.push(
            "fewer than 5 seeds on a side of some benchmark: intervals may cover much less than 95 %"
                .to_owned(),
        ),
        Some(LowN::Light) => {
            lines.push("fewer than 10 seeds on a side of some benchmark".to_owned());
        }
        None => {}
    }
    lines.extend(found.left_out.iter().map(|left| {
        format!(
            "{} is left out: no value on {}",
            left.pipeline,
            left.lacks.join(", ")
        )
    }));
    lines
}

/// `0.62 [0.55, 0.70]`
fn text(estimate: &Estimate) -> String {
    let interval = estimate
        .interval
        .map(|i| format!(" [{:.2}, {:.2}]", i.low, i.high));
    format!("{:.2}{}", estimate.value, interval.unwrap_or_default())
}

fn cells(found: &ImprovementMatrix) -> Vec<Vec<String>> {
    let mut head = vec!["better than".to_owned()];
    head.extend(found.pipelines.iter().cloned());
    let line = |(name, row): (&String, &Vec<Option<Estimate>>)| {
        let mut line = vec![name.clone()];
        line.extend(
            row.iter()
                .map(|e| e.as_ref().map_or_else(String::new, text)),
        );
        line
    };
    let rows = found.pipelines.iter().zip(&found.cells).map(line);
    std::iter::once(head).chain(rows).collect()
}

/// One line a pair, all digits.
fn csv(found: &ImprovementMatrix) -> String {
    let mut out = "first,second,metric,probability,low,high,benchmarks\n".to_owned();
    for (first, row) in found.pipelines.iter().zip(&found.cells) {
        for (second, cell) in found.pipelines.iter().zip(row) {
            let Some(estimate) = cell else { continue };
            let (low, high) = bounds(estimate.interval);
            let _ = writeln!(
                out,
                "{},{},{},{},{low},{high},{}",
                quote(first),
                quote(second),
                quote(&found.metric),
                estimate.value,
                found.benchmarks.len()
            );
        }
    }
    out
}
