//! `study.json`: what was asked of a study, as the runner writes it beside the observations.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};

/// The format that this version reads and writes.
pub const FORMAT: u32 = 1;

/// One study: its benchmarks and pipelines, what varies, and what to show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Study {
    /// Version of this file's layout; readers refuse others.
    pub format: u32,
    /// Identifier, e.g. `quickstart`.
    pub study: String,
    /// One line for people.
    pub title: String,
    /// Digest of the canonical manifest.
    pub manifest_digest: String,
    /// Benchmarks in the order of the manifest.
    pub benchmarks: Vec<Benchmark>,
    /// Pipelines in the order of the manifest.
    pub pipelines: Vec<Pipeline>,
    /// Axes crossed with every pipeline that has the key.
    pub axes: Vec<Axis>,
    /// Hyperparameters varied one at a time, the rest at the reference.
    pub sweeps: Vec<Sweep>,
    /// The value of every axis and swept parameter at which tables are made.
    pub reference: BTreeMap<String, Value>,
    /// Tables to show, in order.
    pub tables: Vec<TableSpec>,
    /// Figures to draw; a kind without any is drawn once, with all pipelines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<FigureSpec>,
    /// Comparisons to evaluate, in order.
    pub findings: Vec<FindingSpec>,
}

/// A benchmark of the study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Benchmark {
    /// Identifier, e.g. `cbandit/suboptimal-high-coverage-v0`.
    pub id: String,
    /// The environment that scored it.
    pub environment: String,
    /// How returns become normalised scores; absent where nobody defined it.
    pub normalizer: Option<Normalizer>,
    /// On what data and how it was measured, as far as that is known.
    #[serde(default, skip_serializing_if = "Protocol::is_unknown")]
    pub protocol: Protocol,
}

/// What decides whether scores on a benchmark may be held against others; unknown parts are absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// The dataset's id here, e.g. `hopper/medium-local-v0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// Logical digests of the data, in hexadecimal digits: one, or one for each dataset seed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub digests: Vec<String>,
    /// Collection and name under which others know the data, as somebody declared it: `D4RL/hopper-medium-v2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Episodes of one evaluation of one run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation_episodes: Option<u32>,
}

impl Protocol {
    fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

/// `normalized_score = 100 (episode_return_mean - ref_min) / (ref_max - ref_min)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normalizer {
    /// Identifier, e.g. `d4rl`.
    pub id: String,
    /// Version of its constants.
    pub version: String,
    /// Return that scores 0.
    pub ref_min: f64,
    /// Return that scores 100.
    pub ref_max: f64,
}

/// A pipeline and how tables and figures place it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// Name as in the manifest.
    pub name: String,
    /// Labels by dimension, e.g. `critic = "IQL"`, `extraction = "AWR"`.
    pub labels: BTreeMap<String, String>,
    /// The benchmarks it runs on; none for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub benchmarks: Option<Vec<String>>,
    /// What the snapshots of its evaluation count.
    #[serde(default, skip_serializing_if = "Over::is_updates")]
    pub over: Over,
}

/// What the snapshots of a pipeline count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// Updates of its last stage.
    #[default]
    Updates,
    /// Steps in the environment after offline training.
    Steps,
    /// Nothing: its last stage works while it acts, so it is scored once.
    Nothing,
}

impl Over {
    fn is_updates(&self) -> bool {
        *self == Self::Updates
    }
}

impl Pipeline {
    /// Whether it runs on a benchmark.
    pub fn runs_on(&self, benchmark: &str) -> bool {
        let listed = self.benchmarks.as_ref();
        listed.is_none_or(|ids| ids.iter().any(|id| id == benchmark))
    }

    /// Whether it has all of these labels.
    pub fn has(&self, labels: &BTreeMap<String, String>) -> bool {
        labels
            .iter()
            .all(|(name, value)| self.labels.get(name) == Some(value))
    }
}

/// An axis of the study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// Name, e.g. `policy.data_fraction`.
    pub name: String,
    /// Its levels, in order.
    pub values: Vec<Value>,
}

/// A hyperparameter varied around the reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// Name, e.g. `policy.temperature`.
    pub parameter: String,
    /// Its levels, in order.
    pub values: Vec<Value>,
    /// The pipelines that have it.
    pub pipelines: Vec<String>,
    /// Whether its value is chosen on tuning seeds.
    #[serde(default)]
    pub tune: bool,
}

/// Which direction of a metric is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// Small is good (errors, losses, regret).
    Lower,
    /// Large is good (returns, scores).
    Higher,
}

impl Better {
    /// The direction in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Lower => "lower is better",
            Self::Higher => "higher is better",
        }
    }
}

/// One table to show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableSpec {
    /// Identifier of the table.
    pub id: String,
    /// The benchmark, or none for all of them.
    pub benchmark: Option<String>,
    /// The metric shown.
    pub metric: String,
    /// `pipeline`, `benchmark` or a label such as `critic`.
    pub rows: String,
    /// `pipeline`, `benchmark` or a label such as `extraction`.
    pub columns: String,
    /// Which direction is good.
    pub better: Better,
    /// Labels that a pipeline must have to be in the table; empty for all pipelines.
    #[serde(default, rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    pub only: BTreeMap<String, String>,
}

impl TableSpec {
    /// Whether a pipeline has all labels that the table asks for.
    pub fn shows(&self, pipeline: &Pipeline) -> bool {
        pipeline.has(&self.only)
    }
}

/// One figure to draw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FigureSpec {
    /// Identifier of the figure, and the name of its files.
    pub id: String,
    /// What it draws.
    pub kind: FigureKind,
    /// The benchmark, or none for all of them.
    pub benchmark: Option<String>,
    /// The metrics; none for the one of the first table that covers the benchmark.
    pub metrics: Vec<String>,
    /// Labels that a pipeline must have to be in the figure; empty for all pipelines.
    #[serde(default, rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    pub only: BTreeMap<String, String>,
}

/// What a figure draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FigureKind {
    /// Matrices over two axes, and curves along each axis.
    Scaling,
    /// A metric over training, over the online phase, and along swept parameters.
    Curve,
}

impl FigureKind {
    /// The name of the figure that is drawn where the study asks for none of this kind.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scaling => "scaling",
            Self::Curve => "curve",
        }
    }
}

/// Two pipelines whose metric is divided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// Pipeline above the line.
    pub numerator: String,
    /// Pipeline below the line.
    pub denominator: String,
}

/// A comparison to evaluate; its verdict follows from its interval alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum FindingSpec {
    /// Metric of one pipeline over that of another, at the reference or at every level of a swept parameter.
    Ratio {
        /// Identifier of the finding.
        id: String,
        /// Where it is measured.
        benchmark: String,
        /// What is measured.
        metric: String,
        /// Pipeline above the line.
        numerator: String,
        /// Pipeline below the line.
        denominator: String,
        /// One estimate at each level of this parameter, or one at the reference.
        sweep: Option<String>,
    },
    /// `(a.numerator / a.denominator) / (b.numerator / b.denominator)` at the reference.
    RatioOfRatios {
        /// Identifier of the finding.
        id: String,
        /// Where it is measured.
        benchmark: String,
        /// What is measured.
        metric: String,
        /// The ratio above the line.
        a: Pair,
        /// The ratio below the line.
        b: Pair,
    },
    /// Which of two pipelines is better, by the paired difference first minus second.
    Order {
        /// Identifier of the finding.
        id: String,
        /// Where it is measured.
        benchmark: String,
        /// What is measured.
        metric: String,
        /// First pipeline.
        first: String,
        /// Second pipeline.
        second: String,
        /// Which direction is good.
        better: Better,
    },
    /// `action_mse_evaluation` over `action_mse_train` of one pipeline.
    TrainEvaluationGap {
        /// Identifier of the finding.
        id: String,
        /// Where it is measured.
        benchmark: String,
        /// The pipeline.
        pipeline: String,
    },
}

impl Study {
    /// Parses the text of a `study.json`; `origin` names it in errors.
    ///
    /// # Errors
    /// `Malformed` for unknown or missing fields, `UnsupportedFormat` for another format number.
    pub fn parse(text: &str, origin: &str) -> Result<Self> {
        let study: Self = serde_json::from_str(text).map_err(|source| Error::Malformed {
            file: origin.to_owned(),
            source,
        })?;
        if study.format != FORMAT {
            return Err(Error::UnsupportedFormat {
                file: origin.to_owned(),
                expected: FORMAT,
                found: study.format,
            });
        }
        Ok(study)
    }

    /// The benchmark `id`.
    ///
    /// # Errors
    /// `UnknownName` with the names that exist.
    pub fn benchmark(&self, id: &str) -> Result<&Benchmark> {
        self.benchmarks
            .iter()
            .find(|b| b.id == id)
            .ok_or_else(|| Error::UnknownName {
                kind: "benchmark",
                name: id.to_owned(),
                known: self.benchmarks.iter().map(|b| b.id.clone()).collect(),
            })
    }

    /// The pipeline `name`.
    ///
    /// # Errors
    /// `UnknownName` with the names that exist.
    pub fn pipeline(&self, name: &str) -> Result<&Pipeline> {
        self.pipelines
            .iter()
            .find(|p| p.name == name)
            .ok_or_else(|| Error::UnknownName {
                kind: "pipeline",
                name: name.to_owned(),
                known: self.pipelines.iter().map(|p| p.name.clone()).collect(),
            })
    }

    /// The figures of a kind: those asked for, else one of all pipelines that has the kind's name.
    pub fn figures_of(&self, kind: FigureKind) -> Vec<FigureSpec> {
        let own = self.figures.iter().filter(|f| f.kind == kind);
        let own: Vec<FigureSpec> = own.cloned().collect();
        if !own.is_empty() {
            return own;
        }
        vec![FigureSpec {
            id: kind.name().to_owned(),
            kind,
            benchmark: None,
            metrics: Vec::new(),
            only: BTreeMap::new(),
        }]
    }

    /// The direction of `metric`: as the study's tables say, else errors, losses, regret and divergences are better low.
    pub fn better(&self, metric: &str) -> Better {
        if let Some(table) = self.tables.iter().find(|t| t.metric == metric) {
            return table.better;
        }
        let low = ["mse", "loss", "regret", "error", "divergence"];
        if low.iter().any(|word| metric.contains(word)) {
            Better::Lower
        } else {
            Better::Higher
        }
    }
}

/// Whether `metric` cannot be negative by its definition, so that neither can an interval of it.
pub(crate) fn non_negative(metric: &str) -> bool {
    ["action_mse", "regret", "episode_length"]
        .iter()
        .any(|stem| metric.starts_with(stem))
}
