//! Data-scaling matrices as tables whose cells are coloured and open their origin; curves as SVG, one panel each.

use analysis::{Entry, FigureKind, Matrix, Study};

use super::origin::Trail;
use super::shell_word;
use crate::figure::{Colours, Drawing, Section, level};
use crate::html::Html;
use crate::tables::number;

pub(super) fn write(
    html: &mut Html,
    study: &Study,
    drawings: &[Drawing<'_>],
    trail: &mut Trail<'_>,
) {
    if drawings.iter().all(|d| d.figure.is_err()) {
        return;
    }
    html.raw("<section id=\"figures\">\n<h2>Figures</h2>\n");

    for drawing in drawings {
        let Ok(figure) = &drawing.figure else {
            continue;
        };
        let verb = drawing.spec.kind.name();
        let id = shell_word(&drawing.spec.id);
        let command = format!(
            "assay {verb} {} --figure {id} --json",
            shell_word(&study.study)
        );
        html.open("figure", &[("data-command", &command)]);
        let title = match drawing.spec.kind {
            FigureKind::Scaling => "Data scaling",
            FigureKind::Curve => "Curves",
        };
        html.open("h3", &[]).raw(title);
        if study.figures.contains(&drawing.spec) {
            html.raw(": <code>").text(&drawing.spec.id).raw("</code>");
        }
        html.raw("</h3>\n");
        for section in figure.sections() {
            write_section(html, &section, trail);
        }
        html.element("figcaption", &[], figure.words())
            .raw("</figure>\n");
    }
    html.raw("</section>\n");
}

fn write_section(html: &mut Html, section: &Section<'_>, trail: &mut Trail<'_>) {
    html.raw("<h4>").text(section.benchmark);
    if let Some(what) = &section.what {
        html.raw(" <span class=\"soft\">").text(what).raw("</span>");
    }
    html.raw("</h4>\n");
    if let Some(colours) = &section.colours {
        legend(html, colours);
        if let Some(first) = section.matrices.iter().flatten().next() {
            let axes = format!("Down: {}. Across: {}.", first.y, first.x);
            html.element("p", &[("class", "note")], axes).raw("\n");
        }
        for row in &section.matrices {
            html.raw("<div class=\"matrices\">\n");
            for matrix in row {
                write_matrix(html, matrix, colours, trail);
            }
            html.raw("</div>\n");
        }
    }
    if section.panels.is_empty() {
        return;
    }
    html.raw("<div class=\"panels\">\n");
    for svg in &section.panels {
        html.made_here(svg);
    }
    html.raw("</div>\n");
}

/// What the colours of the matrices mean.
fn legend(html: &mut Html, colours: &Colours) {
    let (low, high) = colours.ends();
    let stops = colours.stops().join(",");
    let bar = format!("background:linear-gradient(90deg,{stops})");
    html.raw("<p class=\"legend\">").text(number(low, None).0);
    html.raw(" ").element("i", &[("style", &bar)], "").raw(" ");
    html.text(number(high, None).0);
    html.raw(" <span class=\"soft\">darker is better</span></p>\n");
}

fn write_matrix(html: &mut Html, matrix: &Matrix, colours: &Colours, trail: &mut Trail<'_>) {
    html.raw("<div class=\"scroll\">");
    html.open(
        "table",
        &[
            ("class", "matrix"),
            ("data-x", &matrix.x),
            ("data-y", &matrix.y),
        ],
    );
    html.raw("\n").element("caption", &[], &matrix.pipeline);
    html.raw("\n<thead><tr><th></th>");
    for x in &matrix.x_levels {
        html.element("th", &[("scope", "col")], level(x.as_ref()));
    }
    html.raw("</tr></thead>\n<tbody>\n");
    // The largest level is on top, as on a vertical axis.
    for (y, entries) in matrix.y_levels.iter().zip(&matrix.cells).rev() {
        html.raw("<tr>")
            .element("th", &[("scope", "row")], level(y.as_ref()));
        for entry in entries {
            write_cell(html, entry, colours, trail);
        }
        html.raw("</tr>\n");
    }
    html.raw("</tbody>\n</table></div>\n");
}

fn write_cell(html: &mut Html, entry: &Entry, colours: &Colours, trail: &mut Trail<'_>) {
    let number_of_cell = trail.number(entry).to_string();
    let button = [("data-c", number_of_cell.as_str())];
    let Some(cell) = &entry.cell else {
        let word = entry
            .missing
            .first()
            .map_or("not measured", |m| m.kind.word());
        html.raw("<td class=\"hole\">")
            .element("button", &button, word)
            .raw("</td>");
        return;
    };
    let (fill, ink) = colours.of(cell.iqm);
    let style = format!("--fill:{fill};--on-fill:{ink}");
    html.open("td", &[("style", &style)])
        .open("button", &button);
    let (value, interval) = number(cell.iqm, cell.interval);
    html.text(value);
    if !interval.is_empty() {
        html.raw(" ").element("span", &[], interval);
    }
    if !entry.missing.is_empty() {
        html.raw(" ")
            .element("span", &[], format!("n = {}", cell.n));
    }
    html.raw("</button></td>");
}
