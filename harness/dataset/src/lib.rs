//! Datasets: Parquet layout, logical digest, data views, importers
