//! What can be checked about a manifest without looking at anything else.

use crate::check_shown::check_shown;
use crate::check_tuning::check_tuning;
use crate::error::{Error, Position, nearest};
use crate::types::{Manifest, Pipeline, Schedule, StageSpec};
use std::collections::BTreeSet;

/// Locates a key path in the file the manifest came from.
pub(crate) type Locate<'a> = &'a dyn Fn(&str) -> Position;

/// Checks names, ranges and references inside the manifest.
pub fn check(manifest: &Manifest, locate: Locate<'_>) -> Result<(), Error> {
    let value = |key: &str, reason: String, hint: Option<&str>| {
        Err(Error::Value {
            at: locate(key),
            reason,
            hint: hint.map(str::to_owned),
        })
    };
    if !is_slug(&manifest.study.id) {
        let reason = format!(
            "study id is `{}`, expected lower-case letters, digits and `-`",
            manifest.study.id
        );
        return value("study.id", reason, None);
    }
    if manifest.study.seeds.count == 0 {
        return value(
            "study.seeds.count",
            "count is 0, expected at least 1".into(),
            None,
        );
    }
    if manifest.training.batch_size == 0 {
        return value(
            "training.batch_size",
            "batch_size is 0, expected at least 1".into(),
            None,
        );
    }
    if manifest.training.resume_interval_updates == 0 {
        return value(
            "training.resume_interval_updates",
            "is 0, expected at least 1".into(),
            None,
        );
    }
    if manifest.benchmarks.is_empty() {
        return value(
            "benchmark",
            "no benchmark is listed".into(),
            Some("add a [[benchmark]] with an id"),
        );
    }
    if manifest.pipelines.is_empty() {
        return value(
            "pipeline",
            "no pipeline is listed".into(),
            Some("add a [[pipeline]] with stages"),
        );
    }
    let counts = [
        ("evaluation.episodes", manifest.evaluation.episodes),
        (
            "evaluation.environments_per_batch",
            manifest.evaluation.environments_per_batch,
        ),
        ("evaluation.snapshots", manifest.evaluation.snapshots),
    ];
    if let Some((key, _)) = counts.iter().find(|(_, n)| *n == Some(0)) {
        return value(key, "is 0, expected at least 1".into(), None);
    }
    check_benchmarks(manifest, locate)?;
    unique(
        manifest.pipelines.iter().map(|p| p.name.as_str()),
        "pipeline",
        "name",
        locate,
    )?;
    for (i, pipeline) in manifest.pipelines.iter().enumerate() {
        check_pipeline(manifest, pipeline, i, locate)?;
    }
    check_axes(manifest, locate)?;
    check_tuning(manifest, locate)?;
    check_sweeps(manifest, locate)?;
    check_shown(manifest, locate)
}

pub(crate) fn is_slug(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

pub(crate) fn unique<'a>(
    names: impl Iterator<Item = &'a str>,
    list: &str,
    field: &str,
    locate: Locate<'_>,
) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for (i, name) in names.enumerate() {
        if !seen.insert(name) {
            let at = locate(&format!("{list}[{i}].{field}"));
            return Err(Error::Value {
                at,
                reason: format!("`{name}` appears twice"),
                hint: None,
            });
        }
    }
    Ok(())
}

fn check_benchmarks(manifest: &Manifest, locate: Locate<'_>) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for (i, benchmark) in manifest.benchmarks.iter().enumerate() {
        let name = benchmark.name();
        let field = if benchmark.label.is_some() {
            "label"
        } else {
            "id"
        };
        if !seen.insert(name) {
            return Err(Error::Value {
                at: locate(&format!("benchmark[{i}].{field}")),
                reason: format!("`{name}` appears twice"),
                hint: Some("give one of them another label".into()),
            });
        }
        if benchmark.seed_count == Some(0) {
            return Err(Error::Value {
                at: locate(&format!("benchmark[{i}].seed_count")),
                reason: "seed_count is 0, expected at least 1".into(),
                hint: Some("leave it out for study.seeds.count".into()),
            });
        }
        let transform = benchmark.transform.as_ref().and_then(|t| t.problem());
        let reward = benchmark.reward.as_ref().and_then(|r| r.problem());
        let wrong = transform.map(|(key, reason)| (format!("transform.{key}"), reason));
        let wrong = wrong.or(reward.map(|(key, reason)| (format!("reward.{key}"), reason)));
        if let Some((key, reason)) = wrong {
            return Err(Error::Value {
                at: locate(&format!("benchmark[{i}].{key}")),
                reason,
                hint: None,
            });
        }
    }
    Ok(())
}

fn check_pipeline(
    manifest: &Manifest,
    pipeline: &Pipeline,
    i: usize,
    locate: Locate<'_>,
) -> Result<(), Error> {
    let fail = |key: String, reason: String| {
        Err(Error::Pipeline {
            at: locate(&key),
            pipeline: pipeline.name.clone(),
            reason,
            hint: None,
        })
    };
    if pipeline.stages.is_empty() {
        return fail(format!("pipeline[{i}].stages"), "it has no stages".into());
    }
    for (j, stage) in pipeline.stages.iter().enumerate() {
        let key = format!("pipeline[{i}].stages[{j}]");
        if !is_slug(&stage.role) {
            return fail(
                format!("{key}.role"),
                format!(
                    "role is `{}`, expected lower-case letters, digits and `-`",
                    stage.role
                ),
            );
        }
        if pipeline.stages[..j].iter().any(|s| s.role == stage.role) {
            return fail(
                format!("{key}.role"),
                format!("two stages have the role `{}`", stage.role),
            );
        }
        if !(stage.data_fraction > 0.0 && stage.data_fraction <= 1.0) {
            return fail(
                format!("{key}.data_fraction"),
                format!(
                    "data_fraction is {}, expected a number above 0 and at most 1",
                    stage.data_fraction
                ),
            );
        }
        if let Some(from) = &stage.from
            && !pipeline.stages[..j].iter().any(|s| &s.role == from)
        {
            return fail(
                format!("{key}.from"),
                format!("stage `{}` is not earlier than `{}`", from, stage.role),
            );
        }
    }
    if pipeline.schedule == Schedule::Joint
        && let Some(reason) = not_joint(pipeline)
    {
        return fail(format!("pipeline[{i}].schedule"), reason);
    }
    if let Some(online) = &pipeline.online {
        if let Some((key, reason)) = online.problem() {
            return fail(format!("pipeline[{i}].online.{key}"), reason);
        }
        for (k, role) in online.stages.iter().enumerate() {
            let stage = pipeline.stages.iter().find(|s| &s.role == role);
            let reason = match stage {
                None => format!("no stage has the role `{role}`"),
                Some(stage) if !uses_data(stage) || stage.updates == 0 => {
                    format!("stage `{role}` is not trained, so it cannot go on learning")
                }
                Some(_) if online.stages[..k].contains(role) => {
                    format!("stage `{role}` is named twice")
                }
                Some(_) => continue,
            };
            return fail(format!("pipeline[{i}].online.stages[{k}]"), reason);
        }
    }
    for (k, id) in pipeline.benchmarks.iter().flatten().enumerate() {
        known_benchmark(
            manifest,
            id,
            &format!("pipeline[{i}].benchmarks[{k}]"),
            locate,
        )?;
    }
    Ok(())
}

/// Why the stages cannot be trained in turn.
fn not_joint(pipeline: &Pipeline) -> Option<String> {
    let trained: Vec<_> = pipeline.trained().collect();
    let [first, others @ ..] = trained.as_slice() else {
        return Some("schedule is `joint`, but no stage is trained".into());
    };
    if others.is_empty() {
        let role = &first.role;
        return Some(format!(
            "schedule is `joint`, but stage `{role}` alone is trained"
        ));
    }
    if pipeline.online.is_some() {
        return Some("schedule is `joint`, which an online phase cannot follow".into());
    }
    let other = others.iter().find(|s| s.updates != first.updates)?;
    Some(format!(
        "schedule is `joint`, but stage `{}` has {} updates and stage `{}` {}: in turn they have the same number",
        first.role, first.updates, other.role, other.updates
    ))
}

pub(crate) fn known_benchmark(
    manifest: &Manifest,
    id: &str,
    key: &str,
    locate: Locate<'_>,
) -> Result<(), Error> {
    known(
        "benchmark of this manifest",
        id,
        &mut manifest.benchmarks.iter().map(|b| b.name()),
        key,
        locate,
    )
}

pub(crate) fn known_pipeline(
    manifest: &Manifest,
    name: &str,
    key: &str,
    locate: Locate<'_>,
) -> Result<(), Error> {
    known(
        "pipeline of this manifest",
        name,
        &mut manifest.pipelines.iter().map(|p| p.name.as_str()),
        key,
        locate,
    )
}

pub(crate) fn known(
    what: &str,
    name: &str,
    candidates: &mut dyn Iterator<Item = &str>,
    key: &str,
    locate: Locate<'_>,
) -> Result<(), Error> {
    let known: Vec<&str> = candidates.collect();
    if known.contains(&name) {
        return Ok(());
    }
    Err(Error::UnknownName {
        at: locate(key),
        what: what.to_owned(),
        name: name.to_owned(),
        nearest: nearest(name, known.iter().copied()),
        known: known.iter().map(|&s| s.to_owned()).collect(),
    })
}

/// `role.key` of an axis or sweep; the role must exist in some pipeline.
fn check_parameter(
    manifest: &Manifest,
    name: &str,
    key: &str,
    locate: Locate<'_>,
) -> Result<(), Error> {
    let Some((role, _)) = name.split_once('.') else {
        return Err(Error::Value {
            at: locate(key),
            reason: format!("`{name}` is not of the form <role>.<parameter>"),
            hint: Some("for example \"policy.data_fraction\"".into()),
        });
    };
    let roles: BTreeSet<&str> = manifest
        .pipelines
        .iter()
        .flat_map(|p| p.stages.iter().map(|s| s.role.as_str()))
        .collect();
    known("role", role, &mut roles.into_iter(), key, locate)
}

fn check_axes(manifest: &Manifest, locate: Locate<'_>) -> Result<(), Error> {
    for (name, values) in &manifest.axes {
        let key = format!("axes.\"{name}\"");
        check_parameter(manifest, name, &key, locate)?;
        let bad = |reason: String| {
            Err(Error::Value {
                at: locate(&key),
                reason,
                hint: None,
            })
        };
        if values.is_empty() {
            return bad("the axis has no values".into());
        }
        if let Some(twice) = values
            .iter()
            .enumerate()
            .find(|(i, v)| values[..*i].contains(v))
        {
            return bad(format!("the value {} appears twice", twice.1));
        }
        if name.ends_with(".data_fraction") {
            let ok = |v: &serde_json::Value| v.as_f64().is_some_and(|f| f > 0.0 && f <= 1.0);
            if let Some(value) = values.iter().find(|v| !ok(v)) {
                return bad(format!(
                    "{value} is not a data fraction: expected a number above 0 and at most 1"
                ));
            }
        }
    }
    Ok(())
}

fn check_sweeps(manifest: &Manifest, locate: Locate<'_>) -> Result<(), Error> {
    for (i, sweep) in manifest.sweeps.iter().enumerate() {
        let key = format!("sweep[{i}]");
        check_parameter(
            manifest,
            &sweep.parameter,
            &format!("{key}.parameter"),
            locate,
        )?;
        if manifest.axes.contains_key(&sweep.parameter) {
            let reason = format!("`{}` is an axis already", sweep.parameter);
            return Err(Error::Value {
                at: locate(&format!("{key}.parameter")),
                reason,
                hint: None,
            });
        }
        for (k, name) in sweep.pipelines.iter().flatten().enumerate() {
            known_pipeline(manifest, name, &format!("{key}.pipelines[{k}]"), locate)?;
        }
        for (k, id) in sweep.benchmarks.iter().flatten().enumerate() {
            known_benchmark(manifest, id, &format!("{key}.benchmarks[{k}]"), locate)?;
        }
    }
    Ok(())
}

/// Whether a stage learns from data; the oracle does not.
pub(crate) fn uses_data(stage: &StageSpec) -> bool {
    stage.learner != crate::params::ORACLE
}
