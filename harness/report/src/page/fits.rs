//! What more data would give: power laws along the axes, slopes of matrices.

use analysis::ScalingFits;

use crate::fits::{LAWS, SLOPES, laws, notes, slopes};
use crate::html::Html;

pub(super) fn any(fits: &ScalingFits) -> bool {
    !(fits.laws.is_empty() && fits.slopes.is_empty())
}

pub(super) fn write(html: &mut Html, fits: &ScalingFits) {
    if !any(fits) {
        return;
    }
    html.raw("<section id=\"fits\">\n<h2>More data</h2>\n");
    if !fits.laws.is_empty() {
        table(html, LAWS, &laws(fits));
    }
    if !fits.slopes.is_empty() {
        table(html, SLOPES, &slopes(fits));
    }
    // Why a curve has no law is told where laws are looked for.
    if !fits.laws.is_empty() {
        for line in notes(fits) {
            html.open("p", &[("class", "note")]);
            html.text(line).raw("</p>\n");
        }
    }
    html.raw("<p class=\"note\">With the data that a score needs: <code>assay scaling --fits --target</code>.</p>\n</section>\n");
}

/// Rows of texts, the first one the header, the first cell of each a name.
fn table(html: &mut Html, caption: &'static str, cells: &[Vec<String>]) {
    html.raw("<div class=\"scroll\"><table>\n")
        .element("caption", &[], caption);
    for (i, row) in cells.iter().enumerate() {
        html.raw(if i == 0 { "<thead><tr>" } else { "<tr>" });
        for (j, text) in row.iter().enumerate() {
            match (i, j) {
                (0, _) => html.element("th", &[("scope", "col")], text),
                (_, 0) => html.element("th", &[("scope", "row")], text),
                _ => html.element("td", &[], text),
            };
        }
        html.raw(if i == 0 {
            "</tr></thead>\n<tbody>\n"
        } else {
            "</tr>\n"
        });
    }
    html.raw("</tbody>\n</table></div>\n");
}
