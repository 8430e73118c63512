//! From a manifest to a graph of content-addressed nodes. Nothing is loaded and nothing is trained here; datasets that a
//! recipe describes are generated, because identity needs their digest.

mod bind;
mod check;
mod expert;
mod graph;
mod joint;
mod needs;
mod online;
mod resolve;
mod score;
mod stage;

pub use resolve::benchmark_definitions;
pub(crate) use resolve::{learner, plugin_environment};

use crate::error::Error;
use crate::job::Job;
use manifest::Manifest;
use manifest::identity::Ids;
use plugin_host::{Runtime, Search};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where things are.
#[derive(Clone, Debug)]
pub struct Places {
    /// The installation: recipes are relative to it.
    pub home: PathBuf,
    /// Data root.
    pub data: PathBuf,
    /// Results folder.
    pub results: PathBuf,
    /// Folders with benchmark folders, in order.
    pub benchmarks: Vec<PathBuf>,
    /// Folders with model files, in order.
    pub models: Vec<PathBuf>,
}

/// What planning asks the caller for.
pub struct Resolver<'a> {
    /// Plugins that were found.
    pub search: &'a Search,
    /// Finds a runtime by the words of a sidecar, or says why it is not there.
    pub runtime: &'a dyn Fn(&str) -> Result<Runtime, String>,
    /// Sees to it that the packages of an environment's model files are there, or says why they are not.
    pub models: &'a dyn Fn(&[String]) -> Result<(), String>,
    /// Says where a key of the manifest stands.
    pub locate: &'a dyn Fn(&str) -> manifest::Position,
    /// Collects a dataset in a process of its own, or says why it could not.
    pub collect: &'a dyn Fn(&crate::GenerateRequest) -> Result<(), String>,
    /// A policy file for recipes that take one.
    pub policy_file: Option<&'a Path>,
    /// Told of slow steps (generating data).
    pub note: &'a dyn Fn(&str),
}

/// Kind of node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// Training of one stage.
    Stage,
    /// Scoring of one pipeline.
    Evaluation,
}

/// A node to compute.
#[derive(Clone, Debug)]
pub struct NodePlan {
    /// Its ids.
    pub ids: Ids,
    /// Its kind.
    pub kind: NodeKind,
    /// Short name for progress, e.g. `iql  cbandit/x-v0  data 0.1  seed 4`.
    pub label: String,
    /// Run ids of the nodes it is computed from.
    pub depends: Vec<String>,
    /// What its worker is told.
    pub job: Job,
}

/// Whether a cell has a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CellState {
    /// Scored by this evaluation node.
    Planned {
        /// Its run id.
        evaluation: String,
    },
    /// Makes no sense, for this reason.
    Skipped {
        /// Why.
        reason: String,
    },
}

/// One pipeline on one benchmark at one point with one seed.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Name of the benchmark.
    pub benchmark: String,
    /// Pipeline name.
    pub pipeline: String,
    /// Run seed.
    pub seed: u64,
    /// Whether values are chosen on this run; it is reported nowhere.
    pub tuning: bool,
    /// Canonical JSON of the assignment.
    pub point: String,
    /// Whether the assignment is the declared one.
    pub reference: bool,
    /// Updates of the last stage.
    pub updates: u64,
    /// Its node.
    pub state: CellState,
    /// Trainings that this cell alone would need.
    pub trainings: usize,
}

/// A benchmark as it was resolved.
#[derive(Clone, Debug)]
pub struct BenchmarkFacts {
    /// Its name in the manifest: its label, or its id.
    pub name: String,
    /// Its definition.
    pub definition: manifest::BenchmarkDefinition,
    /// How states are shown to learners and policies; absent: as they are.
    pub transform: Option<manifest::TransformSpec>,
    /// How rewards are shown to learners; absent: as they are.
    pub reward: Option<manifest::RewardSpec>,
    /// Recipe of its data with the keys that the manifest sets; absent for imported data.
    pub recipe: Option<envs::DatasetRecipe>,
    /// Dataset id and digest by dataset seed.
    pub datasets: BTreeMap<u64, (String, String)>,
}

/// The whole graph.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Nodes by run id.
    pub nodes: BTreeMap<String, NodePlan>,
    /// Run ids in an order in which every node follows what it depends on.
    pub order: Vec<String>,
    /// Cells in the order of the manifest.
    pub cells: Vec<Cell>,
    /// Benchmarks in the order of the manifest.
    pub benchmarks: Vec<BenchmarkFacts>,
    /// The declared value of every axis and swept parameter, by pipeline.
    pub reference: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
}

impl Plan {
    /// Nodes of a kind.
    pub fn count(&self, kind: NodeKind) -> usize {
        self.nodes.values().filter(|n| n.kind == kind).count()
    }
}

/// Plans `manifest`, which came from `manifest_path`.
pub fn plan(manifest: &Manifest, places: &Places, resolver: &Resolver<'_>) -> Result<Plan, Error> {
    graph::Builder::new(manifest, places, resolver)?.build()
}

/// `benchmarks/<folder>/benchmark.toml` files below `folder`, sorted.
pub(crate) fn definitions(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|e| e.path().join("benchmark.toml"))
        .filter(|p| p.is_file())
        .collect();
    files.sort();
    files
}
