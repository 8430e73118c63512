//! Re-encoding of states: the same information in other coordinates, for data and environment alike.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How states are shown to learners and policies. Exact solutions and measures keep seeing the states themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransformSpec {
    /// Which code.
    pub kind: TransformKind,
    /// Entries of the observation that are coded; the others stay as they are. `standardize` may leave them out: then it codes all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<usize>,
    /// First centre of a tanh or linear code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Last centre of a tanh or linear code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Features per entry of a tanh or linear code.
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

/// The code of an entry `x`, with features `i = 1..n` or with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TransformKind {
    /// `tanh((x - c_i) / delta)` with `n` centres from `low` to `high`, `delta = (high - low) / n`.
    TanhCode,
    /// `w_i (2 x - low - high) / (high - low)`, as wide as the tanh code, with fixed standard normal `w_i`.
    LinearCode,
    /// `(x - mean) / (std + 0.001)` with mean and deviation (ddof 0) of the entry over all observations of the dataset: the normalisation of TD3+BC,
    /// CORL and others.
    Standardize,
}

impl TransformSpec {
    /// What is wrong, as (key below `transform`, reason).
    pub(crate) fn problem(&self) -> Option<(&'static str, String)> {
        let is_code = self.kind != TransformKind::Standardize;
        if is_code && self.entries.is_empty() {
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
        match (self.low, self.high) {
            (None, None) if !is_code => None,
            (Some(low), Some(high)) if is_code => {
                let ordered = low < high && low.is_finite() && high.is_finite();
                let reason = || format!("low is {low}, high is {high}, expected low below high");
                (!ordered).then(|| ("low", reason()))
            }
            (low, _) if is_code => {
                let key = if low.is_none() { "low" } else { "high" };
                Some((
                    key,
                    format!("{key} is missing: the code has centres between low and high"),
                ))
            }
            _ => Some((
                "low",
                "`standardize` has no centres: leave out low and high".into(),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(
        kind: TransformKind,
        entries: &[usize],
        low: Option<f64>,
        high: Option<f64>,
    ) -> &'static str {
        let spec = TransformSpec {
            kind,
            entries: entries.to_vec(),
            low,
            high,
            features: 2,
            seed: 0,
        };
        spec.problem().map_or("", |(key, _)| key)
    }

    #[test]
    fn codes_need_centres_and_entries_and_standardizing_takes_no_centres() {
        use TransformKind::{LinearCode, Standardize, TanhCode};
        assert_eq!(key(Standardize, &[], None, None), "");
        assert_eq!(key(Standardize, &[2], None, None), "");
        assert_eq!(key(Standardize, &[2, 2], None, None), "entries");
        assert_eq!(key(Standardize, &[], Some(0.0), Some(1.0)), "low");
        assert_eq!(key(Standardize, &[], None, Some(1.0)), "low");
        for code in [TanhCode, LinearCode] {
            assert_eq!(key(code, &[0], Some(0.0), Some(1.0)), "");
            assert_eq!(key(code, &[], Some(0.0), Some(1.0)), "entries");
            assert_eq!(key(code, &[0], None, Some(1.0)), "low");
            assert_eq!(key(code, &[0], Some(0.0), None), "high");
            assert_eq!(key(code, &[0], Some(1.0), Some(1.0)), "low");
        }
    }
}
