//! Rescaling of rewards for learners; scores keep the environment's own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `r -> scale r / d + shift` of every reward that a learner sees, in data and interaction alike. Returns and scores are those of the environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RewardSpec {
    /// What the divisor `d` is; absent: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub divide_by: Option<RewardDivisor>,
    /// Factor.
    #[serde(default = "one")]
    pub scale: f64,
    /// Added last.
    #[serde(default)]
    pub shift: f64,
}

fn one() -> f64 {
    1.0
}

/// A number of the dataset that rewards are divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RewardDivisor {
    /// Largest less smallest undiscounted return of the dataset's trajectories that ended, as in IQL and CORL for locomotion (with `scale = 1000`).
    ReturnRange,
}

impl RewardSpec {
    /// What is wrong, as (key below `reward`, reason).
    pub(crate) fn problem(&self) -> Option<(&'static str, String)> {
        if self.scale == 0.0 || !self.scale.is_finite() {
            let reason = format!("scale is {}, expected a number other than 0", self.scale);
            return Some(("scale", reason));
        }
        let finite = self.shift.is_finite();
        (!finite).then(|| {
            (
                "shift",
                format!("shift is {}, expected a number", self.shift),
            )
        })
    }
}
