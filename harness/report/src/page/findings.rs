//! What the study asked to be compared, in sentences and with every estimate.

use analysis::Findings;

use crate::html::Html;
use crate::tables::findings::{HEADER, lines, sentences};

pub(super) fn write(html: &mut Html, findings: &Findings) {
    let lines = lines(findings);
    if lines.is_empty() {
        return;
    }
    html.raw("<section id=\"findings\">\n<h2>Findings</h2>\n");
    let sentences = sentences(findings);
    if !sentences.is_empty() {
        html.raw("<ul>\n");
        for sentence in sentences {
            html.element("li", &[], sentence).raw("\n");
        }
        html.raw("</ul>\n");
    }
    html.raw("<div class=\"scroll\"><table class=\"findings\">\n<thead><tr>");
    for name in HEADER {
        html.element("th", &[("scope", "col")], name);
    }
    html.raw("</tr></thead>\n<tbody>\n");
    for line in &lines {
        html.raw("<tr>");
        let [id, rest @ ..] = line.cells();
        html.element("th", &[("scope", "row")], id);
        for text in rest {
            html.element("td", &[], text);
        }
        html.raw("</tr>\n");
    }
    html.raw("</tbody>\n</table></div>\n</section>\n");
}
