//! AWAC: a Gaussian policy by advantage-weighted regression and the critic of that policy, learned together. Equations and conventions:
//! `README.md`.

mod hyper;
pub mod losses;

pub use hyper::Hyper;
pub use losses::Nets;

use nn::{
    Adam, AdamOptions, EnsembleCritic, Inputs, Layout, Minibatch, ParamSet, Progress, StateReader,
    StateWriter,
};
use plugin_api::{
    Array, BatchRequest, Critic, Goals, Host, Learner, LearnerInfo, Network, Outcome, Policy,
    PolicyUpdate, Problem, Provide, Query, Upstream,
};
use std::io::{Read, Write};
use tch::Tensor;

/// Facts of the library.
pub const INFO: plugin_api::PluginInfo = plugin_api::PluginInfo {
    id: "awac",
    version: env!("CARGO_PKG_VERSION"),
    license: "MIT OR Apache-2.0",
    description: "AWAC: advantage-weighted actor-critic",
    runtimes: &["libtorch 2.11.0"],
};

/// N(0, 1) behind the two actions that an update samples, `[B, A]` each.
pub struct Noise {
    /// In the next states.
    pub next: Tensor,
    /// In the states.
    pub current: Tensor,
}

/// The learner.
pub struct Awac {
    host: Host,
    inputs: Inputs,
    hyper: Hyper,
    progress: Progress,
    nets: Nets,
    q_adam: Adam,
}

impl Learner for Awac {
    type Hyper = Hyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "awac",
        version: "1.0.0",
        description: "AWAC: a Gaussian policy by advantage-weighted regression, learned together with its critic",
        requires: &["continuous-actions"],
        provides: &["critic/1", "policy/1", "policy-update/1"],
        bitwise: true,
    };

    fn create(host: Host, problem: &Problem, hyper: Hyper, upstream: Upstream) -> Outcome<Self> {
        hyper.check()?;
        nn::single_thread();
        let form = &hyper.actor;
        let inputs = form.inputs(problem, &upstream)?;
        let actor = form.create(host, problem, &inputs)?;
        let mut layout = Layout::new();
        let critic = EnsembleCritic::declare(&mut layout, "critic", &inputs, &hyper.critic());
        let q = ParamSet::create(layout, &host, inputs.dims().kind)?;
        let adam = AdamOptions::new(hyper.critic_learning_rate, form.schedule, problem.updates);
        Ok(Self {
            host,
            progress: Progress::new(host, problem),
            q_adam: Adam::new(&q, adam),
            nets: Nets {
                actor,
                critic,
                q_target: q.duplicate(),
                q,
                discount: problem.discount,
            },
            inputs,
            hyper,
        })
    }

    fn update(&mut self, count: u64) -> Outcome<()> {
        let host = self.host;
        for _ in 0..count {
            let step = self.progress.next()?;
            let batch = self.batch(&host, step)?;
            let noise = Noise {
                next: self.standard_noise("next-action", &batch, step)?,
                current: self.standard_noise("action", &batch, step)?,
            };
            let (q_loss, actor_loss) = self.step(&batch, &noise)?;
            if self.progress.advance() {
                self.progress.metric("q_loss", q_loss)?;
                self.progress.metric("actor_loss", actor_loss)?;
            }
        }
        Ok(())
    }

    fn save(&self, out: &mut dyn Write) -> Outcome<()> {
        let mut out = StateWriter::new(out);
        self.progress.save(&mut out)?;
        self.nets.actor.save(&mut out)?;
        self.nets.q.save("online", &mut out)?;
        self.nets.q_target.save("target", &mut out)?;
        self.q_adam.save("critic-adam", &mut out)
    }

    fn load(&mut self, from: &mut dyn Read) -> Outcome<()> {
        let mut from = StateReader::new(from);
        self.progress.load(&mut from)?;
        self.nets.actor.load(&mut from)?;
        self.nets.q.load("online", &mut from)?;
        self.nets.q_target.load("target", &mut from)?;
        self.q_adam.load("critic-adam", &mut from)
    }
}

impl Awac {
    /// The training batch of an update.
    fn batch<'h>(&self, host: &'h Host, step: u64) -> Outcome<Minibatch<'h>> {
        let request = BatchRequest {
            goals: Goals::Value,
            next_action: false,
            held_out: false,
        };
        let batch = Minibatch::draw_with(host, self.inputs.dims(), "train", step, request)?;
        Ok(batch.seen_by(&self.inputs))
    }

    /// N(0, 1) of a stream in an update, `[B, A]`.
    fn standard_noise(&self, stream: &str, batch: &Minibatch<'_>, step: u64) -> Outcome<Tensor> {
        let dims = self.inputs.dims();
        let (rows, entries) = (batch.rows(), dims.action);
        let noise = self.host.normal(stream, step, (rows * entries) as usize)?;
        Ok(Tensor::from_slice(&noise)
            .to_kind(dims.kind)
            .view([rows, entries]))
    }

    /// One update: L_Q and a step of the critic, L_pi under the new critic and a step of the policy, the target follows. Returns both losses.
    fn step(&mut self, batch: &Minibatch<'_>, noise: &Noise) -> Outcome<(f64, f64)> {
        let nets = &mut self.nets;
        let y = losses::target(nets, batch, &noise.next)?;
        let loss = losses::critic_loss(nets, batch, &y)?;
        let q_loss = self.progress.finite("q_loss", &loss)?;
        self.q_adam.descend(&mut nets.q, &loss)?;

        let bounds = (self.hyper.lambda, self.hyper.clip);
        let w = losses::weights(nets, batch, &noise.current, bounds)?;
        let loss = losses::actor_loss(nets, batch, &w)?;
        let actor_loss = self.progress.finite("actor_loss", &loss)?;
        nets.actor.descend(&loss)?;

        nets.q_target.follow(&nets.q, self.hyper.target_rate);
        Ok((q_loss, actor_loss))
    }

    fn asked(&self, network: Network) -> &[Tensor] {
        match network {
            Network::Online => self.nets.q.frozen(),
            Network::Target => self.nets.q_target.frozen(),
        }
    }
}

impl Critic for Awac {
    fn q(&mut self, query: &Query<'_>) -> Outcome<Array> {
        self.nets.critic.answer(self.asked(query.network), query)
    }

    fn q_gradient(&mut self, query: &Query<'_>) -> Outcome<(Array, Array)> {
        let weights = self.asked(query.network);
        self.nets.critic.answer_gradient(weights, query)
    }
}

impl Provide for Awac {
    fn critic(&mut self) -> Option<&mut dyn Critic> {
        Some(self)
    }
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        Some(&mut self.nets.actor)
    }
    fn policy_update(&mut self) -> Option<&mut dyn PolicyUpdate> {
        Some(&mut self.nets.actor)
    }
}

plugin_api::export!(INFO, learners = [Awac], environments = []);

#[cfg(test)]
mod tests;
