//! Stages: their identity and what their worker is told.

use super::graph::{Builder, Planned, Scene, dataset_seed, name_of, snapshots};
use crate::SAMPLER_SOURCE;
use crate::error::Error;
use crate::job::{DataJob, StageJob, ViewJob};
use dataset::{Dataset, DatasetId};
use manifest::identity::{Binaries, DataIdentity, Ids, StageIdentity, stage_ids};
use manifest::{IdentityMode, Precision, StageSpec};
use plugin_host::Runtime;
use serde_json::Value;

/// Version of the rules of splits and views.
const VIEW_RULES: u32 = 1;

impl Builder<'_> {
    pub(super) fn plan_stage(
        &self,
        scene: &Scene<'_>,
        stage: &StageSpec,
        j: usize,
        seed: u64,
        last: bool,
        earlier: &[Planned],
    ) -> Result<Planned, Error> {
        let facts = &scene.learners[j];
        let is_oracle = facts.library.is_none();
        let updates = if is_oracle { 0 } else { stage.updates };
        let params = self.params(scene.pipeline_index, j, stage)?;
        let view = self.view(scene, stage, j, seed, earlier);
        let count = if last {
            self.manifest.evaluation.snapshots.unwrap_or(1)
        } else {
            1
        };
        let snapshots = snapshots(updates, u64::from(count));
        let precision = self.manifest.training.precision;
        // The oracle's values depend on the environment and the behaviour, not on seeds or draws of data.
        let identity = StageIdentity {
            learner: facts.id.clone(),
            learner_version: facts.version.clone(),
            role: stage.role.clone(),
            params: params.clone(),
            data: (!is_oracle).then(|| self.data_identity(scene, &view, seed)),
            problem: self.problem_identity(scene, is_oracle, seed)?,
            seed: if is_oracle { 0 } else { seed },
            updates,
            batch_size: self.manifest.training.batch_size,
            precision: name_of(&precision),
            numeric: name_of(&self.manifest.training.numeric),
            snapshots: snapshots.clone(),
            sampler: SAMPLER_SOURCE.into(),
        };
        let upstream: Vec<(String, Ids)> = scene.bound[j]
            .iter()
            .map(|&k| (earlier[k].job.role.clone(), earlier[k].ids.clone()))
            .collect();
        let binaries = self.binaries(facts.library.as_ref().map(|l| l.1.clone()), &facts.runtimes);
        let ids = stage_ids(&identity, &upstream, binaries.as_ref());
        let job = StageJob {
            role: stage.role.clone(),
            learner: facts.id.clone(),
            run_id: if updates == 0 {
                String::new()
            } else {
                ids.run_id.clone()
            },
            library: facts.library.clone(),
            params,
            bound_roles: scene.bound[j]
                .iter()
                .map(|&k| earlier[k].job.role.clone())
                .collect(),
            view,
            seed,
            updates,
            batch_size: self.manifest.training.batch_size,
            snapshots,
            double: precision == Precision::Float64,
        };
        let identity = serde_json::to_value(&identity).unwrap_or_default();
        Ok(Planned {
            job,
            ids,
            identity,
            runtimes: facts.runtimes.clone(),
        })
    }

    /// The stage's data view. A stage without training sees at most what the stage saw whose policy it improves.
    fn view(
        &self,
        scene: &Scene<'_>,
        stage: &StageSpec,
        j: usize,
        seed: u64,
        earlier: &[Planned],
    ) -> ViewJob {
        let own = ViewJob {
            data_fraction: stage.data_fraction,
            subset_seed: self.manifest.study.subset_seed.unwrap_or(seed),
            view: stage.view,
        };
        let improves = |k: &&usize| scene.learners[**k].provides.iter().any(|p| p == "policy/1");
        let source = scene.bound[j].iter().rev().find(improves);
        match source.map(|&k| &earlier[k].job.view) {
            Some(view) if stage.updates == 0 && view.data_fraction <= own.data_fraction => {
                view.clone()
            }
            _ => own,
        }
    }

    /// `None` when declared versions are trusted.
    pub(super) fn binaries(
        &self,
        plugin: Option<String>,
        runtimes: &[Runtime],
    ) -> Option<Binaries> {
        (self.manifest.training.identity == IdentityMode::Binary).then(|| Binaries {
            plugin,
            runtimes: runtimes
                .iter()
                .flat_map(|r| r.libraries.iter().map(|l| l.sha256.clone()))
                .collect(),
            instruction_path: self.numeric.instruction_path.clone(),
            threads: self.numeric.threads,
        })
    }

    fn dataset_of<'s>(&self, scene: &'s Scene<'_>, seed: u64) -> &'s (String, String) {
        let declared = scene.benchmark.definition.dataset_seed;
        &scene.benchmark.datasets[&dataset_seed(&self.manifest.study, declared, seed)]
    }

    pub(super) fn data_identity(
        &self,
        scene: &Scene<'_>,
        view: &ViewJob,
        seed: u64,
    ) -> DataIdentity {
        DataIdentity {
            dataset: self.dataset_of(scene, seed).1.clone(),
            data_fraction: view.data_fraction,
            subset_seed: view.subset_seed,
            view: view.view.word().into(),
            rules: VIEW_RULES,
        }
    }

    fn problem_identity(
        &self,
        scene: &Scene<'_>,
        is_oracle: bool,
        seed: u64,
    ) -> Result<Value, Error> {
        let data = self.data_job(scene, seed)?;
        let mut problem = serde_json::json!({
            "discount": data.discount, "action_low": data.action_low, "action_high": data.action_high,
        });
        // Only where they are: what a benchmark without them computes does not depend on there being such rules.
        if let Some(goal) = &data.goal {
            problem["goal"] = serde_json::to_value(goal).unwrap_or_default();
        }
        if let Some(transform) = &data.transform {
            problem["transform"] = serde_json::to_value(transform).unwrap_or_default();
        }
        if let Some(reward) = &data.reward {
            problem["reward"] = serde_json::to_value(reward).unwrap_or_default();
        }
        if data.action_count > 0 {
            problem["action_count"] = data.action_count.into();
        }
        if is_oracle {
            let behaviour = scene.benchmark.recipe.as_ref().and_then(|r| r.behaviour());
            problem["environment"] = scene.environment.id.clone().into();
            problem["environment_source"] = scene.environment.source.clone().into();
            problem["behaviour"] = serde_json::to_value(behaviour).unwrap_or_default();
        }
        Ok(problem)
    }

    pub(super) fn data_job(&self, scene: &Scene<'_>, seed: u64) -> Result<DataJob, Error> {
        let (id, digest) = self.dataset_of(scene, seed);
        let dataset = Dataset::open(&self.places.data, &DatasetId::new(id)?)?;
        let bounds = dataset.metadata().description.action_bounds.as_ref();
        let [low, high] = bounds
            .and_then(|b| b.first().copied())
            .unwrap_or([-1.0, 1.0]);
        Ok(DataJob {
            root: self.places.data.clone(),
            dataset: id.clone(),
            digest: digest.clone(),
            discount: scene.benchmark.definition.discount,
            action_low: f64::from(low),
            action_high: f64::from(high),
            action_count: scene.environment.action_count,
            observation_shape: scene.environment.observation_shape,
            goal: scene.benchmark.definition.goal.clone(),
            transform: scene.benchmark.transform.clone(),
            reward: scene.benchmark.reward.clone(),
            environment: scene.environment.id.clone(),
        })
    }
}
