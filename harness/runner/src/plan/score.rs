//! Evaluations: their identity and what their worker is told.

use super::graph::{Builder, Made, Planned, Scene, name_of};
use super::{NodeKind, NodePlan};
use crate::EVALUATOR_SOURCE;
use crate::error::Error;
use crate::job::{EvaluationJob, Job};
use manifest::identity::{EvaluationIdentity, Ids, evaluation_ids};
use manifest::{ActionMode, EXPERT_ROLE};
use std::collections::BTreeMap;

impl Builder<'_> {
    pub(super) fn plan_evaluation(
        &mut self,
        scene: &Scene<'_>,
        planned: &[Planned],
        seed: u64,
        made: Made,
    ) -> Result<String, Error> {
        let last = planned.len() - 1;
        let policy = &planned[last];
        let asked = &self.manifest.evaluation;
        let mut evaluation = self.evaluation_job(scene);
        // After an online phase, what it made is scored instead, from before its first step on.
        let (scored, snapshots) = match &made {
            Made::Online(ids, phase) => (ids, &phase.snapshots),
            Made::Joint(ids, turns) => (ids, &turns.snapshots),
            Made::Stages => (&policy.ids, &policy.job.snapshots),
        };
        let scored = scored.clone();
        evaluation.snapshots.clone_from(snapshots);
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
            goal: scene.benchmark.definition.goal.clone(),
            transform: scene.benchmark.transform.clone(),
            evaluator: format!("{EVALUATOR_SOURCE} {}", scene.environment.source),
        };
        let library = scene.environment.library.as_ref().map(|l| l.1.clone());
        let binaries = self.binaries(library, &scene.environment.runtimes);
        let mut upstream = vec![(policy.job.role.clone(), scored)];
        upstream.extend(
            scene
                .expert
                .map(|e| (EXPERT_ROLE.to_owned(), e.ids.clone())),
        );
        let ids = evaluation_ids(&identity, &upstream, binaries.as_ref());
        if self.plan.nodes.contains_key(&ids.run_id) {
            return Ok(ids.run_id);
        }
        let mut job = self.job_in_world(scene, planned, &ids, seed)?;
        job.identity = serde_json::to_value(&identity).unwrap_or_default();
        let mut nodes = match &made {
            Made::Online(ids, _) => BTreeMap::from([("online".to_owned(), ids.run_id.clone())]),
            Made::Joint(ids, _) => BTreeMap::from([("joint".to_owned(), ids.run_id.clone())]),
            Made::Stages => Self::nodes_behind(scene, planned, &[last]),
        };
        if let Some(expert) = scene.expert {
            nodes.insert(EXPERT_ROLE.to_owned(), expert.ids.run_id.clone());
            job.expert = Some(Box::new(expert.job.clone()));
        }
        job.upstream = nodes.clone();
        job.evaluation = Some(evaluation);
        match made {
            Made::Online(_, phase) => job.online = Some(phase),
            Made::Joint(_, turns) => job.joint = Some(turns),
            Made::Stages => {}
        }
        let fraction = policy.job.view.data_fraction;
        let node = NodePlan {
            kind: NodeKind::Evaluation,
            label: format!(
                "evaluate {}  {}  data {fraction}  seed {seed}",
                scene.pipeline.name, scene.benchmark.name
            ),
            depends: nodes.into_values().collect(),
            job,
            ids: ids.clone(),
        };
        self.add(node);
        Ok(ids.run_id)
    }

    /// The protocol on the scene's environment, without snapshots.
    pub(super) fn evaluation_job(&self, scene: &Scene<'_>) -> EvaluationJob {
        let defaults = &scene.benchmark.definition.evaluation;
        let asked = &self.manifest.evaluation;
        EvaluationJob {
            world: scene.environment.world(),
            episodes: asked.episodes.unwrap_or(defaults.episodes),
            environments_per_batch: asked
                .environments_per_batch
                .unwrap_or(defaults.environments_per_batch),
            sampled: asked.action_mode == ActionMode::Sampled,
            seed: match self.manifest.study.tuning {
                Some(tuning) if scene.tuning => tuning.evaluation_seed,
                _ => asked.seed,
            },
            snapshots: Vec::new(),
        }
    }

    /// A job with all stages of the pipeline that needs the environment as well.
    pub(super) fn job_in_world(
        &self,
        scene: &Scene<'_>,
        planned: &[Planned],
        ids: &Ids,
        seed: u64,
    ) -> Result<Job, Error> {
        let mut job = self.job(scene, planned, planned.len() - 1, seed)?;
        let expert = scene.expert.iter().flat_map(|e| &e.job.runtimes);
        for runtime in scene.environment.runtimes.iter().chain(expert) {
            if !job.runtimes.contains(runtime) {
                job.runtimes.push(runtime.clone());
            }
        }
        job.run_id = ids.run_id.clone();
        job.spec_id = ids.spec_id.clone();
        Ok(job)
    }
}
