//! Finds, checks and loads plugins; used inside worker processes only
