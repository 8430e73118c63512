//! Relabelling: which state becomes the goal of a row.
//!
//! A goal is the state itself, a later state of its trajectory or any state of the data view, by the probabilities of
//! the benchmark's rule. States are those of rows; the observation after the last row is no goal. The last row of a
//! trajectory has no later state: its trajectory goal is its own state, as in the reference codes (HIQL, OGBench).

use dataset::Transitions;
use manifest::random::Stream;
use manifest::{End, Future, GoalRules, GoalSampling, Reached};
use plugin_api::Goals;

/// The rule that a learner asked for.
pub(crate) fn rule(rules: &GoalRules, which: Goals) -> Option<&GoalSampling> {
    match which {
        Goals::None => None,
        Goals::Value => Some(&rules.value),
        Goals::Policy => Some(&rules.policy),
        Goals::Future => Some(&rules.future),
    }
}

/// The row whose state is the goal of `row`. Takes three numbers from `random`, whatever they decide.
pub(crate) fn goal_row(
    rule: &GoalSampling,
    discount: f64,
    transitions: &Transitions,
    view: &[u32],
    row: usize,
    random: &mut Stream,
) -> usize {
    let (kind, ahead) = (random.uniform(), random.uniform());
    let anywhere = view[random.below(view.len() as u64) as usize] as usize;
    if kind < rule.current {
        return row;
    }
    if kind >= rule.current + rule.trajectory && rule.random > 0.0 {
        return anywhere;
    }
    let episode = transitions.episode()[row] as usize;
    let later = (transitions.episode_rows(episode).end - 1 - row) as u64;
    row + steps_ahead(rule.future, rule.end, discount, later, ahead) as usize
}

/// Steps to the goal, `1..=later` (0 where there is no later state), from a uniform number in `[0, 1)`.
fn steps_ahead(future: Future, end: End, discount: f64, later: u64, uniform: f64) -> u64 {
    if later == 0 {
        return 0;
    }
    let steps = match (future, end) {
        (Future::Geometric, End::Truncate) => {
            let share = 1.0 - libm::pow(discount, later as f64);
            geometric(discount, uniform * share)
        }
        (Future::Geometric, _) => geometric(discount, uniform),
        (Future::Uniform, End::Rounded) => 1.0 + libm::floor(uniform * (later - 1) as f64 + 0.5),
        (Future::Uniform, _) => 1.0 + libm::floor(uniform * later as f64),
    };
    (steps.min(later as f64) as u64).max(1)
}

/// The smallest `k >= 1` whose distribution function `1 - discount^k` exceeds `uniform`.
fn geometric(discount: f64, uniform: f64) -> f64 {
    if discount <= 0.0 {
        return 1.0;
    }
    1.0 + libm::floor(libm::log1p(-uniform) / libm::log(discount))
}

/// Whether `row` has reached the goal taken from `goal_row`.
pub(crate) fn reached(
    rules: &GoalRules,
    transitions: &Transitions,
    row: usize,
    goal_row: usize,
) -> bool {
    match rules.reached {
        Reached::Index => row == goal_row,
        Reached::Distance => {
            let (s, g) = (
                transitions.observation_at(row),
                transitions.observation_at(goal_row),
            );
            let squared: f64 = rules
                .observation
                .iter()
                .map(|&i| f64::from(s[i]) - f64::from(g[i]))
                .map(|d| d * d)
                .sum();
            libm::sqrt(squared) <= rules.radius.unwrap_or(0.0)
        }
    }
}

#[cfg(test)]
#[path = "goals_tests.rs"]
mod tests;
