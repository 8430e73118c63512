//! Statistics over the store with Polars
