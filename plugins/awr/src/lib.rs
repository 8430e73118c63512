//! Advantage-weighted regression: cloning weighted by an exponential of the advantage. Equations and conventions:
//! `README.md`.

mod hyper;
pub mod losses;
mod weights;

pub use hyper::{AdvantageNormalization, Hyper};
pub use weights::Weights;

use nn::{Actor, FrozenCritic, Inputs, Minibatch, Progress, StateReader, StateWriter};
use plugin_api::{
    Goals, Host, Learner, LearnerInfo, Outcome, Policy, PolicyUpdate, Problem, Provide, Upstream,
};
use std::io::{Read, Write};
use tch::Tensor;

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
    inputs: Inputs,
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
        requires: &[
            "continuous-actions",
            "critic/1",
            "state-value/1",
            "encoder/1?",
        ],
        provides: &["policy/1", "policy-update/1"],
        bitwise: true,
    };

    fn create(host: Host, problem: &Problem, hyper: Hyper, upstream: Upstream) -> Outcome<Self> {
        nn::require("temperature", &hyper.temperature, 0.0..=f64::MAX)?;
        nn::require("clip", &hyper.clip, 0.0..=f64::MAX)?;
        nn::single_thread();
        let inputs = hyper.actor.inputs(problem, &upstream)?;
        let dims = inputs.dims();
        let (network, reduce) = (hyper.critic_network, hyper.critic_reduce);
        let kept = if dims.goal == 0 { problem.row_count } else { 0 };
        Ok(Self {
            host,
            progress: Progress::new(host, problem),
            critic: FrozenCritic::bind(&upstream, dims, network, reduce)?,
            weights: Weights::new(&hyper, dims.kind, kept),
            actor: hyper.actor.create(host, problem, &inputs)?,
            inputs,
            hyper,
        })
    }

    fn update(&mut self, count: u64) -> Outcome<()> {
        let host = self.host;
        for _ in 0..count {
            let step = self.progress.next()?;
            if step == 0 {
                self.normalize()?;
            }
            let batch = self.batch(&host, step)?;
            let w = self.weights.of(&batch, &mut self.critic)?;
            let loss = self.loss(&batch, &w)?;
            let value = self.progress.finite("awr_loss", &loss)?;
            self.actor.descend(&loss)?;
            if self.progress.advance() {
                self.progress.metric("awr_loss", value)?;
                self.progress
                    .metric("weight_mean", w.mean(w.kind()).double_value(&[]))?;
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

impl Awr {
    /// The training batch of an update.
    fn batch<'h>(&self, host: &'h Host, step: u64) -> Outcome<Minibatch<'h>> {
        let dims = self.inputs.dims();
        let batch = Minibatch::draw_for(host, dims, "train", step, Goals::Policy)?;
        Ok(batch.seen_by(&self.inputs))
    }

    /// Estimates the divisor of the advantage, before the first update.
    fn normalize(&mut self) -> Outcome<()> {
        if self.hyper.advantage_normalization == AdvantageNormalization::Std {
            self.weights.divisor = self.critic.advantage_std(&self.host)?;
        }
        Ok(())
    }

    /// `L` of a batch whose weights are `w: [B]`.  -> `[]`
    fn loss(&self, batch: &Minibatch<'_>, w: &Tensor) -> Outcome<Tensor> {
        let (s, a) = (batch.state()?, batch.action()?);
        let mu = self.actor.mean(&s);
        Ok(losses::awr(&self.actor, w, &mu, &a))
    }
}

impl Provide for Awr {
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        Some(&mut self.actor)
    }
    fn policy_update(&mut self) -> Option<&mut dyn PolicyUpdate> {
        Some(&mut self.actor)
    }
}

plugin_api::export!(INFO, learners = [Awr], environments = []);

#[cfg(test)]
mod tests;
