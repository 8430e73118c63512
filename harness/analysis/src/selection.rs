//! Which evaluation of a run is its score: the last, the best, or the mean of the last few.
//!
//! A metric may carry its rule: `normalized_score@best`, `normalized_score@mean-last-10`. Without one, tables take the last
//! evaluation. The best is chosen with the scores that are reported and so is optimistic; it is there because published
//! tables use it.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::observation::{Observation, Outcome};
use crate::published::Selection;
use crate::study::Better;

/// The metric and its rule, where it has one.
///
/// # Errors
/// `UnknownName` for a rule that is none.
pub(crate) fn split(metric: &str) -> Result<(&str, Option<Selection>)> {
    let Some((metric, rule)) = metric.split_once('@') else {
        return Ok((metric, None));
    };
    match rule.parse() {
        Ok(Selection::Unknown) | Err(_) => Err(Error::UnknownName {
            kind: "selection rule",
            name: rule.to_owned(),
            known: ["last", "best", "mean-last-K", "best-of-last-K"]
                .map(str::to_owned)
                .to_vec(),
        }),
        Ok(selection) => Ok((metric, Some(selection))),
    }
}

/// One observation a run: its evaluations reduced by the rule. A run that failed or was skipped keeps its reason, whatever
/// it reached before; one with fewer evaluations than the rule asks for, or with one among them that is not finite, has none.
pub(crate) fn select(rows: Vec<Observation>, rule: Selection, better: Better) -> Vec<Observation> {
    let mut runs: BTreeMap<_, Vec<Observation>> = BTreeMap::new();
    let mut order = Vec::new();
    for row in rows {
        let key = (
            row.benchmark.clone(),
            row.pipeline.clone(),
            row.seed,
            row.point.clone(),
        );
        if !runs.contains_key(&key) {
            order.push(key.clone());
        }
        runs.entry(key).or_default().push(row);
    }
    let run = |key| {
        runs.remove(&key)
            .and_then(|rows| reduce(rows, rule, better))
    };
    order.into_iter().filter_map(run).collect()
}

fn reduce(mut rows: Vec<Observation>, rule: Selection, better: Better) -> Option<Observation> {
    let broken =
        |row: &Observation| matches!(row.outcome, Outcome::Failed(_) | Outcome::Skipped(_));
    if let Some(at) = rows.iter().position(broken) {
        return Some(rows.swap_remove(at));
    }
    rows.sort_by_key(|row| row.update);
    let count = match rule {
        Selection::Last | Selection::Unknown => 1,
        Selection::Best => rows.len(),
        Selection::MeanLast(k) | Selection::BestOfLast(k) => k as usize,
    };
    let last = rows.last()?.clone();
    if rows.len() < count {
        let reason = format!("{} evaluations, the rule {rule} takes {count}", rows.len());
        return Some(Observation {
            outcome: Outcome::Skipped(reason),
            ..last
        });
    }
    let window = &rows[rows.len() - count..];
    let mut values = Vec::with_capacity(count);
    for row in window {
        match row.outcome {
            Outcome::Value(value) => values.push(value),
            _ => return Some(row.clone()),
        }
    }
    if let Selection::MeanLast(_) = rule {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        return Some(Observation {
            outcome: Outcome::Value(mean),
            ..last
        });
    }
    let beats = |a: f64, b: f64| match better {
        Better::Higher => a > b,
        Better::Lower => a < b,
    };
    // The first of equally good evaluations, as `argmax` has it.
    let mut best = 0;
    for (index, &value) in values.iter().enumerate() {
        if beats(value, values[best]) {
            best = index;
        }
    }
    Some(window[best].clone())
}
