//! What learner plugins are built from: networks whose parameters lie in one flat tensor, an Adam whose state can be
//! saved, convolutions for images, Gaussian policies, critic ensembles, whole-state serialisation, and tensor views over the
//! plugin boundary.
//!
//! Networks are structure only ([`Mlp`], [`EnsembleCritic`], [`GaussianPolicy`]); numbers live in a [`ParamSet`] and
//! are passed to `forward`, so the online and the target copy of a critic are one structure with two parameter sets.
//!
//! All randomness comes from the host, all state can be written to bytes, and everything runs on one thread. libtorch's
//! own generator, optimisers and modules are not used: they keep state that cannot be saved.
//!
//! Letters in shapes: `B` batch, `S` observation, `G` goal, `A` action, `M` members of an ensemble, `H` hidden units.

mod actor;
mod adam;
mod batch;
mod choices;
mod critic;
mod frozen;
mod hyper;
mod image;
mod init;
mod inputs;
mod kernels;
mod mlp;
mod params;
mod policy;
mod progress;
mod state;
#[cfg(feature = "testing")]
pub mod testing;
mod train;
mod update;
mod value;
mod views;

pub use actor::{Actor, ActorOptions};
pub use adam::{Adam, AdamOptions};
pub use batch::{Dims, Minibatch};
pub use choices::{
    Activation, BcLoss, CriticNetwork, CriticReduce, ImageEncoder, Init, LayerNorm, MeanKind,
    OverMembers, Schedule, StdKind, require, require_units,
};
pub use critic::EnsembleCritic;
pub use frozen::FrozenCritic;
pub use hyper::{ActorHyper, ValueHyper};
pub use image::StateNet;
pub use inputs::Inputs;
pub use mlp::{Mlp, MlpOptions};
pub use params::{Layout, ParamSet, Slot};
pub use policy::{GaussianPolicy, PolicyOptions};
pub use progress::Progress;
pub use state::{StateReader, StateWriter};
pub use train::{ValueLosses, ValueTrainer};
pub use update::kl;
pub use value::ValueNets;
pub use views::{Borrowed, borrow, kind_of, lend, single_thread};
