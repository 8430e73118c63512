//! LaTeX with the `booktabs` package.

use super::Content;
use super::findings::sentences;
use super::layout::{CellText, Layout, MARKS};

pub(crate) fn render(content: &Content<'_>) -> String {
    let study = &content.study.study;
    let mut out = format!(
        "% {}\n% study {study}, manifest {}\n% needs \\usepackage{{booktabs}}\n",
        comment(&content.study.title),
        content.study.manifest_digest
    );
    for (table, words) in content.layouts() {
        out += &layout(&words, &format!("tab:{study}-{}", table.id));
    }
    for sentence in sentences(&content.findings) {
        out += &format!("% {}\n", comment(sentence));
    }
    out
}

fn layout(layout: &Layout, label: &str) -> String {
    let columns = "r".repeat(layout.header.len() - 1);
    let mut out = format!(
        "\n\\begin{{table}}\n\\centering\n\\caption{{{}}}\n\\label{{{label}}}\n\\begin{{tabular}}{{l{columns}}}\n\\toprule\n",
        escape(&layout.caption)
    );
    out += &row(layout.header.iter().map(|h| escape(h)));
    out += "\\midrule\n";
    for (label, cells) in &layout.rows {
        out += &row(std::iter::once(escape(label)).chain(cells.iter().map(cell)));
    }
    out += "\\bottomrule\n\\end{tabular}\n";
    for (index, note) in layout.notes.iter().enumerate() {
        out += &format!(
            "\\par\\footnotesize\\textsuperscript{{{}}}~{}\n",
            index + 1,
            escape(note)
        );
    }
    if layout.is_marked() {
        out += &format!("\\par\\footnotesize {}\n", escape(MARKS));
    }
    out + "\\end{table}\n"
}

fn cell(text: &CellText) -> String {
    let mut shown = escape(&text.plain());
    if text.is_best() {
        shown = format!("\\textbf{{{shown}}}");
    }
    shown += &escape(text.dagger());
    if text.notes.is_empty() {
        return shown;
    }
    let numbers: Vec<String> = text.notes.iter().map(usize::to_string).collect();
    format!("{shown}\\textsuperscript{{{}}}", numbers.join(","))
}

fn row(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.collect();
    format!("{} \\\\\n", cells.join(" & "))
}

fn comment(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => out.extend(['\\', c]),
            '\\' => out += "\\textbackslash{}",
            '~' => out += "\\textasciitilde{}",
            '^' => out += "\\textasciicircum{}",
            '<' => out += "\\textless{}",
            '>' => out += "\\textgreater{}",
            '`' => out += "\\textasciigrave{}",
            // After `\\` LaTeX reads a bracket as an optional length.
            '[' => out += "{[}",
            ']' => out += "{]}",
            '–' => out += "--",
            '†' => out += "$^{\\dagger}$",
            '\n' | '\r' => out.push(' '),
            _ => out.push(c),
        }
    }
    out
}
