//! A small writer of HTML in which text of users cannot become markup: tags, attribute names and [`Html::raw`] take
//! constants of the program only, everything else is escaped. A template crate would add a macro and a syntax to learn for
//! what these few functions do.

use std::fmt::{Display, Write as _};

/// HTML under construction.
#[derive(Debug, Default)]
pub(crate) struct Html {
    out: String,
}

/// Attributes with their values.
pub(crate) type Attributes<'a> = &'a [(&'static str, &'a str)];

impl Html {
    /// Markup of the program itself.
    pub(crate) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.out += markup;
        self
    }

    /// Markup that this crate made and escaped: figures, and pieces by this writer.
    pub(crate) fn made_here(&mut self, markup: &str) -> &mut Self {
        self.out += markup;
        self
    }

    /// Text, escaped.
    pub(crate) fn text(&mut self, text: impl Display) -> &mut Self {
        escape(&mut self.out, &text.to_string());
        self
    }

    /// `<tag name="value" ...>`; an attribute without a value is written by its name alone.
    pub(crate) fn open(&mut self, tag: &'static str, attributes: Attributes<'_>) -> &mut Self {
        self.out.push('<');
        self.out += tag;
        for (name, value) in attributes {
            // Writing to a string cannot fail.
            let _ = write!(self.out, " {name}");
            if !value.is_empty() {
                self.out += "=\"";
                escape(&mut self.out, value);
                self.out.push('"');
            }
        }
        self.out.push('>');
        self
    }

    /// `</tag>`
    pub(crate) fn close(&mut self, tag: &'static str) -> &mut Self {
        let _ = write!(self.out, "</{tag}>");
        self
    }

    /// `<tag ...>text</tag>`
    pub(crate) fn element(
        &mut self,
        tag: &'static str,
        attributes: Attributes<'_>,
        text: impl Display,
    ) -> &mut Self {
        self.open(tag, attributes).text(text).close(tag)
    }

    /// What was written.
    pub(crate) fn finish(self) -> String {
        self.out
    }
}

/// Escapes for element content and for attributes in double quotes. Control characters, which HTML forbids, become spaces.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => *out += "&amp;",
            '<' => *out += "&lt;",
            '>' => *out += "&gt;",
            '"' => *out += "&quot;",
            '\'' => *out += "&#39;",
            '\n' => out.push(c),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_cannot_leave_their_place() {
        let mut html = Html::default();
        let evil = "\"><script>alert('x')</script>&\u{7}";
        html.element("b", &[("title", evil), ("hidden", "")], evil);
        let escaped = "&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp; ";
        assert_eq!(
            html.finish(),
            format!("<b title=\"{escaped}\" hidden>{escaped}</b>")
        );
    }
}
