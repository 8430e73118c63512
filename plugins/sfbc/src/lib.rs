//! Selection from behaviour candidates: in each state the best of N actions of a behaviour policy under a frozen
//! critic. Nothing is trained. Equations and conventions: `README.md`.

mod act;
mod hyper;
pub mod select;

pub use act::Sfbc;
pub use hyper::{Hyper, Selection};

/// Facts of the library.
pub const INFO: plugin_api::PluginInfo = plugin_api::PluginInfo {
    id: "sfbc",
    version: env!("CARGO_PKG_VERSION"),
    license: "MIT OR Apache-2.0",
    description: "Selection from behaviour candidates",
    runtimes: &[],
};

plugin_api::export!(INFO, learners = [Sfbc], environments = []);

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod tests;
