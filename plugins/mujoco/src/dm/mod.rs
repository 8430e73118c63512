//! Walker and cheetah of dm_control's suite, with the tasks of ExoRL.

mod reward;
mod task;

use crate::calls::{self, Counter};
use crate::simulation::{Simulation, forward_warnings};
use mujoco_rs::wrappers::mj_model::{MjtJoint, MjtObj};
use plugin_api::{Environment, EnvironmentInfo, EnvironmentSpec, Failure, Host, Outcome, Step};
use std::f64::consts::PI;
use std::path::Path;
use task::{Body, Task};

/// Steps until truncation: 25 s of the walker, 10 s of the cheetah.
const HORIZON: u32 = 1000;

/// Steps without control that let the cheetah settle after a reset.
const SETTLING_STEPS: u32 = 200;

/// Walker or cheetah of dm_control's suite (`google-deepmind/dm_control:dm_control/suite/{walker,cheetah}.py`).
///
/// Observations are float64 in ExoRL's order: for the walker the orientations of the seven bodies (xx and xz of each
/// rotation matrix, `[14]`), the torso's height (m) and the velocities `[9]`; for the cheetah all coordinates but the
/// distance travelled `[8]` and the velocities `[9]`. States are `qpos ++ qvel` `[18]`. Rewards lie in `[0, 1]`; no
/// episode ends before step 1000. Actions beyond `[-1, 1]` act as the bound does.
pub struct Suite {
    host: Host,
    task: Task,
    simulation: Simulation,
    /// Index of the torso among the bodies.
    torso: usize,
    steps: Counter,
}

const WALKER: &[&str] = &[
    "dm_control-1.0.39/walker.xml",
    "dm_control-1.0.39/common/visual.xml",
    "dm_control-1.0.39/common/skybox.xml",
    "dm_control-1.0.39/common/materials.xml",
];
const CHEETAH: &[&str] = &[
    "dm_control-1.0.39/cheetah.xml",
    "dm_control-1.0.39/common/skybox.xml",
    "dm_control-1.0.39/common/visual.xml",
    "dm_control-1.0.39/common/materials.xml",
];

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

impl Environment for Suite {
    const INFOS: &'static [EnvironmentInfo] = &[
        info(
            "dm-walker/stand-v1",
            "dm_control's planar walker, rewarded for standing upright.",
            WALKER,
        ),
        info(
            "dm-walker/walk-v1",
            "dm_control's planar walker, rewarded for walking at 1 m/s.",
            WALKER,
        ),
        info(
            "dm-walker/run-v1",
            "dm_control's planar walker, rewarded for running at 8 m/s.",
            WALKER,
        ),
        info(
            "dm-cheetah/run-v1",
            "dm_control's cheetah, rewarded for running at 10 m/s.",
            CHEETAH,
        ),
        info(
            "dm-cheetah/run-backward-v1",
            "dm_control's cheetah, rewarded for running backward at 10 m/s, as in ExoRL.",
            CHEETAH,
        ),
    ];

    fn create(host: Host, id: &str, model_dir: &Path) -> Outcome<Self> {
        let found = Self::INFOS.iter().find(|info| info.id == id);
        let parts = found.and_then(|info| Some((Task::of_id(id)?, *info.model_files.first()?)));
        let (task, file) = parts.ok_or_else(|| calls::unknown(id, Self::INFOS))?;
        let created = Simulation::load_unseen(model_dir, file, task.body().sizes());
        forward_warnings(&host);
        let simulation = created?;
        let torso = simulation.model().name_to_id(MjtObj::mjOBJ_BODY, "torso");
        let torso = torso.ok_or_else(|| {
            Failure::invalid_argument(format!("the model file {file} has no body `torso`"))
        })?;
        Ok(Self {
            host,
            task,
            simulation,
            torso,
            steps: Counter::default(),
        })
    }

    fn spec(&self) -> EnvironmentSpec {
        EnvironmentSpec {
            observation_dim: self.task.body().observation_dim(),
            action_dim: 6,
            state_dim: 18,
            action_low: -1.0,
            action_high: 1.0,
            horizon: HORIZON,
            ..EnvironmentSpec::default()
        }
    }

    fn reset(&mut self, seed: u64, observation: &mut [f64]) -> Outcome<()> {
        let body = self.task.body();
        calls::expect_length("observation", observation.len(), body.observation_dim())?;
        let draws = self.host.uniform("reset/qpos", seed, 9)?;
        let joints = joints(&self.simulation);
        self.begin(observation, |simulation| {
            simulation.change(|qpos, _| {
                for ((x, u), joint) in qpos.iter_mut().zip(&draws).zip(&joints) {
                    match *joint {
                        Joint::Limited { low, high } => *x = low + (high - low) * u,
                        Joint::Turning if body == Body::Walker => *x = -PI + 2.0 * PI * u,
                        Joint::Turning | Joint::Free => {}
                    }
                }
                Ok(())
            })?;
            match body {
                Body::Walker => Ok(()),
                Body::Cheetah => simulation.advance_in_halves(SETTLING_STEPS),
            }
        })
    }

    fn step(&mut self, action: &[f32], observation: &mut [f64]) -> Outcome<Step> {
        self.steps.expect_running()?;
        let body = self.task.body();
        calls::expect_action(action, 6)?;
        calls::expect_length("observation", observation.len(), body.observation_dim())?;
        self.simulation
            .control(action.iter().map(|a| f64::from(*a)));
        let advanced = self.simulation.advance_in_halves(body.simulation_steps());
        forward_warnings(&self.host);
        advanced?;
        self.observe(observation);
        let (upright, height_m) = self.posture();
        let velocity = self.simulation.data().sensordata().first().copied();
        Ok(Step {
            reward: self
                .task
                .reward(height_m, upright, velocity.unwrap_or(f64::NAN)),
            terminated: false,
            truncated: self.steps.count() >= HORIZON,
        })
    }

    fn set_state(&mut self, state: &[f64], observation: &mut [f64]) -> Outcome<()> {
        calls::expect_state(state, 18)?;
        let dim = self.task.body().observation_dim();
        calls::expect_length("observation", observation.len(), dim)?;
        let (new_qpos, new_qvel) = state.split_at(9);
        self.begin(observation, |simulation| {
            simulation.change(|qpos, qvel| {
                qpos.copy_from_slice(new_qpos);
                qvel.copy_from_slice(new_qvel);
                Ok(())
            })
        })
    }
}

impl Suite {
    /// dm_control's `reset_context` around `initialize`, and the first observation.
    fn begin(
        &mut self,
        observation: &mut [f64],
        initialize: impl FnOnce(&mut Simulation) -> Outcome<()>,
    ) -> Outcome<()> {
        self.steps.stop();
        self.simulation.clear();
        let simulation = &mut self.simulation;
        let begun = simulation
            .forward_without_actuation()
            .and_then(|()| initialize(simulation))
            .and_then(|()| simulation.forward_without_actuation());
        forward_warnings(&self.host);
        begun?;
        self.steps.start();
        self.observe(observation);
        Ok(())
    }

    /// zz of the torso's rotation matrix, and its height (m).
    fn posture(&self) -> (f64, f64) {
        let data = self.simulation.data();
        let upright = data.xmat().get(self.torso).map_or(f64::NAN, |m| m[8]);
        let height_m = data.xpos().get(self.torso).map_or(f64::NAN, |p| p[2]);
        (upright, height_m)
    }

    fn observe(&self, observation: &mut [f64]) {
        let data = self.simulation.data();
        let orientations = data.xmat().iter().skip(1).flat_map(|m| [m[0], m[2]]);
        let (_, height_m) = self.posture();
        let qvel = self.simulation.qvel().iter().copied();
        let out = observation.iter_mut();
        match self.task.body() {
            Body::Walker => out
                .zip(orientations.chain([height_m]).chain(qvel))
                .for_each(|(out, value)| *out = value),
            Body::Cheetah => out
                .zip(self.simulation.qpos().iter().skip(1).copied().chain(qvel))
                .for_each(|(out, value)| *out = value),
        }
    }
}

/// What a reset does to a joint.
enum Joint {
    Limited { low: f64, high: f64 },
    Turning,
    Free,
}

fn joints(simulation: &Simulation) -> Vec<Joint> {
    let model = simulation.model();
    let limits = model.jnt_limited().iter().zip(model.jnt_range());
    model
        .jnt_type()
        .iter()
        .zip(limits)
        .map(|(kind, (limited, &[low, high]))| match kind {
            _ if *limited => Joint::Limited { low, high },
            MjtJoint::mjJNT_HINGE => Joint::Turning,
            _ => Joint::Free,
        })
        .collect()
}
