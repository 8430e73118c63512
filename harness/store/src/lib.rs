//! The append-only result store
