//! Data views: which rows a stage sees.
//!
//! One twentieth of the trajectories (rounded, at least one where there are two) is held out for validation, by a
//! permutation that is the same for every run. A view with `data_fraction` f is the shortest prefix, in trajectories,
//! of a seeded permutation of the rest that has at least f of the rest's transitions; so views of one seed are nested.
//! For disjoint views the other side is [`Side::Suffix`]: what the prefix with 1 - f leaves. [`Side::Best`] takes the trajectories of the highest
//! returns in place of random ones, as percentage cloning does (Chen et al. 2021, arXiv 2106.01345, section 5.1).
//!
//! Transitions are counted as rows. Rows without a successor count and are never sampled.

use manifest::random::Stream;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::transitions::Transitions;

/// One of this many trajectories is held out.
const VALIDATION_SHARE: usize = 20;

/// The split is a property of the dataset, so its seed is no parameter.
const SPLIT_SEED: u64 = 0;

/// A fraction of `n` rows may be off by this share of `n` from floating point (0.55 of 100 rows is 55, not 56).
const FRACTION_SLACK: f64 = 1e-9;

/// Trajectories divided into validation and the rest.
#[derive(Clone, Debug)]
pub struct Split<'a> {
    transitions: &'a Transitions,
    validation: Vec<u32>,
    rest: Vec<u32>,
}

/// Divides the trajectories of a dataset.
pub fn split(transitions: &Transitions) -> Split<'_> {
    let count = transitions.episode_count();
    let held_out = if count < 2 {
        0
    } else {
        ((count + VALIDATION_SHARE / 2) / VALIDATION_SHARE).max(1)
    };
    let order = Stream::new(SPLIT_SEED, &["dataset", "validation"]).permutation(count);
    let sorted = |part: &[usize]| {
        let mut episodes: Vec<u32> = part.iter().map(|&episode| episode as u32).collect();
        episodes.sort_unstable();
        episodes
    };
    Split {
        transitions,
        validation: sorted(&order[..held_out]),
        rest: sorted(&order[held_out..]),
    }
}

impl Split<'_> {
    /// The held-out trajectories, ascending.
    pub fn validation_episodes(&self) -> &[u32] {
        &self.validation
    }

    /// The other trajectories, ascending.
    pub fn training_episodes(&self) -> &[u32] {
        &self.rest
    }

    /// The view of all held-out trajectories; without rows where there is only one trajectory.
    pub fn validation(&self) -> View {
        View::of(self.transitions, &self.validation)
    }

    fn rows_of(&self, episode: u32) -> usize {
        self.transitions.episode_rows(episode as usize).len()
    }
}

/// The end of the permutation that a view takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The shortest prefix with at least the fraction.
    Prefix,
    /// The complement of the prefix with the remaining fraction: it has at most the fraction, and shares no trajectory
    /// with any prefix whose fraction and its own add up to at most 1.
    Suffix,
    /// The shortest prefix with at least the fraction of the trajectories by their undiscounted return, highest first; equal ones in the
    /// order of the dataset. No seed enters.
    Best,
}

/// A set of trajectories and their sampleable rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    episodes: Vec<u32>,
    rows: Vec<u32>,
    transitions: usize,
}

impl View {
    /// The view of `data_fraction` of the training trajectories of a split.
    pub fn new(
        split: &Split<'_>,
        data_fraction: f64,
        subset_seed: u64,
        side: Side,
    ) -> Result<Self> {
        if !(data_fraction > 0.0 && data_fraction <= 1.0) {
            return Err(Error::Fraction {
                value: data_fraction,
            });
        }
        let mut order = match side {
            Side::Prefix | Side::Suffix => permuted(split, subset_seed),
            Side::Best => by_return(split),
        };
        match side {
            Side::Prefix | Side::Best => {
                order.truncate(prefix_length(split, &order, data_fraction));
            }
            Side::Suffix => {
                let left = prefix_length(split, &order, 1.0 - data_fraction);
                order.drain(..left);
                order.reverse();
            }
        }
        let view = Self::of(split.transitions, &order);
        if view.rows.is_empty() {
            return Err(Error::EmptyView {
                fraction: data_fraction,
                trajectories: split.rest.len(),
            });
        }
        Ok(view)
    }

    fn of(transitions: &Transitions, episodes: &[u32]) -> Self {
        let mut view = Self {
            episodes: episodes.to_vec(),
            rows: Vec::new(),
            transitions: 0,
        };
        for &episode in episodes {
            let rows = transitions.episode_rows(episode as usize);
            view.transitions += rows.len();
            view.rows.extend(
                rows.filter(|&row| transitions.has_successor(row))
                    .map(|row| row as u32),
            );
        }
        view
    }

    /// The trajectories, in the order in which the permutation gives them: a smaller view of the same seed and side
    /// is a prefix of a larger one.
    pub fn episodes(&self) -> &[u32] {
        &self.episodes
    }

    /// The sampleable rows, trajectory by trajectory in the order of [`Self::episodes`].
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// Rows of all its trajectories, sampleable or not.
    pub fn transitions(&self) -> usize {
        self.transitions
    }
}

/// The training trajectories in the order of a seed.
fn permuted(split: &Split<'_>, seed: u64) -> Vec<u32> {
    let order = Stream::new(seed, &["dataset", "subset"]).permutation(split.rest.len());
    order.into_iter().map(|place| split.rest[place]).collect()
}

/// The training trajectories by their return, highest first.
fn by_return(split: &Split<'_>) -> Vec<u32> {
    let reward = split.transitions.reward();
    let value = |episode: u32| -> f64 {
        let rows = split.transitions.episode_rows(episode as usize);
        reward[rows].iter().map(|&r| f64::from(r)).sum()
    };
    let mut order: Vec<(f64, u32)> = split.rest.iter().map(|&e| (value(e), e)).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    order.into_iter().map(|(_, episode)| episode).collect()
}

/// Trajectories of the shortest prefix of `order` with at least `fraction` of all its transitions.
fn prefix_length(split: &Split<'_>, order: &[u32], fraction: f64) -> usize {
    let total: usize = order.iter().map(|&episode| split.rows_of(episode)).sum();
    let needed = (fraction - FRACTION_SLACK) * total as f64;
    let mut have = 0;
    for (length, &episode) in order.iter().enumerate() {
        if have as f64 >= needed {
            return length;
        }
        have += split.rows_of(episode);
    }
    order.len()
}
