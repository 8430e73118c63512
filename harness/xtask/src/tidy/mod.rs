//! Rules of this repository that no other tool knows.

mod arrows;
mod code_map;
mod manifests;
mod source;
mod strip;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::no_arguments;
use crate::workspace::Workspace;

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    /// Path relative to the root.
    pub(crate) file: String,
    /// From 1; 0 where the whole file is meant.
    pub(crate) line: usize,
    pub(crate) rule: &'static str,
    pub(crate) message: String,
    pub(crate) hint: &'static str,
}

/// A tracked text file.
pub(crate) struct Text {
    /// Path relative to the root.
    pub(crate) path: String,
    pub(crate) content: String,
}

/// `cargo xtask tidy`
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<u8> {
    no_arguments("tidy", arguments)?;
    let texts = texts(&workspace.root)?;
    let members: Vec<String> = workspace
        .packages
        .iter()
        .map(|package| package.folder(&workspace.root))
        .collect();

    let mut violations = arrows::check(&workspace.root, &workspace.packages);
    let fixtures = |member: &&String| member.starts_with("tests/");
    let mapped: Vec<String> = members
        .iter()
        .filter(|member| !fixtures(member))
        .cloned()
        .collect();
    violations.extend(code_map::check(find(&texts, "ARCHITECTURE.md"), &mapped));
    violations.extend(manifests::check(&texts, &members));
    violations.extend(texts.iter().flat_map(source::check));
    violations.sort();
    for violation in &violations {
        let Violation {
            file,
            line,
            rule,
            message,
            hint,
        } = violation;
        println!("{file}:{line}: {rule}: {message}\n  hint: {hint}");
    }
    for (path, lines) in source::long_files(&texts) {
        eprintln!(
            "warning: {path} has {lines} lines; split it before it has {}",
            source::MOST_LINES
        );
    }
    eprintln!(
        "tidy: {} files, {} violations",
        texts.len(),
        violations.len()
    );
    Ok(u8::from(!violations.is_empty()))
}

fn find<'a>(texts: &'a [Text], path: &str) -> Option<&'a Text> {
    texts.iter().find(|text| text.path == path)
}

/// Tracked files, and new ones that git does not ignore. Files that are not UTF-8 are left out.
fn texts(root: &Path) -> Result<Vec<Text>> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()
        .context("cannot run git to list the files")?;
    if !output.status.success() {
        bail!(
            "git ls-files failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let names = String::from_utf8_lossy(&output.stdout).into_owned();
    let paths = names.split('\0').filter(|name| !name.is_empty());
    let texts = paths.filter_map(|path| {
        let content = std::fs::read_to_string(root.join(PathBuf::from(path))).ok()?;
        Some(Text {
            path: path.to_string(),
            content,
        })
    });
    Ok(texts.collect())
}
