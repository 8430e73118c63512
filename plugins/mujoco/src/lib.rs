//! Hopper and HalfCheetah on MuJoCo 3.9.0, equal to gymnasium's `-v4` environments bit for bit.
//!
//! Each robot comes in two flavours. `<robot>/d4rl-v4` clips the action to `[-1, 1]` before it reaches the control
//! cost, as D4RL's environments do; this is the one benchmarks use. `<robot>/gymnasium-v4` charges the raw action, as
//! plain gymnasium does; it exists so that the physics can be compared with gymnasium beyond the action bounds.
//!
//! The models are gymnasium 1.4.0's `hopper.xml` and `half_cheetah.xml`. The library binds `libmujoco.so.3.9.0` by its
//! SONAME and carries no search path of its own: whoever loads it loads that library first.

mod environment;
mod messages;
mod robot;
mod simulation;

pub use environment::Locomotion;

const INFO: plugin_api::PluginInfo = plugin_api::PluginInfo {
    id: "mujoco",
    version: env!("CARGO_PKG_VERSION"),
    license: env!("CARGO_PKG_LICENSE"),
    description: "Hopper and HalfCheetah on MuJoCo 3.9.0.",
    runtimes: &["mujoco 3.9.0"],
};

plugin_api::export!(INFO, learners = [], environments = [Locomotion]);
