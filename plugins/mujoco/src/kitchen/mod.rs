//! The Franka kitchen with D4RL's observations, noise and rewards.

mod files;
mod plan;
mod tasks;

use crate::calls::{self, Counter};
use crate::simulation::{Simulation, Sizes, forward_warnings};
use files::FILES;
use plan::{BEHAVIOURS, Plan};
use plugin_api::{
    BehaviourInfo, BehaviourRequest, Environment, EnvironmentInfo, EnvironmentSpec, Host, Outcome,
    Step,
};
use std::path::Path;
use tasks::{Element, MIXED, PARTIAL};

/// Steps until truncation.
const HORIZON: u32 = 280;
/// Joints of the arm without its fingers.
const ARM: usize = 7;
/// Simulation steps of an environment step: .08 s.
const FRAME_SKIP: u32 = 40;
/// Joints of the robot, two of them fingers; as many actions.
const ROBOT: usize = 9;
/// Coordinates of robot and objects.
const COORDINATES: usize = 30;
const VELOCITIES: usize = 29;
/// Joint velocity (rad/s, m/s) that an action of 1 asks for.
const ACTION_SCALE: f64 = 2.0;
/// Share of the noise amplitudes that D4RL adds to observations.
const NOISE_RATIO: f64 = 0.1;

/// Where the robot's joints may be sent (rad; m for the fingers), and half-widths of the uniform noise on coordinates:
/// `Farama-Foundation/D4RL:d4rl/kitchen/adept_envs/franka/robot/franka_config.xml`.
const POSITION_BOUNDS: [(f64, f64); ROBOT] = [
    (-2.9, 2.9),
    (-1.8, 1.8),
    (-2.9, 2.9),
    (-3.1, 0.0),
    (-2.9, 2.9),
    (0.0, 3.8),
    (-2.9, 2.9),
    (0.0, 0.04),
    (0.0, 0.04),
];
const NOISE: [f64; COORDINATES] = [
    0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.005, 0.005, 0.0005, 0.0005, 0.0005, 0.0005,
    0.0005, 0.0005, 0.005, 0.005, 0.005, 0.1, 0.1, 0.1, 0.005, 0.005, 0.005, 0.1, 0.1, 0.1, 0.005,
];

/// Coordinates at the start of an episode (`d4rl/kitchen/adept_envs/franka/kitchen_multitask_v0.py`); all velocities
/// are 0.
const INITIAL: [f64; COORDINATES] = [
    1.48388023e-01,
    -1.76848573e+00,
    1.84390296e+00,
    -2.47685760e+00,
    2.60252026e-01,
    7.12533105e-01,
    1.59515394e+00,
    4.79267505e-02,
    3.71350919e-02,
    -2.66279850e-04,
    -5.18043486e-05,
    3.12877220e-05,
    -4.51199853e-05,
    -3.90842156e-06,
    -4.22629655e-05,
    6.28065475e-05,
    4.04984708e-05,
    4.62730939e-04,
    -2.26906415e-04,
    -4.65501369e-04,
    -6.44129196e-03,
    -1.77048263e-03,
    1.08009684e-03,
    -2.69397440e-01,
    3.50383255e-01,
    1.61944683e+00,
    1.00618764e+00,
    4.06395120e-03,
    -6.62095997e-03,
    -2.68278933e-04,
];

/// A robot arm in a kitchen that completes four tasks, in any order (`Farama-Foundation/D4RL:d4rl/kitchen/`, on the model
/// of `Farama-Foundation/Gymnasium-Robotics:gymnasium_robotics/envs/assets/kitchen_franka/`).
///
/// Observations are float64 `[60]`: nine joints of the robot (rad, m), 21 coordinates of objects and 30 of the goal, which
/// is 0 where no task says otherwise. Actions are joint velocities over 2, clipped to `[-1, 1]`; the position that a
/// joint is sent to starts from the last observed one, so the noise of observations reaches the control. The reward is
/// the number of tasks completed by a step, each once; an episode ends with the last. States are `qpos [30] ++ qvel [29]
/// ++ tasks [4]`, 1 for a task that is still to do.
pub struct Kitchen {
    host: Host,
    elements: &'static [&'static Element; 4],
    /// Whether observations have noise.
    noisy: bool,
    simulation: Simulation,
    /// Which of `elements` are still to do.
    open: [bool; 4],
    /// The observed coordinates.
    observed: [f64; COORDINATES],
    seed: u64,
    observations: u64,
    steps: Counter,
    /// The plan of the episode that runs, if it is one of a behaviour.
    plan: Option<Plan>,
}

const fn info(id: &'static str, description: &'static str) -> EnvironmentInfo {
    EnvironmentInfo {
        id,
        version: "1.0.0",
        description,
        model_files: FILES,
    }
}

impl Environment for Kitchen {
    const INFOS: &'static [EnvironmentInfo] = &[
        info(
            "kitchen/d4rl-complete-v0",
            "Franka kitchen as in D4RL: microwave, kettle, light switch, slide cabinet.",
        ),
        info(
            "kitchen/d4rl-partial-v0",
            "Franka kitchen as in D4RL: microwave, kettle, light switch, slide cabinet.",
        ),
        info(
            "kitchen/d4rl-mixed-v0",
            "Franka kitchen as in D4RL: microwave, kettle, bottom burner, light switch.",
        ),
        info(
            "kitchen/noiseless-partial-v0",
            "As kitchen/d4rl-partial-v0, without noise on observations; the arm starts moved by as much.",
        ),
        info(
            "kitchen/noiseless-mixed-v0",
            "As kitchen/d4rl-mixed-v0, without noise on observations; the arm starts moved by as much.",
        ),
    ];

    fn create(host: Host, id: &str, model_dir: &Path) -> Outcome<Self> {
        let (elements, noisy) = match id {
            "kitchen/d4rl-complete-v0" | "kitchen/d4rl-partial-v0" => (&PARTIAL, true),
            "kitchen/d4rl-mixed-v0" => (&MIXED, true),
            "kitchen/noiseless-partial-v0" => (&PARTIAL, false),
            "kitchen/noiseless-mixed-v0" => (&MIXED, false),
            _ => return Err(calls::unknown(id, Self::INFOS)),
        };
        let sizes = Sizes {
            coordinates: COORDINATES,
            velocities: VELOCITIES,
            controls: ROBOT,
        };
        let file = FILES.first().copied().unwrap_or_default();
        let created = Simulation::load_unseen(model_dir, file, sizes);
        forward_warnings(&host);
        Ok(Self {
            host,
            elements,
            noisy,
            simulation: created?,
            open: [true; 4],
            observed: INITIAL,
            seed: 0,
            observations: 0,
            steps: Counter::default(),
            plan: None,
        })
    }

    fn spec(&self) -> EnvironmentSpec {
        EnvironmentSpec {
            observation_dim: 2 * COORDINATES,
            action_dim: ROBOT,
            state_dim: COORDINATES + VELOCITIES + 4,
            action_low: -1.0,
            action_high: 1.0,
            horizon: HORIZON,
            ..EnvironmentSpec::default()
        }
    }

    fn reset(&mut self, seed: u64, observation: &mut [f64]) -> Outcome<()> {
        let mut qpos = INITIAL;
        if !self.noisy {
            let draws = self.host.uniform("reset/qpos", seed, COORDINATES)?;
            add_noise(&mut qpos[..ARM], &draws);
        }
        self.start(seed, &qpos, &[0.0; VELOCITIES], [true; 4], observation)
    }

    fn step(&mut self, action: &[f32], observation: &mut [f64]) -> Outcome<Step> {
        self.steps.expect_running()?;
        calls::expect_action(action, ROBOT)?;
        calls::expect_length("observation", observation.len(), 2 * COORDINATES)?;
        let seen = self.observed;
        let driven = self.drive(action.iter().map(|a| f64::from(*a)), &seen);
        forward_warnings(&self.host);
        driven?;
        self.observe(observation)?;
        let mut completed = 0.0;
        for (element, open) in self.elements.iter().zip(&mut self.open) {
            if *open && element.complete(&self.observed) {
                *open = false;
                completed += 1.0;
            }
        }
        let late = self.steps.count() >= HORIZON;
        let free = self.plan.is_some();
        if let Some(plan) = &mut self.plan {
            plan.advance(&self.observed);
        }
        Ok(Step {
            reward: completed,
            terminated: !free && !self.open.contains(&true),
            truncated: !free && late,
        })
    }

    fn set_state(&mut self, state: &[f64], observation: &mut [f64]) -> Outcome<()> {
        calls::expect_state(state, self.spec().state_dim)?;
        let (qpos, rest) = state.split_at(COORDINATES);
        let (qvel, tasks) = rest.split_at(VELOCITIES);
        let open = std::array::from_fn(|k| tasks.get(k).is_some_and(|task| *task != 0.0));
        self.start(0, qpos, qvel, open, observation)
    }

    fn behaviours(&self) -> &'static [BehaviourInfo] {
        BEHAVIOURS
    }

    fn begin_behaviour(
        &mut self,
        request: &BehaviourRequest,
        seed: u64,
        observation: &mut [f64],
    ) -> Outcome<()> {
        let plan = self.begin_plan(request, seed)?;
        self.reset(seed, observation)?;
        self.plan = Some(plan);
        Ok(())
    }

    fn behaviour_action(&mut self, action: &mut [f32]) -> Outcome<()> {
        self.act(action)
    }
}

impl Kitchen {
    fn start(
        &mut self,
        seed: u64,
        new_qpos: &[f64],
        new_qvel: &[f64],
        open: [bool; 4],
        observation: &mut [f64],
    ) -> Outcome<()> {
        calls::expect_length("observation", observation.len(), 2 * COORDINATES)?;
        self.steps.stop();
        self.plan = None;
        let started = self.simulation.start(|qpos, qvel| {
            qpos.copy_from_slice(new_qpos);
            qvel.copy_from_slice(new_qvel);
            Ok(())
        });
        forward_warnings(&self.host);
        started?;
        (self.seed, self.observations, self.open) = (seed, 0, open);
        self.observe(observation)?;
        self.steps.start();
        Ok(())
    }

    /// One environment step from where joints were seen, with actions in `[-1, 1]`.
    fn drive(
        &mut self,
        action: impl Iterator<Item = f64>,
        seen: &[f64; COORDINATES],
    ) -> Outcome<()> {
        let step_s = self.simulation.timestep_s() * f64::from(FRAME_SKIP);
        let joints = action.zip(seen).zip(POSITION_BOUNDS);
        let targets = joints.map(|((a, position), (low, high))| {
            // D4RL also clips to 10 rad/s, which these actions never reach.
            let velocity = a.clamp(-1.0, 1.0) * ACTION_SCALE;
            (position + velocity * step_s).clamp(low, high)
        });
        self.simulation.control(targets);
        self.simulation.advance(FRAME_SKIP)
    }

    /// Draws the noise of the present observation and writes coordinates and goal.
    fn observe(&mut self, observation: &mut [f64]) -> Outcome<()> {
        let qpos = self.simulation.qpos().iter();
        self.observed
            .iter_mut()
            .zip(qpos)
            .for_each(|(o, x)| *o = *x);
        if self.noisy {
            let stream = format!("observation/{}", self.observations);
            let draws = self.host.uniform(&stream, self.seed, COORDINATES)?;
            add_noise(&mut self.observed, &draws);
        }
        self.observations += 1;
        let goal = tasks::goal(self.elements);
        let values = self.observed.iter().chain(&goal);
        let out = observation.iter_mut();
        out.zip(values).for_each(|(out, value)| *out = *value);
        Ok(())
    }
}

/// Adds D4RL's noise, given uniform numbers in `[0, 1)`, to the first coordinates.
fn add_noise(coordinates: &mut [f64], draws: &[f64]) {
    let noise = NOISE.iter().zip(draws);
    let noise = noise.map(|(amplitude, u)| NOISE_RATIO * amplitude * (2.0 * u - 1.0));
    let coordinates = coordinates.iter_mut();
    coordinates.zip(noise).for_each(|(x, n)| *x += n);
}
