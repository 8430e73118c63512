//! Every comparison table; a cell is a button that opens its origin.

use super::origin::Trail;
use super::shell_word;
use crate::html::Html;

use crate::tables::{Content, html};

pub(super) fn write(out: &mut Html, content: &Content<'_>, trail: &mut Trail<'_>) {
    out.raw("<section id=\"tables\">\n<h2>Tables</h2>\n");
    html::method(out, content);
    let study = shell_word(&content.study.study);
    for (table, words) in content.layouts() {
        let id = shell_word(&table.id);
        let command = format!("assay table {study} --table {id} --format csv");
        out.open(
            "div",
            &[
                ("class", "scroll"),
                ("data-command", &command),
                ("tabindex", "0"),
            ],
        );
        out.raw("\n");
        html::write(out, table, &words, &mut |entry| Some(trail.number(entry)));
        out.raw("</div>\n");
        html::notes(out, &words);
    }
    out.raw("</section>\n");
}
