//! From TOML text to types, with errors that name file, line, key, expected and found.

use crate::benchmark::BenchmarkDefinition;
use crate::error::{Error, Position, nearest};
use crate::types::Manifest;
use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

/// The manifest format that this version reads.
const MANIFEST_VERSION: u32 = 1;

/// Parses a manifest. `file` names it in errors.
pub fn parse_manifest(text: &str, file: &str) -> Result<Manifest, Error> {
    let manifest: Manifest = parse(text, file)?;
    if manifest.manifest_version != MANIFEST_VERSION {
        return Err(Error::Value {
            at: locate(text, file, "manifest_version"),
            reason: format!(
                "manifest_version is {}, expected {MANIFEST_VERSION}",
                manifest.manifest_version
            ),
            hint: Some("use the version of Assay that the manifest was written for".into()),
        });
    }
    crate::check::check(&manifest, &|key| locate(text, file, key))?;
    Ok(manifest)
}

/// Parses a benchmark definition. `file` names it in errors.
pub fn parse_benchmark(text: &str, file: &str) -> Result<BenchmarkDefinition, Error> {
    let benchmark: BenchmarkDefinition = parse(text, file)?;
    let bad = |key: &str, reason: String| Error::Value {
        at: locate(text, file, key),
        reason,
        hint: None,
    };
    if benchmark.format != 1 {
        return Err(bad(
            "format",
            format!("format is {}, expected 1", benchmark.format),
        ));
    }
    if !(0.0..1.0).contains(&benchmark.discount) {
        return Err(bad(
            "discount",
            format!(
                "discount is {}, expected a number in [0, 1)",
                benchmark.discount
            ),
        ));
    }
    if benchmark.evaluation.episodes == 0 || benchmark.evaluation.environments_per_batch == 0 {
        return Err(bad(
            "evaluation",
            "episodes and environments_per_batch must be at least 1".into(),
        ));
    }
    if let Some((key, reason)) = benchmark.goal.as_ref().and_then(|g| g.problem()) {
        return Err(bad(&format!("goal.{key}"), format!("{key}: {reason}")));
    }
    Ok(benchmark)
}

/// Parses any other TOML document of the project (e.g. a claims file) with the errors of manifests. `file` names it.
pub fn parse_document<T: DeserializeOwned>(text: &str, file: &str) -> Result<T, Error> {
    parse(text, file)
}

/// Where the key path `key` (`a.b[2].c`) stands in `text`.
pub fn locate(text: &str, file: &str, key: &str) -> Position {
    let line = find(text, key).map(|offset| line_of(text, offset));
    Position {
        file: file.to_owned(),
        line,
        key: key.to_owned(),
    }
}

fn parse<T: DeserializeOwned>(text: &str, file: &str) -> Result<T, Error> {
    let deserializer = toml::Deserializer::parse(text).map_err(|e| Error::Syntax {
        at: Position {
            file: file.to_owned(),
            line: e.span().map(|s| line_of(text, s.start)),
            key: String::new(),
        },
        reason: e.message().to_owned(),
    })?;
    serde_path_to_error::deserialize(deserializer).map_err(|e| {
        let path = e.path().to_string();
        let line = e.inner().span().map(|s| line_of(text, s.start));
        let key = if path == "." { String::new() } else { path };
        explain(
            e.inner().message(),
            Position {
                file: file.to_owned(),
                line,
                key,
            },
        )
    })
}

/// serde says "unknown field `x`, expected one of `a`, `b`"; the closest name is ours to add.
fn explain(message: &str, at: Position) -> Error {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if message.starts_with("unknown field") && !quoted.is_empty() {
        let (key, known) = (quoted[0], &quoted[1..]);
        return Error::UnknownKey {
            at,
            key: key.to_owned(),
            expected: known.join(", "),
            nearest: nearest(key, known.iter().copied()),
        };
    }
    if message.starts_with("unknown variant") && !quoted.is_empty() {
        let (name, known) = (quoted[0], &quoted[1..]);
        return Error::UnknownName {
            at,
            what: "value".into(),
            name: name.to_owned(),
            nearest: nearest(name, known.iter().copied()),
            known: known.iter().map(|&s| s.to_owned()).collect(),
        };
    }
    Error::Value {
        at,
        reason: message.to_owned(),
        hint: None,
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}

/// Byte offset of a key path. Follows the path as far as it exists, so that a missing key points at its table.
fn find(text: &str, key: &str) -> Option<usize> {
    let root = DeTable::parse(text).ok()?;
    let mut offset = None;
    let mut table = Some(root.get_ref());
    let mut array: Option<&toml::de::DeArray<'_>> = None;
    for segment in split(key) {
        let value = match segment.parse::<usize>() {
            Ok(index) if array.is_some() => array?.get(index),
            _ => {
                let Some(t) = table else { break };
                // The key's own span: a table's value span starts at its header.
                let Some((name, value)) = t.iter().find(|(k, _)| k.get_ref().as_ref() == segment)
                else {
                    break;
                };
                offset = Some(name.span().start);
                Some(value)
            }
        };
        let Some(value) = value else { break };
        if array.is_some() {
            offset = Some(value.span().start);
        }
        (table, array) = match value.get_ref() {
            DeValue::Table(t) => (Some(t), None),
            DeValue::Array(a) => (None, Some(a)),
            _ => (None, None),
        };
    }
    offset
}

/// `axes."a.b"` and `a.b[2].c` into segments; dots inside quotes do not split.
fn split(key: &str) -> Vec<String> {
    let mut segments = vec![String::new()];
    let mut quoted = false;
    for c in key.chars() {
        match c {
            '"' => quoted = !quoted,
            '.' | '[' if !quoted => segments.push(String::new()),
            ']' if !quoted => {}
            other => segments.last_mut().into_iter().for_each(|s| s.push(other)),
        }
    }
    segments.retain(|s| !s.is_empty());
    segments
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
manifest_version = 1
[study]
id = "demo"
seeds = { base = 0, count = 2 }
[[benchmark]]
id = "cbandit/x-v0"
[[pipeline]]
name = "BC"
stages = [ { role = "policy", learner = "bc", updates = 10 } ]
"#;

    fn error(text: &str) -> Error {
        parse_manifest(text, "m.toml").expect_err("must be refused")
    }

    #[test]
    fn reads_and_fills_defaults() {
        let m = parse_manifest(GOOD, "m.toml").unwrap();
        assert_eq!(m.training.batch_size, 256);
        assert!((m.pipelines[0].stages[0].data_fraction - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn unknown_key_names_file_line_and_nearest() {
        let e = error(&GOOD.replace("updates = 10", "update = 10"));
        let Error::UnknownKey {
            at, key, nearest, ..
        } = &e
        else {
            panic!("{e}")
        };
        assert_eq!(
            (key.as_str(), nearest.as_deref(), at.line),
            ("update", Some("updates"), Some(10))
        );
        assert!(at.key.starts_with("pipeline[0].stages[0]"), "{}", at.key);
    }

    #[test]
    fn wrong_type_names_key_expected_and_found() {
        let text = error(&GOOD.replace("count = 2", "count = \"two\"")).to_string();
        assert!(
            text.contains("study.seeds.count") && text.contains("string") && text.contains("u64"),
            "{text}"
        );
    }

    #[test]
    fn newer_format_is_refused() {
        let text = error(&GOOD.replace("manifest_version = 1", "manifest_version = 2")).to_string();
        assert!(
            text.contains("expected 1") && text.contains("m.toml:2"),
            "{text}"
        );
    }

    #[test]
    fn broken_toml_names_the_line() {
        let e = error("manifest_version = = 1");
        assert!(
            matches!(&e, Error::Syntax { at, .. } if at.line == Some(1)),
            "{e}"
        );
    }
}
