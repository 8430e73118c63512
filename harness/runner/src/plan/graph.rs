//! Building the graph: every cell becomes a chain of stages and an evaluation; equal nodes are one node.

use super::expert::Expert;
use super::resolve::{
    EnvironmentFacts, LearnerFacts, benchmarks, datasets, environment, learner, recipes,
};
use super::{BenchmarkFacts, Cell, CellState, NodeKind, NodePlan, Places, Plan, Resolver};
use crate::error::Error;
use crate::job::{Job, JointJob, OnlineJob, StageJob};
use manifest::expand::{Point, points, stages_at};
use manifest::identity::Ids;
use manifest::{BenchmarkRef, Manifest, NumericMode, Pipeline, Schedule, Seeds, StageSpec, Study};
use plugin_host::Runtime;
use plugin_host::numeric::{Request, Resolved, resolve};
use serde_json::Value;
use std::collections::BTreeMap;

pub(crate) struct Builder<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) places: &'a Places,
    pub(super) resolver: &'a Resolver<'a>,
    pub(super) learners: BTreeMap<String, LearnerFacts>,
    pub(super) numeric: Resolved,
    pub(super) plan: Plan,
}

/// What is fixed while the points of one pipeline on one benchmark are planned.
pub(super) struct Scene<'a> {
    pub(super) benchmark: &'a BenchmarkFacts,
    pub(super) environment: &'a EnvironmentFacts,
    pub(super) pipeline_index: usize,
    pub(super) pipeline: &'a Pipeline,
    pub(super) learners: Vec<LearnerFacts>,
    pub(super) bound: Vec<Vec<usize>>,
    /// Whether values are chosen on these runs rather than reported.
    pub(super) tuning: bool,
    /// Whom actions are compared with, where no solution is known.
    pub(super) expert: Option<&'a Expert>,
}

/// A stage as planned: its job entry and ids.
pub(super) struct Planned {
    pub(super) job: StageJob,
    pub(super) ids: Ids,
    pub(super) identity: Value,
    pub(super) runtimes: Vec<Runtime>,
}

/// What made the policy that is scored.
pub(super) enum Made {
    /// The pipeline's stages, one after the other.
    Stages,
    /// An online phase after them.
    Online(Ids, OnlineJob),
    /// The stages in turn.
    Joint(Ids, JointJob),
}

/// Run seeds of a benchmark, each with whether values are chosen on it.
fn run_seeds(study: &Study, benchmark: &BenchmarkRef) -> Vec<(u64, bool)> {
    let all = |seeds: Seeds, tuning| (0..seeds.count).map(move |i| (seeds.base + i, tuning));
    let tuning = study.tuning.into_iter().flat_map(|t| all(t.seeds, true));
    all(benchmark.seeds(study), false).chain(tuning).collect()
}

/// The seed that a run's data are drawn with: the study's, else that of the benchmark, which keeps costly data for all runs,
/// else the run's own.
pub(super) fn dataset_seed(study: &Study, benchmark: Option<u64>, run: u64) -> u64 {
    study.dataset_seed.or(benchmark).unwrap_or(run)
}

/// The seeds that data are drawn with for these run seeds.
fn dataset_seeds(study: &Study, benchmark: Option<u64>, runs: &[(u64, bool)]) -> Vec<u64> {
    let mut seeds: Vec<u64> = runs
        .iter()
        .map(|&(seed, _)| dataset_seed(study, benchmark, seed))
        .collect();
    seeds.dedup();
    seeds
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
        let mut builder = Self {
            manifest,
            places,
            resolver,
            learners,
            numeric,
            plan: Plan::default(),
        };
        builder.expert_learners()?;
        Ok(builder)
    }

    pub(crate) fn build(mut self) -> Result<Plan, Error> {
        let manifest = self.manifest;
        // Everything about the manifest is checked before any data is touched.
        let (definitions, known) = benchmarks(manifest, self.places, self.resolver.locate)?;
        for (i, pipeline) in manifest.pipelines.iter().enumerate() {
            self.check_pipeline(i, pipeline)?;
        }
        self.check_parameters()?;
        let environments = definitions
            .iter()
            .map(|d| environment(d, self.places, self.resolver))
            .collect::<Result<Vec<_>, Error>>()?;
        for (i, pipeline) in manifest.pipelines.iter().enumerate() {
            self.check_needs(i, pipeline, &definitions, &environments, &known)?;
        }
        for (i, reference) in manifest.benchmarks.iter().enumerate() {
            self.check_reward(i, &definitions[i], &environments[i])?;
            if let Some(expert) = &reference.expert {
                self.check_expert(i, expert, &environments[i])?;
            }
        }
        let recipes = recipes(manifest, &definitions, self.places, self.resolver)?;
        let scenes = manifest.benchmarks.iter().zip(definitions).zip(recipes);
        for (((reference, definition), recipe), environment) in scenes.zip(environments) {
            let seeds = run_seeds(&manifest.study, reference);
            let declared = definition.dataset_seed;
            let facts = datasets(
                reference,
                definition,
                recipe,
                &dataset_seeds(&manifest.study, declared, &seeds),
                self.places,
                self.resolver,
            )?;
            let expert = match &reference.expert {
                Some(expert) => Some(self.plan_expert(expert, &facts, &environment, &known)?),
                None => None,
            };
            for (i, pipeline) in manifest.pipelines.iter().enumerate() {
                if runs_on(pipeline, reference.name()) {
                    self.plan_pipeline(i, pipeline, &facts, &environment, expert.as_ref(), &seeds)?;
                }
            }
            self.plan.benchmarks.push(facts);
        }
        Ok(self.plan)
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
        expert: Option<&Expert>,
        seeds: &[(u64, bool)],
    ) -> Result<(), Error> {
        let bound = self.check_pipeline(i, pipeline)?;
        let learners = self.facts(pipeline);
        let mut scene = Scene {
            benchmark,
            environment,
            pipeline_index: i,
            pipeline,
            learners,
            bound,
            tuning: false,
            expert,
        };
        let defaults = |stage: &StageSpec| {
            let j = pipeline
                .stages
                .iter()
                .position(|s| s.role == stage.role)
                .unwrap_or_default();
            self.params(i, j, stage).unwrap_or_default()
        };
        let all = points(self.manifest, pipeline, &benchmark.name, &defaults);
        if let Some(reference) = all.iter().find(|p| p.reference) {
            self.plan
                .reference
                .insert(pipeline.name.clone(), reference.values.clone());
        }
        for point in &all {
            for &(seed, tuning) in seeds {
                scene.tuning = tuning;
                if point.tune || !tuning {
                    self.plan_cell(&scene, point, seed)?;
                }
            }
        }
        Ok(())
    }

    fn plan_cell(&mut self, scene: &Scene<'_>, point: &Point, seed: u64) -> Result<(), Error> {
        let stages = stages_at(scene.pipeline, point);
        let updates = stages.last().map_or(0, |s| s.updates);
        let oracle = stages.iter().any(|s| s.learner == manifest::params::ORACLE);
        let mut cell = Cell {
            benchmark: scene.benchmark.name.clone(),
            pipeline: scene.pipeline.name.clone(),
            seed,
            tuning: scene.tuning,
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
                .filter(|s| s.learner != manifest::params::ORACLE && s.updates > 0)
                .count(),
        };
        if !oracle || scene.environment.has_oracle {
            let planned = self.plan_stages(scene, &stages, seed)?;
            let made = match &scene.pipeline.online {
                Some(rules) => {
                    let (ids, phase) = self.plan_online(scene, &planned, seed, rules)?;
                    Made::Online(ids, phase)
                }
                None if scene.pipeline.schedule == Schedule::Joint => {
                    let (ids, turns) = self.plan_joint(scene, &planned, seed)?;
                    Made::Joint(ids, turns)
                }
                None => Made::Stages,
            };
            let evaluation = self.plan_evaluation(scene, &planned, seed, made)?;
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
            if scene.pipeline.schedule == Schedule::Decoupled {
                self.add_stage_node(scene, &planned, j, seed)?;
            }
        }
        Ok(planned)
    }

    /// Run ids by role of the nearest nodes at or before `stages`: stages without training have none of their own.
    pub(super) fn nodes_behind(
        scene: &Scene<'_>,
        planned: &[Planned],
        stages: &[usize],
    ) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for &k in stages {
            let job = &planned[k].job;
            if job.run_id.is_empty() {
                found.extend(Self::nodes_behind(scene, planned, &scene.bound[k]));
            } else {
                found.insert(job.role.clone(), job.run_id.clone());
            }
        }
        found
    }

    pub(super) fn job(
        &self,
        scene: &Scene<'_>,
        planned: &[Planned],
        j: usize,
        seed: u64,
    ) -> Result<Job, Error> {
        let closure = closure(&scene.bound, j);
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
            upstream: Self::nodes_behind(scene, planned, &scene.bound[j]),
            results: self.places.results.clone(),
            stages: closure.iter().map(|&k| planned[k].job.clone()).collect(),
            data: self.data_job(scene, seed)?,
            evaluation: None,
            online: None,
            joint: None,
            expert: None,
            runtimes,
            numeric: self.numeric.clone(),
            resume_interval_updates: self.manifest.training.resume_interval_updates,
        })
    }

    pub(super) fn add_stage_node(
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
        let depends = Self::nodes_behind(scene, planned, &scene.bound[j]);
        let node = NodePlan {
            ids: stage.ids.clone(),
            kind: NodeKind::Stage,
            label: format!(
                "{}  {}  data {}  seed {seed}",
                stage.job.learner, scene.benchmark.name, stage.job.view.data_fraction
            ),
            depends: depends.into_values().collect(),
            job: self.job(scene, planned, j, seed)?,
        };
        self.add(node);
        Ok(())
    }

    pub(super) fn add(&mut self, node: NodePlan) {
        self.plan.order.push(node.ids.run_id.clone());
        self.plan.nodes.insert(node.ids.run_id.clone(), node);
    }
}

/// `count` equally spaced updates, the last one included.
pub(super) fn snapshots(updates: u64, count: u64) -> Vec<u64> {
    let mut all: Vec<u64> = (1..=count).map(|i| updates * i / count).collect();
    all.dedup();
    all
}

/// The name an enum has in a manifest.
pub(super) fn name_of(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|v| v.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// Whether a pipeline runs on a benchmark of the manifest.
pub(super) fn runs_on(pipeline: &Pipeline, benchmark: &str) -> bool {
    let chosen = pipeline.benchmarks.as_ref();
    chosen.is_none_or(|names| names.iter().any(|name| name == benchmark))
}

/// The stages that stage `j` is computed from, itself last, in pipeline order.
pub(super) fn closure(bound: &[Vec<usize>], j: usize) -> Vec<usize> {
    let mut wanted = vec![j];
    let mut i = 0;
    while i < wanted.len() {
        wanted.extend(&bound[wanted[i]]);
        i += 1;
    }
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}
