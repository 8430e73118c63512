//! Ends of episodes: time limits stored as terminations, and episodes with nothing to learn from.

use crate::transitions::Transitions;

use super::{Code, Finding, Rows};

/// Shorter episodes end at equal lengths by chance.
const SHORTEST_LIMIT: usize = 50;
/// Terminated episodes of the greatest length that are too many to be chance.
const FEWEST: usize = 3;

/// Terminated episodes that all have the greatest length, while few end shortly before it: a limit, no failure or goal.
///
/// Asked for: at least [`FEWEST`] of them, at [`SHORTEST_LIMIT`] steps or more, and twice as many as end in the last tenth
/// before.
pub(super) fn time_limits(rows: &Transitions) -> Option<Finding> {
    let longest = rows.episodes().map(|e| e.len()).max()?;
    if longest < SHORTEST_LIMIT {
        return None;
    }
    let mut at_limit = Rows::default();
    let mut shortly_before = 0;
    for episode in rows.episodes() {
        let last = episode.end - 1;
        if episode.len() == longest && rows.terminated()[last] {
            at_limit.push(last as u64);
        } else if episode.len() * 10 >= longest * 9 && episode.len() < longest {
            shortly_before += 1;
        }
    }
    let count = at_limit.count as usize;
    (count >= FEWEST && count >= 2 * shortly_before).then(|| {
        let seen = format!(
            "{count} of {} episodes are terminated after exactly {longest} steps, {shortly_before} end in the tenth before",
            rows.episode_count()
        );
        Finding::new(Code::TimeLimitTerminated, seen, at_limit)
    })
}

/// Episodes none of whose rows has a successor.
pub(super) fn empty(rows: &Transitions) -> Option<Finding> {
    // The last episode of a file may be cut anywhere.
    let complete = rows.episodes().take(rows.episode_count().saturating_sub(1));
    let found: Rows = complete
        .filter(|e| e.len() == 1 && !rows.has_successor(e.start))
        .map(|e| e.start as u64)
        .collect();
    (found.count > 0).then(|| {
        let seen = format!(
            "{} episodes have one row, which is not terminated and has no known successor",
            found.count
        );
        Finding::new(Code::EmptyEpisode, seen, found)
    })
}

/// Ends of episodes that are neither terminated nor truncated, but for the last, which a file may cut anywhere.
pub(super) fn unmarked(rows: &Transitions) -> Rows {
    let complete = rows.episodes().take(rows.episode_count().saturating_sub(1));
    complete
        .map(|e| e.end - 1)
        .filter(|&row| !rows.terminated()[row] && !rows.truncated()[row])
        .map(|row| row as u64)
        .collect()
}
