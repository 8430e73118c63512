//! Re-encoding of states: the same information in other coordinates, for data and environment alike.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How states are shown to learners and policies. Exact solutions and measures keep seeing the states themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransformSpec {
    /// Which code.
    pub kind: TransformKind,
    /// Entries of the observation that are coded; the others stay as they are.
    #[schemars(length(min = 1))]
    pub entries: Vec<usize>,
    /// First centre.
    pub low: f64,
    /// Last centre.
    pub high: f64,
    /// Features per coded entry.
    #[serde(default = "features")]
    #[schemars(range(min = 2))]
    pub features: u32,
    /// Seed of the linear code's coefficients.
    #[serde(default)]
    pub seed: u64,
}

fn features() -> u32 {
    32
}

/// The code of an entry `x` with features `i = 1..n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TransformKind {
    /// `tanh((x - c_i) / delta)` with `n` centres from `low` to `high`, `delta = (high - low) / n`.
    TanhCode,
    /// `w_i (2 x - low - high) / (high - low)`, as wide as the tanh code, with fixed standard normal `w_i`.
    LinearCode,
}

impl TransformSpec {
    /// What is wrong, as (key below `transform`, reason).
    pub(crate) fn problem(&self) -> Option<(&'static str, String)> {
        if self.entries.is_empty() {
            return Some(("entries", "no entry of the observation is named".into()));
        }
        let mut entries = self.entries.clone();
        entries.sort_unstable();
        if let Some(twice) = entries.windows(2).find(|pair| pair[0] == pair[1]) {
            return Some(("entries", format!("entry {} appears twice", twice[0])));
        }
        if self.features < 2 {
            let reason = format!("features is {}, expected at least 2", self.features);
            return Some(("features", reason));
        }
        let ordered = self.low < self.high && self.low.is_finite() && self.high.is_finite();
        (!ordered).then(|| {
            let reason = format!(
                "low is {}, high is {}, expected low below high",
                self.low, self.high
            );
            ("low", reason)
        })
    }
}
