//! DDPG+BC: a policy that ascends a frozen critic and stays near the data. Equations and conventions: `README.md`.

mod hyper;
pub mod losses;

pub use hyper::{Hyper, QNormalization};

use nn::{Actor, FrozenCritic, Inputs, Minibatch, Progress, StateReader, StateWriter};
use plugin_api::{
    Goals, Host, Learner, LearnerInfo, Outcome, Policy, PolicyUpdate, Problem, Provide, Upstream,
};
use std::io::{Read, Write};
use tch::Tensor;

/// Facts of the library.
pub const INFO: plugin_api::PluginInfo = plugin_api::PluginInfo {
    id: "ddpg-bc",
    version: env!("CARGO_PKG_VERSION"),
    license: "MIT OR Apache-2.0",
    description: "DDPG+BC",
    runtimes: &["libtorch 2.11.0"],
};

/// The smallest divisor of Q.
const SMALLEST_DIVISOR: f64 = 1e-8;

/// The learner.
pub struct DdpgBc {
    host: Host,
    inputs: Inputs,
    hyper: Hyper,
    progress: Progress,
    critic: FrozenCritic,
    divisor: f64, // of Q, where it is a constant of the stage
    actor: Actor,
}

impl Learner for DdpgBc {
    type Hyper = Hyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "ddpg-bc",
        version: "1.0.0",
        description: "deterministic policy gradient on a frozen critic plus behavioural cloning",
        requires: &["continuous-actions", "critic/1", "encoder/1?"],
        provides: &["policy/1", "policy-update/1"],
        bitwise: true,
    };

    fn create(host: Host, problem: &Problem, hyper: Hyper, upstream: Upstream) -> Outcome<Self> {
        nn::require("alpha", &hyper.alpha, 0.0..=f64::MAX)?;
        nn::single_thread();
        let inputs = hyper.actor.inputs(problem, &upstream)?;
        let (network, reduce) = (hyper.critic_network, hyper.critic_reduce);
        Ok(Self {
            host,
            progress: Progress::new(host, problem),
            critic: FrozenCritic::bind(&upstream, inputs.dims(), network, reduce)?,
            divisor: 1.0,
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
            let terms = self.terms(&batch)?;
            let loss = self.progress.finite("actor_loss", &terms.loss)?;
            self.actor.descend(&terms.loss)?;
            if self.progress.advance() {
                self.progress.metric("actor_loss", loss)?;
                self.progress
                    .metric("bc_loss", terms.bc.double_value(&[]))?;
                self.progress
                    .metric("q_mean", terms.q_mean.double_value(&[]))?;
            }
        }
        Ok(())
    }

    fn save(&self, out: &mut dyn Write) -> Outcome<()> {
        let mut out = StateWriter::new(out);
        self.progress.save(&mut out)?;
        out.number("divisor", self.divisor)?;
        self.actor.save(&mut out)
    }

    fn load(&mut self, from: &mut dyn Read) -> Outcome<()> {
        let mut from = StateReader::new(from);
        self.progress.load(&mut from)?;
        self.divisor = from.number("divisor")?;
        self.actor.load(&mut from)
    }
}

/// The loss of a batch and its parts, each `[]`.
struct Terms {
    loss: Tensor,
    bc: Tensor,
    q_mean: Tensor,
}

impl DdpgBc {
    /// The training batch of an update.
    fn batch<'h>(&self, host: &'h Host, step: u64) -> Outcome<Minibatch<'h>> {
        let dims = self.inputs.dims();
        let batch = Minibatch::draw_for(host, dims, "train", step, Goals::Policy)?;
        Ok(batch.seen_by(&self.inputs))
    }

    /// Estimates the constant divisor of Q, before the first update.
    fn normalize(&mut self) -> Outcome<()> {
        if self.hyper.q_normalization == QNormalization::AdvantageStd {
            self.divisor = self.critic.advantage_std(&self.host)?;
        }
        Ok(())
    }

    fn terms(&mut self, batch: &Minibatch<'_>) -> Outcome<Terms> {
        let (s, a) = (batch.state()?, batch.action()?);
        let mu = self.actor.mean(&s);
        let action = self.actor.policy.proposal(&mu);
        let (q, dq_da) = self.critic.q_gradient(batch, &action)?;
        let q_pi = losses::value_of_policy(&q, &dq_da, &action);
        let divisor = match self.hyper.q_normalization {
            QNormalization::MeanAbsQ => losses::mean_abs_q(&q).max(SMALLEST_DIVISOR),
            QNormalization::None | QNormalization::AdvantageStd => self.divisor,
        };
        let bc = losses::bc(&self.actor, &mu, &a, self.hyper.bc_loss);
        Ok(Terms {
            loss: losses::ddpg_bc(&q_pi, divisor, self.hyper.alpha, &bc),
            bc,
            q_mean: q.mean(q.kind()),
        })
    }
}

impl Provide for DdpgBc {
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        Some(&mut self.actor)
    }
    fn policy_update(&mut self) -> Option<&mut dyn PolicyUpdate> {
        Some(&mut self.actor)
    }
}

plugin_api::export!(INFO, learners = [DdpgBc], environments = []);

#[cfg(test)]
mod tests;
