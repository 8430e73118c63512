//! The study's comparisons, with verdicts that follow from intervals alone.

use serde::Serialize;

use crate::cell::{Entry, observed};
use crate::error::Result;
use crate::load::Results;
use crate::observation::Observation;
use crate::point::Level;
use crate::scaling::Slices;
use crate::sentence;
use crate::stats::bootstrap::Resampler;
use crate::stats::{Estimate, Panel, difference, ratio};
use crate::study::{Better, FindingSpec};

/// All findings, and what they say together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Findings {
    /// In the order of the study.
    pub findings: Vec<Finding>,
    /// Sentences about more than one finding, e.g. that an order turns round between benchmarks.
    pub sentences: Vec<String>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Identifier from the study.
    pub id: String,
    /// `ratio`, `ratio-of-ratios`, `order` or `train-evaluation-gap`.
    pub kind: &'static str,
    /// Where it is measured.
    pub benchmark: String,
    /// What is measured.
    pub metric: String,
    /// One comparison, or one per level of a swept parameter.
    pub comparisons: Vec<Comparison>,
    /// Plain words with measured numbers; absent when the intervals do not decide.
    pub sentence: Option<String>,
}

/// An estimate with its ingredients.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The swept parameter, where there is one.
    pub parameter: Option<String>,
    /// Its level.
    pub level: Option<Level>,
    /// What is compared, in the order of the formula.
    pub parts: Vec<Part>,
    /// Ratio, ratio of ratios or difference; absent where it is undefined, with the reason.
    pub estimate: Option<Estimate>,
    /// What the interval says.
    pub verdict: Verdict,
    /// Why there is no estimate or no verdict.
    pub reason: Option<String>,
}

/// One cell of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part {
    /// The pipeline.
    pub pipeline: String,
    /// The metric.
    pub metric: String,
    /// What was measured.
    pub entry: Entry,
}

/// What an interval says; nothing else enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// A ratio's interval lies below 1.
    Below,
    /// A ratio's interval lies above 1.
    Above,
    /// The first pipeline is better.
    FirstBetter,
    /// The second pipeline is better.
    SecondBetter,
    /// The interval holds both, or there is none.
    NotDecided,
    /// A side has no value.
    NotMeasured,
}

/// Evaluates the study's findings in order.
///
/// # Errors
/// `UnknownName` for a benchmark or pipeline that the study lacks, and what reading the observations gives.
pub fn findings(results: &Results, resampler: &Resampler) -> Result<Findings> {
    let evaluate = |spec| evaluate(results, resampler, spec);
    let findings: Vec<Finding> = results
        .study()
        .findings
        .iter()
        .map(evaluate)
        .collect::<Result<_>>()?;
    let sentences = sentence::reversals(&findings);
    Ok(Findings {
        findings,
        sentences,
    })
}

fn evaluate(results: &Results, resampler: &Resampler, spec: &FindingSpec) -> Result<Finding> {
    let study = results.study();
    let context = |benchmark: &str, parts: &[(&str, &str)]| -> Result<()> {
        study.benchmark(benchmark)?;
        parts
            .iter()
            .try_for_each(|(pipeline, _)| study.pipeline(pipeline).map(|_| ()))
    };
    let compare = |benchmark: &str, parts: &[(&str, &str)], sweep: Option<&str>, form: Form| {
        context(benchmark, parts)?;
        comparisons(results, resampler, benchmark, parts, sweep, form)
    };
    let (kind, id, benchmark, metric, comparisons) = match spec {
        FindingSpec::Ratio {
            id,
            benchmark,
            metric,
            numerator,
            denominator,
            sweep,
        } => {
            let parts = [(numerator.as_str(), metric.as_str()), (denominator, metric)];
            let found = compare(benchmark, &parts, sweep.as_deref(), Form::Ratio)?;
            ("ratio", id, benchmark, metric.clone(), found)
        }
        FindingSpec::RatioOfRatios {
            id,
            benchmark,
            metric,
            a,
            b,
        } => {
            let names = [&a.numerator, &a.denominator, &b.numerator, &b.denominator];
            let parts = names.map(|name| (name.as_str(), metric.as_str()));
            let found = compare(benchmark, &parts, None, Form::RatioOfRatios)?;
            ("ratio-of-ratios", id, benchmark, metric.clone(), found)
        }
        FindingSpec::Order {
            id,
            benchmark,
            metric,
            first,
            second,
            better,
        } => {
            let parts = [(first.as_str(), metric.as_str()), (second, metric)];
            let found = compare(benchmark, &parts, None, Form::Difference(*better))?;
            ("order", id, benchmark, metric.clone(), found)
        }
        FindingSpec::TrainEvaluationGap {
            id,
            benchmark,
            pipeline,
        } => {
            let parts = [
                (pipeline.as_str(), "action_mse_evaluation"),
                (pipeline, "action_mse_train"),
            ];
            let found = compare(benchmark, &parts, None, Form::Ratio)?;
            (
                "train-evaluation-gap",
                id,
                benchmark,
                "action_mse".to_owned(),
                found,
            )
        }
    };
    let mut finding = Finding {
        id: id.clone(),
        kind,
        benchmark: benchmark.clone(),
        metric,
        comparisons,
        sentence: None,
    };
    finding.sentence = sentence::of(study, &finding);
    Ok(finding)
}

/// How the parts are combined.
#[derive(Clone, Copy)]
enum Form {
    Ratio,
    RatioOfRatios,
    Difference(Better),
}

fn comparisons(
    results: &Results,
    resampler: &Resampler,
    benchmark: &str,
    parts: &[(&str, &str)],
    sweep: Option<&str>,
    form: Form,
) -> Result<Vec<Comparison>> {
    let free: Vec<&str> = sweep.into_iter().collect();
    let mut slices = Vec::new();
    for &(pipeline, metric) in parts {
        let mut own = Slices::read(results, metric, benchmark, &free)?
            .0
            .remove(pipeline)
            .unwrap_or_default();
        if sweep.is_none() {
            // With nothing free, a slice has the empty key only; name it so that a hole is a comparison, too.
            own.entry(Vec::new()).or_default();
        }
        slices.push(own);
    }
    let mut keys: Vec<_> = slices
        .iter()
        .flat_map(|slice| slice.keys().cloned())
        .collect();
    keys.sort();
    keys.dedup();
    // A pipeline without the parameter has one cell, which stands beside every level of the others.
    let constant = vec![None; free.len()];
    if keys.len() > 1 {
        keys.retain(|key| *key != constant);
    }
    let mut out = Vec::new();
    for key in keys {
        let rows: Vec<Vec<&Observation>> = slices
            .iter()
            .map(|slice| slice.get(&key).or_else(|| slice.get(&constant)))
            .map(|rows| rows.map(|rows| rows.iter().collect()).unwrap_or_default())
            .collect();
        let level = key.into_iter().next().flatten();
        out.push(comparison(
            resampler,
            benchmark,
            parts,
            &rows,
            form,
            sweep.zip(level),
        )?);
    }
    Ok(out)
}

fn comparison(
    resampler: &Resampler,
    benchmark: &str,
    parts: &[(&str, &str)],
    rows: &[Vec<&Observation>],
    form: Form,
    setting: Option<(&str, Level)>,
) -> Result<Comparison> {
    let mut cells = Vec::new();
    for (&(pipeline, metric), rows) in parts.iter().zip(rows) {
        let entry = Entry::of(resampler, metric, &[benchmark], rows)?;
        cells.push(Part {
            pipeline: pipeline.to_owned(),
            metric: metric.to_owned(),
            entry,
        });
    }
    // The train and evaluation errors of one run share its evaluation id but not their value.
    let tagged = rows
        .iter()
        .zip(parts)
        .map(|(rows, &(_, metric))| tag(rows, metric));
    let panel = Panel::new(parts[0].1, &tagged.collect::<Vec<_>>())?;
    let estimate = match form {
        Form::Ratio => ratio::ratio(resampler, &panel),
        Form::RatioOfRatios => ratio::ratio_of_ratios(resampler, &panel),
        Form::Difference(_) => difference::difference(resampler, &panel),
    };
    let (verdict, reason) = verdict(&cells, &panel, estimate, form);
    let (parameter, level) = setting.map_or((None, None), |(name, level)| {
        (Some(name.to_owned()), Some(level))
    });
    Ok(Comparison {
        parameter,
        level,
        parts: cells,
        estimate,
        verdict,
        reason,
    })
}

fn tag(rows: &[&Observation], metric: &str) -> Vec<crate::stats::Observed> {
    let mut observed = observed(rows);
    for o in &mut observed {
        o.evaluation_id = format!("{} {metric}", o.evaluation_id);
    }
    observed
}

fn verdict(
    parts: &[Part],
    panel: &Panel,
    estimate: Option<Estimate>,
    form: Form,
) -> (Verdict, Option<String>) {
    if let Some(part) = parts.iter().find(|part| part.entry.cell.is_none()) {
        let why = part.entry.reasons().join("; ");
        return (
            Verdict::NotMeasured,
            Some(format!("{}: {why}", part.pipeline)),
        );
    }
    if panel.units() == 0 {
        return (Verdict::NotMeasured, Some("no seed has all sides".into()));
    }
    let Some(estimate) = estimate else {
        return (
            Verdict::NotDecided,
            Some("a ratio needs positive values on all sides".into()),
        );
    };
    let Some(interval) = estimate.interval else {
        let why = if panel.units() == 1 {
            "one resampling unit gives no interval"
        } else {
            "undefined in a resample"
        };
        return (Verdict::NotDecided, Some(why.into()));
    };
    let (pivot, below, above) = match form {
        Form::Ratio | Form::RatioOfRatios => (1.0, Verdict::Below, Verdict::Above),
        Form::Difference(Better::Lower) => (0.0, Verdict::FirstBetter, Verdict::SecondBetter),
        Form::Difference(Better::Higher) => (0.0, Verdict::SecondBetter, Verdict::FirstBetter),
    };
    if interval.high < pivot {
        (below, None)
    } else if interval.low > pivot {
        (above, None)
    } else {
        (
            Verdict::NotDecided,
            Some(format!("the interval holds {pivot}")),
        )
    }
}
