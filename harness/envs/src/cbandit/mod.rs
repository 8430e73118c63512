#![doc = include_str!("../../docs/cbandit.md")]

pub mod constants;
mod discrete;
mod expectile;
mod oracle;

pub use discrete::{
    CBanditDiscreteOracle, DISCRETE_ID, LEVELS, discrete_expected_return, value as discrete_value,
};
pub use expectile::{EXPECTILE_POINTS, value as expectile_value};
pub use oracle::{
    CBanditOracle, QUADRATURE_POINTS, behaviour_value, expected_return, q_with_gradient,
};

use manifest::random::Stream;

use crate::environment::{Environment, Spec, Step, narrow, widen};
use crate::error::Error;
use crate::recipe::Start;

/// Length of a state.
pub const STATE_DIM: usize = 4;
/// Length of an action.
pub const ACTION_DIM: usize = 6;
/// Hidden units of the network behind a*.
pub const HIDDEN_DIM: usize = 8;
/// The environment's id.
pub const ID: &str = "cbandit/default-v0";

/// A contextual bandit with continuous or discrete actions: episodes of one step.
#[derive(Debug)]
pub struct CBandit {
    id: &'static str,
    spec: Spec,
    state: Option<[f64; STATE_DIM]>,
}

impl CBandit {
    /// The environment before its first episode.
    pub fn new() -> Self {
        let spec = Spec {
            id: ID.to_owned(),
            observation_dim: STATE_DIM,
            action_dim: ACTION_DIM,
            action_low: -1.0,
            action_high: 1.0,
            horizon: 1,
            ..Spec::default()
        };
        Self {
            id: ID,
            spec,
            state: None,
        }
    }

    /// The same bandit with the 64 actions of [`LEVELS`].
    pub fn discrete() -> Self {
        let mut bandit = Self::new();
        bandit.id = DISCRETE_ID;
        bandit.spec = Spec {
            id: DISCRETE_ID.to_owned(),
            action_dim: 1,
            action_count: LEVELS.count(),
            action_low: 0.0,
            action_high: (LEVELS.count() - 1) as f32,
            ..bandit.spec
        };
        bandit
    }

    fn action(&self, action: &[f32]) -> Result<[f64; ACTION_DIM], Error> {
        if self.spec.action_count == 0 {
            return widen(self.id, "action", action);
        }
        let mut levels = [0.0; ACTION_DIM];
        LEVELS.write(LEVELS.read(self.id, action)?, &mut levels);
        Ok(levels)
    }

    /// Starts an episode at `offset + scale u`, `u ~ U[-1, 1)^4`.
    pub(crate) fn reset_from(
        &mut self,
        start: &Start,
        stream: &mut Stream,
        observation: &mut [f32],
    ) {
        // The state *is* the single-precision observation, so that rewards are an exact function of what is recorded.
        let state = std::array::from_fn(|_| {
            let u = stream.uniform_in(-1.0, 1.0);
            f64::from((start.offset + start.scale * u) as f32)
        });
        narrow(&state, observation);
        self.state = Some(state);
    }
}

impl Default for CBandit {
    fn default() -> Self {
        Self::new()
    }
}

impl Environment for CBandit {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn reset(&mut self, seed: u64, observation: &mut [f32]) -> Result<(), Error> {
        crate::environment::check_length(self.id, "observation", STATE_DIM, observation.len())?;
        let mut stream = Stream::new(seed, &["envs", ID, "reset"]);
        self.reset_from(&Start::default(), &mut stream, observation);
        Ok(())
    }

    fn step(&mut self, action: &[f32], observation: &mut [f32]) -> Result<Step, Error> {
        let action = self.action(action)?;
        crate::environment::check_length(self.id, "observation", STATE_DIM, observation.len())?;
        let state = self.state.take().ok_or(Error::NoEpisode {
            environment: self.id,
        })?;
        narrow(&state, observation);
        Ok(Step {
            reward: reward(&state, &action),
            terminated: true,
            truncated: false,
        })
    }
}

/// a*(s) = 0.7 tanh(1.5 sin(s W1 + b) W2).
pub fn optimal_action(state: &[f64; STATE_DIM]) -> [f64; ACTION_DIM] {
    let c = constants::pinned();
    let hidden: [f64; HIDDEN_DIM] = std::array::from_fn(|j| {
        let z: f64 = (0..STATE_DIM).map(|i| state[i] * c.w1[i][j]).sum();
        libm::sin(z + c.b[j])
    });
    std::array::from_fn(|k| {
        let z: f64 = (0..HIDDEN_DIM).map(|j| hidden[j] * c.w2[j][k]).sum();
        0.7 * libm::tanh(1.5 * z)
    })
}

/// r(s, a) = -||clip(a, -1, 1) - a*(s)||^2.
pub fn reward(state: &[f64; STATE_DIM], action: &[f64; ACTION_DIM]) -> f64 {
    let optimal = optimal_action(state);
    -(0..ACTION_DIM)
        .map(|k| {
            let d = action[k].clamp(-1.0, 1.0) - optimal[k];
            d * d
        })
        .sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_episode_is_one_step_and_needs_a_reset() {
        let mut env = CBandit::new();
        let (mut s, mut after) = ([0.0; 4], [0.0; 4]);
        assert!(matches!(
            env.step(&[0.0; 6], &mut after),
            Err(Error::NoEpisode { .. })
        ));
        env.reset(3, &mut s).unwrap();
        let step = env.step(&[0.0; 6], &mut after).unwrap();
        assert!(step.terminated && !step.truncated);
        assert_eq!(s, after);
        assert!(matches!(
            env.step(&[0.0; 6], &mut after),
            Err(Error::NoEpisode { .. })
        ));
    }

    #[test]
    fn actions_are_clipped_before_the_reward() {
        let s = [0.1, -0.4, 0.9, 0.0];
        assert_eq!(reward(&s, &[3.0; 6]), reward(&s, &[1.0; 6]));
        assert_eq!(reward(&s, &optimal_action(&s)), 0.0);
    }

    #[test]
    fn bad_actions_are_refused() {
        let mut env = CBandit::new();
        let mut s = [0.0; 4];
        env.reset(0, &mut s).unwrap();
        assert!(matches!(
            env.step(&[0.0; 5], &mut s),
            Err(Error::Shape {
                expected: 6,
                found: 5,
                ..
            })
        ));
        let nan = [0.0, 0.0, f32::NAN, 0.0, 0.0, 0.0];
        assert!(matches!(
            env.step(&nan, &mut s),
            Err(Error::NotFinite { index: 2, .. })
        ));
    }
}
