//! Claims on simulated studies in which each claim is true, false or on its boundary by construction.

mod behaviour;
mod power;
mod simulate;
mod truths;
