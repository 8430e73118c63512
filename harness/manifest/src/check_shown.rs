//! Checks of what a manifest shows: tables and findings name what exists.

use crate::check::{Locate, known, known_benchmark, known_pipeline, unique};
use crate::error::Error;
use crate::shown::Finding;
use crate::types::Manifest;

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
