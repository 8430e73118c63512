//! A claims file: statements about a study, each with the test that decides it, fixed before the study is run.
//!
//! The file is TOML; unknown keys are refused. Its digest is that of its canonical JSON, so that comments, key order and
//! layout do not count as edits.

use std::collections::BTreeMap;

use manifest::{Error, locate};
use serde::{Deserialize, Serialize};

use crate::study::Better;

use super::topic::Topic;

/// The format that this version reads and writes.
pub const FORMAT: u32 = 1;

/// Labels that a pipeline must have, e.g. `{ extraction = "AWR" }`. The level `none` also matches a pipeline without
/// that label.
pub type Labels = BTreeMap<String, String>;

/// A claims file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimsFile {
    /// Version of this file's layout; readers refuse others.
    pub format: u32,
    /// Identifier.
    pub id: String,
    /// One line for people.
    pub title: String,
    /// Manifests of the studies that the claims are about, relative to the file, smallest study first.
    pub manifests: Vec<String>,
    /// By manifest, how many times verdicts are taken from its study as its seeds grow, this one and all before it included;
    /// absent: once. Every claim's p is multiplied by it (Bonferroni), so that looking again does not raise the share of
    /// wrong verdicts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub looks: BTreeMap<String, u32>,
    /// Two pipelines that are the same method; the engine must find no difference.
    #[serde(default, rename = "null_pair")]
    pub null_pairs: Vec<NullPair>,
    /// The claims.
    #[serde(rename = "claim")]
    pub claims: Vec<Claim>,
}

/// The same method under two names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NullPair {
    /// One.
    pub first: Labels,
    /// The other.
    pub second: Labels,
    /// What is compared.
    pub metric: String,
}

/// One statement and how it is decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Identifier.
    pub id: String,
    /// Number in the list of statements.
    pub number: u32,
    /// The statement in own words.
    pub statement: String,
    /// How well the statement itself is known: `C` confirmed, `C2` second-hand, `I` inferred, `R` recollection.
    pub tag: Tag,
    /// Manifests that it reads, of those of the file; absent: all.
    #[serde(default)]
    pub manifests: Option<Vec<String>>,
    /// What it is about; some benchmarks are barred from some topics.
    #[serde(default)]
    pub topics: Vec<Topic>,
    /// Benchmarks it reads, by id or by the start of an id followed by `*`; absent: all that are not barred.
    #[serde(default)]
    pub benchmarks: Option<Vec<String>>,
    /// Labels that, with the benchmark, make a setting, and the levels that count.
    #[serde(default)]
    pub settings: BTreeMap<String, Vec<String>>,
    /// Labels that every pipeline of the claim has.
    #[serde(default, rename = "where")]
    pub filter: Labels,
    /// How a method's parameters are chosen; absent: as declared.
    #[serde(default)]
    pub tuning: Option<Tuning>,
    /// Below this nothing is decided.
    pub least: Least,
    /// What the test can see.
    pub power: Power,
    /// By manifest, the probability that its study decides the claim, estimated before it from measurements that are not
    /// part of it. `power` speaks of a design and an effect that were chosen; this of the effects that were found.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub expected: BTreeMap<String, f64>,
    /// How it is decided.
    pub test: Test,
}

/// How well a statement of the paper is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tag {
    /// Confirmed: the paper's own captions and headings, or code that was read.
    C,
    /// Second-hand: summaries of the paper.
    C2,
    /// Inferred from confirmed facts.
    I,
    /// Recollection, not verified.
    R,
}

/// Parameters chosen per method and benchmark on the study's tuning seeds, which no verdict ever sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tuning {
    /// Axes or swept parameters, e.g. `policy.alpha`.
    pub parameters: Vec<String>,
    /// By which metric.
    pub metric: String,
    /// Which direction is good.
    pub better: Better,
}

/// The least that a verdict needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Least {
    /// Settings.
    pub settings: usize,
    /// Seeds in each setting, those for tuning apart.
    pub seeds: usize,
}

/// A design at which the claim is decided rightly with probability `power`: each contrast lies `effect` beyond what its
/// test asks for, and varies with standard deviation `sd` from seed to seed within a setting.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Power {
    /// Settings.
    pub settings: usize,
    /// Seeds in each setting.
    pub seeds: usize,
    /// Distance of the truth from the boundary of the test, in the contrast's unit.
    pub effect: f64,
    /// Standard deviation of the contrast between seeds.
    pub sd: f64,
    /// Probability of the right verdict.
    pub power: f64,
}

/// In what a margin is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarginUnit {
    /// The metric's own unit.
    Points,
    /// Per cent of the mean of what is compared with.
    Percent,
}

/// The test that decides a claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Test {
    /// `first` is at most `margin` worse than `second`, by the mean over the data matrix, in at least `share` of the
    /// settings.
    ShareNonInferior {
        /// What is compared.
        metric: String,
        /// Which direction is good.
        better: Better,
        /// The method that must not be worse.
        first: Labels,
        /// What it is compared with.
        second: Labels,
        /// How much worse is still equal.
        margin: f64,
        /// The margin's unit.
        unit: MarginUnit,
        /// Share of the settings, in (0, 1].
        share: f64,
    },
    /// `first` is the best, or within the share `within` of the best, in at least `share` of the settings.
    ShareWithinBest {
        /// What is compared.
        metric: String,
        /// Which direction is good.
        better: Better,
        /// The method.
        first: Labels,
        /// All others.
        others: Vec<Labels>,
        /// E.g. 0.95: at most 5 % worse than the best.
        within: f64,
        /// Share of the settings, in (0, 1].
        share: f64,
    },
    /// The variance over the levels of `larger`, at fixed `smaller`, exceeds that over the levels of `smaller`, at
    /// fixed `larger`, in more than `share` of the benchmarks; both corrected for noise.
    VarianceComponents {
        /// What varies.
        metric: String,
        /// Label whose levels must matter more.
        larger: Factor,
        /// Label whose levels must matter less.
        smaller: Factor,
        /// Share of the benchmarks, in [0, 1); more than this share.
        share: f64,
    },
    /// Regression of the score on log10 of the two data fractions: the policy slope exceeds the value slope in more than
    /// `share` of the settings of `policy_bounded`, and the value slope of `value_bounded` exceeds `margin` in at least
    /// `some` settings.
    Slopes {
        /// The score.
        metric: String,
        /// Which direction is good.
        better: Better,
        /// Axis of the data for the policy.
        policy_axis: String,
        /// Axis of the data for the value function.
        value_axis: String,
        /// Method whose policy slope must dominate.
        policy_bounded: Labels,
        /// Method with a clear value slope somewhere.
        value_bounded: Labels,
        /// A clear slope, in points per factor of ten.
        margin: f64,
        /// Share of the settings, in [0, 1); more than this share.
        share: f64,
        /// Settings with a clear value slope.
        some: usize,
    },
    /// From the first to the last snapshot at the smallest level of `axes`: `first` gains `train` and loses
    /// `validation`, its gap grows more than `margin` beyond that of `second`, and `second` scores higher.
    GapGrowth {
        /// Metric on training states.
        train: String,
        /// The same metric on validation states.
        validation: String,
        /// Which direction of both is good.
        better: Better,
        /// The final score.
        score: String,
        /// The method that overfits.
        first: Labels,
        /// The method that does not.
        second: Labels,
        /// Axes taken at their smallest level.
        axes: Vec<String>,
        /// How much more the gap of `first` must grow.
        margin: f64,
    },
    /// `metric` of `first` exceeds that of `second` by more than `margin`, on average over the settings.
    Difference {
        /// What is compared.
        metric: String,
        /// `log` compares natural logarithms, so that settings of unlike size count alike.
        #[serde(default, skip_serializing_if = "Scale::is_linear")]
        scale: Scale,
        /// The larger.
        first: Labels,
        /// The smaller.
        second: Labels,
        /// By more than this.
        margin: f64,
    },
    /// From the first to the last snapshot: the logarithm of `falls` drops more than `excess` beyond that of each metric
    /// of `flat`, which stay within `flat_margin`; and `follows` is correlated with `falls` beyond `correlation`.
    RelativeDrops {
        /// The pipelines.
        pipeline: Labels,
        /// Error that falls.
        falls: String,
        /// Errors that stay flat.
        flat: Vec<String>,
        /// What follows the falling error.
        follows: String,
        /// Which direction of `follows` is good.
        better: Better,
        /// Difference of natural logarithms.
        excess: f64,
        /// Equivalence margin on the natural logarithm.
        flat_margin: f64,
        /// Least mean correlation over a run's snapshots, in the good direction.
        correlation: f64,
    },
    /// Along `levels`, the most optimal first, `metric` does not fall from level to level throughout: some later level is
    /// more than `margin` better than the first, on average over the settings.
    SweepShape {
        /// The pipelines.
        pipeline: Labels,
        /// What is compared.
        metric: String,
        /// Which direction is good.
        better: Better,
        /// Where the levels are.
        levels: Levels,
        /// By more than this.
        margin: f64,
        /// Metric that must be worse at the last level than at the first, so that the sweep is one from optimal to
        /// covering data; absent: not asked.
        #[serde(default)]
        optimality: Option<String>,
    },
    /// Each of `methods` is more than `margin` better than `base` in more than `share` of the settings; a method with its
    /// `identity` level equals the base exactly.
    TestTime {
        /// What is compared.
        metric: String,
        /// Which direction is good.
        better: Better,
        /// The policy as trained.
        base: Labels,
        /// What is done with it at test time.
        methods: Vec<Labels>,
        /// By more than this.
        margin: f64,
        /// Share of the settings, in [0, 1); more than this share.
        share: f64,
        /// Parameter and the level at which a method does nothing.
        #[serde(default)]
        identity: Vec<Identity>,
    },
    /// The same method on two benchmarks that differ in the code of the state: the logarithm of `falls` is more than
    /// `excess` lower on the second, `rises` is higher, and every metric of `equal` is within `equal_margin` in logarithm.
    PairedBenchmarks {
        /// The pipelines.
        pipeline: Labels,
        /// First and second benchmark of each pair.
        pairs: Vec<[String; 2]>,
        /// Error that is lower on the second.
        falls: String,
        /// Difference of natural logarithms.
        excess: f64,
        /// Score that is higher on the second.
        rises: String,
        /// Errors that are equal.
        equal: Vec<String>,
        /// Equivalence margin on the natural logarithm.
        equal_margin: f64,
    },
    /// Over benchmarks, how far `first` is ahead of `second` goes with at least `some` of `properties`, beyond a rank
    /// correlation of `correlation`, and a threshold on one of them names the winner on a benchmark that it was not fitted
    /// to more often, by `accuracy`, than the name of the more frequent winner does.
    Association {
        /// What is compared.
        metric: String,
        /// Which direction is good.
        better: Better,
        /// On what scale.
        #[serde(default, skip_serializing_if = "Scale::is_linear")]
        scale: Scale,
        /// One method.
        first: Labels,
        /// The other.
        second: Labels,
        /// What may predict which of them wins.
        properties: Vec<Property>,
        /// Rank correlation in the direction that each property states, in [0, 1).
        correlation: f64,
        /// Properties that must go with the difference.
        some: usize,
        /// Share of right predictions beyond that of the more frequent winner, in [0, 1).
        accuracy: f64,
    },
}

/// A property of a benchmark's data, as measured with one pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Property {
    /// What it is called.
    pub name: String,
    /// The metric.
    pub metric: String,
    /// The pipeline with which it is measured; also labels that the claim's settings fix are needed.
    pub pipeline: Labels,
    /// Which method large values should favour.
    pub favours: Favours,
}

/// A side of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Favours {
    /// `first`.
    First,
    /// `second`.
    Second,
}

/// On what scale two numbers are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// As they are.
    #[default]
    Linear,
    /// Natural logarithms of them.
    Log,
}

impl Scale {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes fields by reference"
    )]
    fn is_linear(&self) -> bool {
        *self == Self::Linear
    }
}

/// A label with the levels that are compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Factor {
    /// The label, e.g. `extraction`.
    pub label: String,
    /// Its levels.
    pub levels: Vec<String>,
}

/// Where the levels of a sweep are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Levels {
    /// An axis or swept parameter, its levels ascending.
    Axis(String),
    /// Lists of benchmarks, each list one sweep.
    Benchmarks(Vec<Vec<String>>),
}

/// A parameter's level at which a method does nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The method.
    pub method: Labels,
    /// Axis or swept parameter.
    pub parameter: String,
    /// The level.
    pub value: f64,
}

impl ClaimsFile {
    /// Parses and checks the text of a claims file; `file` names it in errors.
    ///
    /// # Errors
    /// Syntax, unknown keys and values out of range, with file, line and key; a benchmark that is barred from a claim.
    pub fn parse(text: &str, file: &str) -> Result<Self, Error> {
        let claims: Self = manifest::parse_document(text, file)?;
        super::check::check(&claims, &|key| locate(text, file, key))?;
        Ok(claims)
    }

    /// SHA-256 of the canonical JSON of the file, in hexadecimal.
    pub fn digest(&self) -> String {
        manifest::identity::id_of(self)
    }

    /// Looks at the study of `manifest`; one where it is not said.
    pub fn looks_at(&self, manifest: Option<&str>) -> u32 {
        let looks = manifest.and_then(|name| self.looks.get(name));
        looks.copied().unwrap_or(1)
    }
}

impl Claim {
    /// SHA-256 of the claim's canonical JSON, in hexadecimal.
    pub fn digest(&self) -> String {
        manifest::identity::id_of(self)
    }

    /// The manifests that the claim reads.
    pub fn reads<'a>(&'a self, file: &'a ClaimsFile) -> &'a [String] {
        self.manifests.as_deref().unwrap_or(&file.manifests)
    }
}
