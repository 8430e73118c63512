//! `assay plan`: what a manifest would compute, and what that costs.

use super::cost::{Basis, Estimate, Rates};
use super::run::ManifestArgs;
use super::session::Session;
use crate::exit::{Exit, Outcome, Refusal};
use crate::output;
use crate::progress::duration;
use crate::settings::Settings;
use manifest::Manifest;
use runner::{NodeKind, Plan};
use std::collections::BTreeMap;
use store::Store;

/// `assay plan`
pub(crate) fn plan(args: &ManifestArgs, settings: &Settings) -> Outcome {
    let session = Session::open(&args.manifest, &args.part(), settings)?;
    let store = Store::open(&session.places.results)?;
    let counts = Counts::of(&session.plan, &store, settings.jobs)?;
    let text = if args.json {
        counts.json()
    } else {
        counts.text(&session)
    };
    output::data(&text);
    Ok(Exit::Ok)
}

/// What a plan costs.
struct Counts {
    cells: usize,
    /// (to do, done).
    stages: (usize, usize),
    evaluations: (usize, usize),
    from_scratch: usize,
    by_learner: BTreeMap<String, usize>,
    estimate: Estimate,
}

impl Counts {
    fn of(plan: &Plan, store: &Store, workers: usize) -> Result<Self, Refusal> {
        let count = |kind, cached: bool| {
            let own = plan.nodes.values().filter(|n| n.kind == kind);
            own.filter(|n| store.has(&n.ids.run_id) == cached).count()
        };
        let both = |kind| (count(kind, false), count(kind, true));
        let mut by_learner = BTreeMap::new();
        for node in plan.nodes.values().filter(|n| n.kind == NodeKind::Stage) {
            let name = node.label.split("  ").next().unwrap_or_default();
            *by_learner.entry(name.to_owned()).or_default() += 1;
        }
        Ok(Self {
            cells: plan.cells.len(),
            stages: both(NodeKind::Stage),
            evaluations: both(NodeKind::Evaluation),
            from_scratch: plan.cells.iter().map(|c| c.trainings).sum(),
            by_learner,
            estimate: Rates::committed()?.estimate(plan, store, workers)?,
        })
    }

    fn text(&self, session: &Session) -> String {
        let manifest = &session.manifest;
        let learners = self.by_learner.iter().map(|(l, n)| format!("{n} {l}"));
        let learners: Vec<String> = learners.collect();
        format!(
            "{} runs = {} pipelines on {} benchmarks, {} seeds, with axes and sweeps\n  stages       {} to train, {} cached ({})\n  evaluations  {} to run, {} cached\n  sharing      each run from scratch would train {} stages\n  estimate     {}",
            self.cells,
            manifest.pipelines.len(),
            manifest.benchmarks.len(),
            seed_counts(manifest),
            self.stages.0,
            self.stages.1,
            learners.join(", "),
            self.evaluations.0,
            self.evaluations.1,
            self.from_scratch,
            words(&self.estimate),
        )
    }

    fn json(&self) -> String {
        let estimate = &self.estimate;
        serde_json::json!({
            "runs": self.cells,
            "stages": { "to_train": self.stages.0, "cached": self.stages.1, "by_learner": self.by_learner },
            "evaluations": { "to_run": self.evaluations.0, "cached": self.evaluations.1 },
            "trainings_from_scratch": self.from_scratch,
            "estimate_s": estimate.worker_s,
            "estimate": {
                "worker_s": estimate.worker_s,
                "wall_time_s": estimate.wall_time_s,
                "workers": estimate.workers,
                "basis": estimate.basis,
                "unlisted_learners": estimate.unlisted,
            },
        })
        .to_string()
    }
}

/// `8`, or `8 to 32` where benchmarks differ.
fn seed_counts(manifest: &Manifest) -> String {
    let counts = manifest.benchmarks.iter();
    let counts = counts.map(|b| b.seeds(&manifest.study).count);
    let (low, high) = counts.fold((u64::MAX, 0), |(low, high), n| (low.min(n), high.max(n)));
    if low < high {
        format!("{low} to {high}")
    } else {
        high.to_string()
    }
}

/// The estimate with what it rests on.
fn words(estimate: &Estimate) -> String {
    if estimate.worker_s == 0.0 {
        return "nothing is left to compute".into();
    }
    let basis = match &estimate.basis {
        Basis::Plan {
            nodes,
            rough: false,
        } => format!("from {nodes} measured nodes of this plan"),
        Basis::Plan { nodes, rough: true } => {
            format!("rough: a table of rates, scaled by {nodes} measured nodes of this plan")
        }
        Basis::Store { nodes, ratio } => format!(
            "rough: a table of rates, times {ratio:.2} as {nodes} other nodes in this results folder took"
        ),
        Basis::Table { machine } => {
            format!("rough: rates of {machine}; nothing is measured in this results folder yet")
        }
    };
    let workers = match estimate.workers {
        1 => "1 worker".to_owned(),
        n => format!("{n} workers"),
    };
    let mut text = format!(
        "about {} on {workers}, {} of one core ({basis})",
        duration(estimate.wall_time_s),
        duration(estimate.worker_s),
    );
    if !estimate.unlisted.is_empty() {
        text += &format!(
            "\n               counted as the slowest listed learner: {}",
            estimate.unlisted.join(", ")
        );
    }
    text
}
