//! On-the-fly policy extraction: while it acts, an action moves along the gradient of a frozen critic. Nothing is
//! trained. Equations and conventions: `README.md`.

mod act;
mod ascent;
mod hyper;
pub mod step;

pub use act::Opex;
pub use hyper::{CriticReduce, Hyper, Normalization};

/// Facts of the library.
pub const INFO: plugin_api::PluginInfo = plugin_api::PluginInfo {
    id: "opex",
    version: env!("CARGO_PKG_VERSION"),
    license: "MIT OR Apache-2.0",
    description: "On-the-fly policy extraction",
    runtimes: &[],
};

plugin_api::export!(INFO, learners = [Opex], environments = []);

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod tests;
