//! The five tasks: sizes and rewards.

use super::reward::{gaussian_above, linear_above};
use crate::simulation::Sizes;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// Two legs; can fall.
    Walker,
    /// Two legs on a long torso.
    Cheetah,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Task {
    /// Stand; move at `speed` m/s if that is not 0.
    Walker { speed: f64 },
    /// Run in the direction of `sign`.
    Cheetah { sign: f64 },
}

/// Height (m) of the torso from which the walker counts as standing.
const STAND_HEIGHT: f64 = 1.2;
/// Speed (m/s) from which the cheetah's reward is 1.
const RUN_SPEED: f64 = 10.0;

impl Body {
    pub(crate) const fn sizes(self) -> Sizes {
        Sizes {
            coordinates: 9,
            velocities: 9,
            controls: 6,
        }
    }

    pub(crate) const fn observation_dim(self) -> usize {
        match self {
            Self::Walker => 24,
            Self::Cheetah => 17,
        }
    }

    /// Simulation steps of an environment step: .025 s (walker) and .01 s (cheetah).
    pub(crate) const fn simulation_steps(self) -> u32 {
        match self {
            Self::Walker => 10,
            Self::Cheetah => 1,
        }
    }
}

impl Task {
    pub(crate) fn of_id(id: &str) -> Option<Self> {
        Some(match id {
            "dm-walker/stand-v1" => Self::Walker { speed: 0.0 },
            "dm-walker/walk-v1" => Self::Walker { speed: 1.0 },
            "dm-walker/run-v1" => Self::Walker { speed: 8.0 },
            "dm-cheetah/run-v1" => Self::Cheetah { sign: 1.0 },
            "dm-cheetah/run-backward-v1" => Self::Cheetah { sign: -1.0 },
            _ => return None,
        })
    }

    pub(crate) const fn body(self) -> Body {
        match self {
            Self::Walker { .. } => Body::Walker,
            Self::Cheetah { .. } => Body::Cheetah,
        }
    }

    /// Reward in `[0, 1]` of a state: the torso's height (m), zz of its rotation matrix, and the speed (m/s) along x of
    /// the whole body's centre of mass.
    pub(crate) fn reward(self, height_m: f64, upright: f64, velocity: f64) -> f64 {
        match self {
            Self::Walker { speed } => {
                let standing = gaussian_above(height_m, STAND_HEIGHT, STAND_HEIGHT / 2.0);
                let upright = (1.0 + upright) / 2.0;
                let stand = (3.0 * standing + upright) / 4.0;
                if speed == 0.0 {
                    return stand;
                }
                let moving = linear_above(velocity, speed, speed / 2.0, 0.5);
                stand * (5.0 * moving + 1.0) / 6.0
            }
            Self::Cheetah { sign } => linear_above(sign * velocity, RUN_SPEED, RUN_SPEED, 0.0),
        }
    }
}
