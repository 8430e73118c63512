#![doc = include_str!("../../docs/lqr-nav.md")]

mod oracle;
mod solution;

pub use oracle::LqrOracle;
pub use solution::{LinearGaussian, Quadratic, Riccati, expected_return};

use manifest::random::Stream;

use crate::environment::{Environment, Spec, Step, check_length, narrow, widen};
use crate::error::Error;
use crate::recipe::Start;

/// Axes of the plane that the mass moves in; they are independent of each other.
pub const AXES: usize = 4;
/// Positions, then velocities.
pub const STATE_DIM: usize = 2 * AXES;
/// The environment's id.
pub const ID: &str = "lqr-nav/default-v0";
/// Steps of an episode.
pub const HORIZON: u32 = 25;
/// Discount of the published task.
pub const DISCOUNT: f64 = 0.95;
/// One axis: `(x, v)' = A (x, v) + B a`.
pub const A: [[f64; 2]; 2] = [[1.0, 0.3], [0.0, 1.0]];
/// Effect of an action entry on its axis.
pub const B: [f64; 2] = [0.045, 0.3];
/// Costs of squared position and squared velocity; a squared action costs 1.
pub const COST: [f64; 2] = [1.0, 0.1];
/// Half-widths of the uniform start: positions, velocities. Velocities up to 0.3 would make 1.9 % of the starts demand
/// an optimal action beyond the bounds (up to 1.07), and the closed-form solution would not hold there.
pub const START: [f64; 2] = [1.0, 0.2];

/// A point mass with momentum that must come to rest at the origin.
#[derive(Debug)]
pub struct LqrNav {
    spec: Spec,
    state: [f64; STATE_DIM],
    step: u32,
    running: bool,
}

impl LqrNav {
    /// The environment before its first episode.
    pub fn new() -> Self {
        let spec = Spec {
            id: ID.to_owned(),
            observation_dim: STATE_DIM,
            action_dim: AXES,
            action_low: -1.0,
            action_high: 1.0,
            horizon: HORIZON,
            ..Spec::default()
        };
        Self {
            spec,
            state: [0.0; STATE_DIM],
            step: 0,
            running: false,
        }
    }

    /// Starts at `x = offset + scale u`, `v = 0.2 scale w`, with `u, w ~ U[-1, 1)^4`.
    pub(crate) fn reset_from(
        &mut self,
        start: &Start,
        stream: &mut Stream,
        observation: &mut [f32],
    ) {
        self.state = std::array::from_fn(|i| {
            let u = stream.uniform_in(-1.0, 1.0);
            let value = if i < AXES {
                start.offset + START[0] * start.scale * u
            } else {
                START[1] * start.scale * u
            };
            f64::from(value as f32)
        });
        self.step = 0;
        self.running = true;
        narrow(&self.state, observation);
    }
}

impl Default for LqrNav {
    fn default() -> Self {
        Self::new()
    }
}

impl Environment for LqrNav {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn reset(&mut self, seed: u64, observation: &mut [f32]) -> Result<(), Error> {
        check_length(ID, "observation", STATE_DIM, observation.len())?;
        let mut stream = Stream::new(seed, &["envs", ID, "reset"]);
        self.reset_from(&Start::default(), &mut stream, observation);
        Ok(())
    }

    fn step(&mut self, action: &[f32], observation: &mut [f32]) -> Result<Step, Error> {
        let action = widen(ID, "action", action)?;
        check_length(ID, "observation", STATE_DIM, observation.len())?;
        if !self.running {
            return Err(Error::NoEpisode { environment: ID });
        }
        let (next, reward) = dynamics(&self.state, &action);
        // The state *is* the single-precision observation, so that values are functions of what is recorded.
        self.state = next.map(|x| f64::from(x as f32));
        self.step += 1;
        self.running = self.step < HORIZON;
        narrow(&self.state, observation);
        Ok(Step {
            reward,
            terminated: false,
            truncated: !self.running,
        })
    }
}

/// Next state and reward `-(||x||^2 + 0.1 ||v||^2 + ||a||^2)` of the state *before* the step, with `a` clipped to [-1, 1].
pub fn dynamics(state: &[f64; STATE_DIM], action: &[f64; AXES]) -> ([f64; STATE_DIM], f64) {
    let mut next = [0.0; STATE_DIM];
    let mut cost = 0.0;
    for i in 0..AXES {
        let (x, v, a) = (state[i], state[AXES + i], action[i].clamp(-1.0, 1.0));
        next[i] = A[0][0] * x + A[0][1] * v + B[0] * a;
        next[AXES + i] = A[1][0] * x + A[1][1] * v + B[1] * a;
        cost += COST[0] * x * x + COST[1] * v * v + a * a;
    }
    (next, -cost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_episode_is_truncated_at_the_horizon_and_never_terminates() {
        let mut env = LqrNav::new();
        let mut s = [0.0; STATE_DIM];
        env.reset(1, &mut s).unwrap();
        for t in 1..=HORIZON {
            let step = env.step(&[0.1; AXES], &mut s).unwrap();
            assert!(!step.terminated);
            assert_eq!(step.truncated, t == HORIZON);
        }
        assert!(matches!(
            env.step(&[0.1; AXES], &mut s),
            Err(Error::NoEpisode { .. })
        ));
    }

    #[test]
    fn starts_are_inside_the_box_and_depend_on_the_seed_alone() {
        let mut env = LqrNav::new();
        let (mut first, mut again, mut other) = ([0.0; 8], [0.0; 8], [0.0; 8]);
        env.reset(5, &mut first).unwrap();
        env.reset(6, &mut other).unwrap();
        env.reset(5, &mut again).unwrap();
        assert_eq!(first, again);
        assert_ne!(first, other);
        assert!(
            first[..4].iter().all(|x| x.abs() <= 1.0) && first[4..].iter().all(|v| v.abs() <= 0.2)
        );
    }
}
