//! What can be wrong with a manifest once learners are known; checked before any data is touched.

use super::bind::bind;
use super::graph::{Builder, closure};
use super::resolve::{EnvironmentFacts, LearnerFacts, learner};
use crate::error::Error;
use manifest::expand::{Point, declared, stages_at};
use manifest::{BenchmarkDefinition, Pipeline, PolicyView, StageSpec};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

impl Builder<'_> {
    pub(super) fn check_pipeline(
        &self,
        i: usize,
        pipeline: &Pipeline,
    ) -> Result<Vec<Vec<usize>>, Error> {
        let all = self.everything();
        let locate =
            |j: usize| (self.resolver.locate)(&format!("pipeline[{i}].stages[{j}].learner"));
        let bound = bind(pipeline, &self.facts(pipeline), &all, &locate)?;
        for (j, stage) in pipeline.stages.iter().enumerate() {
            self.params(i, j, stage)?;
        }
        self.check_views(i, pipeline)?;
        self.check_online(i, pipeline, &bound)?;
        Ok(bound)
    }

    /// Stages that go on learning are those of the policy that acts.
    fn check_online(
        &self,
        i: usize,
        pipeline: &Pipeline,
        bound: &[Vec<usize>],
    ) -> Result<(), Error> {
        let used = closure(bound, bound.len() - 1);
        let roles = pipeline.online.iter().flat_map(|o| &o.stages);
        for (k, role) in roles.enumerate() {
            if used.iter().any(|&j| pipeline.stages[j].role == *role) {
                continue;
            }
            return Err(Error::Manifest(manifest::Error::Pipeline {
                at: (self.resolver.locate)(&format!("pipeline[{i}].online.stages[{k}]")),
                pipeline: pipeline.name.clone(),
                reason: format!("the policy that acts is not computed from stage `{role}`"),
                hint: None,
            }));
        }
        Ok(())
    }

    /// Whether the rewards of benchmark `i` can be shown rescaled.
    pub(super) fn check_reward(
        &self,
        i: usize,
        definition: &BenchmarkDefinition,
        environment: &EnvironmentFacts,
    ) -> Result<(), Error> {
        if self.manifest.benchmarks[i].reward.is_none() {
            return Ok(());
        }
        let reason = if definition.goal.is_some() {
            format!(
                "rewards of `{}` come from the rule of its goals, not from its data",
                definition.id
            )
        } else if environment.has_oracle {
            format!(
                "values of environment `{}` are compared with exact ones, of its own rewards",
                environment.id
            )
        } else {
            return Ok(());
        };
        Err(Error::Manifest(manifest::Error::Value {
            at: (self.resolver.locate)(&format!("benchmark[{i}].reward")),
            reason,
            hint: Some("leave `reward` out".into()),
        }))
    }

    /// Learners that exist, for hints; those of the manifest with their facts, others by what they provide.
    fn everything(&self) -> Vec<LearnerFacts> {
        let ids = self.resolver.search.learner_ids();
        let mut all: Vec<LearnerFacts> = ids
            .iter()
            .filter_map(|id| learner(id, "", self.resolver).ok())
            .collect();
        all.extend(learner(manifest::params::ORACLE, "", self.resolver));
        all
    }

    pub(super) fn params(
        &self,
        i: usize,
        j: usize,
        stage: &StageSpec,
    ) -> Result<Map<String, Value>, Error> {
        let facts = &self.learners[&stage.learner];
        let locate = |name: &str| {
            (self.resolver.locate)(&format!("pipeline[{i}].stages[{j}].params.{name}"))
        };
        Ok(manifest::params::resolve(
            &stage.learner,
            &facts.schema,
            &stage.params,
            &locate,
        )?)
    }

    /// A disjoint view next to a shared one needs fractions that add up to at most 1, at every point.
    fn check_views(&self, i: usize, pipeline: &Pipeline) -> Result<(), Error> {
        let largest = |stage: &StageSpec| {
            let axis = self
                .manifest
                .axes
                .get(&format!("{}.data_fraction", stage.role));
            axis.into_iter()
                .flatten()
                .filter_map(Value::as_f64)
                .fold(stage.data_fraction, f64::max)
        };
        let of = |view: PolicyView| {
            let stages = pipeline
                .stages
                .iter()
                .filter(move |s| s.view == view && s.learner != manifest::params::ORACLE);
            stages.map(largest).fold(0.0, f64::max)
        };
        let (shared, disjoint) = (of(PolicyView::Shared), of(PolicyView::Disjoint));
        if disjoint > 0.0 && shared + disjoint > 1.0 + 1e-9 {
            return Err(Error::Manifest(manifest::Error::Pipeline {
                at: (self.resolver.locate)(&format!("pipeline[{i}].stages")),
                pipeline: pipeline.name.clone(),
                reason: format!(
                    "its shared view takes {shared} of the data and its disjoint view {disjoint}: together above 1"
                ),
                hint: Some("lower the data fractions".into()),
            }));
        }
        Ok(())
    }

    /// Every axis and sweep must apply somewhere, with values that its learner accepts, and hold the declared value.
    pub(super) fn check_parameters(&self) -> Result<(), Error> {
        let axes = self
            .manifest
            .axes
            .iter()
            .map(|(n, v)| (n.as_str(), v, format!("axes.\"{n}\""), true));
        let sweeps = self.manifest.sweeps.iter().enumerate();
        let sweeps = sweeps.map(|(i, s)| {
            (
                s.parameter.as_str(),
                &s.values,
                format!("sweep[{i}].parameter"),
                false,
            )
        });
        for (name, values, key, is_axis) in axes.chain(sweeps) {
            self.check_parameter(name, values, &key, is_axis)?;
        }
        Ok(())
    }

    fn check_parameter(
        &self,
        name: &str,
        values: &[Value],
        key: &str,
        is_axis: bool,
    ) -> Result<(), Error> {
        let (role, parameter) = name.split_once('.').unwrap_or((name, ""));
        let mut known: Vec<String> = vec!["data_fraction".into(), "updates".into()];
        let mut applies = false;
        for (i, pipeline) in self.manifest.pipelines.iter().enumerate() {
            let Some(j) = pipeline.stages.iter().position(|s| s.role == role) else {
                continue;
            };
            let stage = &pipeline.stages[j];
            let defaults = |s: &StageSpec| self.params(i, j, s).unwrap_or_default();
            known.extend(defaults(stage).keys().cloned());
            let Some(reference) = declared(pipeline, name, &defaults) else {
                continue;
            };
            applies = true;
            for value in values {
                let point = Point {
                    values: BTreeMap::from([(name.to_owned(), value.clone())]),
                    reference: false,
                    tune: false,
                };
                let stages = stages_at(pipeline, &point);
                let facts = &self.learners[&stage.learner];
                let locate = |_: &str| (self.resolver.locate)(key);
                manifest::params::resolve(
                    &stage.learner,
                    &facts.schema,
                    &stages[j].params,
                    &locate,
                )?;
            }
            let same = |v: &&Value| {
                **v == reference || (v.is_number() && v.as_f64() == reference.as_f64())
            };
            if is_axis && !values.iter().any(|v| same(&v)) {
                return Err(Error::Manifest(manifest::Error::Value {
                    at: (self.resolver.locate)(key),
                    reason: format!(
                        "axis `{name}` lacks {reference}, the value that pipeline `{}` declares",
                        pipeline.name
                    ),
                    hint: Some(format!(
                        "add {reference} to the axis, or set it in the stage"
                    )),
                }));
            }
        }
        if applies {
            return Ok(());
        }
        known.sort();
        known.dedup();
        Err(Error::Manifest(manifest::Error::UnknownName {
            at: (self.resolver.locate)(key),
            what: format!("parameter of role `{role}`"),
            name: parameter.into(),
            nearest: manifest::nearest(parameter, known.iter().map(String::as_str)),
            known,
        }))
    }
}
