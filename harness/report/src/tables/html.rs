//! HTML tables: as a fragment for `assay table`, and with a button in every cell for the page.

use analysis::{Entry, Table};

use super::Content;
use super::findings::sentences;
use super::layout::{CellText, Layout, MARKS};
use super::markdown::METHOD;
use crate::html::Html;

pub(crate) fn render(content: &Content<'_>) -> String {
    let mut html = Html::default();
    for (table, words) in content.layouts() {
        write(&mut html, table, &words, &mut |_| None);
        notes(&mut html, &words);
    }
    method(&mut html, content);
    let sentences = sentences(&content.findings);
    if !sentences.is_empty() {
        html.raw("<ul>\n");
        for sentence in sentences {
            html.element("li", &[], sentence).raw("\n");
        }
        html.raw("</ul>\n");
    }
    html.finish()
}

/// What the numbers of all tables are, what marks mean, and what was tried for tuned methods.
pub(crate) fn method(html: &mut Html, content: &Content<'_>) {
    html.element("p", &[("class", "note")], METHOD).raw("\n");
    if content.layouts().any(|(_, words)| words.is_marked()) {
        html.element("p", &[("class", "note")], MARKS).raw("\n");
    }
    for line in content.budgets.iter().chain(&content.left_out) {
        html.element("p", &[], line).raw("\n");
    }
}

/// A table. `number` gives a cell the number under which the page knows its origin; with one, the cell is a
/// button, and its column can be sorted.
pub(crate) fn write(
    html: &mut Html,
    table: &Table,
    words: &Layout,
    number: &mut dyn FnMut(&Entry) -> Option<usize>,
) {
    html.open(
        "table",
        &[("class", "comparison"), ("data-table", &table.id)],
    );
    html.raw("\n").element("caption", &[], &words.caption);
    html.raw("\n<thead><tr>");
    for label in &words.header {
        html.element("th", &[("scope", "col")], label);
    }
    html.raw("</tr></thead>\n<tbody>\n");
    for (r, (label, cells)) in words.rows.iter().enumerate() {
        html.raw("<tr>").element("th", &[("scope", "row")], label);
        for (c, text) in cells.iter().enumerate() {
            cell(html, table.cells[r][c].as_ref(), text, number);
        }
        html.raw("</tr>\n");
    }
    html.raw("</tbody>\n</table>\n");
}

/// What the numbers of notes mean.
pub(crate) fn notes(html: &mut Html, words: &Layout) {
    if !words.notes.is_empty() {
        html.raw("<ol class=\"notes\">\n");
        for note in &words.notes {
            html.element("li", &[], note).raw("\n");
        }
        html.raw("</ol>\n");
    }
}

fn cell(
    html: &mut Html,
    entry: Option<&Entry>,
    text: &CellText,
    number: &mut dyn FnMut(&Entry) -> Option<usize>,
) {
    let Some(entry) = entry else {
        html.raw("<td></td>");
        return;
    };
    let exact = entry.cell.as_ref().map(|cell| cell.iqm.to_string());
    let class = match (&entry.cell, text.is_best()) {
        (None, _) => "hole",
        (Some(_), true) => "best",
        (Some(_), false) => "",
    };
    let mut attributes: Vec<(&'static str, &str)> = Vec::new();
    if !class.is_empty() {
        attributes.push(("class", class));
    }
    // What the column is sorted by: all digits.
    attributes.extend(exact.as_deref().map(|exact| ("data-v", exact)));
    html.open("td", &attributes);
    let number = number(entry).map(|n| n.to_string());
    if let Some(number) = &number {
        html.open("button", &[("data-c", number)]);
    }
    value(html, text);
    if number.is_some() {
        html.close("button");
    }
    html.close("td");
}

/// `<strong>0.34</strong> <span>[0.27, 0.52]</span>`: the same texts as in every other format.
fn value(html: &mut Html, text: &CellText) {
    let strong = text.is_best();
    html.raw(if strong { "<strong>" } else { "" });
    html.text(&text.value);
    html.raw(if strong { "</strong>" } else { "" });
    html.raw(text.dagger());
    if !text.notes.is_empty() {
        let numbers: Vec<String> = text.notes.iter().map(usize::to_string).collect();
        html.element("sup", &[], numbers.join(","));
    }
    let mut rest = text.interval.clone();
    if !text.count.is_empty() {
        rest = format!("{rest} ({})", text.count);
    }
    if !rest.is_empty() {
        html.raw(" ").element("span", &[], rest.trim_start());
    }
}
