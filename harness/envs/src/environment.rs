//! The interfaces that every environment and every exact solution implements.

use crate::behaviour::BehaviourSpec;
use crate::error::Error;

/// What is fixed about an environment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spec {
    /// `family/name-vN`.
    pub id: String,
    /// Length of an observation.
    pub observation_dim: usize,
    /// Length of an action; 1 where actions are discrete.
    pub action_dim: usize,
    /// Size of a finite action set, whose actions are one entry that holds an index; 0 where actions are continuous.
    pub action_count: usize,
    /// Length of a goal; 0 where there is none.
    pub goal_dim: usize,
    /// Channels, height and width where an observation is an image (in that order, row by row); zeros otherwise.
    pub observation_shape: [usize; 3],
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

    /// Writes the goal of the running episode (`goal_dim` entries); nothing where there are no goals.
    fn goal(&self, _out: &mut [f32]) {}
}

/// The policy that the values of an [`Oracle`] belong to.
#[derive(Clone, Debug, PartialEq)]
pub enum Functional {
    /// pi*, the optimal policy of the discounted problem.
    Optimal,
    /// The policy that generated a dataset.
    Behaviour(BehaviourSpec),
    /// What implicit Q-learning converges to on the data of a behaviour: `V(s)` is the expectile of `Q(s, a)` over the
    /// behaviour's actions and `Q(s, a) = r + discount E V(s')`. At .5 these are the behaviour's own values.
    Expectile {
        /// Between 0 and 1, both excluded.
        expectile: f64,
        /// Whose actions the data hold.
        behaviour: BehaviourSpec,
    },
}

impl Functional {
    /// A name for messages.
    pub fn name(&self) -> String {
        match self {
            Self::Optimal => "optimal".to_owned(),
            Self::Behaviour(behaviour) => behaviour.name().to_owned(),
            Self::Expectile {
                expectile,
                behaviour,
            } => format!("expectile {expectile} of {}", behaviour.name()),
        }
    }
}

/// An environment's solution at one discount. Actions beyond the bounds are valued as the environment treats them:
/// clipped, with a gradient of zero in the clipped entries. `goal` has `goal_dim` entries where the environment has goals and
/// is not read elsewhere.
pub trait Oracle: Send + Sync {
    /// Whether this is the solution (to rounding, or to a stated discretisation error). `false`: a declared expert, whose
    /// actions are a common reference for errors and which has no values.
    fn exact(&self) -> bool {
        true
    }

    /// Writes pi*(s) (`action_dim` entries).
    fn optimal_action(
        &self,
        observation: &[f32],
        goal: Option<&[f32]>,
        out: &mut [f32],
    ) -> Result<(), Error>;

    /// Q of `functional` at one state and action; with `grad`, also dQ/da (`action_dim` entries).
    ///
    /// # Errors
    /// A wrong length, a functional without an exact solution, or a gradient over discrete actions.
    fn q(
        &self,
        functional: &Functional,
        observation: &[f32],
        goal: Option<&[f32]>,
        action: &[f32],
        grad: Option<&mut [f32]>,
    ) -> Result<f64, Error>;

    /// V of `functional` at one state.
    ///
    /// # Errors
    /// A wrong length, or a functional without an exact solution.
    fn v(
        &self,
        functional: &Functional,
        observation: &[f32],
        goal: Option<&[f32]>,
    ) -> Result<f64, Error>;

    /// Q of `functional` at one state and every action of a finite set (`action_count` entries).
    ///
    /// # Errors
    /// As [`Oracle::q`].
    fn q_all(
        &self,
        functional: &Functional,
        observation: &[f32],
        goal: Option<&[f32]>,
        out: &mut [f64],
    ) -> Result<(), Error> {
        for (index, value) in out.iter_mut().enumerate() {
            *value = self.q(functional, observation, goal, &[index as f32], None)?;
        }
        Ok(())
    }

    /// What `action` loses against the optimum: V*(s) - Q*(s, a), never below zero but for rounding.
    fn regret(
        &self,
        observation: &[f32],
        goal: Option<&[f32]>,
        action: &[f32],
    ) -> Result<f64, Error> {
        Ok(self.v(&Functional::Optimal, observation, goal)?
            - self.q(&Functional::Optimal, observation, goal, action, None)?)
    }
}

pub(crate) fn check_expectile(environment: &'static str, expectile: f64) -> Result<(), Error> {
    if expectile > 0.0 && expectile < 1.0 {
        return Ok(());
    }
    Err(Error::no_solution(
        environment,
        format!("expectile {expectile}"),
        "an expectile lies between 0 and 1",
    ))
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
