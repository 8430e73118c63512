//! Rows of short texts as aligned columns or as a Markdown table.

use std::fmt::Write as _;

use crate::tables::escape;

/// Aligned columns for a terminal; rows of equal length, the first one is the header.
pub(crate) fn console(cells: &[Vec<String>]) -> String {
    let columns = cells.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let of = cells.iter().map(|row| row[column].chars().count());
        of.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in cells {
        let line: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, w)| format!("{cell:<w$}"))
            .collect();
        let _ = writeln!(text, "{}", line.join("  ").trim_end());
    }
    text
}

/// A GitHub-flavoured table.
pub(crate) fn markdown(cells: &[Vec<String>]) -> String {
    let mut text = String::new();
    for (index, row) in cells.iter().enumerate() {
        let cells: Vec<String> = row.iter().map(|cell| escape(cell)).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
        if index == 0 {
            let _ = writeln!(text, "|{}", "---|".repeat(row.len()));
        }
    }
    text
}

/// Texts with numbers, each once.
#[derive(Default)]
pub(crate) struct Footnotes(Vec<String>);

impl Footnotes {
    /// `(1)(2)` for these texts.
    pub(crate) fn marks(&mut self, texts: impl IntoIterator<Item = String>) -> String {
        let mut marks = String::new();
        for text in texts {
            let known = self.0.iter().position(|t| *t == text);
            let index = known.unwrap_or_else(|| {
                self.0.push(text);
                self.0.len() - 1
            });
            let _ = write!(marks, "({})", index + 1);
        }
        marks
    }

    /// One line each.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        let numbered = self.0.iter().enumerate();
        numbered.map(|(index, text)| format!("({}) {text}", index + 1))
    }
}
