//! What a claim is about, and which environments cannot speak about it.

use serde::{Deserialize, Serialize};

/// What a claim is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// Value objectives differ, or count as settings of their own.
    ValueObjectives,
    /// Errors on the states that a policy itself visits, apart from its return.
    TestTimeStates,
}

impl Topic {
    /// Name as in the claims file.
    pub fn name(self) -> &'static str {
        match self {
            Self::ValueObjectives => "value-objectives",
            Self::TestTimeStates => "test-time-states",
        }
    }
}

/// Why `benchmark` on `environment` says nothing about `topics`; none if it does.
pub fn barred(benchmark: &str, environment: &str, topics: &[Topic]) -> Option<String> {
    let bandit = [benchmark, environment]
        .iter()
        .any(|id| *id == "cbandit" || id.starts_with("cbandit/"));
    if !bandit {
        return None;
    }
    let reason = |topic: &Topic| match topic {
        Topic::ValueObjectives => {
            "an episode has one step, so that every value objective is the same regression on the reward"
        }
        Topic::TestTimeStates => {
            "no state follows from an action and the return is minus the evaluation error, so that one cannot explain the other"
        }
    };
    let topic = topics.first()?;
    Some(format!("barred from {}: {}", topic.name(), reason(topic)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bandit_is_barred_by_benchmark_and_by_environment() {
        let topics = [Topic::TestTimeStates];
        let renamed = barred("my-own/data-v0", "cbandit/default-v0", &topics);
        assert!(renamed.unwrap().contains("test-time-states"));
        assert!(barred("cbandit/narrow-expert-v0", "", &topics).is_some());
        assert!(barred("cbandit/narrow-expert-v0", "", &[]).is_none());
        assert!(
            barred(
                "point-maze/umaze-navigate-v0",
                "point-maze/umaze-v0",
                &topics
            )
            .is_none()
        );
    }
}
