//! Checks of what a manifest shows: tables, figures and findings name what exists.

use crate::check::{Locate, is_slug, known, known_benchmark, known_pipeline, unique};
use crate::error::Error;
use crate::shown::{FigureKind, Finding, Table};
use crate::types::{BenchmarkRef, Manifest};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn check_shown(manifest: &Manifest, locate: Locate<'_>) -> Result<(), Error> {
    unique(
        manifest.tables.iter().map(|t| t.id.as_str()),
        "table",
        "id",
        locate,
    )?;
    for (i, table) in manifest.tables.iter().enumerate() {
        if let Some(id) = &table.benchmark {
            known_benchmark(manifest, id, &format!("table[{i}].benchmark"), locate)?;
        }
        check_where(manifest, &table.only, &format!("table[{i}].where"), locate)?;
        one_pipeline_a_place(manifest, i, table, locate)?;
    }
    check_figures(manifest, locate)?;
    for (i, finding) in manifest.findings.iter().enumerate() {
        let key = |field: &str| format!("finding[{i}].{field}");
        let (benchmark, pipelines) = finding_names(finding);
        known_benchmark(manifest, benchmark, &key("benchmark"), locate)?;
        for (field, name) in pipelines {
            known_pipeline(manifest, name, &key(field), locate)?;
        }
        if let Finding::Ratio {
            sweep: Some(parameter),
            ..
        } = finding
        {
            let mut swept = manifest.sweeps.iter().map(|s| s.parameter.as_str());
            known(
                "swept parameter",
                parameter,
                &mut swept,
                &key("sweep"),
                locate,
            )?;
        }
    }
    Ok(())
}

fn check_figures(manifest: &Manifest, locate: Locate<'_>) -> Result<(), Error> {
    let ids = manifest.figures.iter().map(|f| f.id.as_str());
    unique(ids, "figure", "id", locate)?;
    for (i, figure) in manifest.figures.iter().enumerate() {
        let taken = match figure.kind {
            FigureKind::Scaling => "curve",
            FigureKind::Curve => "scaling",
        };
        let reason = if !is_slug(&figure.id) {
            Some("expected lower-case letters, digits and `-`".to_owned())
        } else if figure.id == taken {
            Some(format!("which names figures of kind `{taken}`"))
        } else {
            None
        };
        if let Some(reason) = reason {
            return Err(Error::Value {
                at: locate(&format!("figure[{i}].id")),
                reason: format!("id is `{}`, {reason}", figure.id),
                hint: Some("it becomes the name of the figure's files".into()),
            });
        }
        if let Some(id) = &figure.benchmark {
            known_benchmark(manifest, id, &format!("figure[{i}].benchmark"), locate)?;
        }
        check_where(
            manifest,
            &figure.only,
            &format!("figure[{i}].where"),
            locate,
        )?;
    }
    Ok(())
}

/// A `where` names labels and values that pipelines have; otherwise nothing would be shown, after everything has run.
fn check_where(
    manifest: &Manifest,
    only: &BTreeMap<String, String>,
    key: &str,
    locate: Locate<'_>,
) -> Result<(), Error> {
    let all = || manifest.pipelines.iter().flat_map(|p| &p.labels);
    for (name, value) in only {
        let key = format!("{key}.{name}");
        let names: BTreeSet<&str> = all().map(|(name, _)| name.as_str()).collect();
        known("label", name, &mut names.into_iter(), &key, locate)?;
        let own = all().filter(|(known, _)| *known == name);
        let values: BTreeSet<&str> = own.map(|(_, value)| value.as_str()).collect();
        let what = format!("value of the label `{name}`");
        known(&what, value, &mut values.into_iter(), &key, locate)?;
    }
    Ok(())
}

/// Two pipelines must not share a place of a table: one of them would hide the other after everything has run.
fn one_pipeline_a_place(
    manifest: &Manifest,
    i: usize,
    table: &Table,
    locate: Locate<'_>,
) -> Result<(), Error> {
    let mut places: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for benchmark in manifest.benchmarks.iter().map(BenchmarkRef::name) {
        if table.benchmark.as_deref().is_some_and(|id| id != benchmark) {
            continue;
        }
        for pipeline in manifest.pipelines.iter().filter(|p| table.shows(p)) {
            let listed = pipeline.benchmarks.as_ref();
            if listed.is_some_and(|ids| !ids.iter().any(|id| id == benchmark)) {
                continue;
            }
            let label = |dimension: &str| match dimension {
                "pipeline" => pipeline.name.as_str(),
                "benchmark" => benchmark,
                other => pipeline.labels.get(other).map_or("none", String::as_str),
            };
            let (row, column) = (label(&table.rows), label(&table.columns));
            let first = *places.entry((row, column)).or_insert(&pipeline.name);
            if first != pipeline.name {
                return Err(Error::Value {
                    at: locate(&format!("table[{i}].rows")),
                    reason: format!(
                        "table `{}` has `{first}` and `{}` in one place ({}, {})",
                        table.id, pipeline.name, row, column
                    ),
                    hint: Some("choose pipelines by `where`, give them different labels, or use `pipeline` as rows".into()),
                });
            }
        }
    }
    Ok(())
}

fn finding_names(finding: &Finding) -> (&str, Vec<(&'static str, &str)>) {
    match finding {
        Finding::Ratio {
            benchmark,
            numerator,
            denominator,
            ..
        } => (
            benchmark,
            vec![("numerator", numerator), ("denominator", denominator)],
        ),
        Finding::RatioOfRatios {
            benchmark, a, b, ..
        } => (
            benchmark,
            vec![
                ("a.numerator", &a.numerator),
                ("a.denominator", &a.denominator),
                ("b.numerator", &b.numerator),
                ("b.denominator", &b.denominator),
            ],
        ),
        Finding::Order {
            benchmark,
            first,
            second,
            ..
        } => (benchmark, vec![("first", first), ("second", second)]),
        Finding::TrainEvaluationGap {
            benchmark,
            pipeline,
            ..
        } => (benchmark, vec![("pipeline", pipeline)]),
    }
}
