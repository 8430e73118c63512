//! The environments of this plugin.

use crate::messages;
use crate::robot::Robot;
use crate::simulation::Simulation;
use plugin_api::{Environment, EnvironmentInfo, EnvironmentSpec, Failure, Host, Outcome, Step};
use std::path::Path;

/// Steps until truncation.
const HORIZON: u32 = 1000;

/// Hopper or HalfCheetah, rewarded for speed.
///
/// Observations are `[2 n - 1]` float64 (m, rad, m/s, rad/s) with n coordinates, states `qpos ++ qvel` `[2 n]`.
/// Stepping on after the end of an episode is allowed and continues the simulation.
pub struct Locomotion {
    host: Host,
    robot: Robot,
    clips: bool,
    simulation: Simulation,
    steps: Option<u32>,
}

impl Environment for Locomotion {
    const INFOS: &'static [EnvironmentInfo] = &[
        EnvironmentInfo {
            id: "hopper/d4rl-v4",
            version: "1.0.0",
            description: "One-legged planar robot; actions are clipped to [-1, 1] before the control cost, as in D4RL.",
            model_files: &["hopper.xml"],
        },
        EnvironmentInfo {
            id: "halfcheetah/d4rl-v4",
            version: "1.0.0",
            description: "Two-legged planar robot; actions are clipped to [-1, 1] before the control cost, as in D4RL.",
            model_files: &["half_cheetah.xml"],
        },
        EnvironmentInfo {
            id: "hopper/gymnasium-v4",
            version: "1.0.0",
            description: "One-legged planar robot; the control cost is that of the raw action, as in gymnasium.",
            model_files: &["hopper.xml"],
        },
        EnvironmentInfo {
            id: "halfcheetah/gymnasium-v4",
            version: "1.0.0",
            description: "Two-legged planar robot; the control cost is that of the raw action, as in gymnasium.",
            model_files: &["half_cheetah.xml"],
        },
    ];

    fn create(host: Host, id: &str, model_dir: &Path) -> Outcome<Self> {
        let (robot, clips) = Robot::of_id(id).ok_or_else(|| {
            let known: Vec<&str> = Self::INFOS.iter().map(|info| info.id).collect();
            Failure::invalid_argument(format!(
                "unknown environment `{id}`, expected one of {}",
                known.join(", ")
            ))
        })?;
        let created = Simulation::load(robot, model_dir);
        forward_warnings(&host);
        Ok(Self {
            host,
            robot,
            clips,
            simulation: created?,
            steps: None,
        })
    }

    fn spec(&self) -> EnvironmentSpec {
        EnvironmentSpec {
            observation_dim: self.robot.observation_dim(),
            action_dim: self.robot.action_dim(),
            state_dim: 2 * self.robot.coordinates(),
            action_low: -1.0,
            action_high: 1.0,
            horizon: HORIZON,
            ..EnvironmentSpec::default()
        }
    }

    fn reset(&mut self, seed: u64, observation: &mut [f64]) -> Outcome<()> {
        let (robot, host) = (self.robot, self.host);
        self.start(observation, |qpos, qvel| {
            robot.perturb(&host, seed, qpos, qvel)
        })
    }

    fn step(&mut self, action: &[f32], observation: &mut [f64]) -> Outcome<Step> {
        let Some(steps) = self.steps else {
            return Err(Failure::invalid_argument(
                "step was called before reset or set_state",
            ));
        };
        expect_length("action", action.len(), self.robot.action_dim())?;
        expect_length(
            "observation",
            observation.len(),
            self.robot.observation_dim(),
        )?;
        if !action.iter().all(|a| a.is_finite()) {
            return Err(Failure::non_finite("the action holds a NaN or an infinity"));
        }
        let action: Vec<f32> = match self.clips {
            true => action.iter().map(|a| a.clamp(-1.0, 1.0)).collect(),
            false => action.to_vec(),
        };
        let before = self.distance();
        let advanced = self.simulation.advance(&action);
        forward_warnings(&self.host);
        advanced?;
        let velocity = (self.distance() - before) / self.simulation.step_s();
        let (qpos, qvel) = (self.simulation.qpos(), self.simulation.qvel());
        self.robot.observe(qpos, qvel, observation);
        let steps = steps.saturating_add(1);
        self.steps = Some(steps);
        Ok(Step {
            reward: self.robot.reward(velocity, &action),
            terminated: self.robot.terminated(qpos, qvel),
            truncated: steps >= HORIZON,
        })
    }

    fn set_state(&mut self, state: &[f64], observation: &mut [f64]) -> Outcome<()> {
        let n = self.robot.coordinates();
        expect_length("state", state.len(), 2 * n)?;
        if !state.iter().all(|x| x.is_finite()) {
            return Err(Failure::invalid_argument(
                "the state holds a NaN or an infinity",
            ));
        }
        let (new_qpos, new_qvel) = state.split_at(n);
        self.start(observation, |qpos, qvel| {
            qpos.copy_from_slice(new_qpos);
            qvel.copy_from_slice(new_qvel);
            Ok(())
        })
    }
}

impl Locomotion {
    fn start(
        &mut self,
        observation: &mut [f64],
        state: impl FnOnce(&mut [f64], &mut [f64]) -> Outcome<()>,
    ) -> Outcome<()> {
        expect_length(
            "observation",
            observation.len(),
            self.robot.observation_dim(),
        )?;
        self.steps = None;
        let started = self.simulation.start(state);
        forward_warnings(&self.host);
        started?;
        self.steps = Some(0);
        self.robot
            .observe(self.simulation.qpos(), self.simulation.qvel(), observation);
        Ok(())
    }

    /// Metres travelled along x.
    fn distance(&self) -> f64 {
        self.simulation.qpos().first().copied().unwrap_or(f64::NAN)
    }
}

fn forward_warnings(host: &Host) {
    for warning in messages::take_warnings() {
        host.warn(&format!("mujoco: {warning}"));
    }
}

fn expect_length(name: &str, found: usize, expected: usize) -> Outcome<()> {
    if found == expected {
        return Ok(());
    }
    Err(Failure::invalid_argument(format!(
        "{name} has {found} numbers, expected {expected}"
    )))
}
