//! The crate list in the code map of `ARCHITECTURE.md` equals the workspace members.

use std::collections::BTreeMap;

use crate::tidy::{Text, Violation};

const FILE: &str = "ARCHITECTURE.md";
const HINT: &str =
    "name each crate by its folder in backticks, such as `harness/store`, in the section Code map";

/// Compares the code map with `members` (folders relative to the root).
pub(crate) fn check(architecture: Option<&Text>, members: &[String]) -> Vec<Violation> {
    let violation = |line, message| Violation {
        file: FILE.to_string(),
        line,
        rule: "code-map",
        message,
        hint: HINT,
    };
    let Some(text) = architecture else {
        return vec![violation(0, "the file is missing".to_string())];
    };
    let named = named_crates(&text.content);
    let missing = members
        .iter()
        .filter(|member| !named.contains_key(member.as_str()));
    let mut violations: Vec<Violation> = missing
        .map(|member| violation(0, format!("`{member}` is not in the code map")))
        .collect();
    let gone = named
        .iter()
        .filter(|(name, _)| !members.iter().any(|member| member == *name));
    violations.extend(
        gone.map(|(name, line)| violation(*line, format!("`{name}` is no workspace member"))),
    );
    violations
}

/// Crate folders in backticks below the heading `Code map`, with the line of the first mention.
fn named_crates(markdown: &str) -> BTreeMap<&str, usize> {
    let mut named = BTreeMap::new();
    let mut level = 0;
    for (index, line) in markdown.lines().enumerate() {
        let hashes = line.len() - line.trim_start_matches('#').len();
        if hashes > 0 {
            let title = line.trim_start_matches('#').trim();
            if title.eq_ignore_ascii_case("code map") {
                level = hashes;
            } else if hashes <= level {
                level = 0;
            }
        }
        if level == 0 {
            continue;
        }
        for word in line.split('`').skip(1).step_by(2) {
            let word = word.trim_end_matches('/');
            if is_crate_folder(word) {
                named.entry(word).or_insert(index + 1);
            }
        }
    }
    named
}

fn is_crate_folder(word: &str) -> bool {
    let name = word
        .strip_prefix("harness/")
        .or_else(|| word.strip_prefix("plugins/"));
    let plain = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    word == "tests" || name.is_some_and(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(markdown: &str) -> Vec<(usize, String)> {
        let text = Text {
            path: FILE.to_string(),
            content: markdown.to_string(),
        };
        let members = ["harness/store", "plugins/nn", "tests"].map(String::from);
        check(Some(&text), &members)
            .into_iter()
            .map(|violation| (violation.line, violation.message))
            .collect()
    }

    #[test]
    fn equal_lists_pass() {
        assert_eq!(
            messages("# A\n## Code map\n`harness/store/` keeps\n### sub\n`plugins/nn`, `tests`\n"),
            []
        );
    }

    #[test]
    fn missing_and_gone_crates_are_named() {
        let found = messages(
            "## Code map\n`harness/store`, `harness/old`\n## Next\n`plugins/nn` `tests`\n",
        );
        let text = |line: usize, message: &str| (line, message.to_string());
        assert_eq!(
            found,
            [
                text(0, "`plugins/nn` is not in the code map"),
                text(0, "`tests` is not in the code map"),
                text(2, "`harness/old` is no workspace member"),
            ]
        );
    }

    #[test]
    fn a_missing_file_is_a_violation() {
        assert_eq!(check(None, &[]).len(), 1);
    }
}
