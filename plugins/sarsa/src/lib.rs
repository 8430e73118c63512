//! SARSA: an ensemble critic and a state value of the behaviour policy. Equations and conventions: `README.md`.

mod hyper;
pub mod losses;

pub use hyper::Hyper;

use nn::{Minibatch, StateReader, StateWriter, ValueHyper, ValueLosses, ValueNets, ValueTrainer};
use plugin_api::{
    Array, BatchRequest, Critic, Goals, Host, Learner, LearnerInfo, Outcome, Problem, Provide,
    Query, StateValue, Upstream, View,
};
use std::io::{Read, Write};
use tch::Tensor;

/// Facts of the library.
pub const INFO: plugin_api::PluginInfo = plugin_api::PluginInfo {
    id: "sarsa",
    version: env!("CARGO_PKG_VERSION"),
    license: "MIT OR Apache-2.0",
    description: "SARSA",
    runtimes: &["libtorch 2.11.0"],
};

/// Rows with the action that follows them; with the goals of values, where there are goals.
const REQUEST: BatchRequest = BatchRequest {
    goals: Goals::Value,
    next_action: true,
    held_out: false,
};

/// The learner.
pub struct Sarsa {
    trainer: ValueTrainer<Hyper>,
}

impl ValueLosses for Hyper {
    const REQUEST: BatchRequest = REQUEST;

    fn common(&self) -> &ValueHyper {
        &self.common
    }

    fn value_first(&self) -> bool {
        true
    }

    fn value_loss(&self, nets: &ValueNets, batch: &Minibatch<'_>) -> Outcome<Tensor> {
        losses::value_loss(nets, batch, self)
    }

    fn critic_loss(&self, nets: &ValueNets, batch: &Minibatch<'_>, gamma: f64) -> Outcome<Tensor> {
        losses::critic_loss(nets, batch, self, gamma)
    }
}

impl Learner for Sarsa {
    type Hyper = Hyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "sarsa",
        version: "1.0.0",
        description: "SARSA: an ensemble critic and a state value of the behaviour policy",
        requires: &["continuous-actions", "encoder/1?"],
        provides: &["critic/1", "state-value/1"],
        bitwise: true,
    };

    fn create(host: Host, problem: &Problem, hyper: Hyper, upstream: Upstream) -> Outcome<Self> {
        nn::single_thread();
        let trainer = ValueTrainer::create(host, problem, &upstream, hyper)?;
        Ok(Self { trainer })
    }

    fn update(&mut self, count: u64) -> Outcome<()> {
        self.trainer.update(count)
    }

    fn save(&self, out: &mut dyn Write) -> Outcome<()> {
        self.trainer.save(&mut StateWriter::new(out))
    }

    fn load(&mut self, from: &mut dyn Read) -> Outcome<()> {
        self.trainer.load(&mut StateReader::new(from))
    }
}

impl Critic for Sarsa {
    fn q(&mut self, query: &Query<'_>) -> Outcome<Array> {
        self.trainer.nets.answer_q(query)
    }

    fn q_gradient(&mut self, query: &Query<'_>) -> Outcome<(Array, Array)> {
        self.trainer.nets.answer_gradient(query)
    }
}

impl StateValue for Sarsa {
    fn v(&mut self, observation: View<'_>, goal: Option<View<'_>>) -> Outcome<Array> {
        self.trainer.nets.answer_v(observation, goal)
    }
}

impl Provide for Sarsa {
    fn critic(&mut self) -> Option<&mut dyn Critic> {
        Some(self)
    }
    fn state_value(&mut self) -> Option<&mut dyn StateValue> {
        Some(self)
    }
}

plugin_api::export!(INFO, learners = [Sarsa], environments = []);

#[cfg(test)]
mod tests;
