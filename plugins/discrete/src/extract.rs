//! Training of a categorical policy by a rule: what all extractions have in common.

use crate::actor::Actor;
use crate::hyper::Form;
use crate::space::Space;
use nn::{Minibatch, Progress, StateReader, StateWriter};
use plugin_api::{
    DiscretePolicy, Goals, Host, Learner, LearnerInfo, Outcome, Policy, Problem, Provide, Upstream,
};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use std::io::{Read, Write};
use tch::Tensor;

/// What a policy is trained by.
pub trait Rule: Sized + 'static {
    /// Hyperparameters of rule, network and optimiser.
    type Hyper: Form + Serialize + DeserializeOwned + JsonSchema + Default;

    /// Static facts of the learner.
    const INFO: LearnerInfo;

    /// What the loss is called among the metrics.
    const LOSS: &'static str;

    /// The rule with the values of earlier stages that it needs; errors naming a hyperparameter that is out of range.
    fn bind(space: Space, hyper: Self::Hyper, upstream: &Upstream) -> Outcome<Self>;

    /// Estimates constants of the stage before the first update.
    fn prepare(&mut self, _host: &Host) -> Outcome<()> {
        Ok(())
    }

    /// The loss of a batch.  `log_pi: [B, K]`, `a: [B]` int64
    fn loss(&mut self, batch: &Minibatch<'_>, log_pi: &Tensor, a: &Tensor) -> Outcome<Loss>;

    /// Writes the constants of the stage.
    fn save(&self, _out: &mut StateWriter<'_>) -> Outcome<()> {
        Ok(())
    }

    /// Restores what `save` wrote.
    fn load(&mut self, _from: &mut StateReader<'_>) -> Outcome<()> {
        Ok(())
    }
}

/// A scalar to descend, and what is recorded beside it.
pub struct Loss {
    /// `[]`
    pub total: Tensor,
    /// Names and values.
    pub others: Vec<(&'static str, f64)>,
}

/// A categorical policy in training by a rule.
pub struct Extraction<R> {
    host: Host,
    pub(crate) space: Space,
    progress: Progress,
    pub(crate) rule: R,
    pub(crate) actor: Actor,
}

impl<R: Rule> Extraction<R> {
    /// The policy.
    pub fn actor(&mut self) -> &mut Actor {
        &mut self.actor
    }

    /// The loss of a batch under the present policy.
    pub(crate) fn loss(&mut self, batch: &Minibatch<'_>) -> Outcome<Loss> {
        let log_pi = self.actor.log_pi(&*batch.state()?);
        self.rule.loss(batch, &log_pi, &self.space.taken(batch)?)
    }
}

impl<R: Rule> Learner for Extraction<R> {
    type Hyper = R::Hyper;

    const INFO: LearnerInfo = R::INFO;

    fn create(host: Host, problem: &Problem, hyper: R::Hyper, upstream: Upstream) -> Outcome<Self> {
        nn::single_thread();
        let space = Space::of(problem)?;
        let (form, adam) = (hyper.mlp()?, hyper.adam(problem)?);
        Ok(Self {
            host,
            space,
            progress: Progress::new(host, problem),
            rule: R::bind(space, hyper, &upstream)?,
            actor: Actor::create(host, space, &form, adam)?,
        })
    }

    fn update(&mut self, count: u64) -> Outcome<()> {
        for _ in 0..count {
            let (step, host) = (self.progress.next()?, self.host);
            if step == 0 {
                self.rule.prepare(&host)?;
            }
            let dims = self.space.dims;
            let batch = Minibatch::draw_for(&host, dims, "train", step, Goals::Policy)?;
            let loss = self.loss(&batch)?;
            let value = self.progress.finite(R::LOSS, &loss.total)?;
            self.actor.descend(&loss.total)?;
            if self.progress.advance() {
                self.progress.metric(R::LOSS, value)?;
                for (name, value) in loss.others {
                    self.progress.metric(name, value)?;
                }
            }
        }
        Ok(())
    }

    fn save(&self, out: &mut dyn Write) -> Outcome<()> {
        let mut out = StateWriter::new(out);
        self.progress.save(&mut out)?;
        self.rule.save(&mut out)?;
        self.actor.save(&mut out)
    }

    fn load(&mut self, from: &mut dyn Read) -> Outcome<()> {
        let mut from = StateReader::new(from);
        self.progress.load(&mut from)?;
        self.rule.load(&mut from)?;
        self.actor.load(&mut from)
    }
}

impl<R: Rule> Provide for Extraction<R> {
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        Some(&mut self.actor)
    }
    fn discrete_policy(&mut self) -> Option<&mut dyn DiscretePolicy> {
        Some(&mut self.actor)
    }
}
