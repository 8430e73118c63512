//! A published table held against a study, for people and for machines.

mod csv;
pub(crate) mod words;

use std::fmt::Write as _;

use analysis::published::{Selection, Table};
use analysis::verdicts::{CellVerdict, Counts, Outlook, Reason, Reproduction, Verdict};
use analysis::words::significant;

use crate::error::Result;
use crate::grid::{Footnotes, console, markdown};
use crate::published::measure;
use crate::tables::{TableFormat, escape, estimated};

/// Renders verdicts on the cells of `table`; LaTeX and HTML are not offered and give Markdown.
///
/// # Errors
/// `Json` when a number cannot be written.
pub fn reproduction(found: &Reproduction, table: &Table, format: TableFormat) -> Result<String> {
    Ok(match format {
        TableFormat::Json => serde_json::to_string_pretty(found)?,
        TableFormat::Csv => csv::render(found),
        TableFormat::Console => text(found, table, false),
        TableFormat::Markdown | TableFormat::Latex | TableFormat::Html => text(found, table, true),
    })
}

fn text(found: &Reproduction, table: &Table, is_markdown: bool) -> String {
    let mut out = head(found, table, is_markdown);
    let mut notes = Footnotes::default();
    for group in groups(found) {
        let name = named(&group[0].algorithm, group[0].pipeline.as_ref());
        let mut grid = vec![
            [
                "dataset",
                "published (runs)",
                "ours (runs)",
                "difference [95 %]",
                "verdict",
            ]
            .map(str::to_owned)
            .to_vec(),
        ];
        grid.extend(
            group
                .iter()
                .map(|cell| row(cell, table, found.margin, &mut notes)),
        );
        if is_markdown {
            let _ = writeln!(
                out,
                "\n## {}\n\n{}",
                escape(&name),
                markdown(&grid).trim_end()
            );
        } else {
            let _ = writeln!(out, "\n{name}");
            for line in console(&grid).lines() {
                let _ = writeln!(out, "  {line}");
            }
        }
    }
    out.push('\n');
    for line in notes.lines() {
        let _ = writeln!(out, "{}", item(&line, is_markdown));
    }
    for line in summary(found, table) {
        let _ = writeln!(out, "{}", item(&line, is_markdown));
    }
    out
}

/// The cells with a counterpart in the study, by algorithm and pipeline, in the order of the table.
fn groups(found: &Reproduction) -> Vec<Vec<&CellVerdict>> {
    let mut groups: Vec<Vec<&CellVerdict>> = Vec::new();
    for cell in found.cells.iter().filter(|c| c.pipeline.is_some()) {
        let name = |c: &CellVerdict| (c.algorithm.clone(), c.pipeline.clone());
        match groups.iter_mut().find(|g| name(g[0]) == name(cell)) {
            Some(group) => group.push(cell),
            None => groups.push(vec![cell]),
        }
    }
    groups
}

/// Lines of their own in Markdown, too.
fn item(line: &str, is_markdown: bool) -> String {
    if is_markdown {
        format!("* {}", escape(line))
    } else {
        line.to_owned()
    }
}

/// `IQL`, or `IQL (ours: IQL + AWR)`.
fn named(theirs: &str, ours: Option<&String>) -> String {
    match ours {
        Some(ours) if ours != theirs => format!("{theirs} (ours: {ours})"),
        _ => theirs.to_owned(),
    }
}

fn head(found: &Reproduction, table: &Table, is_markdown: bool) -> String {
    let mark = if is_markdown { "# " } else { "" };
    let mut lines = vec![
        format!("study {}: {}", found.study, found.study_title),
        format!(
            "{}, {}; mean ± sd over runs, the published sd as printed; reproduced is within {}{}",
            measure(table),
            words::rule(found.selection),
            found.margin,
            words::unit(table.measure),
        ),
    ];
    let mut unsaid = Vec::new();
    if table.environments.is_none() {
        unsaid.push("the version of its environments");
    }
    if table.evaluation_episodes.is_none() {
        unsaid.push("the episodes of an evaluation");
    }
    if !unsaid.is_empty() {
        lines.push(format!("the source does not say {}", unsaid.join(" and ")));
    }
    if matches!(found.selection, Selection::Best | Selection::BestOfLast(_)) {
        let text = "the best of many evaluations is higher than that of few: compare runs with as many as the table's";
        lines.push(text.to_owned());
    }
    let assumed = assumptions(found);
    if !assumed.is_empty() {
        lines.push(format!(
            "ASSUMED, because --assume-comparable says so: {}",
            assumed.join("; ")
        ));
    }
    let mut out = format!("{mark}{}: {}\n", found.table, table.title);
    if is_markdown {
        out.push('\n');
    }
    for line in lines {
        let _ = writeln!(out, "{}", item(&line, is_markdown));
    }
    out
}

/// What was taken as given, each once.
fn assumptions(found: &Reproduction) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let given = |r: &&Reason| found.assumed_comparable && r.can_be_assumed();
    let tested = found.cells.iter().filter(|c| c.own.is_some());
    for reason in tested.flat_map(|c| c.reasons.iter().filter(given)) {
        let text = words::assumed(reason);
        if !all.contains(&text) {
            all.push(text);
        }
    }
    all
}

fn row(cell: &CellVerdict, table: &Table, margin: f64, notes: &mut Footnotes) -> Vec<String> {
    let digits = table.decimals as usize;
    let spread = cell.published.spread.map(|s| format!(" ± {s:.digits$}"));
    let runs = cell
        .published
        .n
        .map_or_else(|| "?".to_owned(), |n| n.to_string());
    let published = format!(
        "{:.digits$}{} ({runs})",
        cell.published.mean,
        spread.unwrap_or_default()
    );
    let digits = digits.max(1);
    let ours = cell.own.as_ref().map(|own| {
        let sd = own.sd.map(|sd| format!(" ± {sd:.digits$}"));
        format!(
            "{:.digits$}{} ({})",
            own.mean,
            sd.unwrap_or_default(),
            own.n
        )
    });
    let difference = cell.difference.map(|value| {
        let estimate = estimated(value, cell.gap.map(|gap| gap.interval));
        format!("{} {}", estimate.value, estimate.interval)
    });
    let reasons = cell
        .reasons
        .iter()
        .filter(|_| cell.verdict == Verdict::NotComparable);
    let texts = reasons
        .map(words::reason)
        .chain(cell.missing.iter().cloned());
    let marks = notes.marks(texts);
    let verdict = format!(
        "{} {marks}",
        words::verdict(cell, margin, words::unit(table.measure))
    );
    vec![
        named(&cell.dataset, cell.benchmark.as_ref()),
        published,
        ours.unwrap_or_else(|| "-".into()),
        difference.map_or_else(|| "-".into(), |d| d.trim_end().to_owned()),
        verdict.trim_end().to_owned(),
    ]
}

/// What the verdicts add up to.
fn summary(found: &Reproduction, table: &Table) -> Vec<String> {
    let counts = |c: &Counts| {
        format!(
            "{} reproduced, {} not reproduced, {} inconclusive",
            c.reproduced, c.not_reproduced, c.inconclusive
        )
    };
    let (with_runs, without) = (found.cells.len() - found.raw.missing, found.raw.missing);
    let mut lines = vec![format!(
        "{} with runs: {}, {} not comparable",
        words::cells(with_runs),
        counts(&found.raw),
        found.raw.not_comparable
    )];
    if found.tested > 0 {
        lines.push(format!(
            "after Holm's adjustment over the {} tested: {}",
            words::cells(found.tested),
            counts(&found.holm)
        ));
        lines.push(format!(
            "expected false alarms: if every published mean were right for these runs, at most about {} of the {} tested would be called not reproduced",
            significant(found.expected_false_alarms, 2),
            words::cells(found.tested)
        ));
    }
    let planned = |c: &CellVerdict| matches!(c.outlook, Some(Outlook::Further(_)));
    if found.cells.iter().any(planned) {
        let text = "further seeds: so many more would decide with a chance of 80 %, if means and spreads stay as they are";
        lines.push(text.to_owned());
    }
    if without > 0 {
        lines.push(format!(
            "{} without a score here: {}",
            words::cells(without),
            words::missing(found)
        ));
    }
    if !found.unpaired_pipelines.is_empty() {
        lines.push(format!(
            "pipelines of the study that are no algorithm of the table: {}",
            words::listed(&found.unpaired_pipelines)
        ));
    }
    if !found.unpaired_benchmarks.is_empty() {
        lines.push(format!(
            "benchmarks of the study that are no dataset of the table: {}",
            words::listed(&found.unpaired_benchmarks)
        ));
    }
    if found.cells.iter().any(|c| c.investigate) {
        lines.push(format!(
            "better than published is no success: look for an easier protocol, other data or a leak ({})",
            table.source
        ));
    }
    lines
}
