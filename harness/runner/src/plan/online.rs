//! Online phases: their identity and what their worker is told.

use super::graph::{Builder, Planned, Scene, closure, snapshots};
use super::{NodeKind, NodePlan};
use crate::error::Error;
use crate::job::OnlineJob;
use crate::{ONLINE_SOURCE, SAMPLER_SOURCE};
use manifest::Online;
use manifest::identity::{Ids, OnlineIdentity, online_ids};
use plugin_host::Runtime;
use std::collections::BTreeMap;

impl Builder<'_> {
    pub(super) fn plan_online(
        &mut self,
        scene: &Scene<'_>,
        planned: &[Planned],
        seed: u64,
        rules: &Online,
    ) -> Result<(Ids, OnlineJob), Error> {
        let last = planned.len() - 1;
        let goes_on = |k: usize| rules.stages.contains(&planned[k].job.role);
        let mut rules = rules.clone();
        // A set in the manifest; updated in pipeline order.
        let used = closure(&scene.bound, last);
        let order = used.iter().filter(|&&k| goes_on(k));
        rules.stages = order.map(|&k| planned[k].job.role.clone()).collect();
        let mut kept = vec![0];
        kept.extend(snapshots(rules.steps, rules.snapshots));
        let identity = OnlineIdentity {
            online: rules.clone(),
            environment: scene.environment.id.clone(),
            environment_version: scene.environment.version.clone(),
            model_files: scene.environment.model_digests.clone(),
            seed,
            sampler: SAMPLER_SOURCE.into(),
            source: format!("{ONLINE_SOURCE} {}", scene.environment.source),
        };
        let mut upstream = vec![(planned[last].job.role.clone(), planned[last].ids.clone())];
        let learning = used.iter().filter(|&&k| k != last && goes_on(k));
        upstream.extend(learning.map(|&k| (planned[k].job.role.clone(), planned[k].ids.clone())));
        let library = scene.environment.library.as_ref().map(|l| l.1.clone());
        let mut runtimes: Vec<Runtime> = planned[last].runtimes.clone();
        runtimes.extend(scene.environment.runtimes.iter().cloned());
        let binaries = self.binaries(library, &runtimes);
        let ids = online_ids(&identity, &upstream, binaries.as_ref());
        let phase = OnlineJob {
            run_id: ids.run_id.clone(),
            continued: (0..used.len()).filter(|&i| goes_on(used[i])).collect(),
            seed,
            snapshots: kept,
            world: scene.environment.world(),
            rules,
        };
        if self.plan.nodes.contains_key(&ids.run_id) {
            return Ok((ids, phase));
        }
        let mut job = self.job_in_world(scene, planned, &ids, seed)?;
        job.identity = serde_json::to_value(&identity).unwrap_or_default();
        let mut nodes = BTreeMap::new();
        for &k in &used {
            nodes.extend(Self::nodes_behind(scene, planned, &[k]));
        }
        job.upstream = nodes.clone();
        job.online = Some(phase.clone());
        self.add(NodePlan {
            kind: NodeKind::Stage,
            label: format!(
                "online {}  {}  seed {seed}",
                scene.pipeline.name, scene.benchmark.name
            ),
            depends: nodes.into_values().collect(),
            job,
            ids: ids.clone(),
        });
        Ok((ids, phase))
    }
}
