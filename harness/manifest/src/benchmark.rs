//! Benchmark definitions: `benchmarks/<folder>/benchmark.toml`.

use crate::goal::GoalRules;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Dataset + environment + evaluation protocol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BenchmarkDefinition {
    /// Format of the file; readers refuse a higher number.
    pub format: u32,
    /// `family/name-vN`
    pub id: String,
    /// One sentence.
    #[serde(default)]
    pub description: String,
    /// Environment id.
    pub environment: String,
    /// Dataset id.
    pub dataset: String,
    /// Discount factor per step.
    pub discount: f64,
    /// Name of the score normaliser.
    #[serde(default)]
    pub normalizer: Option<String>,
    /// Recipe that generates the dataset, relative to the installation.
    #[serde(default)]
    pub recipe: Option<String>,
    /// Seed of the dataset for every run; absent: each run's data are drawn with its own seed, where a recipe draws them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset_seed: Option<u64>,
    /// Command that imports the dataset, printed where it is missing.
    #[serde(default)]
    pub import: Option<String>,
    /// Goals; absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal: Option<GoalRules>,
    /// What the environment of a plugin is beyond sizes; planning loads no plugin and so cannot ask it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spaces: Option<BenchmarkSpaces>,
    /// Evaluation protocol.
    pub evaluation: BenchmarkEvaluation,
}

/// Actions and observations of an environment, checked against it by each evaluation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BenchmarkSpaces {
    /// Size of a finite action set; 0 where actions are continuous.
    #[serde(default)]
    pub action_count: usize,
    /// Channels, height, width of images; zeros where there are none.
    #[serde(default)]
    pub observation_shape: [usize; 3],
}

impl fmt::Display for BenchmarkSpaces {
    /// `2 discrete actions, images of 3 x 64 x 64`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.action_count {
            0 => f.write_str("continuous actions")?,
            count => write!(f, "{count} discrete actions")?,
        }
        match self.observation_shape {
            [0, 0, 0] => f.write_str(", no images"),
            [c, h, w] => write!(f, ", images of {c} x {h} x {w}"),
        }
    }
}

/// The protocol a benchmark asks for; a manifest may override it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BenchmarkEvaluation {
    /// Episodes per snapshot.
    pub episodes: u32,
    /// Environments stepped together.
    pub environments_per_batch: u32,
}
