//! Separates Rust code from comments and literals, line by line.

/// A Rust source without comments and without the content of literals.
pub(crate) struct Stripped {
    /// Code with the same line breaks as the source.
    pub(crate) code: String,
    /// Content of string literals with the line on which each begins, from 1.
    pub(crate) strings: Vec<(usize, String)>,
}

/// Strips `source`. Understands line and nested block comments, plain, byte, C and raw strings, and tells
/// character literals from lifetimes.
pub(crate) fn strip(source: &str) -> Stripped {
    let mut reader = Reader {
        rest: source,
        line: 1,
    };
    let mut out = Stripped {
        code: String::new(),
        strings: Vec::new(),
    };
    let mut previous = ' ';
    while let Some(character) = reader.rest.chars().next() {
        let in_word = previous.is_alphanumeric() || previous == '_';
        if reader.rest.starts_with("//") {
            let end = reader.rest.find('\n').unwrap_or(reader.rest.len());
            reader.take(end, None);
        } else if reader.rest.starts_with("/*") {
            reader.block_comment(&mut out.code);
        } else if let Some((skip, end)) = string_start(reader.rest).filter(|_| !in_word) {
            reader.string(skip, &end, &mut out);
        } else if let Some(length) = character_literal(reader.rest) {
            reader.take(length, None);
            out.code.push(' ');
        } else {
            reader.take(character.len_utf8(), Some(&mut out.code));
        }
        previous = character;
    }
    out
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Reader<'a> {
    /// Moves on by `bytes`, copying what was passed to `copy`.
    fn take(&mut self, bytes: usize, copy: Option<&mut String>) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        self.line += taken.matches('\n').count();
        if let Some(copy) = copy {
            copy.push_str(taken);
        }
        taken
    }

    fn block_comment(&mut self, code: &mut String) {
        let mut depth = 0;
        loop {
            let step = match self.rest {
                "" => return,
                rest if rest.starts_with("/*") => {
                    depth += 1;
                    2
                }
                rest if rest.starts_with("*/") => {
                    depth -= 1;
                    2
                }
                rest => rest.chars().next().map_or(1, char::len_utf8),
            };
            let taken = self.take(step, None);
            if taken == "\n" {
                code.push('\n');
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self, skip: usize, end: &str, out: &mut Stripped) {
        let line = self.line;
        let raw = end != "\"" || self.rest[..skip].contains('r');
        self.take(skip, None);
        let length = match raw {
            true => self.rest.find(end),
            false => plain_string_end(self.rest),
        };
        let content = self.take(length.unwrap_or(self.rest.len()), None);
        self.take(end.len().min(self.rest.len()), None);
        out.code.push(' ');
        out.code.extend(content.matches('\n').map(|_| '\n'));
        out.strings.push((line, content.to_string()));
    }
}

/// Bytes up to and including the opening quote, and the closing mark, if a string literal begins here.
fn string_start(rest: &str) -> Option<(usize, String)> {
    let prefix = ["br", "cr", "r", "b", "c", ""].into_iter().find(|prefix| {
        let after = rest.strip_prefix(prefix).unwrap_or("");
        let after = if prefix.contains('r') {
            after.trim_start_matches('#')
        } else {
            after
        };
        rest.starts_with(prefix) && after.starts_with('"')
    })?;
    let after = &rest[prefix.len()..];
    let hashes = after.len() - after.trim_start_matches('#').len();
    Some((
        prefix.len() + hashes + 1,
        format!("\"{}", "#".repeat(hashes)),
    ))
}

fn plain_string_end(rest: &str) -> Option<usize> {
    let mut escaped = false;
    for (index, character) in rest.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(index),
            _ => {}
        }
    }
    None
}

/// Length of the character literal that begins here; `None` for a lifetime.
fn character_literal(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('\'')?;
    if let Some(escape) = inside.strip_prefix('\\') {
        let first = escape.chars().next()?.len_utf8();
        return Some(escape[first..].find('\'')? + first + 3);
    }
    let first = inside.chars().next()?.len_utf8();
    inside[first..].starts_with('\'').then_some(first + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_go_and_lines_stay() {
        let source = "a // x\nb /* y /* z */\n*/ c \"s\\\"t\" d r#\"u\"v\"# 'w' 'life '\\'' e\n";
        let stripped = strip(source);
        let words: Vec<&str> = stripped.code.split_whitespace().collect();
        assert_eq!(words, ["a", "b", "c", "d", "'life", "e"]);
        assert_eq!(
            stripped.code.matches('\n').count(),
            source.matches('\n').count()
        );
        let strings: Vec<&str> = stripped
            .strings
            .iter()
            .map(|(_, text)| text.as_str())
            .collect();
        assert_eq!(strings, ["s\\\"t", "u\"v"]);
        assert!(stripped.strings.iter().all(|(line, _)| *line == 3));
    }

    #[test]
    fn words_that_end_like_a_prefix_are_not_strings() {
        assert_eq!(strip("for x in bar {}").code, "for x in bar {}");
        assert_eq!(strip("let b = b\"x\";").strings, [(1, "x".to_string())]);
    }
}
