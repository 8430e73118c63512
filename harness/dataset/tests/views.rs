//! Properties of data views.

#![allow(clippy::unwrap_used, reason = "a failed helper fails the test")]

mod common;

use std::collections::BTreeSet;

use common::End::{Cut, Terminated, Truncated};
use common::batch;
use dataset::{Batch, Error, Side, Transition, Transitions, View, split};
use manifest::random::Stream;

fn transitions(seed: u64, episodes: &[(usize, common::End)]) -> Transitions {
    Transitions::from_batch(
        3,
        2,
        Batch {
            side: Vec::new(),
            ..batch(seed, episodes)
        },
    )
    .unwrap()
}

/// Trajectories of random number, length and end.
fn random_transitions(seed: u64) -> Transitions {
    let mut random = Stream::new(seed, &["views"]);
    let episodes: Vec<_> = (0..2 + random.below(60))
        .map(|_| {
            (
                1 + random.below(40) as usize,
                [Terminated, Truncated, Cut][random.below(3) as usize],
            )
        })
        .collect();
    transitions(seed, &episodes)
}

fn one_step(n: u32) -> Transitions {
    let mut batch = Batch::default();
    for episode in 0..n {
        let (observation, action) = ([episode as f32; 3], [0.5; 2]);
        batch.push(Transition {
            episode,
            observation: &observation,
            action: &action,
            reward: 1.0,
            terminated: true,
            truncated: false,
            final_observation: None,
        });
    }
    Transitions::from_batch(3, 2, batch).unwrap()
}

const FRACTIONS: [f64; 7] = [0.01, 0.1, 0.3, 0.5, 0.55, 0.9, 1.0];

#[test]
fn views_are_nested_shortest_and_disjoint_from_validation() {
    for seed in 0..40 {
        let data = random_transitions(seed);
        let split = split(&data);
        let total: usize = split
            .training_episodes()
            .iter()
            .map(|&e| data.episode_rows(e as usize).len())
            .sum();
        let held_out: BTreeSet<u32> = split.validation_episodes().iter().copied().collect();
        let mut smaller: Vec<u32> = Vec::new();
        for fraction in FRACTIONS {
            let view = match View::new(&split, fraction, seed, Side::Prefix) {
                Ok(view) => view,
                // A few rows of cut-off trajectories can leave nothing to sample.
                Err(Error::EmptyView { .. }) => continue,
                Err(error) => panic!("{error}"),
            };
            assert!(
                view.episodes().starts_with(&smaller),
                "views of seed {seed} are not nested at {fraction}"
            );
            assert!(view.episodes().iter().all(|e| !held_out.contains(e)));
            let last = *view.episodes().last().unwrap() as usize;
            let without_last = view.transitions() - data.episode_rows(last).len();
            let needed = fraction * total as f64;
            assert!(
                view.transitions() as f64 >= needed - 1e-6,
                "too few at {fraction}"
            );
            assert!(
                (without_last as f64) < needed,
                "not the shortest prefix at {fraction}"
            );
            assert!(
                view.rows()
                    .iter()
                    .all(|&row| data.has_successor(row as usize))
            );
            assert_eq!(
                view,
                View::new(&split, fraction, seed, Side::Prefix).unwrap()
            );
            smaller = view.episodes().to_vec();
        }
        assert_eq!(
            smaller.len(),
            split.training_episodes().len(),
            "a view of everything misses trajectories"
        );
    }
}

#[test]
fn validation_and_full_view_partition_the_sampleable_rows() {
    for seed in 0..20 {
        let data = random_transitions(100 + seed);
        let split = split(&data);
        for side in [Side::Prefix, Side::Suffix] {
            let view = View::new(&split, 1.0, seed, side).unwrap();
            let mut rows: Vec<u32> = view
                .rows()
                .iter()
                .chain(split.validation().rows())
                .copied()
                .collect();
            rows.sort_unstable();
            assert_eq!(rows, data.sampleable_rows());
        }
    }
}

#[test]
fn opposite_sides_share_no_trajectory_and_waste_none() {
    for seed in 0..40 {
        let data = random_transitions(200 + seed);
        let split = split(&data);
        for (one, other) in [(0.5, 0.5), (0.1, 0.9), (0.7, 0.3), (0.2, 0.3)] {
            let prefix = View::new(&split, one, seed, Side::Prefix).unwrap();
            // Few trajectories can leave no whole one for the other side.
            let Ok(suffix) = View::new(&split, other, seed, Side::Suffix) else {
                continue;
            };
            let both: BTreeSet<u32> = prefix
                .episodes()
                .iter()
                .chain(suffix.episodes())
                .copied()
                .collect();
            assert_eq!(
                both.len(),
                prefix.episodes().len() + suffix.episodes().len(),
                "{one} and {other} overlap"
            );
            if one + other == 1.0 {
                assert_eq!(both.len(), split.training_episodes().len());
            }
        }
    }
}

#[test]
fn the_split_is_fixed_and_of_the_stated_size() {
    for (episodes, held_out) in [(1, 0), (2, 1), (20, 1), (30, 2), (100, 5), (1000, 50)] {
        let data = one_step(episodes);
        let split = split(&data);
        assert_eq!(
            split.validation_episodes().len(),
            held_out,
            "{episodes} trajectories"
        );
        assert_eq!(
            split.validation_episodes(),
            dataset::split(&data).validation_episodes()
        );
    }
    let seeds: BTreeSet<Vec<u32>> = (0..5)
        .map(|seed| {
            View::new(&split(&one_step(200)), 0.5, seed, Side::Prefix)
                .unwrap()
                .episodes()
                .to_vec()
        })
        .collect();
    assert_eq!(seeds.len(), 5, "the subset seed has no effect");
}

#[test]
fn single_step_trajectories_give_exact_fractions() {
    let data = one_step(50_000);
    let split = split(&data);
    assert_eq!(split.training_episodes().len(), 47_500);
    for fraction in FRACTIONS {
        let view = View::new(&split, fraction, 3, Side::Prefix).unwrap();
        assert_eq!(view.rows().len(), (fraction * 47_500.0).round() as usize);
    }
}

#[test]
fn the_permutation_does_not_change() {
    // Views are part of identities: another order would silently be another experiment.
    let data = one_step(40);
    let split = split(&data);
    assert_eq!(split.validation_episodes(), VALIDATION_OF_40);
    assert_eq!(
        View::new(&split, 0.2, 7, Side::Prefix).unwrap().rows(),
        PREFIX_OF_40
    );
}

const VALIDATION_OF_40: [u32; 2] = [11, 16];
const PREFIX_OF_40: [u32; 8] = [4, 29, 31, 14, 8, 3, 13, 27];

#[test]
fn impossible_fractions_are_refused() {
    let data = one_step(10);
    for fraction in [0.0, -0.5, 1.5, f64::NAN] {
        assert!(matches!(
            View::new(&split(&data), fraction, 0, Side::Prefix),
            Err(Error::Fraction { .. })
        ));
    }
    let cut = transitions(1, &[(1, Cut), (1, Cut)]);
    assert!(matches!(
        View::new(&split(&cut), 1.0, 0, Side::Prefix),
        Err(Error::EmptyView { .. })
    ));
}

#[test]
fn the_best_trajectories_are_those_of_the_highest_returns_whatever_the_seed() {
    for seed in 0..20 {
        let data = random_transitions(seed);
        let split = split(&data);
        let value = |episode: &u32| -> f64 {
            let rows = data.episode_rows(*episode as usize);
            data.reward()[rows].iter().map(|&r| f64::from(r)).sum()
        };
        let mut smaller: Vec<u32> = Vec::new();
        for fraction in FRACTIONS {
            let Ok(view) = View::new(&split, fraction, seed, Side::Best) else {
                continue;
            };
            assert_eq!(
                view,
                View::new(&split, fraction, seed + 1, Side::Best).unwrap()
            );
            let inside: BTreeSet<u32> = view.episodes().iter().copied().collect();
            let outside = split
                .training_episodes()
                .iter()
                .filter(|e| !inside.contains(e));
            let least = view
                .episodes()
                .iter()
                .map(value)
                .fold(f64::INFINITY, f64::min);
            assert!(outside.map(value).all(|other| other <= least));
            assert!(view.episodes().starts_with(&smaller));
            smaller = view.episodes().to_vec();
        }
        assert_eq!(smaller.len(), split.training_episodes().len());
    }
}
