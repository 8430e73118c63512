//! The files of a new plugin crate: the template's sources under another name, and what lets them stand alone.

use crate::exit::{Exit, Refusal};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// What the files are made from.
pub(super) struct Scaffold {
    /// kebab-case
    pub(super) name: String,
    /// Absolute path of the installation.
    pub(super) home: PathBuf,
    /// Absolute path of the template's crate.
    pub(super) template: PathBuf,
    /// Absolute path of libtorch.
    pub(super) libtorch: PathBuf,
}

fn read(path: &Path) -> Result<String, Refusal> {
    std::fs::read_to_string(path).map_err(|e| {
        let text = format!("cannot read {}: {e}", path.display());
        Refusal::new(Exit::Execution, text).hint("set ASSAY_HOME to a clone of the repository")
    })
}

fn table(path: &Path) -> Result<Table, Refusal> {
    read(path)?.parse().map_err(|e: toml::de::Error| {
        Refusal::new(
            Exit::Execution,
            format!("{}: {}", path.display(), e.message()),
        )
    })
}

/// Relative paths with their contents, in the order in which a reader meets them.
pub(super) fn files(scaffold: &Scaffold) -> Result<Vec<(PathBuf, String)>, Refusal> {
    let mut files = vec![(PathBuf::from("Cargo.toml"), cargo_toml(scaffold)?)];
    for path in sources(&scaffold.template)? {
        let text = read(&scaffold.template.join(&path))?;
        files.push((path, rename(&text, &scaffold.name)));
    }
    files.push(("README.md".into(), readme(scaffold)));
    files.push(("manifest.toml".into(), manifest_toml(&scaffold.name)));
    files.push((".cargo/config.toml".into(), cargo_config(scaffold)));
    files.push((".gitignore".into(), "/target\n/results\n".into()));
    // The versions that the installation was built and tested with.
    files.push((
        "Cargo.lock".into(),
        read(&scaffold.home.join("Cargo.lock"))?,
    ));
    Ok(files)
}

/// Rust files below `src`, relative to the crate, sorted.
fn sources(template: &Path) -> Result<Vec<PathBuf>, Refusal> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::from("src")];
    while let Some(folder) = folders.pop() {
        let path = template.join(&folder);
        let entries = std::fs::read_dir(&path).map_err(|e| {
            Refusal::new(
                Exit::Execution,
                format!("cannot read {}: {e}", path.display()),
            )
        })?;
        for entry in entries.flatten() {
            let relative = folder.join(entry.file_name());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(relative),
                _ => files.push(relative),
            }
        }
    }
    files.retain(|path| path.extension().is_some_and(|e| e == "rs"));
    files.sort();
    Ok(files)
}

/// `my-awr` -> `MyAwr`
fn camel_case(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    name.split('-').map(capital).collect()
}

/// The template's text under the new name.
fn rename(text: &str, name: &str) -> String {
    text.replace("\"template\"", &format!("\"{name}\""))
        .replace("`template`", &format!("`{name}`"))
        .replace("template::", &format!("{}::", name.replace('-', "_")))
        .replace("Template", &camel_case(name))
}

/// The template's `Cargo.toml` with everything that it inherits from the workspace written out.
fn cargo_toml(scaffold: &Scaffold) -> Result<String, Refusal> {
    let template = table(&scaffold.template.join("Cargo.toml"))?;
    let root = table(&scaffold.home.join("Cargo.toml"))?;
    let shared = section(&root, "workspace");
    let package = section(&shared, "package");
    let mut text = format!(
        "[package]\nname = {}\nversion = \"0.1.0\"\ndescription = \"An Assay learner\"\n",
        quoted(&scaffold.name)
    );
    for key in ["edition", "rust-version", "license"] {
        if let Some(value) = package.get(key) {
            text.push_str(&format!("{key} = {value}\n"));
        }
    }
    text.push_str("publish = false\n\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n");
    let versions = section(&shared, "dependencies");
    for kind in ["dependencies", "dev-dependencies"] {
        let wanted = section(&template, kind);
        if wanted.is_empty() {
            continue;
        }
        text.push_str(&format!("\n[{kind}]\n"));
        for (name, entry) in &wanted {
            let written = dependency(entry, versions.get(name), &scaffold.home);
            text.push_str(&format!("{name} = {written}\n"));
        }
    }
    text.push_str("\n# A workspace of its own, wherever this folder lies.\n[workspace]\n");
    let mut profile = Table::new();
    profile.insert(
        "release".into(),
        Value::Table(section(&section(&root, "profile"), "release")),
    );
    let profile = Table::from_iter([("profile".to_owned(), Value::Table(profile))]);
    text.push_str(&format!("\n{profile}"));
    Ok(text)
}

fn section(table: &Table, name: &str) -> Table {
    table
        .get(name)
        .and_then(Value::as_table)
        .cloned()
        .unwrap_or_default()
}

fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// An entry of the template's dependencies, with the workspace's entry in place of `workspace = true` and paths made
/// absolute.
fn dependency(entry: &Value, shared: Option<&Value>, home: &Path) -> Value {
    let inherited = entry.get("workspace").and_then(Value::as_bool) == Some(true);
    let Some(shared) = shared.filter(|_| inherited) else {
        return entry.clone();
    };
    let mut merged = match shared {
        Value::Table(table) => table.clone(),
        version => Table::from_iter([("version".to_owned(), version.clone())]),
    };
    if let Some(path) = merged.get("path").and_then(Value::as_str) {
        let path = home.join(path).display().to_string();
        merged.insert("path".into(), Value::String(path));
    }
    for (key, value) in entry.as_table().into_iter().flatten() {
        match (key.as_str(), merged.get_mut(key)) {
            ("workspace", _) => {}
            // Features of both add up, as in a workspace.
            ("features", Some(Value::Array(features))) => {
                features.extend(value.as_array().cloned().unwrap_or_default());
            }
            _ => {
                merged.insert(key.clone(), value.clone());
            }
        }
    }
    match merged.get("version") {
        Some(version) if merged.len() == 1 => version.clone(),
        _ => Value::Table(merged),
    }
}

/// Where libtorch is. The build folder stays the crate's own: cargo names a dynamic library without a hash, so two crates
/// of one name that shared a folder would take each other's library for theirs.
fn cargo_config(scaffold: &Scaffold) -> String {
    let libtorch = scaffold.libtorch.display().to_string();
    format!(
        "[env]\nLIBTORCH = {}\nLIBTORCH_CXX11_ABI = \"1\"\n",
        quoted(&libtorch)
    )
}

fn manifest_toml(name: &str) -> String {
    format!(
        r#"# `{name}` beside two methods of the installation, on the same critic and the same data.
manifest_version = 1

[study]
id = "{name}"
title = "{name}, awr and ddpg-bc on a contextual bandit"
seeds = {{ base = 0, count = 3 }}

[plugins]
path = ["target/release"]

[[benchmark]]
id = "cbandit/suboptimal-high-coverage-v0"

[[pipeline]]
name = "IQL + {name}"
stages = [
  {{ role = "value", learner = "iql", updates = 1_000, params = {{ hidden = [64, 64] }} }},
  {{ role = "policy", learner = "{name}", updates = 1_000 }},
]

[[pipeline]]
name = "IQL + AWR"
stages = [
  {{ role = "value", learner = "iql", updates = 1_000, params = {{ hidden = [64, 64] }} }},
  {{ role = "policy", learner = "awr", updates = 1_000, params = {{ hidden = [64, 64] }} }},
]

[[pipeline]]
name = "IQL + DDPG+BC"
stages = [
  {{ role = "value", learner = "iql", updates = 1_000, params = {{ hidden = [64, 64] }} }},
  {{ role = "policy", learner = "ddpg-bc", updates = 1_000, params = {{ hidden = [64, 64] }} }},
]

[[table]]
id = "score"
metric = "normalized_score"
rows = "pipeline"
columns = "benchmark"
better = "higher"

[[table]]
id = "error"
metric = "action_mse_evaluation"
rows = "pipeline"
columns = "benchmark"
better = "lower"
"#
    )
}

fn readme(scaffold: &Scaffold) -> String {
    let name = &scaffold.name;
    format!(
        r#"# {name}

A learner for Assay, made by `assay plugin new {name}`. `assay` is the command of the installation in
`{home}` (`cargo assay` there; or put `target/debug` of it on your path).

```console
cargo build --release        # target/release/lib{library}.so; the first build compiles the bindings to libtorch
assay plugin check .         # the conformance suite: does it keep the contract?
assay run manifest.toml      # trains and scores it beside awr and ddpg-bc, then prints the tables
```

Where to change what:

| file | what |
|---|---|
| `src/losses.rs` | the equations, one function each |
| `src/lib.rs` | hyperparameters with defaults, the order of the steps of an update, what is saved |
| `manifest.toml` | what it is compared with, on which data, how long |

Rules that `assay plugin check` tests: same seed, same bytes; save and load restore everything that continuing needs;
unknown hyperparameters, foreign states and wrong shapes are errors; a NaN is noticed; nothing is printed on stdout.
`assay plugin check --list` prints every check.

The paths in `Cargo.toml` and `.cargo/config.toml` point into the installation; change them when it moves.
"#,
        home = scaffold.home.display(),
        library = name.replace('-', "_"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaffold() -> Scaffold {
        let home = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .unwrap();
        Scaffold {
            name: "my-awr".into(),
            home: home.into(),
            template: home.join("plugins/template"),
            libtorch: "/some where/libtorch".into(),
        }
    }

    #[test]
    fn names_change_wherever_the_template_names_itself() {
        let text =
            r#"use template::losses; const ID: &str = "template"; struct Template; // `template`"#;
        let expected =
            r#"use my_awr::losses; const ID: &str = "my-awr"; struct MyAwr; // `my-awr`"#;
        assert_eq!(rename(text, "my-awr"), expected);
    }

    #[test]
    fn inherited_dependencies_are_written_out() {
        let home = Path::new("/home/of assay");
        let parse = |text: &str| text.parse::<Table>().unwrap().remove("x").unwrap();
        let rows = [
            ("x.workspace = true", "x = '1.2'", r#""1.2""#),
            (
                "x.workspace = true",
                "x = { path = 'a/b' }",
                r#"{ path = "/home/of assay/a/b" }"#,
            ),
            (
                "x = { workspace = true, features = ['t'] }",
                "x = { version = '1', features = ['s'] }",
                r#"{ features = ["s", "t"], version = "1" }"#,
            ),
            ("x = '3'", "x = '1'", r#""3""#),
        ];
        for (entry, shared, expected) in rows {
            let written = dependency(&parse(entry), Some(&parse(shared)), home);
            assert_eq!(
                written.to_string().parse::<Value>(),
                expected.parse::<Value>(),
                "{entry}"
            );
        }
    }

    #[test]
    fn every_file_is_valid_and_stands_alone() {
        let files = files(&scaffold()).unwrap();
        let text = |name: &str| {
            let found = files.iter().find(|(path, _)| path == Path::new(name));
            found.map(|(_, text)| text.clone()).unwrap()
        };
        let cargo: Table = text("Cargo.toml").parse().unwrap();
        assert!(cargo.contains_key("workspace"));
        assert_eq!(cargo["package"]["name"].as_str(), Some("my-awr"));
        for (name, entry) in cargo["dependencies"].as_table().unwrap() {
            assert!(entry.get("workspace").is_none(), "{name}");
            if let Some(path) = entry.get("path").and_then(Value::as_str) {
                assert!(Path::new(path).join("Cargo.toml").is_file(), "{path}");
            }
        }
        let config: Table = text(".cargo/config.toml").parse().unwrap();
        assert_eq!(
            config["env"]["LIBTORCH"].as_str(),
            Some("/some where/libtorch")
        );
        assert!(text("src/lib.rs").contains("my-awr") || text("src/lib.rs").contains("MyAwr"));
    }

    #[test]
    fn the_manifest_is_valid() {
        let manifest = manifest::parse_manifest(&manifest_toml("my-awr"), "manifest.toml").unwrap();
        assert_eq!(manifest.plugins.path, ["target/release"]);
        assert_eq!(manifest.pipelines.len(), 3);
        assert_eq!(manifest.pipelines[0].stages[1].learner, "my-awr");
    }
}
