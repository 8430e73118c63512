//! What the evaluations of a study were computed from, from the plan and the records in the store.

use crate::job::{Job, StageJob};
use crate::plan::{CellState, Plan};
use manifest::PolicyView;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use store::{Error, EvaluationOrigin, MadeBy, Node, Origins, Source, Store};

/// The origins of every evaluation of the plan that the store holds. `manifest` is how the user named it.
///
/// # Errors
/// What reading a node's record gives.
pub fn origins(plan: &Plan, store: &Store, manifest: &str) -> Result<Origins, Error> {
    let mut origins = Origins::of(manifest);
    let mut makers: BTreeMap<String, MadeBy> = BTreeMap::new();
    let mut indices: BTreeMap<Source, usize> = BTreeMap::new();
    for cell in &plan.cells {
        let CellState::Planned { evaluation: id } = &cell.state else {
            continue;
        };
        let Some(planned) = plan.nodes.get(id) else {
            continue;
        };
        if origins.evaluations.contains_key(id) || !store.has(id) {
            continue;
        }
        let node = store.node(id)?;
        let nodes = behind(&planned.job);
        let mut made_by = BTreeSet::from([maker(&node)]);
        for (_, behind) in &nodes {
            made_by.insert(match makers.entry(behind.clone()) {
                Entry::Occupied(known) => known.get().clone(),
                Entry::Vacant(free) => free.insert(maker(&store.node(behind)?)).clone(),
            });
        }
        let found = source(&planned.job, &node, made_by);
        let next = indices.len();
        let source = *indices.entry(found).or_insert(next);
        let evaluation = EvaluationOrigin { source, nodes };
        origins.evaluations.insert(id.clone(), evaluation);
    }
    let mut sources: Vec<(Source, usize)> = indices.into_iter().collect();
    sources.sort_by_key(|(_, index)| *index);
    origins.sources = sources.into_iter().map(|(source, _)| source).collect();
    Ok(origins)
}

/// Role and run id of the nodes that an evaluation was computed from: its trained stages in order, then an online phase or
/// the stages of a declared expert.
fn behind(job: &Job) -> Vec<(String, String)> {
    let expert = job.expert.iter().flat_map(|expert| &expert.stages);
    // Stages in turn have one node, which is upstream.
    let own = job.stages.iter().filter(|_| job.joint.is_none());
    let trained = own.chain(expert).filter(|stage| !stage.run_id.is_empty());
    let mut nodes: Vec<(String, String)> = trained
        .map(|stage| (stage.role.clone(), stage.run_id.clone()))
        .collect();
    for (role, id) in &job.upstream {
        if !nodes.iter().any(|(_, known)| known == id) {
            nodes.push((role.clone(), id.clone()));
        }
    }
    nodes
}

fn maker(node: &Node) -> MadeBy {
    let p = &node.provenance;
    MadeBy {
        assay: p.assay_version.clone(),
        commit: p.commit.clone(),
        cpu: format!("{}, {} cores", p.cpu, p.cores),
        system: p.system.clone(),
    }
}

fn source(job: &Job, node: &Node, made_by: BTreeSet<MadeBy>) -> Source {
    let identity = &node.identity;
    let text = |key: &str| identity[key].as_str().unwrap_or_default();
    let code = [
        ("evaluator", text("evaluator")),
        ("sampler", crate::SAMPLER_SOURCE),
    ];
    Source {
        datasets: BTreeMap::from([(job.data.dataset.clone(), job.data.digest.clone())]),
        libraries: node.provenance.libraries.clone(),
        environment: format!("{} {}", text("environment"), text("environment_version")),
        protocol: format!(
            "{} episodes, {}, seed {}",
            identity["episodes"],
            text("action_mode"),
            identity["seed"]
        ),
        code: code.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        stages: job.stages.iter().map(stage).collect(),
        made_by,
    }
}

/// A stage in words, without its seed.
fn stage(stage: &StageJob) -> String {
    let StageJob { role, learner, .. } = stage;
    if stage.updates == 0 {
        return format!("{role}: {learner}, no training");
    }
    let taken = match stage.view.view {
        PolicyView::Shared => "",
        PolicyView::Disjoint => ", disjoint",
        PolicyView::Best => " of the best trajectories",
    };
    format!(
        "{role}: {learner}, {} updates, data fraction {}{taken}",
        stage.updates, stage.view.data_fraction
    )
}
