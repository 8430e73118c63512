//! A gait of OGBench's ant that can be steered: a linear policy with a clock, the same in each of four directions.
//!
//! The ant is symmetric under quarter turns. So the policy sees the world in a frame that is turned with the body by as
//! many quarters as bring the wanted direction nearest to straight ahead, and its legs are numbered from there: whatever
//! way the ant shall go, the direction it is asked for lies within 45 degrees (and a margin) of ahead.
//! `examples/gait_search.rs` found the weights; `gaits/ant.toml` says how.

use libm::{atan2, cos, sin};
use plugin_api::{Failure, Outcome};
use serde::{Deserialize, Serialize};
use std::f64::consts::{FRAC_PI_2, PI, TAU};

/// Coordinates and velocities of the ant.
const COORDINATES: usize = 15;
const VELOCITIES: usize = 14;
/// Actions: hip and ankle of each leg.
const ACTIONS: usize = 8;
/// Body 11, joints 16, clock 4, direction times clock 4, direction times joint positions 8.
pub const FEATURES: usize = 43;
/// Angle (rad) from ahead beyond which the frame turns by a quarter. More than 45 degrees, so that a direction on the
/// border does not make it turn to and fro.
const TURN: f64 = 55.0 * PI / 180.0;
/// Middle of an ankle's range (rad).
const ANKLE_REST: f64 = 50.0 * PI / 180.0;
/// Height (m) of the torso of a standing ant.
const REST_HEIGHT_M: f64 = 0.5;
/// Sign with which an ankle's coordinate bends its leg downwards, by leg: the model's axes differ.
const ANKLE_SIGN: [f64; 4] = [1.0, -1.0, -1.0, 1.0];

/// A gait as the file of weights holds it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GaitWeights {
    /// Environment steps of one turn of the clock.
    pub period_steps: u32,
    /// `[8][43]`: for each joint of each leg, hip before ankle, the weight of each feature.
    pub weights: Vec<Vec<f64>>,
}

/// An ant that walks.
#[derive(Clone, Debug)]
pub struct Gait {
    weights: GaitWeights,
    /// Quarter turns from the body's frame to that of the policy.
    quarters: usize,
}

impl Gait {
    /// The gait of `gaits/ant.json`.
    ///
    /// # Errors
    /// Where that file holds something else.
    pub fn committed() -> Outcome<Self> {
        let weights = serde_json::from_str(include_str!("../../gaits/ant.json"));
        let gait = weights
            .map_err(|error| error.to_string())
            .and_then(|weights| {
                Self::new(weights).ok_or_else(|| "weights of another shape".to_owned())
            });
        gait.map_err(|reason| {
            Failure::invalid_argument(format!("the file of the ant's gait: {reason}"))
        })
    }

    /// A gait with these weights; none where they have another shape.
    pub fn new(weights: GaitWeights) -> Option<Self> {
        let rows = &weights.weights;
        let fits = rows.len() == ACTIONS && rows.iter().all(|row| row.len() == FEATURES);
        (fits && weights.period_steps > 0).then_some(Self {
            weights,
            quarters: 0,
        })
    }

    /// Torques in `[-1, 1]` that walk towards `direction` (world, any length) after `step` steps of the episode, from
    /// `qpos` `[15]` and `qvel` `[14]`. Asking again changes nothing.
    pub fn action(
        &mut self,
        qpos: &[f64],
        qvel: &[f64],
        direction: [f64; 2],
        step: u32,
    ) -> [f64; ACTIONS] {
        let (Some(q), Some(v)) = (qpos.first_chunk(), qvel.first_chunk()) else {
            return [f64::NAN; ACTIONS];
        };
        let yaw = yaw(q);
        let wanted = atan2(direction[1], direction[0]) - yaw;
        let mut ahead = wrapped(wanted - self.quarters as f64 * FRAC_PI_2);
        if ahead.abs() > TURN {
            self.quarters = (wanted / FRAC_PI_2).round().rem_euclid(4.0) as usize;
            ahead = wrapped(wanted - self.quarters as f64 * FRAC_PI_2);
        }
        let features = self.features(q, v, yaw, ahead, step);
        let mut action = [0.0; ACTIONS];
        for (row, weights) in self.weights.weights.iter().enumerate() {
            let sum: f64 = weights.iter().zip(&features).map(|(w, f)| w * f).sum();
            let (leg, ankle) = (self.leg(row / 2), row % 2);
            let sign = if ankle == 1 { ANKLE_SIGN[leg] } else { 1.0 };
            // The model's actuators begin with the last leg.
            action[2 * ((leg + 1) % 4) + ankle] = sum.clamp(-1.0, 1.0) * sign;
        }
        action
    }

    /// The leg that stands at place `place` of the policy's frame.
    fn leg(&self, place: usize) -> usize {
        (place + self.quarters) % 4
    }

    fn features(
        &self,
        q: &[f64; COORDINATES],
        v: &[f64; VELOCITIES],
        yaw: f64,
        ahead: f64,
        step: u32,
    ) -> [f64; FEATURES] {
        let [w, x, y, z] = [q[3], q[4], q[5], q[6]];
        let turn = self.quarters as f64 * FRAC_PI_2;
        let velocity = turned([v[0], v[1]], yaw + turn);
        // The body's vertical axis in the world; MuJoCo gives the rates of turning in the body's frame.
        let lean = turned([2.0 * (x * z + w * y), 2.0 * (y * z - w * x)], yaw + turn);
        let rate = turned([v[3], v[4]], turn);
        let side = 1.4 * sin(ahead);
        let mut joints = [0.0; 16];
        for place in 0..4 {
            let leg = self.leg(place);
            let (hip, ankle, sign) = (7 + 2 * leg, 8 + 2 * leg, ANKLE_SIGN[leg]);
            joints[2 * place] = 2.0 * q[hip];
            joints[2 * place + 1] = 2.0 * (q[ankle] * sign - ANKLE_REST);
            joints[8 + 2 * place] = 0.2 * v[hip - 1];
            joints[9 + 2 * place] = 0.2 * v[ankle - 1] * sign;
        }
        let phase = TAU * f64::from(step % self.weights.period_steps)
            / f64::from(self.weights.period_steps);
        let clock = [sin(phase), cos(phase), sin(2.0 * phase), cos(2.0 * phase)];
        let body = [
            1.0,
            side,
            0.5 * velocity[0],
            0.5 * velocity[1],
            0.5 * v[2],
            0.3 * rate[0],
            0.3 * rate[1],
            0.3 * v[5],
            lean[0],
            lean[1],
            q[2] - REST_HEIGHT_M,
        ];
        let steered = clock.iter().chain(&joints[..8]).map(|f| side * f);
        let all = body.into_iter().chain(joints).chain(clock).chain(steered);
        let mut features = [0.0; FEATURES];
        features.iter_mut().zip(all).for_each(|(out, f)| *out = f);
        features
    }
}

/// Angle (rad) of the body's first axis in the world.
fn yaw(q: &[f64; COORDINATES]) -> f64 {
    let [w, x, y, z] = [q[3], q[4], q[5], q[6]];
    atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))
}

/// A vector in a frame that is turned by `angle`.
fn turned([x, y]: [f64; 2], angle: f64) -> [f64; 2] {
    let (c, s) = (cos(angle), sin(angle));
    [c * x + s * y, c * y - s * x]
}

/// The same angle in `[-pi, pi)`.
fn wrapped(angle: f64) -> f64 {
    (angle + PI).rem_euclid(TAU) - PI
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gait() -> Gait {
        let weight = |row: usize, column: usize| ((7 * row + 3 * column) % 11) as f64 / 50.0 - 0.1;
        let row = |row| (0..FEATURES).map(|column| weight(row, column)).collect();
        let weights = GaitWeights {
            period_steps: 8,
            weights: (0..ACTIONS).map(row).collect(),
        };
        Gait::new(weights).expect("weights of the right shape")
    }

    #[test]
    fn a_turned_ant_that_is_asked_for_a_turned_direction_acts_the_same() {
        // Leaning, moving, legs apart; then all of it turned by a third of a turn.
        let mut q = [
            0.3, -0.2, 0.6, 0.9, 0.1, -0.2, 0.3, 0.1, 0.7, -0.2, -0.9, 0.3, -1.0, -0.1, 1.1,
        ];
        let norm = q[3..7].iter().map(|x| x * x).sum::<f64>().sqrt();
        q[3..7].iter_mut().for_each(|x| *x /= norm);
        let v: [f64; 14] = std::array::from_fn(|i| 0.1 * (i as f64 - 6.0));
        let angle = TAU / 3.0;
        let (c, s) = (cos(angle / 2.0), sin(angle / 2.0));
        let (mut turned_q, mut turned_v) = (q, v);
        [turned_q[3], turned_q[4], turned_q[5], turned_q[6]] = [
            c * q[3] - s * q[6],
            c * q[4] - s * q[5],
            c * q[5] + s * q[4],
            c * q[6] + s * q[3],
        ];
        [turned_v[0], turned_v[1]] = turned([v[0], v[1]], -angle);
        let direction = [0.4, 0.8];
        let first = gait().action(&q, &v, direction, 3);
        let second = gait().action(&turned_q, &turned_v, turned(direction, -angle), 3);
        for (a, b) in first.iter().zip(second) {
            assert!((a - b).abs() < 1e-12, "{first:?} {second:?}");
        }
    }

    #[test]
    fn a_quarter_turn_of_the_direction_moves_the_actions_on_by_one_leg() {
        // All legs in the same pose, upright and at rest.
        let (hip, ankle) = (0.1, 0.8);
        let mut q = [0.0; 15];
        (q[2], q[3]) = (0.5, 1.0);
        for leg in 0..4 {
            q[7 + 2 * leg] = hip;
            q[8 + 2 * leg] = ankle * ANKLE_SIGN[leg];
        }
        let bends = |action: [f64; 8], leg: usize| {
            let control = 2 * ((leg + 1) % 4);
            [action[control], action[control + 1] * ANKLE_SIGN[leg]]
        };
        let ahead = gait().action(&q, &[0.0; 14], [1.0, 0.2], 5);
        let aside = gait().action(&q, &[0.0; 14], [-0.2, 1.0], 5);
        for leg in 0..4 {
            let (a, b) = (bends(ahead, leg), bends(aside, (leg + 1) % 4));
            assert!((a[0] - b[0]).abs() < 1e-12 && (a[1] - b[1]).abs() < 1e-12);
        }
    }
}
