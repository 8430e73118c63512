//! Behavioural cloning: a Gaussian policy fitted to the data's actions. Equations and conventions: `README.md`.

mod hyper;
pub mod losses;

pub use hyper::Hyper;

use nn::{Actor, Inputs, Minibatch, Progress, StateReader, StateWriter};
use plugin_api::{
    Goals, Host, Learner, LearnerInfo, Outcome, Policy, PolicyUpdate, Problem, Provide, Upstream,
};
use std::io::{Read, Write};
use tch::Tensor;

/// Facts of the library.
pub const INFO: plugin_api::PluginInfo = plugin_api::PluginInfo {
    id: "bc",
    version: env!("CARGO_PKG_VERSION"),
    license: "MIT OR Apache-2.0",
    description: "Behavioural cloning",
    runtimes: &["libtorch 2.11.0"],
};

/// The learner.
pub struct Bc {
    host: Host,
    inputs: Inputs,
    hyper: Hyper,
    progress: Progress,
    actor: Actor,
}

impl Learner for Bc {
    type Hyper = Hyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "bc",
        version: "1.0.0",
        description: "behavioural cloning with a Gaussian policy",
        requires: &["continuous-actions", "encoder/1?"],
        provides: &["policy/1", "policy-update/1"],
        bitwise: true,
    };

    fn create(host: Host, problem: &Problem, hyper: Hyper, upstream: Upstream) -> Outcome<Self> {
        nn::single_thread();
        let inputs = hyper.actor.inputs(problem, &upstream)?;
        Ok(Self {
            host,
            progress: Progress::new(host, problem),
            actor: hyper.actor.create(host, problem, &inputs)?,
            inputs,
            hyper,
        })
    }

    fn update(&mut self, count: u64) -> Outcome<()> {
        let host = self.host;
        for _ in 0..count {
            let step = self.progress.next()?;
            let batch = self.batch(&host, step)?;
            let loss = self.loss(&batch)?;
            let value = self.progress.finite("bc_loss", &loss)?;
            self.actor.descend(&loss)?;
            if self.progress.advance() {
                self.progress.metric("bc_loss", value)?;
            }
        }
        Ok(())
    }

    fn save(&self, out: &mut dyn Write) -> Outcome<()> {
        let mut out = StateWriter::new(out);
        self.progress.save(&mut out)?;
        self.actor.save(&mut out)
    }

    fn load(&mut self, from: &mut dyn Read) -> Outcome<()> {
        let mut from = StateReader::new(from);
        self.progress.load(&mut from)?;
        self.actor.load(&mut from)
    }
}

impl Bc {
    /// The training batch of an update.
    fn batch<'h>(&self, host: &'h Host, step: u64) -> Outcome<Minibatch<'h>> {
        let dims = self.inputs.dims();
        let batch = Minibatch::draw_for(host, dims, "train", step, Goals::Policy)?;
        Ok(batch.seen_by(&self.inputs))
    }

    /// `L` of a batch.  -> `[]`
    fn loss(&self, batch: &Minibatch<'_>) -> Outcome<Tensor> {
        let (s, a) = (batch.state()?, batch.action()?);
        let mu = self.actor.mean(&s);
        Ok(losses::bc(&self.actor, &mu, &a, self.hyper.loss))
    }
}

impl Provide for Bc {
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        Some(&mut self.actor)
    }
    fn policy_update(&mut self) -> Option<&mut dyn PolicyUpdate> {
        Some(&mut self.actor)
    }
}

plugin_api::export!(INFO, learners = [Bc], environments = []);

#[cfg(test)]
mod tests;
