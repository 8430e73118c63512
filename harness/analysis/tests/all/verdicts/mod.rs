//! Verdicts on published cells and comparisons of studies.

mod calibration;
mod cells;
mod golden;
mod studies;
