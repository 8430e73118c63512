//! The three robots: sizes, observation, reward, termination and reset noise of gymnasium 1.4.0
//! (`Farama-Foundation/Gymnasium:gymnasium/envs/mujoco/{hopper,walker2d,half_cheetah}_{v4,v5}.py`), whose order of
//! floating-point operations is kept.

use crate::simulation::Sizes;
use plugin_api::{Host, Outcome};

/// A planar robot whose first coordinate is the distance travelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Robot {
    /// One leg; an episode ends when it falls.
    Hopper,
    /// Two legs; an episode ends when it falls.
    Walker2d,
    /// Two legs; an episode never ends early.
    HalfCheetah,
}

/// What differs between the flavours of one robot, beside the model file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    /// Actions are clipped to `[-1, 1]` before the control cost.
    pub(crate) clips: bool,
    /// The alive bonus is paid on the step that ends an episode, too.
    pub(crate) bonus_at_end: bool,
    /// Capsules have the masses and inertias that MuJoCo gave them before 2.1.1.
    pub(crate) old_capsules: bool,
}

const ALIVE_BONUS: f64 = 1.0;
const VELOCITY_LIMIT: f64 = 10.0;

impl Robot {
    /// Robot and rules of an environment id.
    pub(crate) fn of_id(id: &str) -> Option<(Self, Rules)> {
        let (robot, flavour) = id.split_once('/')?;
        let robot = match robot {
            "hopper" => Self::Hopper,
            "walker2d" => Self::Walker2d,
            "halfcheetah" => Self::HalfCheetah,
            _ => return None,
        };
        let rules = |clips, bonus_at_end, old_capsules| Rules {
            clips,
            bonus_at_end,
            old_capsules,
        };
        let rules = match flavour {
            "d4rl-v4" => rules(true, true, false),
            "d4rl-mj20-v4" => rules(true, true, true),
            "gymnasium-v4" => rules(false, true, false),
            "gymnasium-v5" => rules(false, false, false),
            _ => return None,
        };
        Some((robot, rules))
    }

    /// Coordinates; as many velocities, since all joints are slides and hinges.
    pub(crate) const fn coordinates(self) -> usize {
        match self {
            Self::Hopper => 6,
            Self::Walker2d | Self::HalfCheetah => 9,
        }
    }

    pub(crate) const fn action_dim(self) -> usize {
        match self {
            Self::Hopper => 3,
            Self::Walker2d | Self::HalfCheetah => 6,
        }
    }

    pub(crate) const fn sizes(self) -> Sizes {
        Sizes {
            coordinates: self.coordinates(),
            velocities: self.coordinates(),
            controls: self.action_dim(),
        }
    }

    /// All coordinates but the distance travelled, and all velocities.
    pub(crate) const fn observation_dim(self) -> usize {
        2 * self.coordinates() - 1
    }

    /// Simulation steps of an environment step: .008 s (hopper, walker2d) and .05 s (halfcheetah).
    pub(crate) const fn frame_skip(self) -> u32 {
        match self {
            Self::Hopper | Self::Walker2d => 4,
            Self::HalfCheetah => 5,
        }
    }

    /// Writes `qpos[1:] ++ qvel`, with the velocities of hopper and walker2d clipped to `[-10, 10]`.
    pub(crate) fn observe(self, qpos: &[f64], qvel: &[f64], observation: &mut [f64]) {
        let velocities = qvel.iter().map(|v| match self {
            Self::Hopper | Self::Walker2d => v.clamp(-VELOCITY_LIMIT, VELOCITY_LIMIT),
            Self::HalfCheetah => *v,
        });
        let values = qpos.iter().skip(1).copied().chain(velocities);
        observation
            .iter_mut()
            .zip(values)
            .for_each(|(out, value)| *out = value);
    }

    /// The reward of a step that moved at `velocity` (m/s) under `action`, with the alive bonus if `alive`.
    ///
    /// The control cost is a float32: gymnasium receives a float32 action, and NumPy keeps that type through square,
    /// sum (one by one, for fewer than eight terms) and the product with a Python number.
    pub(crate) fn reward(self, velocity: f64, action: &[f32], alive: bool) -> f64 {
        let squares = action.iter().fold(0.0_f32, |sum, a| sum + a * a);
        match self {
            Self::Hopper | Self::Walker2d => {
                let bonus = if alive { ALIVE_BONUS } else { 0.0 };
                (velocity + bonus) - f64::from(1e-3_f32 * squares)
            }
            Self::HalfCheetah => velocity - f64::from(1e-1_f32 * squares),
        }
    }

    /// Whether `(qpos, qvel)` ends an episode.
    pub(crate) fn terminated(self, qpos: &[f64], qvel: &[f64]) -> bool {
        let &[_, height, pitch, ..] = qpos else {
            return false;
        };
        match self {
            Self::Hopper => {
                let bounded = |x: &f64| -100.0 < *x && *x < 100.0;
                let upright = 0.7 < height && -0.2 < pitch && pitch < 0.2;
                !(upright && qpos.iter().skip(2).chain(qvel).all(bounded))
            }
            Self::Walker2d => !(0.8 < height && height < 2.0 && -1.0 < pitch && pitch < 1.0),
            Self::HalfCheetah => false,
        }
    }

    /// Adds the noise of episode `seed` to the initial state: uniform within 5e-3 for hopper and walker2d; for the
    /// halfcheetah uniform within .1 on coordinates and normal with standard deviation .1 on velocities.
    pub(crate) fn perturb(
        self,
        host: &Host,
        seed: u64,
        qpos: &mut [f64],
        qvel: &mut [f64],
    ) -> Outcome<()> {
        let scale = match self {
            Self::Hopper | Self::Walker2d => 5e-3,
            Self::HalfCheetah => 1e-1,
        };
        let uniform = |stream, count| -> Outcome<Vec<f64>> {
            let draws = host.uniform(stream, seed, count)?;
            Ok(draws.iter().map(|u| -scale + 2.0 * scale * u).collect())
        };
        let position_noise = uniform("reset/qpos", qpos.len())?;
        let velocity_noise = match self {
            Self::Hopper | Self::Walker2d => uniform("reset/qvel", qvel.len())?,
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
