//! The plugin conformance suite
