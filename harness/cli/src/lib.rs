//! The assay command line
