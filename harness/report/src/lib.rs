//! Renders tables and figures
