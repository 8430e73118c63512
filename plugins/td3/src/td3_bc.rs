//! TD3+BC (Fujimoto and Gu 2021): TD3 on a fixed dataset, with a cloning term.

use crate::common::{self, Common, Losses, Nets, Trainer};
use crate::losses;
use nn::{ActorHyper, Minibatch, StateReader, StateWriter};
use plugin_api::{
    Array, BatchRequest, Critic, Goals, Host, Learner, LearnerInfo, Outcome, Policy, Problem,
    Provide, Query, Upstream,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};
use tch::Tensor;

/// Hyperparameters of TD3+BC.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hyper {
    /// Weight alpha of Q against the cloning term; larger is farther from the data.
    #[schemars(range(min = 0.0))]
    pub alpha: f64,
    /// Those that the learners of this library share.
    #[serde(flatten)]
    pub common: Common,
    /// Those of the policy and its optimiser; the critic has the same hidden layers.
    #[serde(flatten)]
    pub actor: ActorHyper,
}

impl Default for Hyper {
    fn default() -> Self {
        Self {
            alpha: 2.5,
            common: Common::default(),
            actor: common::actor(),
        }
    }
}

impl Losses for Hyper {
    const REQUEST: BatchRequest = BatchRequest {
        goals: Goals::Value,
        next_action: false,
        held_out: false,
    };

    fn common(&self) -> &Common {
        &self.common
    }

    fn actor(&self) -> &ActorHyper {
        &self.actor
    }

    fn check(&self) -> Outcome<()> {
        nn::require("alpha", &self.alpha, 0.0..=f64::MAX)
    }

    fn target(&self, n: &Nets, b: &Minibatch<'_>, standard: &Tensor) -> Outcome<Tensor> {
        let a2 = losses::target_action(n, &*b.next_state()?, standard, &self.common);
        losses::target(n, b, &a2, None)
    }

    fn actor_loss(&self, n: &Nets, b: &Minibatch<'_>) -> Outcome<Tensor> {
        let (mu, q) = losses::value_of_policy(n, b)?;
        Ok(losses::td3_bc(&q, &mu, &*b.action()?, self.alpha))
    }
}

/// The learner.
pub struct Td3Bc {
    pub(crate) trainer: Trainer<Hyper>,
}

impl Learner for Td3Bc {
    type Hyper = Hyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "td3-bc",
        version: "1.0.0",
        description: "TD3+BC: a deterministic policy and its critic learned together from data, with a cloning term",
        requires: &["continuous-actions"],
        provides: &["critic/1", "policy/1"],
        bitwise: true,
    };

    fn create(host: Host, problem: &Problem, hyper: Hyper, upstream: Upstream) -> Outcome<Self> {
        nn::single_thread();
        let trainer = Trainer::create(host, problem, &upstream, hyper)?;
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

impl Critic for Td3Bc {
    fn q(&mut self, query: &Query<'_>) -> Outcome<Array> {
        self.trainer.nets.answer_q(query)
    }

    fn q_gradient(&mut self, query: &Query<'_>) -> Outcome<(Array, Array)> {
        self.trainer.nets.answer_gradient(query)
    }
}

impl Provide for Td3Bc {
    fn critic(&mut self) -> Option<&mut dyn Critic> {
        Some(self)
    }
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        Some(&mut self.trainer.nets.actor)
    }
}
