//! Sets of states on which a policy is measured.

use super::call::{Form, Rows};
use dataset::Transitions;
use manifest::random::Stream;

/// States of a set, at most.
pub(crate) const STATE_CAP: usize = 10_000;
/// Floats that the observations of a set may take (64 MiB): images come in smaller sets.
const FLOAT_CAP: usize = 16 * 1024 * 1024;

/// States with one action each: the dataset's on its own states, the policy's on those that it visits, and the
/// reference's on the probe states.
#[derive(Clone, Debug, Default)]
pub(crate) struct States {
    /// `[n, S]`
    pub(crate) observation: Vec<f32>,
    /// `[n, G]`
    pub(crate) goal: Vec<f32>,
    /// `[n, A]`
    pub(crate) action: Vec<f32>,
}

/// How many states of `observation_dim` entries a set has at most.
pub(crate) fn state_cap(observation_dim: usize) -> usize {
    STATE_CAP.min((FLOAT_CAP / observation_dim.max(1)).max(1))
}

/// At most `cap` of `rows`, evenly spaced: rows come trajectory by trajectory, and the first ones would be few of those.
pub(crate) fn spaced(rows: &[u32], cap: usize) -> Vec<u32> {
    let count = rows.len().min(cap);
    (0..count).map(|i| rows[i * rows.len() / count]).collect()
}

impl States {
    /// The rows of a dataset with its actions, without goals.
    pub(crate) fn of_rows(transitions: &Transitions, rows: &[u32]) -> Self {
        let mut states = Self::default();
        for &row in rows {
            states
                .observation
                .extend_from_slice(transitions.observation_at(row as usize));
            states
                .action
                .extend_from_slice(transitions.action_at(row as usize));
        }
        states
    }

    /// Number of states.
    pub(crate) fn len(&self, form: &Form) -> usize {
        self.observation.len() / form.observation_dim
    }

    pub(crate) fn rows(&self) -> Rows<'_> {
        Rows {
            observation: &self.observation,
            goal: &self.goal,
        }
    }

    pub(crate) fn observation_at(&self, form: &Form, i: usize) -> &[f32] {
        &self.observation[i * form.observation_dim..][..form.observation_dim]
    }

    /// The goal of a state; empty where there are no goals.
    pub(crate) fn goal_at(&self, form: &Form, i: usize) -> &[f32] {
        &self.goal[i * form.goal_dim..][..form.goal_dim]
    }

    pub(crate) fn action_at(&self, form: &Form, i: usize) -> &[f32] {
        &self.action[i * form.action_dim..][..form.action_dim]
    }

    /// At most `cap` of its states, evenly spaced.
    pub(crate) fn thinned(&self, form: &Form, cap: usize) -> Self {
        let n = self.len(form);
        let count = n.min(cap);
        let mut thin = Self::default();
        for i in (0..count).map(|i| i * n / count) {
            thin.observation
                .extend_from_slice(self.observation_at(form, i));
            thin.goal.extend_from_slice(self.goal_at(form, i));
            thin.action.extend_from_slice(self.action_at(form, i));
        }
        thin
    }
}

/// Collects the states that a policy visits: all of them up to the cap, then a uniform sample (Vitter's algorithm R)
/// whose draws depend on the number of visits alone.
#[derive(Debug)]
pub(crate) struct Visits {
    form: Form,
    cap: usize,
    seen: u64,
    draws: Stream,
    kept: States,
}

impl Visits {
    pub(crate) fn new(form: &Form) -> Self {
        Self {
            cap: state_cap(form.observation_dim),
            form: form.clone(),
            seen: 0,
            draws: Stream::new(0, &["measure", "visits"]),
            kept: States::default(),
        }
    }

    /// A visited state, its goal (empty without goals) and the action taken there.
    pub(crate) fn add(&mut self, observation: &[f32], goal: &[f32], action: &[f32]) {
        self.seen += 1;
        if self.seen as usize <= self.cap {
            self.kept.observation.extend_from_slice(observation);
            self.kept.goal.extend_from_slice(goal);
            self.kept.action.extend_from_slice(action);
            return;
        }
        let at = self.draws.below(self.seen) as usize;
        if at < self.cap {
            put(
                &mut self.kept.observation,
                self.form.observation_dim,
                at,
                observation,
            );
            put(&mut self.kept.goal, self.form.goal_dim, at, goal);
            put(&mut self.kept.action, self.form.action_dim, at, action);
        }
    }

    pub(crate) fn states(&self) -> &States {
        &self.kept
    }
}

fn put(into: &mut [f32], width: usize, at: usize, values: &[f32]) {
    into[at * width..(at + 1) * width].copy_from_slice(values);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_visits_are_all_kept_and_many_are_sampled_without_favour() {
        let mut visits = Visits::new(&Form::plain(1, 1));
        visits.cap = 1_000;
        for i in 0..1_000 {
            visits.add(&[i as f32], &[], &[0.0]);
        }
        let all: Vec<f32> = (0..1_000).map(|i| i as f32).collect();
        assert_eq!(visits.states().observation, all);
        for i in 1_000..4_000 {
            visits.add(&[i as f32], &[], &[i as f32]);
        }
        let kept = &visits.states().observation;
        assert_eq!(kept.len(), 1_000);
        // The share of late visits is binomial with p = 3/4: five deviations are 0.07.
        let late = kept.iter().filter(|&&x| x >= 1_000.0).count() as f64 / 1_000.0;
        assert!((late - 0.75).abs() < 0.07, "{late}");
    }

    #[test]
    fn rows_are_spread_over_the_whole_view() {
        let rows: Vec<u32> = (0..10).collect();
        assert_eq!(spaced(&rows, 4), [0, 2, 5, 7]);
        assert_eq!(spaced(&rows, 20), rows);
        assert!(spaced(&[], 3).is_empty());
    }
}
