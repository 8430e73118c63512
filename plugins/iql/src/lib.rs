//! Implicit Q-learning, value part: an ensemble critic and a state value. Equations and conventions: `README.md`.

mod hyper;
pub mod losses;

pub use hyper::{Hyper, UpdateOrder};

use nn::{Minibatch, StateReader, StateWriter, ValueHyper, ValueLosses, ValueNets, ValueTrainer};
use plugin_api::{
    Array, BatchRequest, Critic, Goals, Host, Learner, LearnerInfo, Outcome, Problem, Provide,
    Query, StateValue, Upstream, View,
};
use std::io::{Read, Write};
use tch::Tensor;

/// Facts of the library.
pub const INFO: plugin_api::PluginInfo = plugin_api::PluginInfo {
    id: "iql",
    version: env!("CARGO_PKG_VERSION"),
    license: "MIT OR Apache-2.0",
    description: "Implicit Q-learning",
    runtimes: &["libtorch 2.11.0"],
};

/// Rows with the goals of values, where there are goals.
const REQUEST: BatchRequest = BatchRequest {
    goals: Goals::Value,
    next_action: false,
    held_out: false,
};

/// The learner.
pub struct Iql {
    trainer: ValueTrainer<Hyper>,
}

impl ValueLosses for Hyper {
    const REQUEST: BatchRequest = REQUEST;

    fn common(&self) -> &ValueHyper {
        &self.common
    }

    fn value_first(&self) -> bool {
        self.update_order == UpdateOrder::ValueFirst
    }

    fn value_loss(&self, nets: &ValueNets, batch: &Minibatch<'_>) -> Outcome<Tensor> {
        losses::value_loss(nets, batch, self)
    }

    fn critic_loss(&self, nets: &ValueNets, batch: &Minibatch<'_>, gamma: f64) -> Outcome<Tensor> {
        losses::critic_loss(nets, batch, self, gamma)
    }
}

impl Learner for Iql {
    type Hyper = Hyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "iql",
        version: "1.0.0",
        description: "implicit Q-learning: an ensemble critic and a state value by expectile regression",
        requires: &["continuous-actions", "encoder/1?"],
        provides: &["critic/1", "state-value/1"],
        bitwise: true,
    };

    fn create(host: Host, problem: &Problem, hyper: Hyper, upstream: Upstream) -> Outcome<Self> {
        nn::require("expectile", &hyper.expectile, 0.0..=1.0)?;
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

impl Critic for Iql {
    fn q(&mut self, query: &Query<'_>) -> Outcome<Array> {
        self.trainer.nets.answer_q(query)
    }

    fn q_gradient(&mut self, query: &Query<'_>) -> Outcome<(Array, Array)> {
        self.trainer.nets.answer_gradient(query)
    }
}

impl StateValue for Iql {
    fn v(&mut self, observation: View<'_>, goal: Option<View<'_>>) -> Outcome<Array> {
        self.trainer.nets.answer_v(observation, goal)
    }
}

impl Provide for Iql {
    fn critic(&mut self) -> Option<&mut dyn Critic> {
        Some(self)
    }
    fn state_value(&mut self) -> Option<&mut dyn StateValue> {
        Some(self)
    }
}

plugin_api::export!(INFO, learners = [Iql], environments = []);

#[cfg(test)]
mod tests;
