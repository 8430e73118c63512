//! What a manifest asks to be shown: tables, figures and findings.

use crate::types::Pipeline;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which direction of a metric is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// Small is good.
    Lower,
    /// Large is good.
    Higher,
}

/// A comparison table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Name of the table.
    pub id: String,
    /// The benchmark; absent: all.
    #[serde(default)]
    pub benchmark: Option<String>,
    /// The metric, e.g. `normalized_score` or `action_mse_evaluation`.
    pub metric: String,
    /// `pipeline`, `benchmark` or a label.
    pub rows: String,
    /// `pipeline`, `benchmark` or a label.
    pub columns: String,
    /// Which direction is good.
    pub better: Better,
    /// Labels that a pipeline must have to be in the table, e.g. `test_time = "none"`; absent: all pipelines.
    #[serde(default, rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    pub only: BTreeMap<String, String>,
}

impl Table {
    /// Whether a pipeline has all labels that the table asks for.
    pub fn shows(&self, pipeline: &Pipeline) -> bool {
        let has = |(name, value)| pipeline.labels.get(name) == Some(value);
        self.only.iter().all(has)
    }
}

/// What a figure draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FigureKind {
    /// Matrices over two axes, and curves along each axis.
    Scaling,
    /// A metric over training, over the online phase, and along swept parameters.
    Curve,
}

/// A figure. A kind that no entry names is drawn once, with all pipelines, where the study has data for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// Name of the figure and of its files: lower-case letters, digits and `-`.
    pub id: String,
    /// What it draws.
    pub kind: FigureKind,
    /// The benchmark; absent: all.
    #[serde(default)]
    pub benchmark: Option<String>,
    /// The metrics, e.g. `action_mse_evaluation`; absent: that of the first table that covers the benchmark.
    #[serde(default)]
    pub metrics: Vec<String>,
    /// Labels that a pipeline must have to be in the figure, e.g. `test_time = "none"`; absent: all pipelines.
    #[serde(default, rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    pub only: BTreeMap<String, String>,
}

/// Two pipelines whose metric is divided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// Pipeline above the line.
    pub numerator: String,
    /// Pipeline below the line.
    pub denominator: String,
}

/// A comparison that is evaluated and printed with its interval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Finding {
    /// Metric of one pipeline over another, at the reference or at every value of a swept parameter.
    Ratio {
        /// Name.
        id: String,
        /// Where.
        benchmark: String,
        /// What.
        metric: String,
        /// Pipeline above the line.
        numerator: String,
        /// Pipeline below the line.
        denominator: String,
        /// A swept parameter, for one estimate per value.
        #[serde(default)]
        sweep: Option<String>,
    },
    /// Ratio of two ratios.
    RatioOfRatios {
        /// Name.
        id: String,
        /// Where.
        benchmark: String,
        /// What.
        metric: String,
        /// The ratio above the line.
        a: Pair,
        /// The ratio below the line.
        b: Pair,
    },
    /// Which of two pipelines is better.
    Order {
        /// Name.
        id: String,
        /// Where.
        benchmark: String,
        /// What.
        metric: String,
        /// First pipeline.
        first: String,
        /// Second pipeline.
        second: String,
        /// Which direction is good.
        better: Better,
    },
    /// Evaluation error over training error of one pipeline.
    TrainEvaluationGap {
        /// Name.
        id: String,
        /// Where.
        benchmark: String,
        /// The pipeline.
        pipeline: String,
    },
}

impl Finding {
    /// The benchmark that it is about.
    pub fn benchmark(&self) -> &str {
        match self {
            Self::Ratio { benchmark, .. }
            | Self::RatioOfRatios { benchmark, .. }
            | Self::Order { benchmark, .. }
            | Self::TrainEvaluationGap { benchmark, .. } => benchmark,
        }
    }
}
