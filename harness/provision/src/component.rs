//! The components and how a worker loads them.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::recipe::{self, Recipe};

/// Something that the harness or its plugins need and that cargo cannot provide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Component {
    /// libtorch 2.11.0, CPU part, for `tch` 0.24.0: `lib/`, `include/`, `build-version`.
    Libtorch,
    /// MuJoCo 3.9.0 for `mujoco-rs` 5.0.0: `lib/`, `include/`.
    Mujoco,
    /// Model files (`hopper.xml`, ...) of gymnasium 1.4.0's MuJoCo environments.
    GymnasiumModels,
    /// Model files (`walker.xml`, `cheetah.xml`) of dm_control 1.0.39.
    DmControlModels,
    /// Model files (`ant.xml`, `point.xml`) of OGBench 1.2.1.
    OgbenchModels,
    /// Model files of the Franka kitchen of gymnasium-robotics 1.4.2.
    GymnasiumRoboticsModels,
}

impl Component {
    /// All components, in the order in which they are set up.
    pub const ALL: [Self; 6] = [
        Self::Libtorch,
        Self::Mujoco,
        Self::GymnasiumModels,
        Self::DmControlModels,
        Self::OgbenchModels,
        Self::GymnasiumRoboticsModels,
    ];

    /// Whether it is fetched when an environment needs it, and not before.
    pub fn on_demand(self) -> bool {
        matches!(
            self,
            Self::DmControlModels | Self::OgbenchModels | Self::GymnasiumRoboticsModels
        )
    }

    /// Whether it is model files, which suit every platform.
    pub fn is_models(self) -> bool {
        !matches!(self, Self::Libtorch | Self::Mujoco)
    }

    /// The component that holds an environment's model file, such as `gymnasium-1.4.0/hopper.xml`: the cache has one
    /// folder per package. `None` for other names.
    pub fn from_model_file(file: &str) -> Option<Self> {
        let (folder, _) = file.split_once('/')?;
        Self::ALL
            .into_iter()
            .find(|component| component.is_models() && component.recipe().folder() == folder)
    }

    /// Short name: `libtorch`, `mujoco`, `gymnasium`, ...
    pub fn name(self) -> &'static str {
        self.recipe().name
    }

    /// The one version that is provided and accepted.
    pub fn version(self) -> &'static str {
        self.recipe().version
    }

    /// Bytes to download when nothing is there yet.
    pub fn download_bytes(self) -> u64 {
        self.recipe().wheel_bytes()
    }

    /// Bytes of all files once unpacked.
    pub fn disk_bytes(self) -> u64 {
        self.recipe().disk_bytes
    }

    /// The component that a plugin's sidecar names under `runtime`, such as `libtorch 2.11.0`; `None` when there
    /// is none of that name and version.
    pub fn from_runtime(entry: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|component| component.to_string() == entry)
    }

    pub(crate) fn recipe(self) -> &'static Recipe {
        match self {
            Self::Libtorch => &recipe::LIBTORCH,
            Self::Mujoco => &recipe::MUJOCO,
            Self::GymnasiumModels => &recipe::GYMNASIUM_MODELS,
            Self::DmControlModels => &recipe::DM_CONTROL_MODELS,
            Self::OgbenchModels => &recipe::OGBENCH_MODELS,
            Self::GymnasiumRoboticsModels => &recipe::GYMNASIUM_ROBOTICS_MODELS,
        }
    }
}

impl fmt::Display for Component {
    /// `libtorch 2.11.0`: the form that a plugin's sidecar uses under `runtime`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.name(), self.version())
    }
}

/// The shared libraries that a process must load before a plugin that needs `component`, in this order and
/// by full path (`RTLD_NOW | RTLD_LOCAL` suffices: later libraries bind to them by SONAME).
///
/// `dir` is what [`crate::ensure`] or [`crate::located`] returned. Libraries that `dir` lacks are left out: a
/// libtorch from a Python environment finds its CUDA libraries by its own run path. Empty for model files.
pub fn runtime_libraries(component: Component, dir: &Path) -> Vec<PathBuf> {
    let libraries = component.recipe().libraries.iter();
    let paths = libraries.map(|library| dir.join("lib").join(library));
    paths.filter(|path| path.is_file()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_files_name_the_package_that_holds_them() {
        let found = Component::from_model_file;
        assert_eq!(
            found("gymnasium-1.4.0/hopper.xml"),
            Some(Component::GymnasiumModels)
        );
        assert_eq!(
            found("dm_control-1.0.39/common/skybox.xml"),
            Some(Component::DmControlModels)
        );
        for other in ["hopper.xml", "gymnasium-1.3.0/hopper.xml", "mujoco-3.9.0/x"] {
            assert_eq!(found(other), None, "{other}");
        }
    }

    #[test]
    fn runtime_entries_name_a_component_with_its_version() {
        let found = Component::from_runtime("libtorch 2.11.0");
        assert_eq!(found, Some(Component::Libtorch));
        assert_eq!(Component::from_runtime("libtorch 2.10.0"), None);
        for component in Component::ALL {
            assert_eq!(
                Component::from_runtime(&component.to_string()),
                Some(component)
            );
        }
    }
}
