//! Environments on MuJoCo 3.9.0, equal to their Python originals.
//!
//! `locomotion`: Hopper, Walker2d and HalfCheetah, equal to gymnasium 1.4.0 bit for bit. `<robot>/d4rl-v4` clips the
//! action to `[-1, 1]` before it reaches the control cost, as D4RL's environments do; this is the one benchmarks use.
//! `<robot>/d4rl-mj20-v4` also has the inertias of MuJoCo 2.0, with which D4RL's data were made.
//! `<robot>/gymnasium-v4` and `-v5` charge the raw action, as plain gymnasium does; they exist so that the physics can
//! be compared with gymnasium beyond the action bounds.
//!
//! `dm`: dm_control's walker and cheetah with the tasks of ExoRL. `maze`: an ant or a point that seeks a goal, as in
//! OGBench and D4RL. `kitchen`: the Franka kitchen with D4RL's observations and noise.
//!
//! Model files come from pinned wheels and lie in one folder per package below the model folder. The library binds
//! `libmujoco.so.3.9.0` by its SONAME and carries no search path of its own: whoever loads it loads that library first.

mod calls;
mod dm;
mod kitchen;
mod locomotion;
mod maze;
mod messages;
mod simulation;

pub use dm::Suite;
pub use kitchen::Kitchen;
pub use locomotion::Locomotion;
pub use maze::{GAIT_FEATURES, Gait, GaitWeights, Maze};

const INFO: plugin_api::PluginInfo = plugin_api::PluginInfo {
    id: "mujoco",
    version: env!("CARGO_PKG_VERSION"),
    license: env!("CARGO_PKG_LICENSE"),
    description: "Environments on MuJoCo 3.9.0.",
    runtimes: &["mujoco 3.9.0"],
};

plugin_api::export!(
    INFO,
    learners = [],
    environments = [Locomotion, Suite, Maze, Kitchen]
);
