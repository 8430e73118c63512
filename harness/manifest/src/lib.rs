//! Manifests, identities and the counter-based random streams; no I/O

pub mod random;
