//! The plugin boundary: the C header `include/assay/plugin.h` is the specification, [`abi`] mirrors its layout, and
//! the rest of this crate is the safe SDK for plugin authors in Rust.
//!
//! A learner implements [`Learner`] and whichever interfaces of [`Provide`] it offers; the library ends with one
//! [`export!`]. Every exported function has a panic guard inside; after a panic the instance is poisoned. No Rust type crosses: arrays are DLPack views ([`View`], [`Array`]), hyperparameters are JSON text.
//!
//! This crate does no I/O and depends on no other crate of the project.

pub mod abi;
pub mod behaviour;
mod check;
mod choices;
pub mod environment;
mod export;
mod failure;
mod handles;
mod host;
mod interface;
pub mod learner;
pub mod raw;
pub mod serve;
mod tensor;
mod upstream;

pub use behaviour::{BehaviourInfo, BehaviourRequest};
pub use choices::{CriticNetwork, CriticReduce, require};
pub use environment::{Environment, EnvironmentInfo, EnvironmentSpec, Functional, Oracle, Step};
pub use export::{Descriptor, PluginInfo};
pub use failure::{Code, Failure, Outcome};
pub use handles::{
    CriticHandle, DiscreteCriticHandle, DiscretePolicyHandle, EncoderHandle, PolicyHandle,
    PolicyUpdateHandle, StateValueHandle, TestTimeHandle,
};
pub use host::{Batch, BatchRequest, Goals, Host};
pub use interface::{
    ActMode, Critic, DiscreteCritic, DiscretePolicy, Encoder, Network, Policy, PolicyUpdate,
    Provide, Query, Reduce, StateValue, TestTime, TestTimeCounts,
};
pub use learner::{Learner, LearnerInfo, Precision, Problem};
pub use schemars;
pub use serde;
pub use tensor::{Array, Buffer, Dtype, Element, View, output_slice};
pub use upstream::Upstream;
