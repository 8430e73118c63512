//! SARSA: an ensemble critic and a state value of the behaviour policy. Equations and conventions: `README.md`.

mod hyper;
pub mod losses;

pub use hyper::{Hyper, OverMembers};

use nn::{Adam, Dims, Minibatch, Progress, StateReader, StateWriter, ValueNets};
use plugin_api::{
    Array, BatchRequest, Critic, Goals, Host, Learner, LearnerInfo, Outcome, Problem, Provide,
    Query, StateValue, Upstream, View,
};
use std::io::{Read, Write};

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
    host: Host,
    dims: Dims,
    discount: f64,
    hyper: Hyper,
    progress: Progress,
    nets: ValueNets,
    q_adam: Adam,
    v_adam: Adam,
}

impl Learner for Sarsa {
    type Hyper = Hyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "sarsa",
        version: "1.0.0",
        description: "SARSA: an ensemble critic and a state value of the behaviour policy",
        requires: &["continuous-actions"],
        provides: &["critic/1", "state-value/1"],
        bitwise: true,
    };

    fn create(host: Host, problem: &Problem, hyper: Hyper, _: Upstream) -> Outcome<Self> {
        hyper.check()?;
        nn::single_thread();
        let dims = Dims::continuous(problem)?;
        let nets = ValueNets::create(&host, dims, &hyper.mlp(), hyper.ensemble)?;
        Ok(Self {
            host,
            dims,
            discount: problem.discount,
            progress: Progress::new(host, problem),
            q_adam: Adam::new(&nets.q, hyper.adam(problem)),
            v_adam: Adam::new(&nets.v, hyper.adam(problem)),
            nets,
            hyper,
        })
    }

    fn update(&mut self, count: u64) -> Outcome<()> {
        for _ in 0..count {
            let step = self.progress.next()?;
            let batch = Minibatch::draw_with(&self.host, self.dims, "train", step, REQUEST)?;
            let v_loss = losses::value_loss(&self.nets, &batch, &self.hyper)?;
            let v_value = self.progress.finite("v_loss", &v_loss)?;
            self.v_adam.descend(&mut self.nets.v, &v_loss)?;
            let q_loss = losses::critic_loss(&self.nets, &batch, &self.hyper, self.discount)?;
            let q_value = self.progress.finite("q_loss", &q_loss)?;
            self.q_adam.descend(&mut self.nets.q, &q_loss)?;
            self.nets
                .q_target
                .follow(&self.nets.q, self.hyper.target_rate);
            if self.progress.advance() {
                self.progress.metric("v_loss", v_value)?;
                self.progress.metric("q_loss", q_value)?;
            }
        }
        Ok(())
    }

    fn save(&self, out: &mut dyn Write) -> Outcome<()> {
        let mut out = StateWriter::new(out);
        self.progress.save(&mut out)?;
        self.nets.save(&mut out)?;
        self.q_adam.save("critic-adam", &mut out)?;
        self.v_adam.save("value-adam", &mut out)
    }

    fn load(&mut self, from: &mut dyn Read) -> Outcome<()> {
        let mut from = StateReader::new(from);
        self.progress.load(&mut from)?;
        self.nets.load(&mut from)?;
        self.q_adam.load("critic-adam", &mut from)?;
        self.v_adam.load("value-adam", &mut from)
    }
}

impl Critic for Sarsa {
    fn q(&mut self, query: &Query<'_>) -> Outcome<Array> {
        self.nets.answer_q(query)
    }

    fn q_gradient(&mut self, query: &Query<'_>) -> Outcome<(Array, Array)> {
        self.nets.answer_gradient(query)
    }
}

impl StateValue for Sarsa {
    fn v(&mut self, observation: View<'_>, goal: Option<View<'_>>) -> Outcome<Array> {
        self.nets.answer_v(observation, goal)
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
