//! ReBRAC (Tarasov et al. 2023): TD3 on a fixed dataset, held near it in the policy and in the target.

use crate::common::{self, Common, Losses, Nets, Trainer};
use crate::losses;
use nn::{ActorHyper, LayerNorm, Minibatch, StateReader, StateWriter};
use plugin_api::{
    Array, BatchRequest, Critic, Goals, Host, Learner, LearnerInfo, Outcome, Policy, Problem,
    Provide, Query, Upstream,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};
use tch::Tensor;

/// Hyperparameters of ReBRAC.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hyper {
    /// Weight beta_1 of the cloning term of the policy.
    #[schemars(range(min = 0.0))]
    pub actor_bc_weight: f64,
    /// Weight beta_2 of the penalty on the target.
    #[schemars(range(min = 0.0))]
    pub critic_bc_weight: f64,
    /// Whether Q is divided by the mean of its absolute value in the policy's loss.
    pub normalize_q: bool,
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
            actor_bc_weight: 1.0,
            critic_bc_weight: 1.0,
            normalize_q: true,
            common: Common {
                critic_layer_norm: LayerNorm::AfterActivation,
                ..Common::default()
            },
            actor: common::actor(),
        }
    }
}

impl Losses for Hyper {
    const REQUEST: BatchRequest = BatchRequest {
        goals: Goals::Value,
        next_action: true,
        held_out: false,
    };

    fn common(&self) -> &Common {
        &self.common
    }

    fn actor(&self) -> &ActorHyper {
        &self.actor
    }

    fn check(&self) -> Outcome<()> {
        nn::require("actor_bc_weight", &self.actor_bc_weight, 0.0..=f64::MAX)?;
        nn::require("critic_bc_weight", &self.critic_bc_weight, 0.0..=f64::MAX)
    }

    fn target(&self, n: &Nets, b: &Minibatch<'_>, standard: &Tensor) -> Outcome<Tensor> {
        let a2 = losses::target_action(n, &*b.next_state()?, standard, &self.common);
        let penalty = losses::critic_penalty(b, &a2, self.critic_bc_weight)?;
        losses::target(n, b, &a2, Some(penalty))
    }

    fn actor_loss(&self, n: &Nets, b: &Minibatch<'_>) -> Outcome<Tensor> {
        let (mu, q) = losses::value_of_policy(n, b)?;
        let (beta_1, a) = (self.actor_bc_weight, b.action()?);
        Ok(losses::rebrac(&q, &mu, &a, beta_1, self.normalize_q))
    }
}

/// The learner.
pub struct Rebrac {
    pub(crate) trainer: Trainer<Hyper>,
}

impl Learner for Rebrac {
    type Hyper = Hyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "rebrac",
        version: "1.0.0",
        description: "ReBRAC: a deterministic policy and its critic learned together from data, both held near it",
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

impl Critic for Rebrac {
    fn q(&mut self, query: &Query<'_>) -> Outcome<Array> {
        self.trainer.nets.answer_q(query)
    }

    fn q_gradient(&mut self, query: &Query<'_>) -> Outcome<(Array, Array)> {
        self.trainer.nets.answer_gradient(query)
    }
}

impl Provide for Rebrac {
    fn critic(&mut self) -> Option<&mut dyn Critic> {
        Some(self)
    }
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        Some(&mut self.trainer.nets.actor)
    }
}
