//! Test-time training: a policy is updated on the states that it meets in evaluation, along the gradient of a frozen
//! critic and near the offline policy. Equations and conventions: `README.md`.

mod act;
mod hyper;
mod improve;
mod visited;

pub use act::Ttt;
pub use hyper::{Hyper, QNormalization, Reset};

/// Facts of the library.
pub const INFO: plugin_api::PluginInfo = plugin_api::PluginInfo {
    id: "ttt",
    version: env!("CARGO_PKG_VERSION"),
    license: "MIT OR Apache-2.0",
    description: "Test-time training",
    runtimes: &[],
};

plugin_api::export!(INFO, learners = [Ttt], environments = []);

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod tests;
