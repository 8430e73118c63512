//! The scripts of OGBench's manipulation environments as behaviours; `python/bridge.py` runs them.

use plugin_api::{BehaviourInfo, BehaviourRequest, Failure, Outcome};
use serde::Deserialize;

/// What is offered where the wheel has scripts: cube, scene and puzzle. Names and defaults are those of OGBench's kinds of
/// data; its `noisy` sets take .1 (cube, scene) or .2 (puzzle) of the actions at random.
pub(crate) const BEHAVIOURS: &[BehaviourInfo] = &[
    BehaviourInfo {
        name: "play",
        description: "Follows plans for one thing after the other, made with smooth noise of scale `noise`.",
        parameters: r#"{"noise": 0.1, "noise_smoothing": 0.5, "p_random_action": 0.0}"#,
    },
    BehaviourInfo {
        name: "noisy",
        description: "Reacts to what it sees, with Gaussian noise on actions whose scale is drawn up to `noise`.",
        parameters: r#"{"noise": 0.1, "min_norm": 0.4, "p_random_action": 0.0}"#,
    },
];

#[derive(Deserialize)]
struct Play {
    noise: f64,
    /// Steps over which the noise of a plan is smoothed.
    noise_smoothing: f64,
    p_random_action: f64,
}

#[derive(Deserialize)]
struct Noisy {
    noise: f64,
    /// Least length of a reaction.
    min_norm: f64,
    p_random_action: f64,
}

/// Refuses parameters of another type or out of range.
pub(crate) fn check(request: &BehaviourRequest) -> Outcome<()> {
    let (sizes, probability) = if request.name == "play" {
        let play: Play = request.parameters()?;
        ([play.noise, play.noise_smoothing], play.p_random_action)
    } else {
        let noisy: Noisy = request.parameters()?;
        ([noisy.noise, noisy.min_norm], noisy.p_random_action)
    };
    if sizes.iter().all(|x| *x >= 0.0) && (0.0..=1.0).contains(&probability) {
        return Ok(());
    }
    Err(Failure::invalid_argument(format!(
        "parameters {} of behaviour `{}`: expected numbers of at least 0, and a probability of at most 1",
        request.json(),
        request.name
    )))
}
