//! From axes and sweeps to points: the assignments at which a pipeline is run.

use crate::check::uses_data;
use crate::types::{Manifest, Pipeline, StageSpec};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One assignment of all axes and swept parameters that apply to a pipeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Parameter name (`role.key`) to value, sorted by name.
    pub values: BTreeMap<String, Value>,
    /// Whether every value is the declared one.
    pub reference: bool,
    /// Whether it is run on the tuning seeds too: only tuned sweeps, if there are any, are off their declared values.
    pub tune: bool,
}

impl Point {
    /// Canonical JSON of the assignment.
    pub fn key(&self) -> String {
        crate::identity::canonical(&self.values)
    }
}

/// The declared value of `parameter` in `pipeline`, or `None` where the pipeline has no such parameter.
/// `defaults` gives the fully defaulted hyperparameters of a stage.
pub fn declared(
    pipeline: &Pipeline,
    parameter: &str,
    defaults: &dyn Fn(&StageSpec) -> Map<String, Value>,
) -> Option<Value> {
    let (role, key) = parameter.split_once('.')?;
    let stage = pipeline.stages.iter().find(|s| s.role == role)?;
    match key {
        "data_fraction" => uses_data(stage).then(|| Value::from(stage.data_fraction)),
        "updates" => uses_data(stage).then(|| Value::from(stage.updates)),
        name => defaults(stage).get(name).cloned(),
    }
}

/// The stages of `pipeline` at `point`.
pub fn stages_at(pipeline: &Pipeline, point: &Point) -> Vec<StageSpec> {
    let mut stages = pipeline.stages.clone();
    for (parameter, value) in &point.values {
        let Some((role, key)) = parameter.split_once('.') else {
            continue;
        };
        let Some(stage) = stages.iter_mut().find(|s| s.role == role) else {
            continue;
        };
        match key {
            "data_fraction" => stage.data_fraction = value.as_f64().unwrap_or(stage.data_fraction),
            "updates" => stage.updates = value.as_u64().unwrap_or(stage.updates),
            name => {
                stage.params.insert(name.to_owned(), value.clone());
            }
        }
    }
    stages
}

fn same(a: &Value, b: &Value) -> bool {
    a == b || (a.as_f64().is_some() && a.as_f64() == b.as_f64())
}

/// All points of `pipeline` on `benchmark`: the grid of its axes with sweeps at their declared values, then each sweep
/// alone with the axes at theirs. Without duplicates, in a fixed order.
pub fn points(
    manifest: &Manifest,
    pipeline: &Pipeline,
    benchmark: &str,
    defaults: &dyn Fn(&StageSpec) -> Map<String, Value>,
) -> Vec<Point> {
    let mut reference = BTreeMap::new();
    let mut axes: Vec<(&String, &Vec<Value>)> = Vec::new();
    let crossed = pipeline.axes
        && manifest
            .benchmarks
            .iter()
            .any(|b| b.name() == benchmark && b.axes);
    for (name, values) in &manifest.axes {
        if let Some(value) = declared(pipeline, name, defaults) {
            reference.insert(name.clone(), value);
            if crossed {
                axes.push((name, values));
            }
        }
    }
    let mut sweeps: Vec<(&String, &Vec<Value>)> = Vec::new();
    let mut tuned: Vec<&String> = Vec::new();
    for sweep in &manifest.sweeps {
        let chosen = sweep
            .pipelines
            .as_ref()
            .is_none_or(|p| p.contains(&pipeline.name));
        let here = sweep
            .benchmarks
            .as_ref()
            .is_none_or(|b| b.iter().any(|id| id == benchmark));
        if let (true, Some(value)) = (chosen, declared(pipeline, &sweep.parameter, defaults)) {
            reference.insert(sweep.parameter.clone(), value);
            if here {
                sweeps.push((&sweep.parameter, &sweep.values));
                tuned.extend(sweep.tune.then_some(&sweep.parameter));
            }
        }
    }
    let mut assignments = vec![reference.clone()];
    for (name, values) in &axes {
        assignments = assignments
            .iter()
            .flat_map(|a| values.iter().map(|v| with(a, name, v)).collect::<Vec<_>>())
            .collect();
    }
    for (name, values) in sweeps {
        assignments.extend(values.iter().map(|v| with(&reference, name, v)));
    }
    let mut points: Vec<Point> = Vec::new();
    for values in assignments {
        let mut off = values
            .iter()
            .filter(|(name, v)| !same(v, &reference[*name]));
        let tune = !tuned.is_empty() && off.clone().all(|(name, _)| tuned.contains(&name));
        let point = Point {
            reference: off.next().is_none(),
            tune,
            values,
        };
        if !points.iter().any(|p| p.values == point.values) {
            points.push(point);
        }
    }
    points
}

fn with(base: &BTreeMap<String, Value>, name: &str, value: &Value) -> BTreeMap<String, Value> {
    let mut next = base.clone();
    // A whole number for a number is the same value: keep one form.
    let kept = next.get(name).filter(|old| same(old, value)).cloned();
    let value = match value.as_f64() {
        Some(number) if value.is_i64() && next.get(name).is_some_and(Value::is_f64) => {
            Value::from(number)
        }
        _ => value.clone(),
    };
    next.insert(name.to_owned(), kept.unwrap_or(value));
    next
}
