//! TD3: a deterministic policy and an ensemble critic learned together. Equations and conventions: `README.md`.

mod hyper;
pub mod losses;

pub use hyper::Hyper;

use nn::{
    Actor, Adam, EnsembleCritic, Inputs, Layout, Minibatch, ParamSet, Progress, StateReader,
    StateWriter,
};
use plugin_api::{
    Array, Critic, Host, Learner, LearnerInfo, Network, Outcome, Policy, Problem, Provide, Query,
    Upstream,
};
use std::io::{Read, Write};
use tch::Tensor;

/// Facts of the library.
pub const INFO: plugin_api::PluginInfo = plugin_api::PluginInfo {
    id: "td3",
    version: env!("CARGO_PKG_VERSION"),
    license: "MIT OR Apache-2.0",
    description: "TD3",
    runtimes: &["libtorch 2.11.0"],
};

/// The learner.
pub struct Td3 {
    host: Host,
    inputs: Inputs,
    hyper: Hyper,
    progress: Progress,
    discount: f64,
    half_range: f64, // of actions
    actor: Actor,
    mu_target: ParamSet,
    critic: EnsembleCritic,
    q: ParamSet,
    q_target: ParamSet,
    q_adam: Adam,
}

impl Learner for Td3 {
    type Hyper = Hyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "td3",
        version: "1.0.0",
        description: "TD3: a deterministic policy and its critic learned together, for collecting data online",
        requires: &["continuous-actions"],
        provides: &["critic/1", "policy/1"],
        bitwise: true,
    };

    fn create(host: Host, problem: &Problem, hyper: Hyper, upstream: Upstream) -> Outcome<Self> {
        hyper.check()?;
        nn::single_thread();
        let inputs = hyper.actor.inputs(problem, &upstream)?;
        let actor = hyper.actor.create(host, problem, &inputs)?;
        let mut layout = Layout::new();
        let critic = EnsembleCritic::declare(&mut layout, "critic", &inputs, &hyper.critic());
        let q = ParamSet::create(layout, &host, inputs.dims().kind)?;
        Ok(Self {
            host,
            progress: Progress::new(host, problem),
            discount: problem.discount,
            half_range: 0.5 * (problem.action_high - problem.action_low),
            mu_target: actor.params.duplicate(),
            actor,
            critic,
            q_target: q.duplicate(),
            q_adam: Adam::new(&q, hyper.critic_adam(problem)),
            q,
            inputs,
            hyper,
        })
    }

    fn update(&mut self, count: u64) -> Outcome<()> {
        let host = self.host;
        for _ in 0..count {
            let step = self.progress.next()?;
            let batch = self.batch(&host, step)?;
            let q_loss = self.update_critic(&batch, step)?;
            let due = (step + 1).is_multiple_of(self.hyper.policy_delay);
            let actor_loss = if due {
                Some(self.update_policy(&batch)?)
            } else {
                None
            };
            if self.progress.advance() {
                self.progress.metric("q_loss", q_loss)?;
                if let Some(loss) = actor_loss {
                    self.progress.metric("actor_loss", loss)?;
                }
            }
        }
        Ok(())
    }

    fn save(&self, out: &mut dyn Write) -> Outcome<()> {
        let mut out = StateWriter::new(out);
        self.progress.save(&mut out)?;
        self.actor.save(&mut out)?;
        self.mu_target.save("target", &mut out)?;
        self.q.save("online", &mut out)?;
        self.q_target.save("target", &mut out)?;
        self.q_adam.save("critic-adam", &mut out)
    }

    fn load(&mut self, from: &mut dyn Read) -> Outcome<()> {
        let mut from = StateReader::new(from);
        self.progress.load(&mut from)?;
        self.actor.load(&mut from)?;
        self.mu_target.load("target", &mut from)?;
        self.q.load("online", &mut from)?;
        self.q_target.load("target", &mut from)?;
        self.q_adam.load("critic-adam", &mut from)
    }
}

impl Td3 {
    /// The training batch of an update.
    fn batch<'h>(&self, host: &'h Host, step: u64) -> Outcome<Minibatch<'h>> {
        let batch = Minibatch::draw(host, self.inputs.dims(), "train", step)?;
        Ok(batch.seen_by(&self.inputs))
    }

    /// N(0, 1) for the target policy's action in an update, `[B, A]`.
    fn standard_noise(&self, batch: &Minibatch<'_>, step: u64) -> Outcome<Tensor> {
        let dims = self.inputs.dims();
        let (rows, entries) = (batch.rows(), dims.action);
        let noise = self
            .host
            .normal("target-noise", step, (rows * entries) as usize)?;
        let noise = Tensor::from_slice(&noise).to_kind(dims.kind);
        Ok(noise.view([rows, entries]))
    }

    /// One step of the critic; returns its loss.
    fn update_critic(&mut self, batch: &Minibatch<'_>, step: u64) -> Outcome<f64> {
        let noise = self.standard_noise(batch, step)?;
        let y = losses::target(self, batch, &noise)?;
        let loss = losses::critic_loss(self, batch, &y)?;
        let value = self.progress.finite("q_loss", &loss)?;
        self.q_adam.descend(&mut self.q, &loss)?;
        Ok(value)
    }

    /// One step of the policy, after which all targets follow; returns its loss.
    fn update_policy(&mut self, batch: &Minibatch<'_>) -> Outcome<f64> {
        let loss = losses::actor_loss(self, batch)?;
        let value = self.progress.finite("actor_loss", &loss)?;
        self.actor.descend(&loss)?;
        self.mu_target
            .follow(&self.actor.params, self.hyper.target_rate);
        self.q_target.follow(&self.q, self.hyper.target_rate);
        Ok(value)
    }

    fn asked(&self, network: Network) -> &[Tensor] {
        match network {
            Network::Online => self.q.frozen(),
            Network::Target => self.q_target.frozen(),
        }
    }
}

impl Critic for Td3 {
    fn q(&mut self, query: &Query<'_>) -> Outcome<Array> {
        self.critic.answer(self.asked(query.network), query)
    }

    fn q_gradient(&mut self, query: &Query<'_>) -> Outcome<(Array, Array)> {
        self.critic
            .answer_gradient(self.asked(query.network), query)
    }
}

impl Provide for Td3 {
    fn critic(&mut self) -> Option<&mut dyn Critic> {
        Some(self)
    }
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        Some(&mut self.actor)
    }
}

plugin_api::export!(INFO, learners = [Td3], environments = []);

#[cfg(test)]
mod tests;
