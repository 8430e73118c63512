//! Building the graph: every cell becomes a chain of stages and an evaluation; equal nodes are one node.

use super::resolve::{EnvironmentFacts, LearnerFacts, benchmarks, datasets, environment, learner};
use super::{BenchmarkFacts, Cell, CellState, NodeKind, NodePlan, Places, Plan, Resolver};
use crate::error::Error;
use crate::job::{DataJob, EvaluationJob, Job, StageJob, ViewJob};
use crate::{EVALUATOR_SOURCE, SAMPLER_SOURCE};
use dataset::{Dataset, DatasetId};
use manifest::expand::{Point, points, stages_at};
use manifest::identity::{
    Binaries, DataIdentity, EvaluationIdentity, Ids, StageIdentity, evaluation_ids, stage_ids,
};
use manifest::{
    ActionMode, IdentityMode, Manifest, NumericMode, Pipeline, PolicyView, Precision, StageSpec,
};
use plugin_host::Runtime;
use plugin_host::numeric::{Request, Resolved, resolve};
use serde_json::Value;
use std::collections::BTreeMap;

/// Version of the rules of splits and views.
const VIEW_RULES: u32 = 1;

pub(crate) struct Builder<'a> {
    pub(super) manifest: &'a Manifest,
    places: &'a Places,
    pub(super) resolver: &'a Resolver<'a>,
    pub(super) learners: BTreeMap<String, LearnerFacts>,
    numeric: Resolved,
    plan: Plan,
}

/// What is fixed while the points of one pipeline on one benchmark are planned.
struct Scene<'a> {
    benchmark: &'a BenchmarkFacts,
    environment: &'a EnvironmentFacts,
    pipeline_index: usize,
    pipeline: &'a Pipeline,
    learners: Vec<LearnerFacts>,
    bound: Vec<Vec<usize>>,
}

/// A stage as planned: its job entry and ids.
struct Planned {
    job: StageJob,
    ids: Ids,
    identity: Value,
    runtimes: Vec<Runtime>,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(
        manifest: &'a Manifest,
        places: &'a Places,
        resolver: &'a Resolver<'a>,
    ) -> Result<Self, Error> {
        let request = match manifest.training.numeric {
            NumericMode::Fast => Request::Fast,
            NumericMode::Portable => Request::Portable,
        };
        let numeric = resolve(request).map_err(|reason| Error::Numeric { reason })?;
        let mut learners = BTreeMap::new();
        for (i, pipeline) in manifest.pipelines.iter().enumerate() {
            for (j, stage) in pipeline.stages.iter().enumerate() {
                let key = format!("pipeline[{i}].stages[{j}].learner");
                learners.insert(
                    stage.learner.clone(),
                    learner(&stage.learner, &key, resolver)?,
                );
            }
        }
        Ok(Self {
            manifest,
            places,
            resolver,
            learners,
            numeric,
            plan: Plan::default(),
        })
    }

    pub(crate) fn build(mut self) -> Result<Plan, Error> {
        let manifest = self.manifest;
        // Everything about the manifest is checked before any data is touched.
        let definitions = benchmarks(manifest, self.places, self.resolver)?;
        for (i, pipeline) in manifest.pipelines.iter().enumerate() {
            self.check_pipeline(i, pipeline)?;
        }
        self.check_parameters()?;
        for (reference, definition) in manifest.benchmarks.iter().zip(definitions) {
            let environment = environment(&definition.environment, self.places, self.resolver)?;
            let seeds = self.dataset_seeds();
            let facts = datasets(reference, definition, &seeds, self.places, self.resolver)?;
            for (i, pipeline) in manifest.pipelines.iter().enumerate() {
                let here = pipeline
                    .benchmarks
                    .as_ref()
                    .is_none_or(|b| b.contains(&reference.id));
                if here {
                    self.plan_pipeline(i, pipeline, &facts, &environment)?;
                }
            }
            self.plan.benchmarks.push(facts);
        }
        Ok(self.plan)
    }

    fn run_seeds(&self) -> impl Iterator<Item = u64> {
        let seeds = self.manifest.study.seeds;
        (0..seeds.count).map(move |i| seeds.base + i)
    }

    fn dataset_seeds(&self) -> Vec<u64> {
        let mut seeds: Vec<u64> = self
            .run_seeds()
            .map(|s| self.manifest.study.dataset_seed.unwrap_or(s))
            .collect();
        seeds.dedup();
        seeds
    }

    pub(super) fn facts(&self, pipeline: &Pipeline) -> Vec<LearnerFacts> {
        pipeline
            .stages
            .iter()
            .map(|s| self.learners[&s.learner].clone())
            .collect()
    }

    fn plan_pipeline(
        &mut self,
        i: usize,
        pipeline: &Pipeline,
        benchmark: &BenchmarkFacts,
        environment: &EnvironmentFacts,
    ) -> Result<(), Error> {
        let bound = self.check_pipeline(i, pipeline)?;
        let learners = self.facts(pipeline);
        let scene = Scene {
            benchmark,
            environment,
            pipeline_index: i,
            pipeline,
            learners,
            bound,
        };
        let defaults = |stage: &StageSpec| {
            let j = pipeline
                .stages
                .iter()
                .position(|s| s.role == stage.role)
                .unwrap_or_default();
            self.params(i, j, stage).unwrap_or_default()
        };
        let all = points(self.manifest, pipeline, &benchmark.definition.id, &defaults);
        if let Some(reference) = all.iter().find(|p| p.reference) {
            self.plan
                .reference
                .insert(pipeline.name.clone(), reference.values.clone());
        }
        for point in &all {
            for seed in self.run_seeds().collect::<Vec<_>>() {
                self.plan_cell(&scene, point, seed)?;
            }
        }
        Ok(())
    }

    fn plan_cell(&mut self, scene: &Scene<'_>, point: &Point, seed: u64) -> Result<(), Error> {
        let stages = stages_at(scene.pipeline, point);
        let updates = stages.last().map_or(0, |s| s.updates);
        let oracle = stages.iter().any(|s| s.learner == manifest::params::ORACLE);
        let mut cell = Cell {
            benchmark: scene.benchmark.definition.id.clone(),
            pipeline: scene.pipeline.name.clone(),
            seed,
            point: point.key(),
            reference: point.reference,
            updates,
            state: CellState::Skipped {
                reason: format!(
                    "environment `{}` has no exact solution for the oracle",
                    scene.environment.id
                ),
            },
            trainings: stages
                .iter()
                .filter(|s| s.learner != manifest::params::ORACLE)
                .count(),
        };
        if !oracle || scene.environment.has_oracle {
            let planned = self.plan_stages(scene, &stages, seed)?;
            let evaluation = self.plan_evaluation(scene, &planned, seed, &stages)?;
            cell.state = CellState::Planned { evaluation };
        }
        self.plan.cells.push(cell);
        Ok(())
    }

    fn plan_stages(
        &mut self,
        scene: &Scene<'_>,
        stages: &[StageSpec],
        seed: u64,
    ) -> Result<Vec<Planned>, Error> {
        let mut planned: Vec<Planned> = Vec::new();
        for (j, stage) in stages.iter().enumerate() {
            let last = j + 1 == stages.len();
            let one = self.plan_stage(scene, stage, j, seed, last, &planned)?;
            planned.push(one);
            self.add_stage_node(scene, &planned, j, seed)?;
        }
        Ok(planned)
    }

    fn plan_stage(
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
        let params = self.params(scene.pipeline_index, j, stage)?;
        let view = ViewJob {
            data_fraction: stage.data_fraction,
            subset_seed: self.manifest.study.subset_seed.unwrap_or(seed),
            disjoint: stage.view == PolicyView::Disjoint,
        };
        let count = if last {
            self.manifest.evaluation.snapshots.unwrap_or(1)
        } else {
            1
        };
        let snapshots = if is_oracle {
            vec![0]
        } else {
            snapshots(stage.updates, u64::from(count))
        };
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
            updates: if is_oracle { 0 } else { stage.updates },
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
            run_id: if is_oracle {
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
            updates: if is_oracle { 0 } else { stage.updates },
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

    /// `None` when declared versions are trusted.
    fn binaries(&self, plugin: Option<String>, runtimes: &[Runtime]) -> Option<Binaries> {
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
        &scene.benchmark.datasets[&self.manifest.study.dataset_seed.unwrap_or(seed)]
    }

    fn data_identity(&self, scene: &Scene<'_>, view: &ViewJob, seed: u64) -> DataIdentity {
        DataIdentity {
            dataset: self.dataset_of(scene, seed).1.clone(),
            data_fraction: view.data_fraction,
            subset_seed: view.subset_seed,
            view: if view.disjoint {
                "disjoint".into()
            } else {
                "shared".into()
            },
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
        if is_oracle {
            let recipe = scene.benchmark.definition.recipe.as_ref();
            let recipe = recipe
                .map(|r| crate::data::read_recipe(&self.places.home.join(r)))
                .transpose()?;
            problem["environment"] = scene.environment.id.clone().into();
            problem["environment_source"] = scene.environment.source.clone().into();
            problem["behaviour"] =
                serde_json::to_value(recipe.map(|r| r.behaviour)).unwrap_or_default();
        }
        Ok(problem)
    }

    fn data_job(&self, scene: &Scene<'_>, seed: u64) -> Result<DataJob, Error> {
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
            environment: scene.environment.id.clone(),
        })
    }

    /// The stages that stage `j` is computed from, itself last, in pipeline order.
    fn closure(scene: &Scene<'_>, j: usize) -> Vec<usize> {
        let mut wanted = vec![j];
        let mut i = 0;
        while i < wanted.len() {
            wanted.extend(scene.bound[wanted[i]].iter());
            i += 1;
        }
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    fn job(
        &self,
        scene: &Scene<'_>,
        planned: &[Planned],
        j: usize,
        seed: u64,
    ) -> Result<Job, Error> {
        let closure = Self::closure(scene, j);
        let mut runtimes: Vec<Runtime> = Vec::new();
        for runtime in closure.iter().flat_map(|&k| &planned[k].runtimes) {
            if !runtimes.contains(runtime) {
                runtimes.push(runtime.clone());
            }
        }
        Ok(Job {
            run_id: planned[j].ids.run_id.clone(),
            spec_id: planned[j].ids.spec_id.clone(),
            identity: planned[j].identity.clone(),
            upstream: scene.bound[j]
                .iter()
                .map(|&k| (planned[k].job.role.clone(), planned[k].ids.run_id.clone()))
                .collect(),
            results: self.places.results.clone(),
            stages: closure.iter().map(|&k| planned[k].job.clone()).collect(),
            data: self.data_job(scene, seed)?,
            evaluation: None,
            runtimes,
            numeric: self.numeric.clone(),
            resume_interval_updates: self.manifest.training.resume_interval_updates,
        })
    }

    fn add_stage_node(
        &mut self,
        scene: &Scene<'_>,
        planned: &[Planned],
        j: usize,
        seed: u64,
    ) -> Result<(), Error> {
        let stage = &planned[j];
        if stage.job.run_id.is_empty() || self.plan.nodes.contains_key(&stage.job.run_id) {
            return Ok(());
        }
        let depends = scene.bound[j]
            .iter()
            .map(|&k| planned[k].job.run_id.clone())
            .filter(|id| !id.is_empty());
        let node = NodePlan {
            ids: stage.ids.clone(),
            kind: NodeKind::Stage,
            label: format!(
                "{}  {}  data {}  seed {seed}",
                stage.job.learner, scene.benchmark.definition.id, stage.job.view.data_fraction
            ),
            depends: depends.collect(),
            job: self.job(scene, planned, j, seed)?,
        };
        self.add(node);
        Ok(())
    }

    fn add(&mut self, node: NodePlan) {
        self.plan.order.push(node.ids.run_id.clone());
        self.plan.nodes.insert(node.ids.run_id.clone(), node);
    }

    fn plan_evaluation(
        &mut self,
        scene: &Scene<'_>,
        planned: &[Planned],
        seed: u64,
        stages: &[StageSpec],
    ) -> Result<String, Error> {
        let last = planned.len() - 1;
        let policy = &planned[last];
        let defaults = &scene.benchmark.definition.evaluation;
        let asked = &self.manifest.evaluation;
        let evaluation = EvaluationJob {
            library: scene.environment.library.clone(),
            model_dir: scene.environment.model_dir.clone(),
            episodes: asked.episodes.unwrap_or(defaults.episodes),
            environments_per_batch: asked
                .environments_per_batch
                .unwrap_or(defaults.environments_per_batch),
            sampled: asked.action_mode == ActionMode::Sampled,
            seed: asked.seed,
            snapshots: policy.job.snapshots.clone(),
        };
        let identity = EvaluationIdentity {
            environment: scene.environment.id.clone(),
            environment_version: scene.environment.version.clone(),
            model_files: scene.environment.model_digests.clone(),
            episodes: evaluation.episodes,
            environments_per_batch: evaluation.environments_per_batch,
            action_mode: name_of(&asked.action_mode),
            seed: evaluation.seed,
            snapshots: evaluation.snapshots.clone(),
            discount: scene.benchmark.definition.discount,
            data: self.data_identity(scene, &policy.job.view, seed),
            evaluator: format!("{EVALUATOR_SOURCE} {}", scene.environment.source),
        };
        let library = scene.environment.library.as_ref().map(|l| l.1.clone());
        let binaries = self.binaries(library, &scene.environment.runtimes);
        let ids = evaluation_ids(
            &identity,
            &(policy.job.role.clone(), policy.ids.clone()),
            binaries.as_ref(),
        );
        if self.plan.nodes.contains_key(&ids.run_id) {
            return Ok(ids.run_id);
        }
        let mut job = self.job(scene, planned, last, seed)?;
        for runtime in &scene.environment.runtimes {
            if !job.runtimes.contains(runtime) {
                job.runtimes.push(runtime.clone());
            }
        }
        job.run_id = ids.run_id.clone();
        job.spec_id = ids.spec_id.clone();
        job.identity = serde_json::to_value(&identity).unwrap_or_default();
        job.upstream = BTreeMap::from([(policy.job.role.clone(), policy.ids.run_id.clone())]);
        job.evaluation = Some(evaluation);
        let fraction = stages.last().map_or(1.0, |s| s.data_fraction);
        let node = NodePlan {
            kind: NodeKind::Evaluation,
            label: format!(
                "evaluate {}  {}  data {fraction}  seed {seed}",
                scene.pipeline.name, scene.benchmark.definition.id
            ),
            depends: if policy.job.run_id.is_empty() {
                Vec::new()
            } else {
                vec![policy.job.run_id.clone()]
            },
            job,
            ids: ids.clone(),
        };
        self.add(node);
        Ok(ids.run_id)
    }
}

/// `count` equally spaced updates, the last one included.
fn snapshots(updates: u64, count: u64) -> Vec<u64> {
    let mut all: Vec<u64> = (1..=count).map(|i| updates * i / count).collect();
    all.dedup();
    all
}

/// The name an enum has in a manifest.
fn name_of(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|v| v.as_str().map(str::to_owned))
        .unwrap_or_default()
}
