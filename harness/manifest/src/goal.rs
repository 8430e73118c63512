//! Goals of a benchmark: which entries of a state make a goal, when it is reached, and which goals a learner is shown.

use serde::{Deserialize, Serialize};

/// `[goal]` of a benchmark definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoalRules {
    /// Entries of an observation that make a goal, in this order.
    pub observation: Vec<usize>,
    /// When a transition counts as having reached its goal.
    #[serde(default)]
    pub reached: Reached,
    /// Distance within which a goal is reached; needed by, and only by, `reached = "distance"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub radius: Option<f64>,
    /// Goals of value learning by bootstrapping.
    #[serde(default = "GoalSampling::value")]
    pub value: GoalSampling,
    /// Goals of policy learning.
    #[serde(default = "GoalSampling::policy")]
    pub policy: GoalSampling,
    /// Goals of contrastive value learning.
    #[serde(default = "GoalSampling::future")]
    pub future: GoalSampling,
}

/// When a transition has reached its goal: then its reward is 0 and it is terminated, otherwise its reward is -1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reached {
    /// The goal was taken from the transition's own row.
    #[default]
    Index,
    /// The state, before the action, is within the radius of the goal.
    Distance,
}

/// Mixture from which goals are drawn: the state itself, a later state of its trajectory, or any state of the data view.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoalSampling {
    /// Probability of the state itself.
    pub current: f64,
    /// Probability of a later state of the same trajectory.
    pub trajectory: f64,
    /// Probability of any state of the view.
    pub random: f64,
    /// How far ahead a later state is.
    pub future: Future,
    /// What happens at the end of the trajectory.
    pub end: End,
}

/// Law of the number of steps to a later state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Future {
    /// `k` steps with probability proportional to `discount^(k - 1)`, `k >= 1`.
    Geometric,
    /// Every later state alike.
    Uniform,
}

/// What a law does at the end of the trajectory; reference codes differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// Geometric: renormalised on the states that exist.
    Truncate,
    /// Geometric: what would lie beyond the end lies on the last state.
    Clamp,
    /// Uniform: all later states are equally likely.
    Even,
    /// Uniform: a uniform number rounded to a state, so that the first and the last are half as likely.
    Rounded,
}

impl GoalSampling {
    fn value() -> Self {
        Self {
            current: 0.2,
            trajectory: 0.5,
            random: 0.3,
            future: Future::Geometric,
            end: End::Truncate,
        }
    }

    fn policy() -> Self {
        Self {
            current: 0.0,
            trajectory: 1.0,
            random: 0.0,
            future: Future::Uniform,
            end: End::Even,
        }
    }

    fn future() -> Self {
        Self {
            current: 0.0,
            trajectory: 1.0,
            random: 0.0,
            future: Future::Geometric,
            end: End::Truncate,
        }
    }

    fn problem(&self) -> Option<String> {
        let shares = [self.current, self.trajectory, self.random];
        if !shares.iter().all(|p| (0.0..=1.0).contains(p)) {
            return Some(format!(
                "current, trajectory and random are {shares:?}, expected probabilities"
            ));
        }
        let sum: f64 = shares.iter().sum();
        if (sum - 1.0).abs() > 1e-9 {
            return Some(format!(
                "current, trajectory and random add up to {sum}, expected 1"
            ));
        }
        let (name, ends) = match self.future {
            Future::Geometric => ("geometric", [End::Truncate, End::Clamp]),
            Future::Uniform => ("uniform", [End::Even, End::Rounded]),
        };
        let expected = match self.future {
            Future::Geometric => "\"truncate\" or \"clamp\"",
            Future::Uniform => "\"even\" or \"rounded\"",
        };
        (!ends.contains(&self.end))
            .then(|| format!("end of a {name} future is not one of {expected}"))
    }
}

impl GoalRules {
    /// Entries of a goal.
    pub fn dim(&self) -> usize {
        self.observation.len()
    }

    /// What is wrong, as (key below `goal`, reason).
    pub(crate) fn problem(&self) -> Option<(&'static str, String)> {
        if self.observation.is_empty() {
            return Some(("observation", "no entry of the observation is named".into()));
        }
        let mut entries = self.observation.clone();
        entries.sort_unstable();
        if let Some(twice) = entries.windows(2).find(|pair| pair[0] == pair[1]) {
            return Some(("observation", format!("entry {} appears twice", twice[0])));
        }
        match (self.reached, self.radius) {
            (Reached::Index, None) => {}
            (Reached::Index, Some(_)) => {
                return Some(("radius", "`reached = \"index\"` has no radius".into()));
            }
            (Reached::Distance, Some(r)) if r > 0.0 && r.is_finite() => {}
            (Reached::Distance, found) => {
                let found = found.map_or_else(|| "absent".to_owned(), |r| r.to_string());
                return Some((
                    "radius",
                    format!("radius is {found}, expected a distance above 0"),
                ));
            }
        }
        let rules = [
            ("value", &self.value),
            ("policy", &self.policy),
            ("future", &self.future),
        ];
        rules
            .into_iter()
            .find_map(|(key, rule)| rule.problem().map(|reason| (key, reason)))
    }
}
