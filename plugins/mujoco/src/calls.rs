//! What all environments check of their callers, and the step counter of an episode.

use plugin_api::{Failure, Outcome};

/// Steps of the episode that runs; none before the first reset and after a failed one.
#[derive(Debug, Default)]
pub(crate) struct Counter(Option<u32>);

impl Counter {
    pub(crate) fn start(&mut self) {
        self.0 = Some(0);
    }

    pub(crate) fn stop(&mut self) {
        self.0 = None;
    }

    /// Refuses a step outside an episode.
    pub(crate) fn expect_running(&self) -> Outcome<u32> {
        self.0
            .ok_or_else(|| Failure::invalid_argument("step was called before reset or set_state"))
    }

    /// Counts a step; returns the steps done.
    pub(crate) fn count(&mut self) -> u32 {
        let steps = self.0.unwrap_or(0).saturating_add(1);
        self.0 = Some(steps);
        steps
    }
}

pub(crate) fn expect_length(name: &str, found: usize, expected: usize) -> Outcome<()> {
    if found == expected {
        return Ok(());
    }
    Err(Failure::invalid_argument(format!(
        "{name} has {found} numbers, expected {expected}"
    )))
}

/// An action of the right length and without NaN or infinities.
pub(crate) fn expect_action(action: &[f32], expected: usize) -> Outcome<()> {
    expect_length("action", action.len(), expected)?;
    if action.iter().all(|a| a.is_finite()) {
        return Ok(());
    }
    Err(Failure::non_finite("the action holds a NaN or an infinity"))
}

/// A state of the right length and without NaN or infinities.
pub(crate) fn expect_state(state: &[f64], expected: usize) -> Outcome<()> {
    expect_length("state", state.len(), expected)?;
    if state.iter().all(|x| x.is_finite()) {
        return Ok(());
    }
    Err(Failure::invalid_argument(
        "the state holds a NaN or an infinity",
    ))
}

/// The failure of `create` for an id that is not in `known`.
pub(crate) fn unknown(id: &str, known: &[plugin_api::EnvironmentInfo]) -> Failure {
    let known: Vec<&str> = known.iter().map(|info| info.id).collect();
    Failure::invalid_argument(format!(
        "unknown environment `{id}`, expected one of {}",
        known.join(", ")
    ))
}
