//! A small SVG writer. Coordinates have two decimals, so equal input gives equal bytes on every machine.

use super::widths::{BOLD, REGULAR};

/// Families whose advance widths equal those of the embedded font come first.
pub(super) const FAMILY: &str = "Arimo, Arial, 'Liberation Sans', Helvetica, sans-serif";
/// Colour of text and axes.
pub(super) const INK: &str = "#1a1a1a";
/// Colour of secondary text.
pub(super) const GREY: &str = "#5c5c5c";
/// Colour of grid lines and frames.
pub(super) const LINE: &str = "#d5d5d5";

/// How a hole is filled.
const HOLE: &str = "<defs><pattern id=\"hole\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
    <rect width=\"6\" height=\"6\" fill=\"#f4f4f4\"/><rect width=\"1.2\" height=\"6\" fill=\"#b9b9b9\"/></pattern></defs>\n";

/// Where a text is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Font<'a> {
    pub(super) size: f64,
    pub(super) bold: bool,
    pub(super) fill: &'a str,
    pub(super) anchor: Anchor,
}

/// An SVG under construction.
#[derive(Debug, Default)]
pub(super) struct Svg {
    body: String,
}

impl<'a> Font<'a> {
    pub(super) fn new(size: f64) -> Self {
        Self {
            size,
            bold: false,
            fill: INK,
            anchor: Anchor::Start,
        }
    }

    pub(super) fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(super) fn fill(self, fill: &'a str) -> Self {
        Self { fill, ..self }
    }

    pub(super) fn at(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    /// Width of `text` in user units.
    pub(super) fn width(&self, text: &str) -> f64 {
        let table = if self.bold { &BOLD } else { &REGULAR };
        let advance = |c: char| match table.get(c as usize) {
            Some(&width) if width > 0 => f64::from(width),
            _ => 600.0,
        };
        text.chars().map(advance).sum::<f64>() * self.size / 1000.0
    }

    /// Breaks `text` at spaces so that no line is wider than `width`, unless a single word is.
    pub(super) fn wrap(&self, text: &str, width: f64) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split(' ') {
            match lines.last_mut() {
                Some(line) if self.width(&format!("{line} {word}")) <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        lines
    }
}

impl Svg {
    /// The document, `title` and `description` for screen readers.
    pub(super) fn finish(self, width: f64, height: f64, title: &str, description: &str) -> String {
        let (w, h) = (num(width), num(height));
        let pattern = if self.body.contains("url(#hole)") {
            HOLE
        } else {
            ""
        };
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" role=\"img\" font-family=\"{FAMILY}\">\n\
             <title>{}</title>\n<desc>{}</desc>\n\
             {pattern}<rect width=\"{w}\" height=\"{h}\" fill=\"#ffffff\"/>\n{}</svg>\n",
            escape(title),
            escape(description),
            self.body
        )
    }

    pub(super) fn rect(
        &mut self,
        x: f64,
        y: f64,
        width: f64,
        height: f64,
        fill: &str,
        stroke: &str,
    ) {
        let (x, y, w, h) = (num(x), num(y), num(width), num(height));
        self.body += &format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" fill=\"{fill}\" stroke=\"{stroke}\"/>\n"
        );
    }

    /// A line; `dash` as in `stroke-dasharray`, empty for solid.
    pub(super) fn line(
        &mut self,
        from: (f64, f64),
        to: (f64, f64),
        stroke: &str,
        width: f64,
        dash: &str,
    ) {
        self.polyline(&[from, to], stroke, width, dash);
    }

    pub(super) fn polyline(&mut self, points: &[(f64, f64)], stroke: &str, width: f64, dash: &str) {
        let dash = if dash.is_empty() {
            String::new()
        } else {
            format!(" stroke-dasharray=\"{dash}\"")
        };
        self.body += &format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"{}\" stroke-linejoin=\"round\"{dash}/>\n",
            coordinates(points),
            num(width)
        );
    }

    pub(super) fn polygon(
        &mut self,
        points: &[(f64, f64)],
        fill: &str,
        opacity: f64,
        stroke: &str,
    ) {
        self.body += &format!(
            "<polygon points=\"{}\" fill=\"{fill}\" fill-opacity=\"{}\" stroke=\"{stroke}\"/>\n",
            coordinates(points),
            num(opacity)
        );
    }

    pub(super) fn circle(&mut self, x: f64, y: f64, radius: f64, fill: &str, stroke: &str) {
        self.body += &format!(
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{fill}\" stroke=\"{stroke}\"/>\n",
            num(x),
            num(y),
            num(radius)
        );
    }

    pub(super) fn text(&mut self, x: f64, y: f64, font: Font<'_>, text: &str) {
        self.write(&format!("x=\"{}\" y=\"{}\"", num(x), num(y)), font, text);
    }

    /// Text that reads upwards, centred at (x, y).
    pub(super) fn vertical(&mut self, x: f64, y: f64, font: Font<'_>, text: &str) {
        let place = format!("transform=\"translate({} {}) rotate(-90)\"", num(x), num(y));
        self.write(&place, font.at(Anchor::Middle), text);
    }

    fn write(&mut self, place: &str, font: Font<'_>, text: &str) {
        let anchor = match font.anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let weight = if font.bold {
            " font-weight=\"bold\""
        } else {
            ""
        };
        self.body += &format!(
            "<text {place} font-size=\"{}\" fill=\"{}\"{anchor}{weight}>{}</text>\n",
            num(font.size),
            font.fill,
            escape(text)
        );
    }
}

fn coordinates(points: &[(f64, f64)]) -> String {
    let pairs: Vec<String> = points
        .iter()
        .map(|&(x, y)| format!("{},{}", num(x), num(y)))
        .collect();
    pairs.join(" ")
}

/// Two decimals without trailing zeros.
pub(super) fn num(x: f64) -> String {
    let text = analysis::words::fixed(x, 2);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            // Control characters are not allowed in XML.
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_text_is_escaped() {
        assert_eq!(
            [num(1.0), num(-0.001), num(2.456), num(100.0)],
            ["1", "0", "2.46", "100"]
        );
        assert_eq!(escape("a<b & \"c\"\u{7}"), "a&lt;b &amp; &quot;c&quot; ");
    }

    #[test]
    fn wrapped_lines_fit() {
        let font = Font::new(10.0);
        let lines = font.wrap("one two three four five six", 60.0);
        assert!(
            lines.len() > 1 && lines.iter().all(|line| font.width(line) <= 60.0),
            "{lines:?}"
        );
        assert_eq!(lines.join(" "), "one two three four five six");
    }
}
