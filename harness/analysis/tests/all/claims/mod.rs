//! Claims on simulated studies in which each claim is true, false or on its boundary by construction.

mod association;
mod behaviour;
mod planning;
mod power;
pub(crate) mod simulate;
mod truths;
