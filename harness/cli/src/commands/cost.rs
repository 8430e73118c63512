//! What nodes cost, from a small table of rates and from nodes that were measured.
//!
//! Seconds of an update are interpolated in the work of one pass, batch x weights of the hidden layers, between the sizes
//! of the table: constant below the smallest, in proportion to the work beyond the largest. Measured nodes of the plan
//! scale the table learner by learner, other measured nodes of the results folder as a whole.

use crate::exit::{Exit, Refusal};
use runner::{NodeKind, NodePlan, Plan};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use store::{Node, Store};

/// Rates of one machine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rates {
    /// Where they were measured.
    machine: String,
    /// Seconds that every node takes to start and to be written.
    start_s: f64,
    /// Seconds of a step of an online phase, updates aside.
    online_step_s: f64,
    /// By learner.
    learner: BTreeMap<String, Vec<Update>>,
    /// Learners that take about as long as a listed one.
    like: BTreeMap<String, String>,
    /// By the start of the environment's id.
    environment: BTreeMap<String, Evaluation>,
    /// Seconds that a policy which works while it acts adds to an episode, with two hidden layers of 64.
    acting_episode_s: BTreeMap<String, f64>,
}

/// One measured size of a learner.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    hidden: Vec<u64>,
    batch_size: u64,
    ms: f64,
}

/// An evaluation: what it takes once, and for each episode of each snapshot.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Evaluation {
    once_s: f64,
    episode_s: f64,
}

/// What is left of a plan.
pub(crate) struct Estimate {
    /// Seconds of all workers together.
    pub(crate) worker_s: f64,
    /// Seconds until the last node is there.
    pub(crate) wall_time_s: f64,
    pub(crate) workers: usize,
    pub(crate) basis: Basis,
    /// Learners that the table lacks.
    pub(crate) unlisted: Vec<String>,
}

/// What an estimate rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub(crate) enum Basis {
    /// Nodes of this plan; `rough` where some kind of node is not among them.
    Plan { nodes: usize, rough: bool },
    /// Other nodes in the results folder, which took `ratio` times what the table says.
    Store { nodes: usize, ratio: f64 },
    /// The table alone.
    Table { machine: String },
}

/// Nodes of other plans that are looked at: ids are hashes, so the first ones are a fair sample.
const SAMPLE: usize = 200;
/// Width of observations and actions together, for want of the data.
const INPUTS: u64 = 16;
const SMALL: [u64; 2] = [64, 64];

/// Predicted and measured seconds.
#[derive(Clone, Copy, Debug, Default)]
struct Pair {
    predicted_s: f64,
    measured_s: f64,
    nodes: usize,
}

impl Pair {
    fn add(&mut self, predicted_s: f64, measured_s: f64) {
        self.predicted_s += predicted_s;
        self.measured_s += measured_s;
        self.nodes += 1;
    }

    fn ratio(&self) -> f64 {
        self.measured_s / self.predicted_s
    }
}

impl Rates {
    /// The table of this version.
    pub(crate) fn committed() -> Result<Self, Refusal> {
        toml::from_str(include_str!("rates.toml"))
            .map_err(|e| Refusal::new(Exit::Bug, format!("the table of rates: {e}")))
    }

    /// What the nodes cost that the store lacks.
    pub(crate) fn estimate(
        &self,
        plan: &Plan,
        store: &Store,
        workers: usize,
    ) -> Result<Estimate, Refusal> {
        let workers = workers.max(1);
        let mut by_name: BTreeMap<&str, Pair> = BTreeMap::new();
        let mut own = Pair::default();
        for node in plan.nodes.values() {
            if let Some(measured_s) = measured(store, &node.ids.run_id) {
                let predicted_s = self.node_s(node);
                by_name
                    .entry(name(node))
                    .or_default()
                    .add(predicted_s, measured_s);
                own.add(predicted_s, measured_s);
            }
        }
        let missing = || plan.nodes.values().filter(|n| !store.has(&n.ids.run_id));
        let (otherwise, basis) = if own.nodes > 0 {
            let rough = missing().any(|n| !by_name.contains_key(name(n)));
            let nodes = own.nodes;
            (own.ratio(), Basis::Plan { nodes, rough })
        } else {
            let others = self.others(store)?;
            if others.nodes > 0 {
                let (nodes, ratio) = (others.nodes, others.ratio());
                (ratio, Basis::Store { nodes, ratio })
            } else {
                let machine = self.machine.clone();
                (1.0, Basis::Table { machine })
            }
        };
        let seconds = |node: &NodePlan| {
            let ratio = by_name.get(name(node)).map_or(otherwise, Pair::ratio);
            self.node_s(node) * ratio
        };
        let worker_s: f64 = missing().map(seconds).sum();
        let unknown = |learner: &&str| self.points(learner).is_none();
        let trained = missing().filter(|n| is_training(n));
        let trained = trained.filter_map(|n| n.job.stages.last());
        let trained = trained.map(|stage| stage.learner.as_str());
        let unlisted: BTreeSet<&str> = trained.filter(unknown).collect();
        Ok(Estimate {
            worker_s,
            wall_time_s: longest(plan, store, &seconds).max(worker_s / workers as f64),
            workers,
            basis,
            unlisted: unlisted.into_iter().map(str::to_owned).collect(),
        })
    }

    /// Training stages of any plan in the store.
    fn others(&self, store: &Store) -> Result<Pair, Refusal> {
        let mut pair = Pair::default();
        for id in store.find("")?.into_iter().take(SAMPLE) {
            let Ok(node) = store.node(&id) else { continue };
            let whole = node.provenance.resumed_from_update == 0;
            if let Some(predicted_s) = self.recorded_s(&node).filter(|_| whole) {
                pair.add(predicted_s, node.provenance.wall_time_s);
            }
        }
        Ok(pair)
    }

    /// What the table says of a node on disk; none for evaluations and for learners that it lacks.
    fn recorded_s(&self, node: &Node) -> Option<f64> {
        let learner = node.identity["learner"].as_str()?;
        let (updates, batch) = (&node.identity["updates"], &node.identity["batch_size"]);
        let points = self.points(learner)?;
        let hidden = hidden(&node.identity["params"]["hidden"]);
        let each = interpolate(points, work(&hidden, batch.as_u64()?));
        Some(self.start_s + updates.as_u64()? as f64 * each)
    }

    /// What the table says of a planned node.
    fn node_s(&self, node: &NodePlan) -> f64 {
        let job = &node.job;
        let of_stage = |stage: &runner::StageJob| {
            let hidden = stage.params.get("hidden").map_or(SMALL.into(), hidden);
            self.update_s(&stage.learner, work(&hidden, u64::from(stage.batch_size)))
        };
        if let Some(evaluation) = &job.evaluation {
            let cost = self.evaluation(&job.data.environment);
            let weights =
                |stage: &runner::StageJob| stage.params.get("hidden").map(|h| work(&hidden(h), 1));
            let widest = job.stages.iter().filter_map(weights).fold(0.0, f64::max);
            let added = |stage: &runner::StageJob| {
                let episode_s = self.acting_episode_s.get(&stage.learner)?;
                Some(episode_s * (widest / work(&SMALL, 1)).max(1.0))
            };
            let acting = job.stages.last().and_then(added).unwrap_or(0.0);
            let episodes = f64::from(evaluation.episodes) * evaluation.snapshots.len() as f64;
            return self.start_s + cost.once_s + episodes * (cost.episode_s + acting);
        }
        if let Some(online) = &job.online {
            let continued = online.continued.iter().filter_map(|&k| job.stages.get(k));
            let update_s: f64 = continued.map(of_stage).sum();
            let step_s = self.online_step_s + online.rules.updates_per_step as f64 * update_s;
            return self.start_s + online.rules.steps as f64 * step_s;
        }
        if let Some(turns) = &job.joint {
            let trained = turns.trained.iter().filter_map(|&k| job.stages.get(k));
            let update_s: f64 = trained.map(of_stage).sum();
            return self.start_s + turns.updates as f64 * update_s;
        }
        let trained = job.stages.last();
        self.start_s + trained.map_or(0.0, |s| s.updates as f64 * of_stage(s))
    }

    fn points(&self, learner: &str) -> Option<&[Update]> {
        let like = self.like.get(learner).map(String::as_str);
        let points = self.learner.get(like.unwrap_or(learner))?;
        Some(points)
    }

    /// Seconds of an update; of the slowest learner where the table lacks this one.
    fn update_s(&self, learner: &str, work: f64) -> f64 {
        let all = || {
            self.learner
                .values()
                .map(|points| interpolate(points, work))
        };
        let own = self.points(learner);
        own.map_or_else(|| all().fold(0.0, f64::max), |p| interpolate(p, work))
    }

    /// The row with the longest name that the environment's id starts with; else the costliest.
    fn evaluation(&self, environment: &str) -> Evaluation {
        let rows = self.environment.iter();
        let own = rows.filter(|(name, _)| environment.starts_with(name.as_str()));
        let own = own.max_by_key(|(name, _)| name.len());
        let costly = || {
            let rows = self.environment.values();
            rows.max_by(|a, b| a.episode_s.total_cmp(&b.episode_s))
        };
        let row = own.map(|(_, row)| row).or_else(costly);
        row.copied().unwrap_or(Evaluation {
            once_s: 0.0,
            episode_s: 0.0,
        })
    }
}

/// The first part of a label: the learner, or what is evaluated.
fn name(node: &NodePlan) -> &str {
    node.label.split("  ").next().unwrap_or_default()
}

fn is_training(node: &NodePlan) -> bool {
    let job = &node.job;
    node.kind == NodeKind::Stage && job.online.is_none() && job.joint.is_none()
}

/// Seconds of a finished node that no other worker had begun.
fn measured(store: &Store, run_id: &str) -> Option<f64> {
    let node = store.node(run_id).ok()?;
    let provenance = node.provenance;
    (provenance.resumed_from_update == 0).then_some(provenance.wall_time_s)
}

fn hidden(value: &Value) -> Vec<u64> {
    let layers = value.as_array().into_iter().flatten();
    let layers: Vec<u64> = layers.filter_map(Value::as_u64).collect();
    if layers.is_empty() {
        SMALL.into()
    } else {
        layers
    }
}

/// Multiplications of one pass of a batch through one network.
fn work(hidden: &[u64], batch: u64) -> f64 {
    let first = hidden.first().map_or(0, |h| INPUTS * h);
    let inner: u64 = hidden.windows(2).map(|pair| pair[0] * pair[1]).sum();
    (batch * (first + inner)) as f64
}

/// Seconds of an update of this much work.
fn interpolate(points: &[Update], at: f64) -> f64 {
    let each = points.iter();
    let each = each.map(|p| (work(&p.hidden, p.batch_size), p.ms / 1000.0));
    let mut known: Vec<(f64, f64)> = each.collect();
    known.sort_by(|a, b| a.0.total_cmp(&b.0));
    let above = known.iter().position(|(work, _)| *work >= at);
    match above {
        Some(0) => known[0].1,
        Some(k) => {
            let ((w0, s0), (w1, s1)) = (known[k - 1], known[k]);
            s0 + (s1 - s0) * (at - w0) / (w1 - w0)
        }
        None => known.last().map_or(0.0, |(work, s)| s * at / work),
    }
}

/// The longest chain of missing nodes, each waiting for the one before.
fn longest(plan: &Plan, store: &Store, seconds: &dyn Fn(&NodePlan) -> f64) -> f64 {
    let mut ends: BTreeMap<&str, f64> = BTreeMap::new();
    for id in plan.order.iter().filter(|id| !store.has(id)) {
        let Some(node) = plan.nodes.get(id) else {
            continue;
        };
        let behind = node.depends.iter().filter_map(|d| ends.get(d.as_str()));
        let begins = behind.copied().fold(0.0, f64::max);
        ends.insert(id, begins + seconds(node));
    }
    ends.into_values().fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_table_is_sound() {
        let rates = Rates::committed().unwrap();
        for (learner, points) in &rates.learner {
            assert!(points.len() >= 2, "{learner} has one size only");
            let mut known: Vec<(f64, f64)> = points
                .iter()
                .map(|p| (work(&p.hidden, p.batch_size), p.ms))
                .collect();
            known.sort_by(|a, b| a.0.total_cmp(&b.0));
            let ascending = known.windows(2).all(|p| p[0].0 < p[1].0 && p[0].1 < p[1].1);
            assert!(ascending, "{learner}: more work takes longer: {known:?}");
        }
        assert!(rates.like.keys().all(|id| rates.points(id).is_some()));
        assert!(rates.acting_episode_s.values().all(|s| *s > 0.0));
        assert!(rates.environment.values().all(|e| e.episode_s > 0.0));
    }

    #[test]
    fn updates_are_interpolated_between_the_sizes_of_the_table() {
        let point = |width: u64, ms| Update {
            hidden: vec![width, width],
            batch_size: 100,
            ms,
        };
        let points = [point(200, 5.0), point(100, 2.0)];
        let at = |width: u64| interpolate(&points, work(&[width, width], 100)) * 1000.0;
        assert_eq!(at(50), 2.0);
        assert_eq!(at(100), 2.0);
        assert_eq!(at(200), 5.0);
        assert!(at(150) > 2.0 && at(150) < 5.0);
        let twice = interpolate(&points, 2.0 * work(&[200, 200], 100)) * 1000.0;
        assert!((twice - 10.0).abs() < 1e-9, "{twice}");
    }
}
