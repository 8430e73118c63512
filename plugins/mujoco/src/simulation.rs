//! A model with its simulation state, driven in the orders in which the Python originals drive it.

use crate::messages;
use mujoco_rs::prelude::{MjData, MjModel};
use mujoco_rs::wrappers::mj_data::MjtState;
use mujoco_rs::wrappers::mj_data::MjtWarning;
use mujoco_rs::wrappers::mj_editing::MjSpec;
use mujoco_rs::wrappers::mj_model::{MjtDisableBit, MjtObj};
use plugin_api::{Failure, Host, Outcome};
use std::path::{Path, PathBuf};

/// The one version this plugin may run on: trajectories differ between versions within five steps.
const VERSION: &str = "3.9.0";

/// Warnings after which the state is no longer that of the episode: MuJoCo resets it on its own, or drops the action.
const FATAL: [(MjtWarning, &str); 4] = [
    (MjtWarning::mjWARN_BADQPOS, "a coordinate"),
    (MjtWarning::mjWARN_BADQVEL, "a velocity"),
    (MjtWarning::mjWARN_BADQACC, "an acceleration"),
    (MjtWarning::mjWARN_BADCTRL, "a control"),
];

/// Numbers of coordinates, velocities and controls that a model must have; none of these models has activations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) coordinates: usize,
    pub(crate) velocities: usize,
    pub(crate) controls: usize,
}

/// A named place of a model: the index of a site.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place(usize);

pub(crate) struct Simulation {
    data: MjData<Box<MjModel>>,
}

impl Simulation {
    /// Loads the model file `file` below `model_dir`.
    pub(crate) fn load(model_dir: &Path, file: &str, sizes: Sizes) -> Outcome<Self> {
        Self::load_by(model_dir, file, sizes, |path| {
            MjModel::from_xml(path).map_err(|error| error.to_string())
        })
    }

    /// As `load`, without what is only seen (textures, meshes and geoms that touch nothing): the same simulation in a
    /// hundredth of the memory.
    pub(crate) fn load_unseen(model_dir: &Path, file: &str, sizes: Sizes) -> Outcome<Self> {
        Self::load_by(model_dir, file, sizes, |path| {
            let mut spec = MjSpec::from_xml(path).map_err(|error| error.to_string())?;
            spec.compiler_mut().set_discardvisual(true);
            spec.compile().map_err(|error| error.to_string())
        })
    }

    /// Loads the model that `compile` makes of the model file `file` below `model_dir`.
    pub(crate) fn load_by(
        model_dir: &Path,
        file: &str,
        sizes: Sizes,
        compile: impl FnOnce(&Path) -> Result<MjModel, String>,
    ) -> Outcome<Self> {
        check_version()?;
        let path = existing(model_dir, file)?;
        let model = compile(&path).map_err(|error| {
            Failure::invalid_argument(format!("the model file {}: {error}", path.display()))
        })?;
        Self::of_model(model, &path, sizes)
    }

    fn of_model(model: MjModel, path: &Path, sizes: Sizes) -> Outcome<Self> {
        let found = [
            model.ffi().nq,
            model.ffi().nv,
            model.ffi().nu,
            model.ffi().na,
        ];
        let expected = [
            sizes.coordinates as i64,
            sizes.velocities as i64,
            sizes.controls as i64,
            0,
        ];
        if found != expected {
            return Err(Failure::invalid_argument(format!(
                "the model file {} has [nq, nv, nu, na] = {found:?}, expected {expected:?}",
                path.display()
            )));
        }
        let data = MjData::try_new(Box::new(model))
            .map_err(|error| Failure::invalid_argument(format!("simulation data: {error}")))?;
        Ok(Self { data })
    }

    pub(crate) fn data(&self) -> &MjData<Box<MjModel>> {
        &self.data
    }

    pub(crate) fn model(&self) -> &MjModel {
        self.data.model()
    }

    pub(crate) fn qpos(&self) -> &[f64] {
        self.data.qpos()
    }

    pub(crate) fn qvel(&self) -> &[f64] {
        self.data.qvel()
    }

    /// Seconds of one simulation step.
    pub(crate) fn timestep_s(&self) -> f64 {
        self.data.model().opt().timestep
    }

    /// Clears everything: time, warm start, controls, warnings. Coordinates and velocities are the model's initial ones.
    pub(crate) fn clear(&mut self) {
        self.data.reset();
    }

    /// Lets `change` alter coordinates and velocities, without any computation.
    pub(crate) fn change(
        &mut self,
        change: impl FnOnce(&mut [f64], &mut [f64]) -> Outcome<()>,
    ) -> Outcome<()> {
        let (mut qpos, mut qvel) = (self.qpos().to_vec(), self.qvel().to_vec());
        change(&mut qpos, &mut qvel)?;
        self.data.qpos_mut().copy_from_slice(&qpos);
        self.data.qvel_mut().copy_from_slice(&qvel);
        Ok(())
    }

    /// Lets `change` alter coordinates and velocities and computes what depends on them, as gymnasium's `set_state`.
    pub(crate) fn place(
        &mut self,
        change: impl FnOnce(&mut [f64], &mut [f64]) -> Outcome<()>,
    ) -> Outcome<()> {
        self.change(change)?;
        self.data.forward();
        self.check()
    }

    /// Clears everything and starts from what `state` makes of the model's initial coordinates and velocities.
    pub(crate) fn start(
        &mut self,
        state: impl FnOnce(&mut [f64], &mut [f64]) -> Outcome<()>,
    ) -> Outcome<()> {
        self.clear();
        self.place(state)
    }

    /// Computes what depends on the state, with the actuators switched off.
    pub(crate) fn forward_without_actuation(&mut self) -> Outcome<()> {
        let flag = MjtDisableBit::mjDSBL_ACTUATION as i32;
        let before = self.data.model_opt().disableflags;
        self.data.model_opt_mut().disableflags = before | flag;
        self.data.forward();
        self.data.model_opt_mut().disableflags = before;
        self.check()
    }

    /// Sets the controls to `action`, which the model's actuators clip.
    pub(crate) fn control(&mut self, action: impl IntoIterator<Item = f64>) {
        let controls = self.data.ctrl_mut().iter_mut();
        controls.zip(action).for_each(|(control, a)| *control = a);
    }

    /// `steps` simulation steps.
    pub(crate) fn step(&mut self, steps: u32) -> Outcome<()> {
        for _ in 0..steps {
            self.data.step();
        }
        self.check()
    }

    /// `steps` simulation steps and the contact forces, as gymnasium's `do_simulation`.
    pub(crate) fn advance(&mut self, steps: u32) -> Outcome<()> {
        for _ in 0..steps {
            self.data.step();
        }
        self.data.rne_post_constraint();
        self.check()
    }

    /// `steps` simulation steps in dm_control's order: the second half of the step begun before, whole steps, the first
    /// half of the next. So everything that depends on coordinates and velocities is up to date afterwards.
    pub(crate) fn advance_in_halves(&mut self, steps: u32) -> Outcome<()> {
        self.data.step2();
        for _ in 1..steps {
            self.data.step();
        }
        self.data.step1();
        self.check()
    }

    /// The site `name`.
    pub(crate) fn site(&self, name: &str) -> Outcome<Place> {
        let found = self.model().name_to_id(MjtObj::mjOBJ_SITE, name);
        found
            .map(Place)
            .ok_or_else(|| Failure::invalid_argument(format!("the model has no site `{name}`")))
    }

    /// Distance (m) between two sites.
    pub(crate) fn distance_m(&self, one: Place, other: Place) -> f64 {
        let places = self.data.site_xpos();
        let (Some(a), Some(b)) = (places.get(one.0), places.get(other.0)) else {
            return f64::NAN;
        };
        let squares = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b));
        squares.sum::<f64>().sqrt()
    }

    /// Everything that the next steps depend on.
    pub(crate) fn save(&self) -> Box<[f64]> {
        self.data.state(MjtState::mjSTATE_INTEGRATION as u32)
    }

    /// Puts back what `save` gave, and forgets that the simulation has been unstable since; what depends on the state is
    /// computed by the next step.
    pub(crate) fn restore(&mut self, saved: &[f64]) -> Outcome<()> {
        let warnings = self.data.warning_mut();
        for (kind, _) in FATAL {
            if let Some(stat) = warnings.get_mut(kind as usize) {
                stat.number = 0;
            }
        }
        self.data
            .set_state(saved, MjtState::mjSTATE_INTEGRATION as u32)
            .map_err(|error| Failure::invalid_argument(format!("a saved state: {error}")))
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

fn check_version() -> Outcome<()> {
    messages::install();
    let found = mujoco_rs::mujoco_version();
    if found == VERSION {
        return Ok(());
    }
    Err(Failure::invalid_argument(format!(
        "libmujoco has version {found}, expected {VERSION}"
    )))
}

fn existing(model_dir: &Path, file: &str) -> Outcome<PathBuf> {
    let path = model_dir.join(file);
    if path.is_file() {
        return Ok(path);
    }
    Err(Failure::invalid_argument(format!(
        "the model file {} does not exist",
        path.display()
    )))
}

/// Hands the warnings that MuJoCo gave on this thread to the host's log.
pub(crate) fn forward_warnings(host: &Host) {
    for warning in messages::take_warnings() {
        host.warn(&format!("mujoco: {warning}"));
    }
}
