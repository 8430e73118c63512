//! Values: actions beyond their bounds, entries that never change.

use crate::transitions::Transitions;

use super::{Code, Finding, Rows};

/// Actions beyond `[low, high]` of their dimension.
pub(super) fn out_of_bounds(rows: &Transitions, bounds: Option<&[[f32; 2]]>) -> Option<Finding> {
    let bounds = bounds?;
    let (mut found, mut farthest) = (Rows::default(), 0.0f32);
    for row in 0..rows.len() {
        let beyond = rows
            .action_at(row)
            .iter()
            .zip(bounds)
            .map(|(a, [low, high])| (low - a).max(a - high))
            .fold(0.0, f32::max);
        if beyond > 0.0 {
            found.push(row as u64);
            farthest = farthest.max(beyond);
        }
    }
    (found.count > 0).then(|| {
        let seen = format!(
            "{} of {} actions lie beyond their bounds, by up to {farthest}",
            found.count,
            rows.len()
        );
        Finding::new(Code::ActionsOutOfBounds, seen, found)
    })
}

/// Observation and action entries, and rewards where there are any, that have one value in all of several rows.
pub(super) fn constants(rows: &Transitions, rewarded: bool) -> Option<Finding> {
    if rows.len() < 2 {
        return None;
    }
    let constant = |values: &[f32], width: usize| -> Vec<usize> {
        (0..width)
            .filter(|&i| {
                let mut column = values.iter().skip(i).step_by(width);
                let first = column.next();
                column.all(|x| Some(x) == first)
            })
            .collect()
    };
    let mut named: Vec<String> = Vec::new();
    for (name, values, width) in [
        ("observation", rows.observation(), rows.observation_dim()),
        ("action", rows.action(), rows.action_dim()),
    ] {
        let entries = constant(values, width);
        if !entries.is_empty() {
            named.push(format!("{name} {}", list(&entries)));
        }
    }
    if rewarded && !constant(rows.reward(), 1).is_empty() {
        named.push(format!("reward (always {})", rows.reward()[0]));
    }
    (!named.is_empty()).then(|| {
        let seen = format!("never changes: {}", named.join("; "));
        Finding::new(Code::ConstantColumn, seen, (0..rows.len() as u64).collect())
    })
}

/// `0, 3, 4 and 12 more`.
fn list(entries: &[usize]) -> String {
    const SHOWN: usize = 6;
    let shown: Vec<String> = entries.iter().take(SHOWN).map(usize::to_string).collect();
    match entries.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
