//! Renders a study: tables as Markdown, LaTeX, CSV, JSON, HTML and terminal text, figures as SVG and PNG, and all of it as
//! one HTML page.
//!
//! Every rendering takes the same typed results from `analysis` and only formats them, so that a number is the same
//! number everywhere; CSV and JSON keep all digits. Equal input gives equal bytes. This crate computes no statistics
//! and prints nothing.
//!
//! Figures are written as SVG by hand and turned into PNG by `resvg` with the embedded font Arimo (SIL Open Font
//! License): no system library, no system font, no clock, so the bytes are the same everywhere. Charting crates were
//! left aside because none draws a matrix with numbers and intervals, bands with direct labels, or a stable layout.

mod aggregate;
mod claims;
mod comparison;
mod diagnosis;
mod error;
mod figure;
mod fits;
mod forecast;
mod grid;
mod html;
mod improvement;
mod page;
mod protocol;
mod published;
mod reproduction;
mod tables;
mod tuning;
mod write;

pub use aggregate::{aggregate, profile};
pub use claims::{ClaimsFormat, claims};
pub use comparison::comparison;
pub use diagnosis::diagnosis;
pub use error::{Error, Result};
pub use figure::{FigureFormat, FigureOptions, curve, scaling};
pub use fits::fits;
pub use forecast::forecast;
pub use improvement::{improvement, improvement_figure};
pub use page::{CLAIMS_RECORD, Page, page};
pub use protocol::protocol_differences;
pub use published::{published_defects, published_list, published_recomputed, published_table};
pub use reproduction::reproduction;
pub use tables::{TableFormat, TableOptions, table};
pub use write::{PAGE, Written, write_all};
