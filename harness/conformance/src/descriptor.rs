//! Checks of what a library says about itself.

use crate::bench::schema;
use crate::outcome::{Verdict, fail, require, skip};
use crate::subject::Context;
use plugin_api::abi;
use plugin_host::{Error, Library, Sidecar};
use serde_json::Value;

/// Lower-case words of letters and digits joined by single hyphens, starting with a letter.
fn is_kebab(text: &str) -> bool {
    let word = |w: &str| {
        !w.is_empty()
            && w.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.split('-').all(word)
}

/// `1.2.3`, with an optional pre-release or build part.
fn is_semantic_version(text: &str) -> bool {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = core.split('.').collect();
    let number = |p: &&str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(number)
}

/// `name/1`
fn is_interface_id(text: &str) -> bool {
    text.split_once('/').is_some_and(|(name, version)| {
        is_kebab(name) && !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit())
    })
}

/// `family/name-v1`, or `family/*` for a whole family
fn is_environment_id(text: &str) -> bool {
    let Some((family, name)) = text.split_once('/') else {
        return false;
    };
    if name == "*" {
        return is_kebab(family);
    }
    let version = name.rsplit_once("-v").map(|(_, v)| v).unwrap_or_default();
    is_kebab(family)
        && is_kebab(name)
        && !version.is_empty()
        && version.bytes().all(|b| b.is_ascii_digit())
}

fn expect(what: &str, found: &str, form: &str, fits: bool) -> Verdict {
    require(
        fits,
        || format!("{what} to be {form}"),
        || format!("`{found}`"),
    )
}

/// `descriptor`
pub(crate) fn descriptor(context: &Context) -> Verdict {
    let said = context.library.sidecar()?;
    let semver = "a semantic version such as 1.0.0";
    expect("the id", &said.id, "kebab-case", is_kebab(&said.id))?;
    expect(
        "the version",
        &said.version,
        semver,
        is_semantic_version(&said.version),
    )?;
    expect(
        "the licence",
        &said.license,
        "an SPDX expression",
        !said.license.trim().is_empty(),
    )?;
    let sentence = "one sentence";
    expect(
        "the description",
        &said.description,
        sentence,
        !said.description.trim().is_empty(),
    )?;
    for runtime in &said.runtimes {
        let fits = runtime
            .split_once(' ')
            .is_some_and(|(name, version)| is_kebab(name) && is_semantic_version(version));
        expect(
            "a runtime",
            runtime,
            "a name and a version, as in `libtorch 2.11.0`",
            fits,
        )?;
    }
    require(
        !said.learners.is_empty() || !said.environments.is_empty(),
        || "at least one learner or environment".into(),
        || "neither".into(),
    )?;
    learners(&said)?;
    environments(&said)
}

fn learners(said: &Sidecar) -> Verdict {
    for (i, meta) in said.learners.iter().enumerate() {
        expect("a learner id", &meta.id, "kebab-case", is_kebab(&meta.id))?;
        expect(
            "a learner version",
            &meta.version,
            "a semantic version such as 1.0.0",
            is_semantic_version(&meta.version),
        )?;
        let required = of_stages(&meta.requires);
        let optional = optional_of_stages(&meta.requires);
        let needs = meta.requires.iter().filter(|id| !id.contains('/'));
        for need in needs {
            expect(
                "a requirement without a number",
                need,
                &format!("one of {}", abi::BENCHMARK_NEEDS.join(", ")),
                abi::BENCHMARK_NEEDS.contains(&need.as_str()),
            )?;
        }
        for id in required.iter().chain(&optional).chain(&meta.provides) {
            expect(
                "an interface id",
                id,
                "a name and a number, as in `critic/1`",
                is_interface_id(id),
            )?;
        }
        let id = &meta.id;
        require(
            !meta.provides.is_empty(),
            || format!("learner `{id}` to provide an interface"),
            || "none".into(),
        )?;
        require(
            said.learners[..i].iter().all(|m| m.id != *id),
            || "each learner id once".into(),
            || format!("`{id}` twice"),
        )?;
    }
    Ok(())
}

fn environments(said: &Sidecar) -> Verdict {
    for (i, meta) in said.environments.iter().enumerate() {
        let id = &meta.id;
        expect(
            "an environment id",
            id,
            "of the form family/name-vN or family/*",
            is_environment_id(id),
        )?;
        expect(
            "an environment version",
            &meta.version,
            "a semantic version such as 1.0.0",
            is_semantic_version(&meta.version),
        )?;
        require(
            said.environments[..i].iter().all(|m| m.id != *id),
            || "each environment id once".into(),
            || format!("`{id}` twice"),
        )?;
    }
    Ok(())
}

/// `versions`
pub(crate) fn versions(context: &Context) -> Verdict {
    let first = context.library.sidecar()?;
    let abi = &first.abi;
    require(
        abi.minor_needed <= abi.minor,
        || "the lowest ABI minor needed not to exceed the one built against".into(),
        || {
            format!(
                "{} is needed, {} was built against",
                abi.minor_needed, abi.minor
            )
        },
    )?;
    let path = context.library.path();
    let foreign = "0".repeat(64);
    match Library::open(path, Some(&foreign)) {
        Err(Error::DigestMismatch { .. }) => {}
        Err(other) => return Err(other.into()),
        Ok(_) => {
            return fail(
                "the host to refuse bytes that were not sealed",
                "it loaded them",
            );
        }
    }
    let again = Library::open(path, Some(context.library.sha256()))?.sidecar()?;
    require(
        again == first,
        || "the same descriptor from every call of the entry".into(),
        || "another one the second time".into(),
    )
}

/// `schema`
pub(crate) fn hyperparameters_schema(context: &Context) -> Verdict {
    let meta = context.learner()?;
    let schema = schema(&meta);
    let kind = schema.get("type").and_then(Value::as_str);
    require(
        kind == Some("object"),
        || "the JSON Schema of an object".into(),
        || format!("type {}", kind.unwrap_or("missing")),
    )?;
    let Some(properties) = schema.get("properties") else {
        return Ok(());
    };
    let Some(properties) = properties.as_object() else {
        return fail("`properties` to be an object", properties.to_string());
    };
    for (name, property) in properties {
        require(
            property.get("default").is_some(),
            || "every property to carry its default".into(),
            || format!("property `{name}` has none"),
        )?;
    }
    Ok(())
}

/// `interfaces`
pub(crate) fn interfaces(context: &Context) -> Verdict {
    let bench = crate::bench::Bench::trained(context, 0)?;
    for id in context.learner()?.provides {
        bench.bind(&id)?;
    }
    require(
        bench
            .learner
            .bind("subject", "no-such-interface/1")
            .is_none(),
        || "NULL for an unknown interface".into(),
        || "a table for `no-such-interface/1`".into(),
    )
}

/// The interfaces among requirements; an entry without a `/` (`goals`) is required of the benchmark, and one with a `?`
/// at its end is optional.
pub(crate) fn of_stages(requires: &[String]) -> Vec<String> {
    let interfaces = requires.iter().filter(|id| id.contains('/'));
    interfaces
        .filter(|id| !id.ends_with('?'))
        .cloned()
        .collect()
}

/// The optional interfaces among requirements, without their `?`.
pub(crate) fn optional_of_stages(requires: &[String]) -> Vec<String> {
    let interfaces = requires.iter().filter(|id| id.contains('/'));
    let optional = interfaces.filter_map(|id| id.strip_suffix('?'));
    optional.map(str::to_owned).collect()
}

/// `requirements`
pub(crate) fn requirements(context: &Context) -> Verdict {
    let meta = context.learner()?;
    let required = of_stages(&meta.requires);
    if required.is_empty() {
        return skip("the learner requires no interface");
    }
    let setup = crate::bench::Setup {
        upstream: false,
        ..Default::default()
    };
    let attempt = crate::bench::Bench::attempt(context, &setup)?;
    crate::creation::refused(
        attempt.map(|_| ()),
        plugin_api::Code::InvalidArgument,
        &format!("create without {}", required.join(", ")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_ids() {
        let rows = [
            ("iql", true),
            ("ddpg-bc", true),
            ("a1-2", true),
            ("", false),
            ("Iql", false),
            ("ddpg_bc", false),
            ("-a", false),
            ("a--b", false),
            ("1a", false),
        ];
        for (text, expected) in rows {
            assert_eq!(is_kebab(text), expected, "{text}");
        }
        assert!(is_environment_id("hopper/medium-v2"));
        assert!(is_environment_id("mujoco/hopper-v4"));
        assert!(is_environment_id("gymnasium/*"));
        assert!(!is_environment_id("*/hopper-v4"));
        assert!(!is_environment_id("hopper-v4"));
        assert!(!is_environment_id("mujoco/hopper"));
        assert!(is_interface_id("state-value/1"));
        assert!(!is_interface_id("critic"));
        assert!(is_semantic_version("1.0.0-rc.1"));
        assert!(!is_semantic_version("1.0"));
    }
}
