//! Rules about the content of single files.

use crate::tidy::strip::strip;
use crate::tidy::{Text, Violation};

/// A file with more lines is refused.
pub(crate) const MOST_LINES: usize = 600;
/// A file with more lines is listed.
const MANY_LINES: usize = 400;

/// Folders whose code may use `unsafe`: both sides of the plugin boundary, tensor views, the MuJoCo binding,
/// and fixture plugins, which are deliberately bad.
const UNSAFE_FOLDERS: [&str; 5] = [
    "harness/plugin-api/",
    "harness/plugin-host/",
    "plugins/nn/",
    "plugins/mujoco/",
    "tests/fixtures/",
];

/// Folders of particular machines. Put together here, so that this file does not hold them.
const MACHINE_PATHS: [&str; 2] = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];

/// Words that no Rust source uses as a name or column. Put together, too.
const BANNED: [&str; 2] = [concat!("do", "ne"), concat!("do", "nes")];

/// Checks one file.
pub(crate) fn check(text: &Text) -> Vec<Violation> {
    let mut violations = machine_paths(text);
    violations.extend(length(text));
    if text.path.ends_with(".rs") {
        violations.extend(rust(text));
    }
    violations
}

/// Code files that are long but not yet too long, with their lines.
pub(crate) fn long_files(texts: &[Text]) -> Vec<(&str, usize)> {
    let lines = texts
        .iter()
        .filter(|text| is_code(&text.path))
        .map(|text| (text.path.as_str(), lines_of(text)));
    lines
        .filter(|(_, lines)| (MANY_LINES + 1..=MOST_LINES).contains(lines))
        .collect()
}

fn is_code(path: &str) -> bool {
    [".rs", ".py", ".h", ".c", ".sh"]
        .iter()
        .any(|end| path.ends_with(end))
}

fn lines_of(text: &Text) -> usize {
    text.content.lines().count()
}

fn length(text: &Text) -> Option<Violation> {
    let lines = lines_of(text);
    (is_code(&text.path) && lines > MOST_LINES).then(|| Violation {
        file: text.path.clone(),
        line: lines,
        rule: "length",
        message: format!("{lines} lines, at most {MOST_LINES}"),
        hint: "split it by what its parts do",
    })
}

fn machine_paths(text: &Text) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (index, line) in text.content.lines().enumerate() {
        let found = MACHINE_PATHS
            .iter()
            .find(|path| begins_with_path(line, path));
        if let Some(path) = found {
            violations.push(Violation {
                file: text.path.clone(),
                line: index + 1,
                rule: "machine-path",
                message: format!("`{path}` is a folder of one machine"),
                hint: "use a path relative to the repository, a variable, or a temporary folder",
            });
        }
    }
    violations
}

/// Whether `line` holds an absolute path below `path`, and not just `some{path}` inside a longer one.
fn begins_with_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(index, _)| {
        let before = line[..index].chars().next_back();
        before.is_none_or(|before| !before.is_alphanumeric() && !"_-.}~$/*<>".contains(before))
    })
}

fn rust(text: &Text) -> Vec<Violation> {
    let stripped = strip(&text.content);
    let may_be_unsafe = UNSAFE_FOLDERS
        .iter()
        .any(|folder| text.path.starts_with(folder));
    let violation = |line, rule, message: String, hint| Violation {
        file: text.path.clone(),
        line,
        rule,
        message,
        hint,
    };
    let mut violations = Vec::new();
    for (index, code) in stripped.code.lines().enumerate() {
        let line = index + 1;
        for word in words(code) {
            if word == "unsafe" && !may_be_unsafe {
                let message = "`unsafe` outside the crates that may use it".to_string();
                let hint =
                    "move it behind a safe function of plugin-api, plugin-host, nn or mujoco";
                violations.push(violation(line, "unsafe", message, hint));
            }
            if BANNED.contains(&word) {
                violations.push(violation(
                    line,
                    "word",
                    format!("`{word}` as a name"),
                    WORD_HINT,
                ));
            }
        }
        let packed: String = code
            .chars()
            .filter(|character| !character.is_whitespace())
            .collect();
        if packed.contains("#[ignore") {
            let message = "an ignored test never runs".to_string();
            let hint = "make it fast, or let it print why it skips when what it needs is missing";
            violations.push(violation(line, "ignore", message, hint));
        }
    }
    for (line, content) in &stripped.strings {
        if BANNED.contains(&content.as_str()) {
            violations.push(violation(
                *line,
                "word",
                format!("`{content}` as a column or key"),
                WORD_HINT,
            ));
        }
    }
    violations
}

const WORD_HINT: &str =
    "say `terminated` or `truncated`, whichever is meant; for control flow say what has ended";

fn words(code: &str) -> impl Iterator<Item = &str> {
    let parts = code.split(|character: char| !character.is_alphanumeric() && character != '_');
    parts.filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, content: &str) -> Vec<(&'static str, usize)> {
        let text = Text {
            path: path.to_string(),
            content: content.to_string(),
        };
        check(&text)
            .into_iter()
            .map(|violation| (violation.rule, violation.line))
            .collect()
    }

    #[test]
    fn unsafe_is_allowed_in_four_crates_only() {
        let code = "// unsafe is fine here\nfn f() { unsafe { g() } }\n";
        assert_eq!(rules("harness/runner/src/a.rs", code), [("unsafe", 2)]);
        assert_eq!(rules("plugins/nn/src/a.rs", code), []);
        assert_eq!(
            rules(
                "harness/runner/src/a.rs",
                "#![deny(unsafe_code)]\nlet s = \"unsafe\";"
            ),
            []
        );
    }

    #[test]
    fn banned_word_counts_as_name_and_as_column_but_not_in_prose() {
        assert_eq!(rules("a.rs", "let done = x;\n"), [("word", 1)]);
        assert_eq!(rules("a.rs", "\ncolumn(\"done\");\n"), [("word", 2)]);
        assert_eq!(
            rules(
                "a.rs",
                "// all done\nprint(\"well done\"); let undone_x = 1;\n"
            ),
            []
        );
        assert_eq!(rules("a.md", "done\n"), []);
    }

    #[test]
    fn machine_paths_are_found_in_any_text() {
        for path in MACHINE_PATHS {
            assert_eq!(
                rules("a.toml", &format!("x = 1\ny = \"{path}z\"\n")),
                [("machine-path", 2)]
            );
            assert_eq!(rules("a.md", &format!("{path}z")), [("machine-path", 1)]);
            assert_eq!(rules("a.md", &format!("some/other{path}z ~{path}z")), []);
        }
    }

    #[test]
    fn long_code_is_listed_then_refused() {
        let lines = |count| "x\n".repeat(count);
        let text = |count| {
            [Text {
                path: "a.rs".to_string(),
                content: lines(count),
            }]
        };
        assert_eq!(long_files(&text(MANY_LINES)), []);
        assert_eq!(
            long_files(&text(MANY_LINES + 1)),
            [("a.rs", MANY_LINES + 1)]
        );
        assert_eq!(rules("a.rs", &lines(MOST_LINES)), []);
        assert_eq!(
            rules("a.rs", &lines(MOST_LINES + 1)),
            [("length", MOST_LINES + 1)]
        );
        assert_eq!(rules("a.csv", &lines(MOST_LINES + 1)), []);
    }

    #[test]
    fn ignored_tests_are_refused() {
        let attribute = ["#", "[ignore]"].concat();
        assert_eq!(
            rules("a.rs", &format!("#[test]\n{attribute}\nfn f() {{}}\n")),
            [("ignore", 2)]
        );
        assert_eq!(rules("a.rs", &format!("// {attribute}\n")), []);
    }
}
