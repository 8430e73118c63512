//! Interaction after offline training.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Interaction after training: the policy acts with noise, its transitions are appended, the named stages go on learning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Online {
    /// Roles of the trained stages that go on learning. They are updated in pipeline order after every step.
    #[schemars(length(min = 1))]
    pub stages: Vec<String>,
    /// Steps in the environment.
    #[schemars(range(min = 1))]
    pub steps: u64,
    /// Updates of each stage after a step.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub updates_per_step: u64,
    /// Steps before the first update.
    #[serde(default)]
    pub warmup_steps: u64,
    /// Share of a batch that is drawn from the interaction; the rest is drawn from the stage's data view.
    #[serde(default = "half")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub replay_share: f64,
    /// Standard deviation of the Gaussian noise added to greedy actions, which are then clipped to the bounds.
    #[serde(default = "tenth")]
    #[schemars(range(min = 0.0))]
    pub noise: f64,
    /// Equally spaced steps after which the policy is scored, the last included; it is scored before the first, too.
    #[serde(default = "four")]
    #[schemars(range(min = 1))]
    pub snapshots: u64,
}

fn one() -> u64 {
    1
}

fn half() -> f64 {
    0.5
}

fn tenth() -> f64 {
    0.1
}

fn four() -> u64 {
    4
}

impl Online {
    /// What is wrong, as (key below `online`, reason).
    pub(crate) fn problem(&self) -> Option<(&'static str, String)> {
        if self.stages.is_empty() {
            return Some(("stages", "no stage goes on learning".into()));
        }
        let counts = [
            ("steps", self.steps),
            ("updates_per_step", self.updates_per_step),
            ("snapshots", self.snapshots),
        ];
        if let Some((key, _)) = counts.iter().find(|(_, n)| *n == 0) {
            return Some((key, format!("{key} is 0, expected at least 1")));
        }
        if !(0.0..=1.0).contains(&self.replay_share) {
            let reason = format!("replay_share is {}, expected a share", self.replay_share);
            return Some(("replay_share", reason));
        }
        let sound = self.noise >= 0.0 && self.noise.is_finite();
        (!sound).then(|| {
            let reason = format!("noise is {}, expected a number of at least 0", self.noise);
            ("noise", reason)
        })
    }
}
