//! Every crate takes the workspace's lints.

use crate::tidy::{Text, Violation, find};

/// Checks `Cargo.toml` of each member folder.
pub(crate) fn check(texts: &[Text], members: &[String]) -> Vec<Violation> {
    let broken = members.iter().filter_map(|member| {
        let path = format!("{member}/Cargo.toml");
        let inherits = find(texts, &path).is_some_and(|text| inherits_lints(&text.content));
        (!inherits).then(|| Violation {
            file: path,
            line: 0,
            rule: "lints",
            message: "the workspace's lints are not inherited".to_string(),
            hint: "add a section [lints] with workspace = true",
        })
    });
    broken.collect()
}

fn inherits_lints(manifest: &str) -> bool {
    let mut lines = manifest.lines().map(str::trim);
    let found = lines.by_ref().any(|line| line == "[lints]");
    let mut section = lines.take_while(|line| !line.starts_with('['));
    found && section.any(|line| line.replace(' ', "") == "workspace=true")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_one(manifest: &str) -> usize {
        let text = Text {
            path: "harness/a/Cargo.toml".to_string(),
            content: manifest.to_string(),
        };
        check(&[text], &["harness/a".to_string()]).len()
    }

    #[test]
    fn lints_must_be_inherited_in_their_own_section() {
        assert_eq!(
            check_one("[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n"),
            0
        );
        assert_eq!(check_one("[package]\nname = \"a\"\n"), 1);
        assert_eq!(check_one("[lints]\n[dependencies]\nworkspace = true\n"), 1);
    }
}
