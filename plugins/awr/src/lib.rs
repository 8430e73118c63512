//! Advantage-weighted regression: cloning weighted by an exponential of the advantage. Equations and conventions:
//! `README.md`.

mod hyper;
pub mod losses;
mod weights;

pub use hyper::{AdvantageNormalization, Hyper};
pub use weights::Weights;

use nn::{Actor, Dims, FrozenCritic, Minibatch, Progress, StateReader, StateWriter};
use plugin_api::{Host, Learner, LearnerInfo, Outcome, Policy, Problem, Provide, Upstream};
use std::io::{Read, Write};

/// Facts of the library.
pub const INFO: plugin_api::PluginInfo = plugin_api::PluginInfo {
    id: "awr",
    version: env!("CARGO_PKG_VERSION"),
    license: "MIT OR Apache-2.0",
    description: "Advantage-weighted regression",
    runtimes: &["libtorch 2.11.0"],
};

/// The learner.
pub struct Awr {
    host: Host,
    dims: Dims,
    hyper: Hyper,
    progress: Progress,
    critic: FrozenCritic,
    weights: Weights,
    actor: Actor,
}

impl Learner for Awr {
    type Hyper = Hyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "awr",
        version: "1.0.0",
        description: "advantage-weighted regression of a Gaussian policy on a frozen critic and state value",
        requires: &["critic/1", "state-value/1"],
        provides: &["policy/1"],
        bitwise: true,
    };

    fn create(host: Host, problem: &Problem, hyper: Hyper, upstream: Upstream) -> Outcome<Self> {
        nn::require("temperature", &hyper.temperature, 0.0..=f64::MAX)?;
        nn::require("clip", &hyper.clip, 0.0..=f64::MAX)?;
        nn::single_thread();
        let dims = Dims::continuous(problem)?;
        let (network, reduce) = (hyper.critic_network, hyper.critic_reduce);
        Ok(Self {
            host,
            dims,
            progress: Progress::new(host, problem),
            critic: FrozenCritic::bind(&upstream, dims, network, reduce)?,
            weights: Weights::new(hyper.temperature, hyper.clip, problem.row_count),
            actor: Actor::create(host, problem, hyper.actor(problem))?,
            hyper,
        })
    }

    fn update(&mut self, count: u64) -> Outcome<()> {
        for _ in 0..count {
            let step = self.progress.next()?;
            if step == 0 && self.hyper.advantage_normalization == AdvantageNormalization::Std {
                self.weights.divide(self.critic.advantage_std(&self.host)?);
            }
            let batch = Minibatch::draw(&self.host, self.dims, "train", step)?;
            let w = self
                .weights
                .of(&batch, &mut self.critic)?
                .to_kind(self.dims.kind);
            let mean = self.actor.mean(&*batch.state()?);
            let loss = losses::awr(&self.actor, &w, &mean, &*batch.action()?);
            let value = self.progress.finite("awr_loss", &loss)?;
            self.actor.descend(&loss)?;
            if self.progress.advance() {
                self.progress.metric("awr_loss", value)?;
                let weight_mean = w.mean(self.dims.kind).double_value(&[]);
                self.progress.metric("weight_mean", weight_mean)?;
            }
        }
        Ok(())
    }

    fn save(&self, out: &mut dyn Write) -> Outcome<()> {
        let mut out = StateWriter::new(out);
        self.progress.save(&mut out)?;
        self.weights.save(&mut out)?;
        self.actor.save(&mut out)
    }

    fn load(&mut self, from: &mut dyn Read) -> Outcome<()> {
        let mut from = StateReader::new(from);
        self.progress.load(&mut from)?;
        self.weights.load(&mut from)?;
        self.actor.load(&mut from)
    }
}

impl Provide for Awr {
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        Some(&mut self.actor)
    }
}

plugin_api::export!(INFO, learners = [Awr], environments = []);

#[cfg(test)]
mod tests;
