//! Descriptive statistics of a dataset.

use serde::Serialize;

use crate::transitions::Transitions;

/// Lowest, highest, mean and population standard deviation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Values.
    pub count: u64,
    /// Lowest.
    pub min: f64,
    /// Highest.
    pub max: f64,
    /// Mean.
    pub mean: f64,
    /// Standard deviation with divisor `count`.
    pub sd: f64,
}

impl Summary {
    /// The summary of some values; `None` of none. Two passes, so that the deviation does not cancel.
    pub fn of(values: impl Iterator<Item = f64> + Clone) -> Option<Self> {
        let (mut count, mut min, mut max, mut sum) = (0_u64, f64::INFINITY, f64::NEG_INFINITY, 0.0);
        for x in values.clone() {
            count += 1;
            min = min.min(x);
            max = max.max(x);
            sum += x;
        }
        let n = count as f64;
        let mean = sum / n;
        let squares: f64 = values.map(|x| (x - mean) * (x - mean)).sum();
        (count > 0).then(|| Self {
            count,
            min,
            max,
            mean,
            sd: (squares / n).sqrt(),
        })
    }
}

/// What `dataset stats` shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stats {
    /// Rows.
    pub transitions: u64,
    /// Rows that can be sampled.
    pub sampleable: u64,
    /// Trajectories.
    pub episodes: u64,
    /// Terminated rows.
    pub terminated: u64,
    /// Truncated rows.
    pub truncated: u64,
    /// Trajectories whose final observation is known.
    pub final_observations: u64,
    /// Undiscounted returns of complete episodes.
    pub returns: Option<Summary>,
    /// Lengths of complete episodes.
    pub lengths: Option<Summary>,
    /// Rewards.
    pub reward: Option<Summary>,
    /// Each observation dimension.
    pub observation: Vec<Summary>,
    /// Each action dimension.
    pub action: Vec<Summary>,
    /// Share of rows with that action dimension at or beyond a bound, where bounds are known.
    pub action_share_at_bounds: Option<Vec<f64>>,
}

impl Stats {
    /// Statistics of `transitions`; `action_bounds` holds `[low, high]` of each action dimension, where known.
    pub fn of(transitions: &Transitions, action_bounds: Option<&[[f32; 2]]>) -> Self {
        let complete: Vec<_> = transitions
            .episodes()
            .filter(|rows| {
                transitions.terminated()[rows.end - 1] || transitions.truncated()[rows.end - 1]
            })
            .collect();
        let reward = transitions.reward();
        let returns: Vec<f64> = complete
            .iter()
            .map(|rows| reward[rows.clone()].iter().map(|&r| f64::from(r)).sum())
            .collect();
        let count = |flags: &[bool]| flags.iter().filter(|&&flag| flag).count() as u64;
        let known = |episode: &usize| transitions.final_observation(*episode).is_some();
        Self {
            transitions: transitions.len() as u64,
            sampleable: (0..transitions.len())
                .filter(|&row| transitions.has_successor(row))
                .count() as u64,
            episodes: transitions.episode_count() as u64,
            terminated: count(transitions.terminated()),
            truncated: count(transitions.truncated()),
            final_observations: (0..transitions.episode_count()).filter(known).count() as u64,
            returns: Summary::of(returns.iter().copied()),
            lengths: Summary::of(complete.iter().map(|rows| rows.len() as f64)),
            reward: Summary::of(reward.iter().map(|&r| f64::from(r))),
            observation: per_dimension(transitions.observation(), transitions.observation_dim()),
            action: per_dimension(transitions.action(), transitions.action_dim()),
            action_share_at_bounds: action_bounds
                .map(|bounds| share_at_bounds(transitions, bounds)),
        }
    }
}

fn per_dimension(values: &[f32], width: usize) -> Vec<Summary> {
    (0..width)
        .filter_map(|i| Summary::of(values.iter().skip(i).step_by(width).map(|&x| f64::from(x))))
        .collect()
}

fn share_at_bounds(transitions: &Transitions, bounds: &[[f32; 2]]) -> Vec<f64> {
    let width = transitions.action_dim();
    let share = |(i, [low, high]): (usize, &[f32; 2])| {
        let column = transitions.action().iter().skip(i).step_by(width);
        column.filter(|&x| x <= low || x >= high).count() as f64 / transitions.len().max(1) as f64
    };
    bounds.iter().enumerate().take(width).map(share).collect()
}
