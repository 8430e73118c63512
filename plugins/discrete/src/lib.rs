//! Learners for discrete actions: values of all actions, and three ways to a categorical policy. Sums over actions are
//! exact. Equations and conventions: `README.md`.

mod actor;
mod extract;
mod frozen;
mod hyper;
mod iql;
pub mod losses;
mod rules;
mod space;

pub use actor::Actor;
pub use extract::{Extraction, Loss, Rule};
pub use frozen::FrozenCritic;
pub use hyper::{AwrHyper, BcHyper, Form, IqlHyper, PgBcHyper, QNormalization};
pub use iql::DiscreteIql;
pub use rules::{Ascent, Cloning, DiscreteAwr, DiscreteBc, DiscretePgBc, WeightedCloning};
pub use space::Space;

/// Facts of the library.
pub const INFO: plugin_api::PluginInfo = plugin_api::PluginInfo {
    id: "discrete",
    version: env!("CARGO_PKG_VERSION"),
    license: "MIT OR Apache-2.0",
    description: "Learners for discrete actions",
    runtimes: &["libtorch 2.11.0"],
};

plugin_api::export!(
    INFO,
    learners = [DiscreteIql, DiscreteAwr, DiscretePgBc, DiscreteBc],
    environments = []
);

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod tests;
