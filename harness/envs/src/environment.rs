//! The interfaces that every environment and every exact solution implements.

use crate::behaviour::BehaviourSpec;
use crate::error::Error;

/// What is fixed about an environment.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// `family/name-vN`.
    pub id: String,
    /// Length of an observation.
    pub observation_dim: usize,
    /// Length of an action.
    pub action_dim: usize,
    /// Lower bound of every action entry.
    pub action_low: f32,
    /// Upper bound of every action entry.
    pub action_high: f32,
    /// Steps after which an episode is truncated.
    pub horizon: u32,
}

/// What a step returns beside the next observation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Reward of this step.
    pub reward: f64,
    /// The episode ended by the task's own rule: no value follows.
    pub terminated: bool,
    /// The episode was cut by the horizon: values continue.
    pub truncated: bool,
}

/// A simulator of one episode at a time.
pub trait Environment: Send {
    /// Sizes, bounds and horizon.
    fn spec(&self) -> &Spec;

    /// Starts an episode that is a function of `seed` alone; writes the first observation (`observation_dim` entries).
    fn reset(&mut self, seed: u64, observation: &mut [f32]) -> Result<(), Error>;

    /// Takes `action` (`action_dim` entries, clipped to the bounds by the environment) and writes the next observation.
    ///
    /// # Errors
    /// A wrong length, an entry that is not finite, or no running episode.
    fn step(&mut self, action: &[f32], observation: &mut [f32]) -> Result<Step, Error>;
}

/// The policy that the values of an [`Oracle`] belong to.
#[derive(Clone, Debug, PartialEq)]
pub enum Functional {
    /// pi*, the optimal policy of the discounted problem.
    Optimal,
    /// The policy that generated a dataset.
    Behaviour(BehaviourSpec),
}

/// An environment's exact solution at one discount. Actions beyond the bounds are valued as the environment treats
/// them: clipped, with a gradient of zero in the clipped entries.
pub trait Oracle: Send + Sync {
    /// Writes pi*(s) (`action_dim` entries).
    fn optimal_action(&self, observation: &[f32], out: &mut [f32]) -> Result<(), Error>;

    /// Q of `functional` at one state and action; with `grad`, also dQ/da (`action_dim` entries).
    ///
    /// # Errors
    /// A wrong length, or a functional without an exact solution.
    fn q(
        &self,
        functional: &Functional,
        observation: &[f32],
        action: &[f32],
        grad: Option<&mut [f32]>,
    ) -> Result<f64, Error>;

    /// V of `functional` at one state.
    ///
    /// # Errors
    /// A wrong length, or a functional without an exact solution.
    fn v(&self, functional: &Functional, observation: &[f32]) -> Result<f64, Error>;

    /// What `action` loses against the optimum: V*(s) - Q*(s, a), never below zero but for rounding.
    fn regret(&self, observation: &[f32], action: &[f32]) -> Result<f64, Error> {
        Ok(self.v(&Functional::Optimal, observation)?
            - self.q(&Functional::Optimal, observation, action, None)?)
    }
}

pub(crate) fn check_length(
    environment: &'static str,
    what: &'static str,
    expected: usize,
    found: usize,
) -> Result<(), Error> {
    if expected == found {
        Ok(())
    } else {
        Err(Error::Shape {
            environment,
            what,
            expected,
            found,
        })
    }
}

/// Checks length and finiteness and widens to double precision.
pub(crate) fn widen<const N: usize>(
    environment: &'static str,
    what: &'static str,
    values: &[f32],
) -> Result<[f64; N], Error> {
    check_length(environment, what, N, values.len())?;
    if let Some(index) = values.iter().position(|x| !x.is_finite()) {
        return Err(Error::NotFinite {
            environment,
            what,
            index,
            value: values[index],
        });
    }
    Ok(std::array::from_fn(|i| f64::from(values[i])))
}

pub(crate) fn narrow(values: &[f64], out: &mut [f32]) {
    for (slot, value) in out.iter_mut().zip(values) {
        *slot = *value as f32;
    }
}
