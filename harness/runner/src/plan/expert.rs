//! Declared experts: one stage a benchmark, trained on data of its own, that every evaluation there compares with.

use super::graph::{Builder, Planned, Scene, dataset_seed};
use super::resolve::{EnvironmentFacts, imported, learner};
use super::{BenchmarkFacts, Places};
use crate::error::Error;
use crate::job::Job;
use dataset::{Dataset, DatasetId};
use manifest::identity::Ids;
use manifest::{BenchmarkDefinition, ExpertSpec, Pipeline, Schedule};
use std::collections::BTreeMap;

/// An expert as planned.
#[derive(Clone)]
pub(super) struct Expert {
    pub(super) ids: Ids,
    pub(super) job: Job,
}

impl Builder<'_> {
    /// The learners of experts, beside those of pipelines.
    pub(super) fn expert_learners(&mut self) -> Result<(), Error> {
        for (i, reference) in self.manifest.benchmarks.iter().enumerate() {
            let Some(expert) = &reference.expert else {
                continue;
            };
            let key = format!("benchmark[{i}].expert.learner");
            let facts = learner(&expert.learner, &key, self.resolver)?;
            self.learners.insert(expert.learner.clone(), facts);
        }
        Ok(())
    }

    /// Whether the expert of benchmark `i` can be one.
    pub(super) fn check_expert(
        &self,
        i: usize,
        expert: &ExpertSpec,
        environment: &EnvironmentFacts,
    ) -> Result<(), Error> {
        let at = |field: &str| (self.resolver.locate)(&format!("benchmark[{i}].expert{field}"));
        let refuse = |field: &str, reason: String, hint: &str| {
            Err(Error::Manifest(manifest::Error::Value {
                at: at(field),
                reason,
                hint: Some(hint.to_owned()),
            }))
        };
        if environment.has_oracle {
            return refuse(
                "",
                format!(
                    "environment `{}` knows its optimal policy, which is the reference there",
                    environment.id
                ),
                "leave the expert out",
            );
        }
        let facts = &self.learners[&expert.learner];
        let needs = |r: &&String| r.contains('/') && !r.ends_with('?');
        if let Some(interface) = facts.requires.iter().find(needs) {
            return refuse(
                ".learner",
                format!(
                    "learner `{}` requires `{interface}` of an earlier stage, and an expert is one stage",
                    facts.id
                ),
                "choose a learner that learns from data alone, e.g. `bc`",
            );
        }
        if !facts.provides.iter().any(|p| p == "policy/1") {
            return refuse(
                ".learner",
                format!("learner `{}` provides no policy", facts.id),
                "choose a learner that provides `policy/1`, e.g. `bc`",
            );
        }
        if expert.updates == 0 {
            return refuse(
                ".updates",
                "updates is 0, expected at least 1".into(),
                "an untrained policy is no expert",
            );
        }
        let stage = expert.stage();
        manifest::params::resolve(&stage.learner, &facts.schema, &stage.params, &|name| {
            at(&format!(".params.{name}"))
        })?;
        Ok(())
    }

    /// Adds the expert's node.
    pub(super) fn plan_expert(
        &mut self,
        expert: &ExpertSpec,
        benchmark: &BenchmarkFacts,
        environment: &EnvironmentFacts,
        known: &[BenchmarkDefinition],
    ) -> Result<Expert, Error> {
        let dataset = expert_dataset(expert, known, self.places)?;
        let digest = dataset.metadata().logical_digest.to_string();
        let declared = benchmark.definition.dataset_seed;
        let key = dataset_seed(&self.manifest.study, declared, expert.seed);
        let facts = BenchmarkFacts {
            name: benchmark.name.clone(),
            definition: benchmark.definition.clone(),
            // It sees the environment's own states and rewards, whatever the methods see.
            transform: None,
            reward: None,
            recipe: None,
            datasets: BTreeMap::from([(key, (dataset.id().to_string(), digest))]),
        };
        let stage = expert.stage();
        let pipeline = Pipeline {
            name: stage.role.clone(),
            labels: BTreeMap::new(),
            benchmarks: None,
            axes: false,
            stages: vec![stage.clone()],
            schedule: Schedule::Decoupled,
            online: None,
        };
        let scene = Scene {
            benchmark: &facts,
            environment,
            pipeline_index: 0,
            pipeline: &pipeline,
            learners: vec![self.learners[&stage.learner].clone()],
            bound: vec![Vec::new()],
            tuning: false,
            expert: None,
        };
        let planned: Vec<Planned> =
            vec![self.plan_stage(&scene, &stage, 0, expert.seed, false, &[])?];
        self.add_stage_node(&scene, &planned, 0, expert.seed)?;
        Ok(Expert {
            ids: planned[0].ids.clone(),
            job: self.job(&scene, &planned, 0, expert.seed)?,
        })
    }
}

fn expert_dataset(
    expert: &ExpertSpec,
    known: &[BenchmarkDefinition],
    places: &Places,
) -> Result<Dataset, Error> {
    match known.iter().find(|d| d.dataset == expert.dataset) {
        // It knows how to get the data.
        Some(definition) if definition.import.is_some() => imported(definition, places),
        _ => {
            let dataset = Dataset::open(&places.data, &DatasetId::new(&expert.dataset)?)?;
            dataset.verified_digest()?;
            Ok(dataset)
        }
    }
}
