//! GitHub-flavoured Markdown.

use super::Content;
use super::findings::{HEADER, lines, sentences};
use super::layout::{CellText, Layout, MARKS};

/// Below every set of tables: what the numbers are.
pub(crate) const METHOD: &str = "Each number is the interquartile mean over distinct evaluations (whole-number trim of a quarter at each end) with a \
95 % bootstrap interval over whole seeds, widened for the small sample. Raw values with all digits are in the CSV and JSON files.";

pub(crate) fn render(content: &Content<'_>) -> String {
    let mut out = format!("# {}\n\n", escape(&content.study.title));
    out += &format!(
        "Study `{}`, manifest `{}`.\n",
        content.study.study, content.study.manifest_digest
    );
    for (_, table) in content.layouts() {
        out += &format!("\n{}", layout(&table));
    }
    out += &format!("\n{METHOD}\n");
    if content.layouts().any(|(_, table)| table.is_marked()) {
        out += &format!("\n{MARKS}\n");
    }
    if !content.budgets.is_empty() {
        out += "\nTables show declared values of tuned parameters; `tuning.md` has what tuning chose.\n";
    }
    for line in content.budgets.iter().chain(&content.left_out) {
        out += &format!("\n{}\n", escape(line));
    }
    let sentences = sentences(&content.findings);
    if !sentences.is_empty() {
        out += "\n## Findings\n\n";
        for sentence in sentences {
            out += &format!("- {}\n", escape(sentence));
        }
    }
    let lines = lines(&content.findings);
    if !lines.is_empty() {
        out += "\n## Comparisons\n\n";
        out += &row(HEADER.iter().map(|h| (*h).to_owned()));
        out += "|---|---|---|---|---:|---:|---|\n";
        for line in lines {
            out += &row(line.cells().iter().map(|cell| escape(cell)));
        }
    }
    out
}

fn layout(layout: &Layout) -> String {
    let mut out = format!("**{}**\n\n", escape(&layout.caption));
    out += &row(layout.header.iter().map(|h| escape(h)));
    out += &format!("|---|{}\n", "---:|".repeat(layout.header.len() - 1));
    for (label, cells) in &layout.rows {
        out += &row(std::iter::once(escape(label)).chain(cells.iter().map(cell)));
    }
    if !layout.notes.is_empty() {
        out.push('\n');
    }
    for (index, note) in layout.notes.iter().enumerate() {
        // The trailing backslash keeps each note on its own line.
        let end = if index + 1 < layout.notes.len() {
            "\\"
        } else {
            ""
        };
        out += &format!("<sup>{}</sup> {}{end}\n", index + 1, escape(note));
    }
    out
}

fn cell(text: &CellText) -> String {
    let mut shown = escape(&text.plain());
    if text.is_best() {
        shown = format!("**{shown}**");
    }
    shown += text.dagger();
    if text.notes.is_empty() {
        return shown;
    }
    let numbers: Vec<String> = text.notes.iter().map(usize::to_string).collect();
    format!("{shown} <sup>{}</sup>", numbers.join(","))
}

fn row(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.collect();
    format!("| {} |\n", cells.join(" | "))
}

/// Keeps text of users from becoming markup.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '*' | '\\' | '#' | '~' => out.extend(['\\', c]),
            '<' => out += "&lt;",
            '\n' | '\r' => out.push(' '),
            _ => out.push(c),
        }
    }
    out
}
