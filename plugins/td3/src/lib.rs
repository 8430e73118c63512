//! TD3 and two learners for fixed datasets that are built on it, TD3+BC and ReBRAC: a deterministic policy and an ensemble critic
//! learned together. Equations and conventions: `README.md`.

pub mod common;
pub mod losses;
mod rebrac;
mod td3;
mod td3_bc;

pub use rebrac::{Hyper as RebracHyper, Rebrac};
pub use td3::{Hyper as Td3Hyper, Td3};
pub use td3_bc::{Hyper as Td3BcHyper, Td3Bc};

/// Facts of the library.
pub const INFO: plugin_api::PluginInfo = plugin_api::PluginInfo {
    id: "td3",
    version: env!("CARGO_PKG_VERSION"),
    license: "MIT OR Apache-2.0",
    description: "TD3, TD3+BC and ReBRAC",
    runtimes: &["libtorch 2.11.0"],
};

plugin_api::export!(INFO, learners = [Td3, Td3Bc, Rebrac], environments = []);

#[cfg(test)]
mod tests;
