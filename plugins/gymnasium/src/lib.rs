//! A bridge to Gymnasium environments: a Python child process runs them, frames over pipes carry what they see and say.
//!
//! `gymnasium/<name>` is any environment that Gymnasium's registry knows, `ogbench/<name>` one of OGBench with its goals
//! and tasks. `README.md` beside this crate lists names, failures and traps; `python/bridge.py` is the child.
//!
//! All environments of a worker share one child. Every call has a deadline; a child that misses it, dies or does not
//! keep to the frames is killed, and every later call says why. No thread is started: pipes are polled.

mod behaviour;
mod bridge;
mod child;
mod frame;
mod interpreter;
mod trouble;

#[cfg(test)]
mod child_tests;

pub use bridge::Bridge;
pub use child::PINNED;

const INFO: plugin_api::PluginInfo = plugin_api::PluginInfo {
    id: "gymnasium",
    version: env!("CARGO_PKG_VERSION"),
    license: env!("CARGO_PKG_LICENSE"),
    description: "Any Gymnasium environment, in a Python process.",
    runtimes: &[],
};

plugin_api::export!(INFO, learners = [], environments = [Bridge]);
