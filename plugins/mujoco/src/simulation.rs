//! A model with its simulation state, driven in the order in which gymnasium drives it.

use crate::messages;
use crate::robot::Robot;
use mujoco_rs::prelude::{MjData, MjModel};
use mujoco_rs::wrappers::mj_data::MjtWarning;
use plugin_api::{Failure, Outcome};
use std::path::Path;

/// The one version this plugin may run on: trajectories differ between versions within five steps.
const VERSION: &str = "3.9.0";

/// Warnings after which the state is no longer that of the episode: MuJoCo resets it on its own, or drops the action.
const FATAL: [(MjtWarning, &str); 4] = [
    (MjtWarning::mjWARN_BADQPOS, "a coordinate"),
    (MjtWarning::mjWARN_BADQVEL, "a velocity"),
    (MjtWarning::mjWARN_BADQACC, "an acceleration"),
    (MjtWarning::mjWARN_BADCTRL, "a control"),
];

pub(crate) struct Simulation {
    data: MjData<Box<MjModel>>,
    frame_skip: u32,
}

impl Simulation {
    /// Loads the robot's model from `model_dir`.
    pub(crate) fn load(robot: Robot, model_dir: &Path) -> Outcome<Self> {
        messages::install();
        let found = mujoco_rs::mujoco_version();
        if found != VERSION {
            return Err(Failure::invalid_argument(format!(
                "libmujoco has version {found}, expected {VERSION}"
            )));
        }
        let path = model_dir.join(robot.model_file());
        if !path.is_file() {
            return Err(Failure::invalid_argument(format!(
                "the model file {} does not exist",
                path.display()
            )));
        }
        let model = MjModel::from_xml(&path).map_err(|error| {
            Failure::invalid_argument(format!("the model file {}: {error}", path.display()))
        })?;
        let sizes = [
            model.ffi().nq,
            model.ffi().nv,
            model.ffi().nu,
            model.ffi().na,
        ];
        let (n, a) = (robot.coordinates() as i64, robot.action_dim() as i64);
        if sizes != [n, n, a, 0] {
            return Err(Failure::invalid_argument(format!(
                "the model file {} has [nq, nv, nu, na] = {sizes:?}, expected [{n}, {n}, {a}, 0]",
                path.display()
            )));
        }
        let data = MjData::try_new(Box::new(model))
            .map_err(|error| Failure::invalid_argument(format!("simulation data: {error}")))?;
        Ok(Self {
            data,
            frame_skip: robot.frame_skip(),
        })
    }

    pub(crate) fn qpos(&self) -> &[f64] {
        self.data.qpos()
    }

    pub(crate) fn qvel(&self) -> &[f64] {
        self.data.qvel()
    }

    /// Seconds of one environment step.
    pub(crate) fn step_s(&self) -> f64 {
        self.data.model().opt().timestep * f64::from(self.frame_skip)
    }

    /// Clears everything (time, warm start, controls, warnings) and starts from what `state` makes of the model's
    /// initial coordinates and velocities.
    pub(crate) fn start(
        &mut self,
        state: impl FnOnce(&mut [f64], &mut [f64]) -> Outcome<()>,
    ) -> Outcome<()> {
        self.data.reset();
        let (mut qpos, mut qvel) = (self.qpos().to_vec(), self.qvel().to_vec());
        state(&mut qpos, &mut qvel)?;
        self.data.qpos_mut().copy_from_slice(&qpos);
        self.data.qvel_mut().copy_from_slice(&qvel);
        self.data.forward();
        self.check()
    }

    /// Applies `action` for one environment step.
    pub(crate) fn advance(&mut self, action: &[f32]) -> Outcome<()> {
        self.data
            .ctrl_mut()
            .iter_mut()
            .zip(action)
            .for_each(|(control, a)| *control = f64::from(*a));
        for _ in 0..self.frame_skip {
            self.data.step();
        }
        self.data.rne_post_constraint();
        self.check()
    }

    fn check(&self) -> Outcome<()> {
        let stats = self.data.warning();
        for (kind, what) in FATAL {
            if stats.get(kind as usize).is_some_and(|s| s.number > 0) {
                return Err(Failure::non_finite(format!(
                    "the simulation is unstable: {what} is NaN, infinite or huge"
                )));
            }
        }
        Ok(())
    }
}
