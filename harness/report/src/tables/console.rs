//! Aligned text for a terminal; nothing depends on colour.

use super::Content;
use super::findings::{Line, lines, sentences};
use super::layout::{CellText, Layout};

pub(crate) fn render(content: &Content<'_>) -> String {
    let mut out = String::new();
    for (_, table) in content.layouts() {
        out += &layout(&table);
        out.push('\n');
    }
    for line in content.budgets.iter().chain(&content.left_out) {
        out += &format!("{line}\n");
    }
    for sentence in sentences(&content.findings) {
        out += &format!("{sentence}\n");
    }
    out + &comparisons(content)
}

/// Every estimate, grouped by finding.
fn comparisons(content: &Content<'_>) -> String {
    let lines = lines(&content.findings);
    let width = |of: fn(&Line) -> &str| {
        lines
            .iter()
            .map(|line| of(line).chars().count())
            .max()
            .unwrap_or(0)
    };
    let (level, estimate) = (width(|line| &line.level), width(|line| &line.estimate));
    let mut out = String::new();
    for finding in lines.chunk_by(|a, b| a.id == b.id) {
        let Line {
            id,
            formula,
            benchmark,
            ..
        } = &finding[0];
        out += &format!("\n{id}: {formula} on {benchmark}\n");
        for line in finding {
            let text = format!(
                "  {:<level$}  {:<estimate$}  n = {}  {}",
                line.level, line.estimate, line.n, line.verdict
            );
            out += text.trim_end();
            out.push('\n');
        }
    }
    out
}

fn layout(layout: &Layout) -> String {
    let mut grid: Vec<Vec<String>> = vec![layout.header.clone()];
    for (label, cells) in &layout.rows {
        grid.push(
            std::iter::once(label.clone())
                .chain(cells.iter().map(cell))
                .collect(),
        );
    }
    let columns = layout.header.len();
    let width = |c: usize| {
        grid.iter()
            .map(|row| row[c].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = format!("{}\n", layout.caption);
    for row in &grid {
        let mut line = String::from(" ");
        for (text, width) in row.iter().zip(&widths) {
            line += &format!(" {text:<width$}  ");
        }
        out += line.trim_end();
        out.push('\n');
    }
    for (index, note) in layout.notes.iter().enumerate() {
        out += &format!("  ({}) {note}\n", index + 1);
    }
    out
}

fn cell(text: &CellText) -> String {
    let marks: Vec<String> = text.notes.iter().map(|n| format!("({n})")).collect();
    format!("{} {}", text.plain(), marks.join(""))
        .trim()
        .to_owned()
}
