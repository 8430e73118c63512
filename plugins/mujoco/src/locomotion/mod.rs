//! Hopper, Walker2d and HalfCheetah, rewarded for speed, as gymnasium and D4RL have them.

mod capsule;
mod robot;

use crate::calls::{self, Counter};
use crate::simulation::{Simulation, forward_warnings};
use plugin_api::{Environment, EnvironmentInfo, EnvironmentSpec, Host, Outcome, Step};
use robot::{Robot, Rules};
use std::path::Path;

/// Steps until truncation.
const HORIZON: u32 = 1000;

/// A planar robot rewarded for speed.
///
/// Observations are `[2 n - 1]` float64 (m, rad, m/s, rad/s) with n coordinates, states `qpos ++ qvel` `[2 n]`.
/// Stepping on after the end of an episode is allowed and continues the simulation.
pub struct Locomotion {
    host: Host,
    robot: Robot,
    rules: Rules,
    simulation: Simulation,
    steps: Counter,
}

const HOPPER: &[&str] = &["gymnasium-1.4.0/hopper.xml"];
const WALKER: &[&str] = &["gymnasium-1.4.0/walker2d.xml"];
const WALKER_5: &[&str] = &["gymnasium-1.4.0/walker2d_v5.xml"];
const CHEETAH: &[&str] = &["gymnasium-1.4.0/half_cheetah.xml"];

const fn info(
    id: &'static str,
    description: &'static str,
    model_files: &'static [&'static str],
) -> EnvironmentInfo {
    EnvironmentInfo {
        id,
        version: "1.0.0",
        description,
        model_files,
    }
}

impl Environment for Locomotion {
    const INFOS: &'static [EnvironmentInfo] = &[
        info(
            "hopper/d4rl-v4",
            "One-legged planar robot; actions are clipped to [-1, 1] before the control cost, as in D4RL.",
            HOPPER,
        ),
        info(
            "walker2d/d4rl-v4",
            "Two-legged planar robot that can fall; actions are clipped to [-1, 1] before the control cost, as in D4RL.",
            WALKER,
        ),
        info(
            "halfcheetah/d4rl-v4",
            "Two-legged planar robot; actions are clipped to [-1, 1] before the control cost, as in D4RL.",
            CHEETAH,
        ),
        info(
            "hopper/d4rl-mj20-v4",
            "As hopper/d4rl-v4, with the masses and inertias that MuJoCo 2.0 gave to capsules.",
            HOPPER,
        ),
        info(
            "walker2d/d4rl-mj20-v4",
            "As walker2d/d4rl-v4, with the masses and inertias that MuJoCo 2.0 gave to capsules.",
            WALKER,
        ),
        info(
            "halfcheetah/d4rl-mj20-v4",
            "As halfcheetah/d4rl-v4, with the masses and inertias that MuJoCo 2.0 gave to capsules.",
            CHEETAH,
        ),
        info(
            "hopper/gymnasium-v4",
            "One-legged planar robot; the control cost is that of the raw action, as in gymnasium.",
            HOPPER,
        ),
        info(
            "walker2d/gymnasium-v4",
            "Two-legged planar robot that can fall; the control cost is that of the raw action, as in gymnasium.",
            WALKER,
        ),
        info(
            "halfcheetah/gymnasium-v4",
            "Two-legged planar robot; the control cost is that of the raw action, as in gymnasium.",
            CHEETAH,
        ),
        info(
            "hopper/gymnasium-v5",
            "As hopper/gymnasium-v4, without the alive bonus on the step that ends an episode.",
            HOPPER,
        ),
        info(
            "walker2d/gymnasium-v5",
            "As walker2d/gymnasium-v4, with equal feet and without the alive bonus on the step that ends an episode.",
            WALKER_5,
        ),
        info(
            "halfcheetah/gymnasium-v5",
            "The same simulation and reward as halfcheetah/gymnasium-v4.",
            CHEETAH,
        ),
    ];

    fn create(host: Host, id: &str, model_dir: &Path) -> Outcome<Self> {
        let found = Self::INFOS.iter().find(|info| info.id == id);
        let parts = found.and_then(|info| {
            let (robot, rules) = Robot::of_id(id)?;
            Some((robot, rules, *info.model_files.first()?))
        });
        let (robot, rules, file) = parts.ok_or_else(|| calls::unknown(id, Self::INFOS))?;
        let created = match rules.old_capsules {
            true => Simulation::load_by(model_dir, file, robot.sizes(), capsule::compile),
            false => Simulation::load(model_dir, file, robot.sizes()),
        };
        forward_warnings(&host);
        Ok(Self {
            host,
            robot,
            rules,
            simulation: created?,
            steps: Counter::default(),
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
        self.steps.expect_running()?;
        calls::expect_action(action, self.robot.action_dim())?;
        calls::expect_length(
            "observation",
            observation.len(),
            self.robot.observation_dim(),
        )?;
        let action: Vec<f32> = match self.rules.clips {
            true => action.iter().map(|a| a.clamp(-1.0, 1.0)).collect(),
            false => action.to_vec(),
        };
        let before = self.distance();
        self.simulation
            .control(action.iter().map(|a| f64::from(*a)));
        let advanced = self.simulation.advance(self.robot.frame_skip());
        forward_warnings(&self.host);
        advanced?;
        let step_s = self.simulation.timestep_s() * f64::from(self.robot.frame_skip());
        let velocity = (self.distance() - before) / step_s;
        let (qpos, qvel) = (self.simulation.qpos(), self.simulation.qvel());
        self.robot.observe(qpos, qvel, observation);
        let terminated = self.robot.terminated(qpos, qvel);
        let alive = !terminated || self.rules.bonus_at_end;
        Ok(Step {
            reward: self.robot.reward(velocity, &action, alive),
            terminated,
            truncated: self.steps.count() >= HORIZON,
        })
    }

    fn set_state(&mut self, state: &[f64], observation: &mut [f64]) -> Outcome<()> {
        let n = self.robot.coordinates();
        calls::expect_state(state, 2 * n)?;
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
        calls::expect_length(
            "observation",
            observation.len(),
            self.robot.observation_dim(),
        )?;
        self.steps.stop();
        let started = self.simulation.start(state);
        forward_warnings(&self.host);
        started?;
        self.steps.start();
        self.robot
            .observe(self.simulation.qpos(), self.simulation.qvel(), observation);
        Ok(())
    }

    /// Metres travelled along x.
    fn distance(&self) -> f64 {
        self.simulation.qpos().first().copied().unwrap_or(f64::NAN)
    }
}
