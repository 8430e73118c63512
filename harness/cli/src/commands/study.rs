//! From a planned manifest to `study.json`, the description that analysis and report read.

use super::session::Session;
use analysis::study as out;
use manifest::{Better, Finding, Manifest, Pair};
use runner::{BenchmarkFacts, Plan};
use serde_json::Value;
use std::collections::BTreeMap;

/// The description of a study, or of the part of it that was planned: benchmarks and what is shown are the part's, the rest is
/// the same in all parts.
pub(crate) fn describe(session: &Session) -> out::Study {
    let (whole, manifest, plan) = (&session.whole, &session.manifest, &session.plan);
    out::Study {
        format: out::FORMAT,
        study: manifest.study.id.clone(),
        title: manifest.study.title.clone(),
        manifest_digest: manifest::identity::id_of(whole),
        benchmarks: plan
            .benchmarks
            .iter()
            .map(|b| benchmark(b, manifest.evaluation.episodes))
            .collect(),
        pipelines: whole
            .pipelines
            .iter()
            .map(|p| out::Pipeline {
                name: p.name.clone(),
                labels: p.labels.clone(),
                benchmarks: p.benchmarks.clone(),
                over: over(p),
            })
            .collect(),
        axes: manifest
            .axes
            .iter()
            .map(|(name, values)| out::Axis {
                name: name.clone(),
                values: values.clone(),
            })
            .collect(),
        sweeps: manifest.sweeps.iter().map(|s| sweep(s, plan)).collect(),
        reference: reference(plan),
        tables: tables(manifest),
        figures: manifest.figures.iter().map(figure).collect(),
        findings: manifest.findings.iter().map(finding).collect(),
    }
}

fn benchmark(facts: &BenchmarkFacts, episodes: Option<u32>) -> out::Benchmark {
    let definition = &facts.definition;
    let normalizer = definition.normalizer.as_ref();
    let normalizer =
        normalizer.and_then(|own| normalizer_of(own, &definition.id, &definition.environment).ok());
    let mut digests: Vec<String> = facts.datasets.values().map(|d| d.1.clone()).collect();
    digests.sort();
    digests.dedup();
    out::Benchmark {
        id: facts.name.clone(),
        environment: definition.environment.clone(),
        normalizer,
        protocol: out::Protocol {
            dataset: Some(definition.dataset.clone()),
            digests,
            origin: None,
            evaluation_episodes: Some(episodes.unwrap_or(definition.evaluation.episodes)),
        },
    }
}

/// The references of the normaliser `name` for a benchmark; those for its dataset before those for its environment, so
/// that a benchmark can have constants of its own.
pub(crate) fn normalizer_of(
    name: &str,
    dataset: &str,
    environment: &str,
) -> Result<out::Normalizer, envs::Error> {
    let found = envs::normalizer::lookup(name, dataset)
        .or_else(|_| envs::normalizer::lookup(name, environment))?;
    Ok(out::Normalizer {
        id: found.normalizer.clone(),
        version: found.version.to_string(),
        ref_min: found.ref_min,
        ref_max: found.ref_max,
    })
}

/// A sweep with the declared value among its values and the pipelines that have the parameter.
fn sweep(sweep: &manifest::Sweep, plan: &Plan) -> out::Sweep {
    let has = plan.reference.iter().filter(|(name, values)| {
        values.contains_key(&sweep.parameter)
            && sweep.pipelines.as_ref().is_none_or(|p| p.contains(name))
    });
    let (mut values, mut pipelines) = (sweep.values.clone(), Vec::new());
    for (name, reference) in has {
        pipelines.push(name.clone());
        let declared = &reference[&sweep.parameter];
        if !values
            .iter()
            .any(|v| v == declared || (v.is_number() && v.as_f64() == declared.as_f64()))
        {
            values.push(declared.clone());
        }
    }
    values.sort_by(|a, b| {
        a.as_f64()
            .partial_cmp(&b.as_f64())
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    out::Sweep {
        parameter: sweep.parameter.clone(),
        values,
        pipelines,
        tune: sweep.tune,
    }
}

/// The declared value of every axis and swept parameter; where pipelines differ, the first one's.
fn reference(plan: &Plan) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for values in plan.reference.values() {
        for (name, value) in values {
            all.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    all
}

fn better(better: Better) -> out::Better {
    match better {
        Better::Lower => out::Better::Lower,
        Better::Higher => out::Better::Higher,
    }
}

/// The manifest's tables; without any, the normalised score and the return of every pipeline on every benchmark.
fn tables(manifest: &Manifest) -> Vec<out::TableSpec> {
    if !manifest.tables.is_empty() {
        return manifest.tables.iter().map(table).collect();
    }
    let all = |metric: &str| out::TableSpec {
        id: metric.replace('_', "-"),
        benchmark: None,
        metric: metric.to_owned(),
        rows: "pipeline".into(),
        columns: "benchmark".into(),
        better: out::Better::Higher,
        only: BTreeMap::new(),
    };
    vec![all("normalized_score"), all("episode_return_mean")]
}

fn table(table: &manifest::Table) -> out::TableSpec {
    out::TableSpec {
        id: table.id.clone(),
        benchmark: table.benchmark.clone(),
        metric: table.metric.clone(),
        rows: table.rows.clone(),
        columns: table.columns.clone(),
        better: better(table.better),
        only: table.only.clone(),
    }
}

/// What the snapshots of a pipeline's evaluation count.
fn over(pipeline: &manifest::Pipeline) -> out::Over {
    let trained = pipeline.stages.last().is_some_and(|s| s.updates > 0);
    match (&pipeline.online, trained) {
        (Some(_), _) => out::Over::Steps,
        (None, true) => out::Over::Updates,
        (None, false) => out::Over::Nothing,
    }
}

fn figure(figure: &manifest::Figure) -> out::FigureSpec {
    out::FigureSpec {
        id: figure.id.clone(),
        kind: match figure.kind {
            manifest::FigureKind::Scaling => out::FigureKind::Scaling,
            manifest::FigureKind::Curve => out::FigureKind::Curve,
        },
        benchmark: figure.benchmark.clone(),
        metrics: figure.metrics.clone(),
        only: figure.only.clone(),
    }
}

fn pair(pair: &Pair) -> out::Pair {
    out::Pair {
        numerator: pair.numerator.clone(),
        denominator: pair.denominator.clone(),
    }
}

fn finding(finding: &Finding) -> out::FindingSpec {
    match finding.clone() {
        Finding::Ratio {
            id,
            benchmark,
            metric,
            numerator,
            denominator,
            sweep,
        } => out::FindingSpec::Ratio {
            id,
            benchmark,
            metric,
            numerator,
            denominator,
            sweep,
        },
        Finding::RatioOfRatios {
            id,
            benchmark,
            metric,
            a,
            b,
        } => out::FindingSpec::RatioOfRatios {
            id,
            benchmark,
            metric,
            a: pair(&a),
            b: pair(&b),
        },
        Finding::Order {
            id,
            benchmark,
            metric,
            first,
            second,
            better: direction,
        } => out::FindingSpec::Order {
            id,
            benchmark,
            metric,
            first,
            second,
            better: better(direction),
        },
        Finding::TrainEvaluationGap {
            id,
            benchmark,
            pipeline,
        } => out::FindingSpec::TrainEvaluationGap {
            id,
            benchmark,
            pipeline,
        },
    }
}
