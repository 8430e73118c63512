//! Provides libtorch, MuJoCo and the MuJoCo model files from pinned wheels in one per-user cache.
//!
//! [`ensure`] returns a folder that holds a [`Component`], fetching it with pip when it is not there yet;
//! [`located`] answers without network. What a folder must contain is fixed in the source: each wheel by its
//! SHA-256, each unpacked file by a list that is written last.
//!
//! ```text
//! <cache>/libtorch-2.11.0/    lib/  include/  build-version   FILES.sha256  READY.json
//! <cache>/mujoco-3.9.0/       lib/  include/                  FILES.sha256  READY.json
//! <cache>/gymnasium-1.4.0/    hopper.xml ...                  FILES.sha256  READY.json
//! <cache>/ogbench-1.2.1/      ant.xml  point.xml              FILES.sha256  READY.json
//! <cache>/.work/              locks and what is being fetched; safe to delete when nothing runs
//! ```
//!
//! A folder appears under its final name by one rename, so it is either complete or absent. One file lock per
//! component lets a single process fetch while the others wait; what a killed process left is reused where its
//! hash is right and removed otherwise.
//!
//! [`create_python_side`] sets up the interpreter that runs the environments of Gymnasium, which few need.
//!
//! This crate reads no environment variable and prints nothing: see [`Settings::from_lookup`] and [`Progress`].

mod component;
mod ensure;
mod error;
mod fetch;
#[cfg(test)]
mod fetch_tests;
mod lock;
mod pip;
mod progress;
mod python_side;
mod ready;
mod recipe;
mod settings;
mod unpack;

pub use component::{Component, runtime_libraries};
pub use ensure::{ensure, located, verify};
pub use error::Error;
pub use progress::{Event, Progress, Silent, Step};
pub use python_side::{PythonSide, create_python_side, located_python_side, verify_python_side};
pub use settings::Settings;
