//! The runs of one pipeline on one benchmark, as tests see them.

use crate::cell::{Entry, absence, observed};
use crate::error::Result;
use crate::observation::Observation;
use crate::stats::{Observed, Panel, mean};

/// Runs with a value, and why others have none.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Runs {
    /// What was measured.
    pub(super) observed: Vec<Observed>,
    /// Values of distinct evaluations by resampling unit: a seed, or seeds that share an evaluation.
    pub(super) units: Vec<Vec<f64>>,
    /// The seeds of runs with a value.
    pub(super) seeds: Vec<i64>,
    /// The evaluations, sorted.
    pub(super) evaluation_ids: Vec<String>,
    /// Reasons of runs without a value, each with its number of runs.
    pub(super) missing: Vec<String>,
    /// Whether there is any run at all.
    pub(super) any: bool,
}

impl Runs {
    /// Those of a pipeline on a benchmark at the study's reference among `rows`, observations of `metric`.
    ///
    /// # Errors
    /// `Conflict` when one evaluation has two values.
    pub(super) fn of(
        rows: &[Observation],
        metric: &str,
        benchmark: &str,
        pipeline: &str,
    ) -> Result<Self> {
        let own = |o: &&Observation| {
            o.reference && &*o.benchmark == benchmark && &*o.pipeline == pipeline
        };
        let own: Vec<&Observation> = rows.iter().filter(own).collect();
        let mut missing: Vec<_> = own.iter().filter_map(|row| absence(metric, row)).collect();
        missing.sort();
        missing.dedup();
        let observed = observed(&own);
        let panel = Panel::new(metric, std::slice::from_ref(&observed))?;
        let entry = Entry {
            cell: None,
            missing,
        };
        Ok(Self {
            units: panel.by_unit(0),
            observed,
            seeds: panel.seeds.clone(),
            evaluation_ids: panel.evaluation_ids.concat(),
            missing: entry.reasons(),
            any: !own.is_empty(),
        })
    }

    /// The mean of each unit: seeds that share an evaluation are one observation.
    pub(super) fn values(&self) -> Vec<f64> {
        unit_means(&self.units)
    }
}

/// The mean of each unit that has a value.
pub(super) fn unit_means(units: &[Vec<f64>]) -> Vec<f64> {
    units
        .iter()
        .filter_map(|values| mean::mean(values))
        .collect()
}
