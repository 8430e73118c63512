//! Joining the descriptions of one study that was computed in parts.

use serde_json::Value;

use crate::error::{Error, Result};
use crate::study::{FindingSpec, Study};

/// The description of the whole study from those of its parts, `[(name, study)]`: what a part has is in it once, in the order of
/// the parts; between two things of one part stands what only another part has there.
///
/// # Errors
/// `NothingMeasured` without a part; `DifferentParts` where parts are of different manifests, or say different things of one benchmark,
/// pipeline, axis, sweep or table.
pub fn merge_studies(parts: &[(String, Study)]) -> Result<Study> {
    let Some(((first_name, first), rest)) = parts.split_first() else {
        return Err(Error::NothingMeasured {
            study: "of no part".into(),
            what: None,
        });
    };
    let mut whole = first.clone();
    for (name, part) in rest {
        let differ = |what: String| Error::DifferentParts {
            what,
            first: first_name.clone(),
            second: name.clone(),
        };
        if part.manifest_digest != whole.manifest_digest || part.format != whole.format {
            return Err(differ("the manifest".into()));
        }
        join_benchmarks(&mut whole, part).map_err(differ)?;
        join(
            &mut whole.pipelines,
            &part.pipelines,
            |p| p.name.clone(),
            "pipeline",
        )
        .map_err(differ)?;
        join(&mut whole.axes, &part.axes, |a| a.name.clone(), "axis").map_err(differ)?;
        join_sweeps(&mut whole, part).map_err(differ)?;
        for (key, value) in &part.reference {
            let known = whole
                .reference
                .entry(key.clone())
                .or_insert_with(|| value.clone());
            if !same(known, value) {
                return Err(differ(format!("the declared value of `{key}`")));
            }
        }
        join(&mut whole.tables, &part.tables, |t| t.id.clone(), "table").map_err(differ)?;
        join(
            &mut whole.figures,
            &part.figures,
            |f| f.id.clone(),
            "figure",
        )
        .map_err(differ)?;
        join(&mut whole.findings, &part.findings, finding_id, "finding").map_err(differ)?;
    }
    Ok(whole)
}

/// Parts with other seeds have other generated data: a benchmark has the digests of all.
fn join_benchmarks(whole: &mut Study, part: &Study) -> std::result::Result<(), String> {
    let mut own = part.benchmarks.clone();
    for benchmark in &mut own {
        let known = whole.benchmarks.iter_mut().find(|b| b.id == benchmark.id);
        let Some(known) = known else { continue };
        let digests = &mut known.protocol.digests;
        digests.append(&mut benchmark.protocol.digests);
        digests.sort();
        digests.dedup();
        benchmark.protocol.digests.clone_from(digests);
    }
    join(&mut whole.benchmarks, &own, |b| b.id.clone(), "benchmark")
}

/// Sweeps are known by their parameter; a part has the pipelines that run in it.
fn join_sweeps(whole: &mut Study, part: &Study) -> std::result::Result<(), String> {
    for sweep in &part.sweeps {
        let Some(known) = whole
            .sweeps
            .iter_mut()
            .find(|s| s.parameter == sweep.parameter)
        else {
            whole.sweeps.push(sweep.clone());
            continue;
        };
        known.pipelines.extend_from_slice(&sweep.pipelines);
        known.pipelines.sort();
        known.pipelines.dedup();
        for value in &sweep.values {
            if !known.values.iter().any(|v| same(v, value)) {
                known.values.push(value.clone());
            }
        }
        known.values.sort_by(|a, b| {
            let numbers = a.as_f64().zip(b.as_f64());
            numbers.map_or(std::cmp::Ordering::Equal, |(a, b)| a.total_cmp(&b))
        });
    }
    Ok(())
}

fn same(a: &Value, b: &Value) -> bool {
    a == b || (a.is_number() && a.as_f64() == b.as_f64())
}

/// Puts what `part` alone has behind what it stands behind there; answers what both have and differs.
fn join<T: Clone + PartialEq>(
    whole: &mut Vec<T>,
    part: &[T],
    id: impl Fn(&T) -> String,
    kind: &str,
) -> std::result::Result<(), String> {
    let mut behind = None;
    for own in part {
        match whole.iter().position(|known| id(known) == id(own)) {
            Some(at) if whole[at] != *own => return Err(format!("{kind} `{}`", id(own))),
            Some(at) => behind = Some(at),
            None => {
                let at = behind.map_or(whole.len(), |at| at + 1);
                whole.insert(at, own.clone());
                behind = Some(at);
            }
        }
    }
    Ok(())
}

fn finding_id(finding: &FindingSpec) -> String {
    match finding {
        FindingSpec::Ratio { id, .. }
        | FindingSpec::RatioOfRatios { id, .. }
        | FindingSpec::Order { id, .. }
        | FindingSpec::TrainEvaluationGap { id, .. } => id.clone(),
    }
}
