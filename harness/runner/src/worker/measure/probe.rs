//! The probe set: states that are the same for all methods and seeds of a benchmark.
//!
//! The reference policy plays at least 20 episodes from the environment's own starts (as many as give 1,000 states where
//! episodes are short), with seeds of their own; at most 1,000 of the states that it meets are kept, evenly spaced.

use super::call::Form;
use super::reference::Reference;
use super::states::States;
use crate::worker::environment::Simulator;
use crate::worker::failure::Stop;
use manifest::random::Family;

/// States of the probe set, at most.
const PROBE_STATES: usize = 1_000;
const LEAST_EPISODES: u64 = 20;

/// Plays the reference policy in `simulator`.
pub(crate) fn probe(
    form: &Form,
    reference: &Reference,
    simulator: &mut Simulator,
) -> Result<States, Stop> {
    let seeds = Family::new(0, &["measure", "probe"]);
    let horizon = u64::from(simulator.spec().horizon.max(1));
    let episodes = LEAST_EPISODES.max((PROBE_STATES as u64).div_ceil(horizon));
    let mut met = States::default();
    let mut observation = vec![0.0; form.observation_dim];
    let mut goal = vec![0.0; form.goal_dim];
    let mut action = vec![0.0; form.action_dim];
    for episode in 0..episodes {
        simulator.reset(seeds.at(episode).next_u64(), &mut observation)?;
        simulator.goal(&mut goal)?;
        loop {
            reference.action(&observation, &goal, &mut action)?;
            met.observation.extend_from_slice(&observation);
            met.goal.extend_from_slice(&goal);
            met.action.extend_from_slice(&action);
            let step = simulator.step(&action, &mut observation)?;
            if step.terminated || step.truncated {
                break;
            }
        }
    }
    Ok(met.thinned(form, PROBE_STATES))
}
