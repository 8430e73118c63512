//! The types of a published table and their TOML.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use manifest::{Error, locate};
use serde::{Deserialize, Serialize};

use super::spread::Spread;
use crate::study::Better;

/// The format that this version reads.
pub const FORMAT: u32 = 1;

/// A published table: one protocol, one kind of number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Version of this file's layout; readers refuse others.
    pub format: u32,
    /// Identifier, equal to the file's name without its ending.
    pub id: String,
    /// One line for people.
    pub title: String,
    /// Where the numbers were read: an address.
    pub source: String,
    /// Where in the source, e.g. `Table 2`.
    pub location: String,
    /// The paper behind the source, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<String>,
    /// Who wrote the numbers down.
    pub trust: Trust,
    /// Traps that a reader of the numbers must know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The collection that the datasets' names come from, e.g. `D4RL`.
    pub datasets: String,
    /// Logical digests of data that are known to be the source's, by dataset as [`Score::benchmark`] names it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub digests: BTreeMap<String, Vec<String>>,
    /// Version of environments and simulator; absent where the source does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environments: Option<String>,
    /// What the numbers are.
    pub measure: Measure,
    /// The normaliser of normalised scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalizer: Option<String>,
    /// Digits after the point in print, at most.
    pub decimals: u32,
    /// Which evaluation of a run counts.
    pub selection: Selection,
    /// Episodes behind one evaluation of one run; absent where the source does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation_episodes: Option<u32>,
    /// Runs behind a mean; a score may have its own. Absent where the source does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// How spreads were computed; absent where the table has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<Spread>,
    /// Another table of the same runs, with the last evaluation of each; only beside `selection = "best"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Defects of the source that are known; `check` shows them and does not fail on them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acknowledged: Vec<super::Code>,
    /// The numbers.
    pub scores: Vec<Score>,
}

/// One number of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Score {
    /// Environment as the source names it, e.g. `hopper`.
    pub environment: String,
    /// Dataset as the source names it, with its version, e.g. `medium-v2`.
    pub dataset: String,
    /// Algorithm as the source names it.
    pub algorithm: String,
    /// Mean over runs, as printed.
    pub mean: f64,
    /// The number after the plus-minus sign, as printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<f64>,
    /// Runs, where they differ from the table's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// The worst run, where the source prints it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The best run, where the source prints it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

/// How far the numbers went from hand to hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// Published by those who made the runs.
    Primary,
    /// Copied from a primary source by others.
    Secondary,
    /// Runs of third parties with other people's methods.
    ThirdParty,
}

/// What the numbers of a table are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// `100 (return - ref_min) / (ref_max - ref_min)`.
    NormalizedScore,
    /// Successful episodes in percent.
    SuccessPercent,
    /// Successful episodes as a fraction.
    SuccessFraction,
    /// Cumulative regret of an online phase as a fraction; low is good.
    RegretFraction,
    /// Undiscounted return.
    Return,
}

impl Measure {
    /// Which direction is good.
    pub fn better(self) -> Better {
        match self {
            Self::RegretFraction => Better::Lower,
            _ => Better::Higher,
        }
    }
}

/// Which evaluation of a run counts; written `last`, `best`, `mean-last-10`, `best-of-last-2` or `unknown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Selection {
    /// The last one.
    Last,
    /// The best one of each run: an optimistic choice, made with the scores that are reported.
    Best,
    /// The mean of the last so many.
    MeanLast(u32),
    /// The best of the last so many.
    BestOfLast(u32),
    /// The source does not say.
    Unknown,
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Last => f.write_str("last"),
            Self::Best => f.write_str("best"),
            Self::MeanLast(k) => write!(f, "mean-last-{k}"),
            Self::BestOfLast(k) => write!(f, "best-of-last-{k}"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

impl FromStr for Selection {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let count = |digits: &str| digits.parse().ok().filter(|&k: &u32| k > 0);
        let parsed = match text {
            "last" => Some(Self::Last),
            "best" => Some(Self::Best),
            "unknown" => Some(Self::Unknown),
            _ => match text.strip_prefix("mean-last-") {
                Some(digits) => count(digits).map(Self::MeanLast),
                None => text
                    .strip_prefix("best-of-last-")
                    .and_then(count)
                    .map(Self::BestOfLast),
            },
        };
        parsed.ok_or_else(|| {
            format!("`{text}` is no selection rule: last, best, mean-last-K, best-of-last-K")
        })
    }
}

impl TryFrom<String> for Selection {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Selection> for String {
    fn from(selection: Selection) -> Self {
        selection.to_string()
    }
}

impl Score {
    /// The id under which normalisers and benchmarks know the dataset: `hopper-medium-v2`, and `antmaze-large-navigate-v0`
    /// where the dataset's name begins with the environment's.
    pub fn benchmark(&self) -> String {
        if self.dataset.starts_with(&self.environment) {
            self.dataset.clone()
        } else {
            format!("{}-{}", self.environment, self.dataset)
        }
    }
}

impl Table {
    /// Parses the text of a table; `file` names it in errors.
    ///
    /// # Errors
    /// TOML that is none, unknown or missing keys, another format number.
    pub fn parse(text: &str, file: &str) -> Result<Self, Error> {
        let table: Self = manifest::parse_document(text, file)?;
        let wrong = |key: &str, reason: String| Error::Value {
            at: locate(text, file, key),
            reason,
            hint: None,
        };
        if table.format != FORMAT {
            let reason = format!("format is {}, expected {FORMAT}", table.format);
            return Err(wrong("format", reason));
        }
        let normalized = table.measure == Measure::NormalizedScore;
        if normalized != table.normalizer.is_some() {
            let reason =
                "`normalizer` belongs to `measure = \"normalized-score\"`, and to it alone";
            return Err(wrong("measure", reason.into()));
        }
        if table.last.is_some() && table.selection != Selection::Best {
            let reason = "`last` names the table of last evaluations beside one of best ones";
            return Err(wrong("last", reason.into()));
        }
        for (dataset, digests) in &table.digests {
            if !table.scores.iter().any(|s| s.benchmark() == *dataset) {
                let reason = format!("no score is on `{dataset}`");
                return Err(wrong("digests", reason));
            }
            let whole = |d: &String| d.len() == 64 && d.chars().all(|c| c.is_ascii_hexdigit());
            if let Some(digest) = digests.iter().find(|d| !whole(d)) {
                let reason = format!("`{digest}` is not a SHA-256 digest of 64 hexadecimal digits");
                return Err(wrong("digests", reason));
            }
        }
        if table.decimals > 9 {
            let reason = format!("decimals is {}, expected 0 to 9", table.decimals);
            return Err(wrong("decimals", reason));
        }
        if table.spread.and_then(|s| s.ddof).is_some_and(|d| d > 1) {
            return Err(wrong("spread", "ddof is 0 or 1".into()));
        }
        Ok(table)
    }

    /// The runs behind a score, where they are known.
    pub fn runs(&self, score: &Score) -> Option<u32> {
        score.n.or(self.n)
    }

    /// The declared origin to which a score applies: `D4RL/hopper-medium-v2`.
    pub fn origin(&self, score: &Score) -> String {
        format!("{}/{}", self.datasets, score.benchmark())
    }

    /// The unit of the last printed digit.
    pub fn step(&self) -> f64 {
        0.1f64.powi(self.decimals.min(9).cast_signed())
    }

    /// The standard deviation over runs with `ddof = 1` behind a score, as (least, greatest).
    pub fn sample_sd(&self, score: &Score) -> Option<(f64, f64)> {
        super::sample_sd(self.spread?, score.spread?, self.runs(score)?)
    }
}
