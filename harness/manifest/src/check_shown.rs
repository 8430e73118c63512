//! Checks of what a manifest shows: tables and findings name what exists.

use crate::check::{Locate, known, known_benchmark, known_pipeline, unique};
use crate::error::Error;
use crate::shown::{Finding, Table};
use crate::types::{BenchmarkRef, Manifest};
use std::collections::BTreeMap;

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
        one_pipeline_a_place(manifest, i, table, locate)?;
    }
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
