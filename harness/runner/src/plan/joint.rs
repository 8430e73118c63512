//! Stages that are trained in turn: their identity and what their worker is told.

use super::graph::{Builder, Planned, Scene, closure};
use super::{NodeKind, NodePlan};
use crate::JOINT_SOURCE;
use crate::error::Error;
use crate::job::JointJob;
use manifest::identity::{Ids, JointIdentity, joint_ids};
use plugin_host::Runtime;
use std::collections::BTreeMap;

impl Builder<'_> {
    /// A sweep of one stage's updates would leave the others behind.
    fn check_turns<'p>(
        &self,
        scene: &Scene<'_>,
        mut trained: impl Iterator<Item = &'p Planned>,
        updates: u64,
    ) -> Result<(), Error> {
        let Some(other) = trained.find(|stage| stage.job.updates != updates) else {
            return Ok(());
        };
        let key = format!("pipeline[{}].schedule", scene.pipeline_index);
        Err(Error::Manifest(manifest::Error::Pipeline {
            at: (self.resolver.locate)(&key),
            pipeline: scene.pipeline.name.clone(),
            reason: format!(
                "its stages are trained in turn, but at one point `{}` has {} updates and another stage {updates}",
                other.job.role, other.job.updates
            ),
            hint: Some("vary no updates of a pipeline with `schedule = \"joint\"`".into()),
        }))
    }

    /// The one node of the stages behind a pipeline's policy.
    pub(super) fn plan_joint(
        &mut self,
        scene: &Scene<'_>,
        planned: &[Planned],
        seed: u64,
    ) -> Result<(Ids, JointJob), Error> {
        let last = planned.len() - 1;
        let used = closure(&scene.bound, last);
        let is_trained = |k: usize| !planned[k].job.run_id.is_empty();
        let trained: Vec<usize> = (0..used.len()).filter(|&i| is_trained(used[i])).collect();
        let final_stage = trained.last().map_or(last, |&i| used[i]);
        let updates = planned[final_stage].job.updates;
        self.check_turns(scene, trained.iter().map(|&i| &planned[used[i]]), updates)?;
        let snapshots = planned[final_stage].job.snapshots.clone();
        let identity = JointIdentity {
            stages: trained
                .iter()
                .map(|&i| planned[used[i]].job.role.clone())
                .collect(),
            updates,
            snapshots: snapshots.clone(),
            source: JOINT_SOURCE.into(),
        };
        let each = |&i: &usize| {
            let stage = &planned[used[i]];
            (stage.job.role.clone(), stage.ids.clone())
        };
        let upstream: Vec<(String, Ids)> = trained.iter().map(each).collect();
        let runtimes: Vec<Runtime> = planned[last].runtimes.clone();
        let binaries = self.binaries(None, &runtimes);
        let ids = joint_ids(&identity, &upstream, binaries.as_ref());
        let turns = JointJob {
            run_id: ids.run_id.clone(),
            trained,
            updates,
            snapshots,
        };
        if self.plan.nodes.contains_key(&ids.run_id) {
            return Ok((ids, turns));
        }
        let mut job = self.job(scene, planned, last, seed)?;
        job.run_id = ids.run_id.clone();
        job.spec_id = ids.spec_id.clone();
        job.identity = serde_json::to_value(&identity).unwrap_or_default();
        job.upstream = BTreeMap::new();
        job.joint = Some(turns.clone());
        let learners = turns.trained.iter().map(|&i| &planned[used[i]].job);
        let names: Vec<&str> = learners.map(|job| job.learner.as_str()).collect();
        self.add(NodePlan {
            kind: NodeKind::Stage,
            label: format!(
                "{}  {}  data {}  seed {seed}",
                names.join(" and "),
                scene.benchmark.name,
                planned[final_stage].job.view.data_fraction
            ),
            depends: Vec::new(),
            job,
            ids: ids.clone(),
        });
        Ok((ids, turns))
    }
}
