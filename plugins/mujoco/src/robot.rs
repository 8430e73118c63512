//! The two robots: sizes, observation, reward, termination and reset noise of gymnasium 1.4.0's `hopper_v4.py` and
//! `half_cheetah_v4.py`, whose order of floating-point operations is kept.

use plugin_api::{Host, Outcome};

/// A planar robot whose first coordinate is the distance travelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Robot {
    /// One leg; an episode ends when it falls.
    Hopper,
    /// Two legs; an episode never ends early.
    HalfCheetah,
}

const ALIVE_BONUS: f64 = 1.0;
const VELOCITY_LIMIT: f64 = 10.0;

impl Robot {
    /// The robot of an environment id and whether that environment clips actions before the control cost.
    pub(crate) fn of_id(id: &str) -> Option<(Self, bool)> {
        match id {
            "hopper/d4rl-v4" => Some((Self::Hopper, true)),
            "hopper/gymnasium-v4" => Some((Self::Hopper, false)),
            "halfcheetah/d4rl-v4" => Some((Self::HalfCheetah, true)),
            "halfcheetah/gymnasium-v4" => Some((Self::HalfCheetah, false)),
            _ => None,
        }
    }

    pub(crate) const fn model_file(self) -> &'static str {
        match self {
            Self::Hopper => "hopper.xml",
            Self::HalfCheetah => "half_cheetah.xml",
        }
    }

    /// Coordinates; as many velocities, since all joints are slides and hinges.
    pub(crate) const fn coordinates(self) -> usize {
        match self {
            Self::Hopper => 6,
            Self::HalfCheetah => 9,
        }
    }

    pub(crate) const fn action_dim(self) -> usize {
        match self {
            Self::Hopper => 3,
            Self::HalfCheetah => 6,
        }
    }

    /// All coordinates but the distance travelled, and all velocities.
    pub(crate) const fn observation_dim(self) -> usize {
        2 * self.coordinates() - 1
    }

    /// Simulation steps of an environment step: .008 s (hopper) and .05 s (halfcheetah).
    pub(crate) const fn frame_skip(self) -> u32 {
        match self {
            Self::Hopper => 4,
            Self::HalfCheetah => 5,
        }
    }

    /// Writes `qpos[1:] ++ qvel`, with the hopper's velocities clipped to `[-10, 10]`.
    pub(crate) fn observe(self, qpos: &[f64], qvel: &[f64], observation: &mut [f64]) {
        let velocities = qvel.iter().map(|v| match self {
            Self::Hopper => v.clamp(-VELOCITY_LIMIT, VELOCITY_LIMIT),
            Self::HalfCheetah => *v,
        });
        let values = qpos.iter().skip(1).copied().chain(velocities);
        observation
            .iter_mut()
            .zip(values)
            .for_each(|(out, value)| *out = value);
    }

    /// The reward of a step that moved at `velocity` under `action`.
    ///
    /// The control cost is a float32: gymnasium receives a float32 action, and NumPy keeps that type through square,
    /// sum (one by one, for fewer than eight terms) and the product with a Python number.
    pub(crate) fn reward(self, velocity: f64, action: &[f32]) -> f64 {
        let squares = action.iter().fold(0.0_f32, |sum, a| sum + a * a);
        match self {
            Self::Hopper => (velocity + ALIVE_BONUS) - f64::from(1e-3_f32 * squares),
            Self::HalfCheetah => velocity - f64::from(1e-1_f32 * squares),
        }
    }

    /// Whether `(qpos, qvel)` ends an episode.
    pub(crate) fn terminated(self, qpos: &[f64], qvel: &[f64]) -> bool {
        match (self, qpos) {
            (Self::Hopper, [_, height, pitch, ..]) => {
                let bounded = |x: &f64| -100.0 < *x && *x < 100.0;
                let upright = 0.7 < *height && -0.2 < *pitch && *pitch < 0.2;
                !(upright && qpos.iter().skip(2).chain(qvel).all(bounded))
            }
            _ => false,
        }
    }

    /// Adds the noise of episode `seed` to the initial state: uniform within 5e-3 for the hopper; for the halfcheetah
    /// uniform within .1 on coordinates and normal with standard deviation .1 on velocities.
    pub(crate) fn perturb(
        self,
        host: &Host,
        seed: u64,
        qpos: &mut [f64],
        qvel: &mut [f64],
    ) -> Outcome<()> {
        let scale = match self {
            Self::Hopper => 5e-3,
            Self::HalfCheetah => 1e-1,
        };
        let uniform = |stream, count| -> Outcome<Vec<f64>> {
            let draws = host.uniform(stream, seed, count)?;
            Ok(draws.iter().map(|u| -scale + 2.0 * scale * u).collect())
        };
        let position_noise = uniform("reset/qpos", qpos.len())?;
        let velocity_noise = match self {
            Self::Hopper => uniform("reset/qvel", qvel.len())?,
            Self::HalfCheetah => host
                .normal("reset/qvel", seed, qvel.len())?
                .iter()
                .map(|n| scale * n)
                .collect(),
        };
        let add = |values: &mut [f64], noise: &[f64]| {
            values.iter_mut().zip(noise).for_each(|(x, n)| *x += n);
        };
        add(qpos, &position_noise);
        add(qvel, &velocity_noise);
        Ok(())
    }
}
