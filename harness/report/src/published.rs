//! Published tables and the validator's findings as text, Markdown, CSV and JSON.

use std::fmt::Write as _;

use analysis::published::{Code, Defect, File, Measure, Recomputed, SpreadKind, Table};

use crate::error::Result;
use crate::grid::{console, markdown};
use crate::tables::{TableFormat, quote};

/// One line a table, in the order given.
///
/// # Errors
/// `Json` when a table cannot be written as JSON.
pub fn published_list(files: &[File], json: bool) -> Result<String> {
    if json {
        let heads = files
            .iter()
            .map(|f| head(&f.table))
            .collect::<Result<Vec<_>>>()?;
        return Ok(serde_json::to_string_pretty(&heads)?);
    }
    let width = files.iter().map(|f| f.table.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for File { table, .. } in files {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:<width$}  {:>4} scores  {:<11}  n = {:<2}  {:<14}  {}",
            table.id,
            table.scores.len(),
            word(&table.trust),
            table.n.map_or_else(|| "?".to_owned(), |n| n.to_string()),
            table.selection.to_string(),
            table.title
        );
    }
    let scores: usize = files.iter().map(|f| f.table.scores.len()).sum();
    let _ = writeln!(text, "{} tables, {scores} scores", files.len());
    Ok(text)
}

/// A table's description without its scores.
fn head(table: &Table) -> Result<serde_json::Value> {
    let mut value = serde_json::to_value(table)?;
    if let Some(object) = value.as_object_mut() {
        object.remove("scores");
        object.insert("cells".into(), table.scores.len().into());
    }
    Ok(value)
}

/// The word of an enum in files.
pub(crate) fn word(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

/// A table with what is known of it; LaTeX and HTML are not offered and give Markdown.
///
/// # Errors
/// `Json` when the table cannot be written as JSON.
pub fn published_table(table: &Table, format: TableFormat) -> Result<String> {
    match format {
        TableFormat::Json => Ok(serde_json::to_string_pretty(table)?),
        TableFormat::Csv => Ok(csv(table)),
        TableFormat::Console => Ok(description(table) + &grid(table, &console)),
        TableFormat::Markdown | TableFormat::Latex | TableFormat::Html => {
            Ok(description(table) + &grid(table, &markdown))
        }
    }
}

fn description(table: &Table) -> String {
    let unknown = || "the source does not say".to_owned();
    let spread = match table.spread {
        None => "none".to_owned(),
        Some(s) => match (s.kind, s.ddof) {
            (SpreadKind::Unknown, _) => "of an unknown kind".into(),
            (SpreadKind::Sd, None) => "sd over runs, ddof not said".into(),
            (kind, Some(ddof)) => format!("{}, ddof = {ddof}", word(&kind)),
            (kind, None) => word(&kind),
        },
    };
    let lines = [
        (
            "source",
            format!(
                "{}, {} ({})",
                table.source,
                table.location,
                word(&table.trust)
            ),
        ),
        ("measure", measure(table)),
        ("selection", table.selection.to_string()),
        (
            "runs",
            table
                .n
                .map_or_else(|| "see the scores".into(), |n| n.to_string()),
        ),
        (
            "episodes",
            table
                .evaluation_episodes
                .map_or_else(unknown, |n| format!("{n} an evaluation")),
        ),
        ("spread", spread),
        (
            "environments",
            table.environments.clone().unwrap_or_else(unknown),
        ),
        ("note", table.note.clone().unwrap_or_default()),
    ];
    let mut text = format!("{}\n\n", table.title);
    for (name, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(text, "* {name}: {value}");
    }
    text + "\n"
}

pub(crate) fn measure(table: &Table) -> String {
    let words = match table.measure {
        Measure::NormalizedScore => "normalised score",
        Measure::SuccessPercent => "success in percent",
        Measure::SuccessFraction => "success as a fraction",
        Measure::RegretFraction => "regret as a fraction",
        Measure::Return => "return",
    };
    let normalizer = table.normalizer.iter().map(|n| format!(", normaliser {n}"));
    let better = table.measure.better().words();
    format!("{words}{}, {better}", normalizer.collect::<String>())
}

/// Algorithms across, datasets down, in the order of the file.
fn grid(table: &Table, write: &dyn Fn(&[Vec<String>]) -> String) -> String {
    let (mut rows, mut columns): (Vec<String>, Vec<&str>) = (Vec::new(), Vec::new());
    for score in &table.scores {
        if !rows.contains(&score.benchmark()) {
            rows.push(score.benchmark());
        }
        if !columns.contains(&score.algorithm.as_str()) {
            columns.push(&score.algorithm);
        }
    }
    let mut cells = vec![vec![String::new(); columns.len() + 1]; rows.len() + 1];
    for (place, name) in cells[0].iter_mut().skip(1).zip(&columns) {
        *place = (*name).to_owned();
    }
    for (row, name) in cells.iter_mut().skip(1).zip(&rows) {
        row[0].clone_from(name);
    }
    let digits = table.decimals as usize;
    for score in &table.scores {
        let row = rows.iter().position(|name| *name == score.benchmark());
        let column = columns.iter().position(|name| *name == score.algorithm);
        if let (Some(row), Some(column)) = (row, column) {
            let spread = score.spread.map(|s| format!(" ± {s:.digits$}"));
            let text = format!("{:.digits$}{}", score.mean, spread.unwrap_or_default());
            let cell = &mut cells[row + 1][column + 1];
            // A cell that the table holds twice shows both.
            *cell = if cell.is_empty() {
                text
            } else {
                format!("{cell} / {text}")
            };
        }
    }
    write(&cells)
}

fn csv(table: &Table) -> String {
    let mut text =
        String::from("table,environment,dataset,algorithm,mean,spread,n,min,max,sd_low,sd_high\n");
    let number = |x: Option<f64>| x.map(|x| x.to_string()).unwrap_or_default();
    for score in &table.scores {
        let names = [
            &table.id,
            &score.environment,
            &score.dataset,
            &score.algorithm,
        ];
        let names: Vec<String> = names.iter().map(|name| quote(name)).collect();
        let sd = table.sample_sd(score);
        let numbers = [
            score.mean.to_string(),
            number(score.spread),
            table.runs(score).map(|n| n.to_string()).unwrap_or_default(),
            number(score.min),
            number(score.max),
            number(sd.map(|s| s.0)),
            number(sd.map(|s| s.1)),
        ];
        let _ = writeln!(text, "{},{}", names.join(","), numbers.join(","));
    }
    text
}

/// The validator's findings, one a line with its file and line number, and how many of what.
///
/// # Errors
/// `Json` when the findings cannot be written as JSON.
pub fn published_defects(files: &[File], defects: &[Defect], json: bool) -> Result<String> {
    if json {
        return Ok(serde_json::to_string_pretty(defects)?);
    }
    let mut text = String::new();
    for defect in defects {
        let file = files.iter().find(|f| f.table.id == defect.table);
        let line = defect.row.and_then(|row| file?.line(row));
        let place = match (defect.row, line) {
            (Some(row), Some(line)) => format!("{} row {row} (line {line})", defect.table),
            (Some(row), None) => format!("{} row {row}", defect.table),
            (None, _) => defect.table.clone(),
        };
        let cell = defect.cell.iter().map(|cell| format!(" {cell}:"));
        let known = match (defect.acknowledged, defect.code.is_suspicion()) {
            (true, _) => " [known]",
            (false, true) => " [suspicion]",
            (false, false) => "",
        };
        let cell: String = cell.collect();
        let _ = writeln!(
            text,
            "{}{known}  {place}:{cell} {}",
            defect.code, defect.message
        );
    }
    let scores: usize = files.iter().map(|f| f.table.scores.len()).sum();
    let known = defects.iter().filter(|d| d.acknowledged).count();
    let _ = writeln!(
        text,
        "{} tables, {scores} scores: {} findings, {known} of them known{}",
        files.len(),
        defects.len(),
        counts(defects)
    );
    Ok(text)
}

fn counts(defects: &[Defect]) -> String {
    let mut codes: Vec<Code> = defects.iter().map(|d| d.code).collect();
    codes.sort_unstable();
    let groups = codes.chunk_by(|a, b| a == b);
    let words: Vec<String> = groups.map(|g| format!("{} {}", g.len(), g[0])).collect();
    if words.is_empty() {
        String::new()
    } else {
        format!(" ({})", words.join(", "))
    }
}

/// What a study's runs give in place of a table's printed numbers: how many cells are equal, and every one that is not.
///
/// # Errors
/// `Json` when the cells cannot be written as JSON.
pub fn published_recomputed(
    table: &Table,
    study: &str,
    cells: &[Recomputed],
    json: bool,
) -> Result<String> {
    if json {
        return Ok(serde_json::to_string_pretty(cells)?);
    }
    let digits = table.decimals as usize;
    let pair = |mean: f64, spread: Option<f64>| {
        let spread = spread.map(|s| format!(" ± {s:.digits$}"));
        format!("{mean:.digits$}{}", spread.unwrap_or_default())
    };
    let mut text = format!("{} from the runs of {study}\n", table.id);
    let differing: Vec<&Recomputed> = cells.iter().filter(|c| !c.equal).collect();
    for cell in &differing {
        let _ = writeln!(
            text,
            "differs  row {} {}: printed {}, recomputed {} (n = {})",
            cell.row,
            cell.cell,
            pair(cell.mean, cell.spread),
            pair(cell.own_mean, cell.own_spread),
            cell.n
        );
    }
    let _ = writeln!(
        text,
        "{} of {} recomputed cells equal the printed ones to {digits} decimals; {} cells of the table have no runs here",
        cells.len() - differing.len(),
        cells.len(),
        table.scores.len() - cells.len()
    );
    Ok(text)
}
