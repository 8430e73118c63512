//! The real binary on tiny studies: torch-free fixture plugins, a contextual bandit, results in temporary folders.

#![allow(clippy::unwrap_used, reason = "a failed helper fails the test")]

mod complete;
mod crash;
mod expert;
mod failures;
mod generate;
mod identity;
mod joint;
mod normalizers;
mod online;
mod parts;
mod physics;
mod planning;
mod refusals;
mod report;
mod rewards;
mod scene;
mod study;
