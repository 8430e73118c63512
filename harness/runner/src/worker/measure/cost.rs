//! What acting costs.
//!
//! `critic_gradients_per_action` and `policy_updates_per_action` are what the last stage counts while the episodes are
//! played, divided by the actions taken. Time is no function of the specification: it goes to the node's provenance,
//! and `ms_per_action` is added to the observations from there.

use super::Named;
use plugin_api::TestTimeCounts;

/// Time and number of actions of an evaluation.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Acting {
    pub(crate) seconds: f64,
    pub(crate) actions: u64,
}

impl Acting {
    /// Milliseconds per action of one environment; none without actions.
    pub(crate) fn ms_per_action(&self) -> Option<f64> {
        (self.actions > 0).then(|| 1e3 * self.seconds / self.actions as f64)
    }
}

/// Counts per action between two readings.
pub(crate) fn per_action(
    before: TestTimeCounts,
    after: TestTimeCounts,
    actions: u64,
) -> Vec<Named> {
    if actions == 0 {
        return Vec::new();
    }
    let share = |from: u64, to: u64| to.saturating_sub(from) as f64 / actions as f64;
    vec![
        (
            "critic_gradients_per_action".to_owned(),
            share(before.critic_gradients, after.critic_gradients),
        ),
        (
            "policy_updates_per_action".to_owned(),
            share(before.policy_updates, after.policy_updates),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_earlier_calls_are_left_out() {
        let counts = |critic_gradients, policy_updates| TestTimeCounts {
            sequential: false,
            critic_gradients,
            policy_updates,
        };
        let rows = per_action(counts(100, 7), counts(150, 7), 50);
        assert_eq!(rows[0], ("critic_gradients_per_action".to_owned(), 1.0));
        assert_eq!(rows[1], ("policy_updates_per_action".to_owned(), 0.0));
        assert!(per_action(counts(0, 0), counts(1, 0), 0).is_empty());
        assert_eq!(Acting::default().ms_per_action(), None);
    }
}
