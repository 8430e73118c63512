//! What the types of a claims file cannot say.

use std::collections::BTreeSet;

use manifest::{Error, Position};

use super::file::{Claim, ClaimsFile, FORMAT, Levels, Property, Test};
use super::topic::barred;

/// Finds the first thing that makes the file unusable.
pub(crate) fn check(file: &ClaimsFile, locate: &dyn Fn(&str) -> Position) -> Result<(), Error> {
    let bad = |key: &str, reason: String, hint: Option<&str>| Error::Value {
        at: locate(key),
        reason,
        hint: hint.map(str::to_owned),
    };
    if file.format != FORMAT {
        let reason = format!("format is {}, expected {FORMAT}", file.format);
        let hint = "use the version of Assay that the file was written for";
        return Err(bad("format", reason, Some(hint)));
    }
    if file.manifests.is_empty() {
        return Err(bad("manifests", "no manifest is named".into(), None));
    }
    for (name, looks) in &file.looks {
        let key = format!("looks.{name:?}");
        if !file.manifests.contains(name) {
            return Err(unknown_manifest(file, locate(&key), name));
        }
        if *looks == 0 {
            let reason = format!("looks at {name} is 0, expected at least 1");
            return Err(bad(&key, reason, Some("count this look, too")));
        }
    }
    let (mut ids, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    for (i, claim) in file.claims.iter().enumerate() {
        let key = |rest: &str| format!("claim[{i}].{rest}");
        if !ids.insert(claim.id.as_str()) {
            return Err(bad(&key("id"), format!("id `{}` is taken", claim.id), None));
        }
        if !numbers.insert(claim.number) {
            let reason = format!("number {} is taken", claim.number);
            return Err(bad(&key("number"), reason, None));
        }
        let read = claim.reads(file).iter().map(|name| ("manifests", name));
        let expected = claim.expected.keys().map(|name| ("expected", name));
        for (what, name) in read.chain(expected) {
            if !file.manifests.contains(name) {
                return Err(unknown_manifest(file, locate(&key(what)), name));
            }
        }
        for name in named_benchmarks(claim) {
            if let Some(why) = barred(name, "", &claim.topics) {
                let reason = format!("claim `{}` names benchmark `{name}`: {why}", claim.id);
                let hint = "take the benchmark out of this claim";
                return Err(bad(&key("benchmarks"), reason, Some(hint)));
            }
        }
        if let Some((name, reason)) = number_problem(claim) {
            return Err(bad(&key(name), reason, None));
        }
    }
    Ok(())
}

fn unknown_manifest(file: &ClaimsFile, at: Position, name: &str) -> Error {
    Error::UnknownName {
        at,
        what: "manifest".into(),
        name: name.into(),
        nearest: manifest::nearest(name, file.manifests.iter().map(String::as_str)),
        known: file.manifests.clone(),
    }
}

/// Benchmarks that the claim names itself.
fn named_benchmarks(claim: &Claim) -> Vec<&str> {
    let own = claim.benchmarks.iter().flatten();
    let inside: Vec<&String> = match &claim.test {
        Test::PairedBenchmarks { pairs, .. } => pairs.iter().flatten().collect(),
        Test::SweepShape {
            levels: Levels::Benchmarks(lists),
            ..
        } => lists.iter().flatten().collect(),
        _ => Vec::new(),
    };
    own.chain(inside).map(String::as_str).collect()
}

/// A key and what is wrong with its number.
fn number_problem(claim: &Claim) -> Option<(&'static str, String)> {
    let power = claim.power;
    if claim.least.settings == 0 || claim.least.seeds < 2 {
        let reason = "least needs at least 1 setting and 2 seeds: one seed gives no interval";
        return Some(("least", reason.into()));
    }
    let sound = power.effect > 0.0 && power.sd > 0.0 && power.power > 0.0 && power.power < 1.0;
    if !sound || power.settings < claim.least.settings || power.seeds < claim.least.seeds {
        let reason = "power needs effect and sd above 0, power in (0, 1), and no fewer settings and seeds than `least`";
        return Some(("power", reason.into()));
    }
    if let Some((name, p)) = claim
        .expected
        .iter()
        .find(|(_, p)| !(0.0..=1.0).contains(*p))
    {
        let reason = format!("expected of {name} is {p}, a probability is between 0 and 1");
        return Some(("expected", reason));
    }
    if let Test::Association {
        properties,
        correlation,
        some,
        accuracy,
        ..
    } = &claim.test
    {
        return association_problem(properties, *some, [*correlation, *accuracy]);
    }
    let (share, open) = match &claim.test {
        Test::ShareNonInferior { share, .. } | Test::ShareWithinBest { share, .. } => {
            (*share, false)
        }
        Test::VarianceComponents { share, .. }
        | Test::Slopes { share, .. }
        | Test::TestTime { share, .. } => (*share, true),
        _ => return None,
    };
    let inside = if open {
        (0.0..1.0).contains(&share)
    } else {
        share > 0.0 && share <= 1.0
    };
    (!inside).then(|| {
        let range = if open { "[0, 1)" } else { "(0, 1]" };
        (
            "test.share",
            format!("share is {share}, expected a number in {range}"),
        )
    })
}

/// What is wrong with an association, which has its own numbers.
fn association_problem(
    properties: &[Property],
    some: usize,
    margins: [f64; 2],
) -> Option<(&'static str, String)> {
    if some == 0 || some > properties.len() {
        let reason = format!(
            "some is {some}, expected 1 to {}, the number of properties",
            properties.len()
        );
        return Some(("test.some", reason));
    }
    let names: BTreeSet<&str> = properties.iter().map(|p| p.name.as_str()).collect();
    if names.len() < properties.len() {
        return Some(("test.properties", "two properties have one name".into()));
    }
    let keys = ["test.correlation", "test.accuracy"];
    let bad = keys
        .into_iter()
        .zip(margins)
        .find(|(_, x)| !(0.0..1.0).contains(x));
    bad.map(|(key, x)| (key, format!("it is {x}, expected a number in [0, 1)")))
}
