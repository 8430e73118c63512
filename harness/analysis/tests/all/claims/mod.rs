//! Claims on simulated studies in which each claim is true, false or on its boundary by construction.

mod behaviour;
mod power;
pub(crate) mod simulate;
mod truths;
