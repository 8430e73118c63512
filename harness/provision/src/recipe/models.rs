//! Model files of the Python packages whose environments `plugins/mujoco` repeats.
//!
//! An environment names its files below the cache, with the folder of the package first: `gymnasium-1.4.0/hopper.xml`.

use super::{Pick, Recipe, Wheel};

/// Model files of gymnasium's MuJoCo environments.
pub(crate) static GYMNASIUM_MODELS: Recipe = Recipe {
    name: "gymnasium",
    version: "1.4.0",
    wheels: &[Wheel {
        project: "gymnasium",
        version: "1.4.0",
        file: "gymnasium-1.4.0-py3-none-any.whl",
        sha256: "1cb947c59e7c72d8eabb2c2274c00cd20948e69f8452a9ef4092223be24fdf0e",
        bytes: 476_306,
        picks: &[
            Pick::Tree {
                from: "gymnasium/envs/mujoco/assets/",
                to: "",
                suffix: ".xml",
            },
            Pick::File {
                from: "gymnasium-1.4.0.dist-info/licenses/LICENSE",
                to: "licenses/gymnasium.txt",
            },
        ],
    }],
    texts: &[],
    links: &[],
    libraries: &[],
    disk_bytes: 62_940,
};

/// Model files of dm_control's walker and cheetah.
pub(crate) static DM_CONTROL_MODELS: Recipe = Recipe {
    name: "dm_control",
    version: "1.0.39",
    wheels: &[Wheel {
        project: "dm_control",
        version: "1.0.39",
        file: "dm_control-1.0.39-py3-none-any.whl",
        sha256: "3f29195ab9fa9484b7ccf117bf0a2144cecd7c46570d9db0841cba716f4eff82",
        bytes: 56_446_358,
        picks: &[
            Pick::File {
                from: "dm_control/suite/walker.xml",
                to: "walker.xml",
            },
            Pick::File {
                from: "dm_control/suite/cheetah.xml",
                to: "cheetah.xml",
            },
            Pick::Tree {
                from: "dm_control/suite/common/",
                to: "common/",
                suffix: ".xml",
            },
            Pick::File {
                from: "dm_control-1.0.39.dist-info/licenses/LICENSE",
                to: "licenses/dm_control.txt",
            },
        ],
    }],
    texts: &[],
    links: &[],
    libraries: &[],
    disk_bytes: 19_124,
};

/// Model files of OGBench's ant and point.
pub(crate) static OGBENCH_MODELS: Recipe = Recipe {
    name: "ogbench",
    version: "1.2.1",
    wheels: &[Wheel {
        project: "ogbench",
        version: "1.2.1",
        file: "ogbench-1.2.1-py3-none-any.whl",
        sha256: "597ac2207935e4edc46de5d5742e940a753f2329e18612e9cfe7f9e857435f83",
        bytes: 8_940_331,
        picks: &[
            Pick::File {
                from: "ogbench/locomaze/assets/ant.xml",
                to: "ant.xml",
            },
            Pick::File {
                from: "ogbench/locomaze/assets/point.xml",
                to: "point.xml",
            },
            Pick::File {
                from: "ogbench-1.2.1.dist-info/LICENSE",
                to: "licenses/ogbench.txt",
            },
        ],
    }],
    texts: &[],
    links: &[],
    libraries: &[],
    disk_bytes: 9_405,
};

/// Model files of gymnasium-robotics' Franka kitchen, with the meshes and textures that it refers to.
pub(crate) static GYMNASIUM_ROBOTICS_MODELS: Recipe = Recipe {
    name: "gymnasium-robotics",
    version: "1.4.2",
    wheels: &[Wheel {
        project: "gymnasium-robotics",
        version: "1.4.2",
        file: "gymnasium_robotics-1.4.2-py3-none-any.whl",
        sha256: "a1743530431cb377e6b3b956d284bc96436fc68bac1648ef205054c178e7dc4b",
        bytes: 26_174_405,
        picks: &[
            Pick::Tree {
                from: "gymnasium_robotics/envs/assets/kitchen_franka/",
                to: "kitchen_franka/",
                suffix: "",
            },
            Pick::File {
                from: "gymnasium_robotics/envs/assets/LICENSE.md",
                to: "licenses/gymnasium-robotics-assets.md",
            },
            Pick::File {
                from: "gymnasium_robotics-1.4.2.dist-info/licenses/LICENSE",
                to: "licenses/gymnasium-robotics.txt",
            },
        ],
    }],
    texts: &[],
    links: &[],
    libraries: &[],
    disk_bytes: 15_325_363,
};
