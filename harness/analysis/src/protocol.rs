//! What two protocols have in common and where they differ: facts of a manifest or of a published table, by name.

use std::collections::{BTreeMap, BTreeSet};

use manifest::{
    BenchmarkDefinition, BenchmarkRef, Manifest, Pipeline, Schedule, StageSpec, TransformKind,
    TransformSpec,
};
use serde::Serialize;
use serde_json::Value;

use crate::published::{Measure, Score, Selection, Spread, Table};

/// Facts by section and name; what a source does not say is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts(pub BTreeMap<(Section, String), String>);

/// What a fact is about, in the order in which they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Section {
    /// Runs, what is measured on them, and what of it counts.
    Evaluation,
    /// What learners see.
    Data,
    /// How learners are trained.
    Training,
    /// The methods themselves.
    Methods,
}

/// A fact that differs, or that one side does not state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it is about.
    pub section: Section,
    /// Its name.
    pub name: String,
    /// What the first side says.
    pub first: Option<String>,
    /// What the second side says.
    pub second: Option<String>,
}

/// What `first` and `second` say differently, and the number of facts on which they agree.
pub fn differences(first: &Facts, second: &Facts) -> (Vec<Difference>, usize) {
    let names: BTreeSet<_> = first.0.keys().chain(second.0.keys()).collect();
    let all = names.len();
    let differing: Vec<Difference> = names
        .into_iter()
        .filter(|name| first.0.get(*name) != second.0.get(*name))
        .map(|name| Difference {
            section: name.0,
            name: name.1.clone(),
            first: first.0.get(name).cloned(),
            second: second.0.get(name).cloned(),
        })
        .collect();
    let agreed = all - differing.len();
    (differing, agreed)
}

impl Facts {
    fn add(&mut self, section: Section, name: &str, value: impl Into<String>) {
        self.0.insert((section, name.to_owned()), value.into());
    }

    /// The facts of a manifest; `definitions` are those of its benchmarks, in its order.
    pub fn of_manifest(manifest: &Manifest, definitions: &[BenchmarkDefinition]) -> Self {
        let mut facts = Self::default();
        let benchmarks: Vec<_> = manifest.benchmarks.iter().zip(definitions).collect();
        facts.evaluation(manifest, &benchmarks);
        let datasets: Vec<&str> = definitions.iter().map(|d| d.dataset.as_str()).collect();
        facts.add(Section::Data, "datasets", datasets.join(", "));
        for (reference, definition) in &benchmarks {
            facts.data(reference, definition);
        }
        facts.training(manifest);
        for pipeline in &manifest.pipelines {
            facts.method(pipeline);
        }
        for (name, values) in &manifest.axes {
            facts.add(Section::Methods, &format!("varied: {name}"), list(values));
        }
        for sweep in &manifest.sweeps {
            let tuned = if sweep.tune { ", tuned" } else { "" };
            let value = format!("{}{tuned}", list(&sweep.values));
            facts.add(
                Section::Methods,
                &format!("varied: {}", sweep.parameter),
                value,
            );
        }
        facts
    }

    fn evaluation(
        &mut self,
        manifest: &Manifest,
        benchmarks: &[(&BenchmarkRef, &BenchmarkDefinition)],
    ) {
        use Section::Evaluation;
        let each =
            |of: &dyn Fn(&BenchmarkRef, &BenchmarkDefinition) -> String| uniform(benchmarks, of);
        let asked = &manifest.evaluation;
        self.add(
            Evaluation,
            "runs behind a mean",
            each(&|b, _| b.seeds(&manifest.study).count.to_string()),
        );
        self.add(
            Evaluation,
            "first seed",
            manifest.study.seeds.base.to_string(),
        );
        self.add(
            Evaluation,
            "which evaluation counts",
            word(&asked.selection),
        );
        let episodes = |d: &BenchmarkDefinition| asked.episodes.unwrap_or(d.evaluation.episodes);
        self.add(
            Evaluation,
            "episodes of an evaluation",
            each(&|_, d| episodes(d).to_string()),
        );
        self.add(Evaluation, "actions", word(&asked.action_mode));
        self.add(Evaluation, "seed of the episodes", asked.seed.to_string());
        if let Some(snapshots) = asked.snapshots {
            self.add(Evaluation, "evaluations of a run", snapshots.to_string());
        }
        let normalizer =
            |d: &BenchmarkDefinition| d.normalizer.clone().unwrap_or_else(|| "none".into());
        self.add(Evaluation, "normaliser", each(&|_, d| normalizer(d)));
    }

    fn data(&mut self, reference: &BenchmarkRef, definition: &BenchmarkDefinition) {
        let name = reference.name();
        let mut add =
            |what: &str, value: String| self.add(Section::Data, &format!("{name}: {what}"), value);
        add("environment", definition.environment.clone());
        add("discount", definition.discount.to_string());
        add(
            "observations",
            match &reference.transform {
                None => "as recorded, not normalised".into(),
                Some(all) if is_standardized(all) => {
                    "standardised by the data's mean and deviation".into()
                }
                Some(other) => json(other),
            },
        );
        let rewards = reference.reward.as_ref();
        add("rewards", rewards.map_or("as recorded".into(), json));
        add(
            "ends",
            "terminated stops the bootstrap, truncated does not".into(),
        );
        if let Some(digest) = &reference.dataset_digest {
            add("digest", digest.clone());
        }
        if !reference.recipe.is_empty() {
            add("recipe", json(&reference.recipe));
        }
        if let Some(goal) = &definition.goal {
            add("goals", json(goal));
        }
    }

    fn training(&mut self, manifest: &Manifest) {
        let training = &manifest.training;
        self.add(
            Section::Training,
            "batch size",
            training.batch_size.to_string(),
        );
        self.add(Section::Training, "precision", word(&training.precision));
        let joint = |p: &&Pipeline| p.schedule == Schedule::Joint;
        let schedule = match manifest.pipelines.iter().filter(joint).count() {
            0 => "stage after stage, each on the frozen one before",
            n if n == manifest.pipelines.len() => "stages in turn, an update each",
            _ => "stage after stage, or in turn where a method says so",
        };
        self.add(Section::Training, "schedule", schedule);
    }

    fn method(&mut self, pipeline: &Pipeline) {
        let names: Vec<&str> = pipeline.stages.iter().map(|s| s.learner.as_str()).collect();
        let joined = match pipeline.schedule {
            Schedule::Decoupled => names.join(", then "),
            Schedule::Joint => format!("{}, in turn", names.join(" and ")),
        };
        self.add(Section::Methods, &pipeline.name, joined);
        for stage in &pipeline.stages {
            let mut add = |key: &str, value: String| {
                self.add(
                    Section::Methods,
                    &format!("{}: {}.{key}", pipeline.name, stage.role),
                    value,
                );
            };
            if stage.updates > 0 {
                add("updates", stage.updates.to_string());
            }
            if stage.data_fraction < 1.0 {
                add("data_fraction", stage.data_fraction.to_string());
            }
            for (key, value) in parameters(stage) {
                add(key, value);
            }
        }
        if let Some(online) = &pipeline.online {
            self.add(
                Section::Methods,
                &format!("{}: online", pipeline.name),
                json(online),
            );
        }
    }

    /// The facts of a published table.
    pub fn of_table(table: &Table) -> Self {
        use Section::{Data, Evaluation, Methods};
        let mut facts = Self::default();
        if let Some(n) = table.n {
            facts.add(Evaluation, "runs behind a mean", n.to_string());
        }
        if table.selection != Selection::Unknown {
            facts.add(
                Evaluation,
                "which evaluation counts",
                table.selection.to_string(),
            );
        }
        if let Some(episodes) = table.evaluation_episodes {
            facts.add(
                Evaluation,
                "episodes of an evaluation",
                episodes.to_string(),
            );
        }
        if let Some(normalizer) = &table.normalizer {
            facts.add(Evaluation, "normaliser", normalizer.clone());
        }
        if table.measure != Measure::NormalizedScore {
            facts.add(Evaluation, "what is measured", word(&table.measure));
        }
        if let Some(Spread { kind, ddof }) = table.spread {
            let ddof = ddof.map_or_else(String::new, |d| format!(", ddof = {d}"));
            facts.add(Evaluation, "spread", format!("{}{ddof}", word(&kind)));
        }
        if let Some(environments) = &table.environments {
            facts.add(Data, "environments", environments.clone());
        }
        let names: BTreeSet<String> = table.scores.iter().map(Score::benchmark).collect();
        facts.add(
            Data,
            "datasets",
            format!("{} of {}", names.len(), table.datasets),
        );
        for score in &table.scores {
            facts.add(Methods, &score.algorithm, score.algorithm.clone());
        }
        facts
    }
}

/// One value, or each with the benchmarks that have it.
fn uniform(
    benchmarks: &[(&BenchmarkRef, &BenchmarkDefinition)],
    of: &dyn Fn(&BenchmarkRef, &BenchmarkDefinition) -> String,
) -> String {
    let mut found: Vec<(String, Vec<&str>)> = Vec::new();
    for (reference, definition) in benchmarks {
        let value = of(reference, definition);
        match found.iter_mut().find(|(known, _)| *known == value) {
            Some((_, names)) => names.push(reference.name()),
            None => found.push((value, vec![reference.name()])),
        }
    }
    match found.as_slice() {
        [(only, _)] => only.clone(),
        several => {
            let each = several
                .iter()
                .map(|(value, names)| format!("{value} on {}", names.join(", ")));
            each.collect::<Vec<_>>().join("; ")
        }
    }
}

fn parameters(stage: &StageSpec) -> impl Iterator<Item = (&str, String)> {
    stage
        .params
        .iter()
        .map(|(key, value)| (key.as_str(), plain(value)))
}

fn list(values: &[Value]) -> String {
    values.iter().map(plain).collect::<Vec<_>>().join(", ")
}

/// Numbers that are equal look alike, however they were written.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number
            .as_f64()
            .map_or_else(|| number.to_string(), |x| x.to_string()),
        other => other.to_string(),
    }
}

/// Whether every entry is.
fn is_standardized(transform: &TransformSpec) -> bool {
    transform.kind == TransformKind::Standardize && transform.entries.is_empty()
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_value(value).unwrap_or_default().to_string()
}

/// The word of an enum in files.
fn word(value: &impl Serialize) -> String {
    plain(&serde_json::to_value(value).unwrap_or_default())
}
