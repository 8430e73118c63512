//! Trajectories that occur twice.

use std::collections::BTreeMap;
use std::ops::Range;

use sha2::{Digest as _, Sha256};

use crate::transitions::Transitions;

use super::{Code, Finding, Rows};

/// Trajectories that are equal to an earlier one, bit for bit. Those of one row are left out: states of a bandit may repeat.
pub(super) fn duplicates(rows: &Transitions) -> Option<Finding> {
    let mut first: BTreeMap<[u8; 32], usize> = BTreeMap::new();
    let (mut found, mut example) = (Rows::default(), None);
    for (number, episode) in rows.episodes().enumerate().filter(|(_, e)| e.len() > 1) {
        match first.entry(fingerprint(rows, episode.clone())) {
            std::collections::btree_map::Entry::Vacant(entry) => drop(entry.insert(number)),
            std::collections::btree_map::Entry::Occupied(entry) => {
                example.get_or_insert((number, *entry.get()));
                found.push(episode.start as u64);
            }
        }
    }
    let (copy, original) = example?;
    let seen = format!(
        "{} of {} trajectories are copies, for example {copy} of {original} (rows: where copies start)",
        found.count,
        rows.episode_count()
    );
    Some(Finding::new(Code::DuplicateTrajectory, seen, found))
}

fn fingerprint(rows: &Transitions, episode: Range<usize>) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut add = |values: &[f32], width: usize| {
        let bytes: Vec<u8> = values[episode.start * width..episode.end * width]
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        hash.update(&bytes);
    };
    add(rows.observation(), rows.observation_dim());
    add(rows.action(), rows.action_dim());
    add(rows.reward(), 1);
    hash.update([u8::from(rows.terminated()[episode.end - 1])]);
    hash.finalize().into()
}
