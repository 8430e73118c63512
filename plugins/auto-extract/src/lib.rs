//! Policy extraction that chooses between weighted cloning and policy gradient by what held-out data say. Equations and
//! conventions: `README.md`.

mod hyper;
pub mod losses;
mod select;

pub use hyper::{Hyper, Mode, QNormalization};
pub use select::{Judge, Scores};

use nn::{Actor, FrozenCritic, Inputs, Minibatch, Progress, StateReader, StateWriter};
use plugin_api::{
    Failure, Goals, Host, Learner, LearnerInfo, Outcome, Policy, PolicyUpdate, Problem, Provide,
    Upstream,
};
use std::io::{Read, Write};
use tch::{Kind, Tensor};

/// Facts of the library.
pub const INFO: plugin_api::PluginInfo = plugin_api::PluginInfo {
    id: "auto-extract",
    version: env!("CARGO_PKG_VERSION"),
    license: "MIT OR Apache-2.0",
    description: "Policy extraction chosen on held-out data",
    runtimes: &["libtorch 2.11.0"],
};

/// The smallest divisor of Q.
const SMALLEST_DIVISOR: f64 = 1e-8;

/// The learner.
pub struct AutoExtract {
    host: Host,
    inputs: Inputs,
    updates: u64,
    hyper: Hyper,
    progress: Progress,
    critic: FrozenCritic,
    judge: Judge,
    divisor: f64,           // of Q, where it is a constant of the stage
    cloning: Option<Actor>, // by weighted cloning, where there is a choice
    gradient: Actor,        // by policy gradient, or by the sum of both
    chosen: bool,           // the gradient's, by the last comparison
}

impl Learner for AutoExtract {
    type Hyper = Hyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "auto-extract",
        version: "1.0.0",
        description: "weighted cloning or policy gradient, whichever a lower bound of Q prefers on held-out states; or their sum",
        requires: &[
            "continuous-actions",
            "critic/1",
            "state-value/1",
            "encoder/1?",
        ],
        provides: &["policy/1", "policy-update/1"],
        bitwise: true,
    };

    fn create(host: Host, problem: &Problem, hyper: Hyper, upstream: Upstream) -> Outcome<Self> {
        for (name, value) in [
            ("temperature", hyper.temperature),
            ("clip", hyper.clip),
            ("alpha", hyper.alpha),
            ("pessimism", hyper.pessimism),
        ] {
            nn::require(name, &value, 0.0..=f64::MAX)?;
        }
        nn::require("selection_batches", &hyper.selection_batches, 1..)?;
        nn::single_thread();
        let inputs = hyper.actor.inputs(problem, &upstream)?;
        let (network, reduce) = (hyper.critic_network, hyper.critic_reduce);
        let actor = || hyper.actor.create(host, problem, &inputs);
        let choice = hyper.mode == Mode::Choose;
        Ok(Self {
            host,
            updates: problem.updates,
            progress: Progress::new(host, problem),
            critic: FrozenCritic::bind(&upstream, inputs.dims(), network, reduce)?,
            judge: Judge {
                critic: upstream.critic()?,
                network,
                pessimism: hyper.pessimism,
                batches: hyper.selection_batches,
            },
            divisor: 1.0,
            cloning: choice.then(actor).transpose()?,
            gradient: actor()?,
            inputs,
            chosen: !choice,
            hyper,
        })
    }

    fn update(&mut self, count: u64) -> Outcome<()> {
        for _ in 0..count {
            let step = self.progress.next()?;
            if step == 0 && self.hyper.q_normalization == QNormalization::AdvantageStd {
                self.divisor = self.critic.advantage_std(&self.host)?;
            }
            let host = self.host;
            let batch = self.batch(&host, step)?;
            let w = self.weights(&batch)?;
            let cloning = self.clone_weighted(&batch, &w)?;
            let gradient = self.ascend(&batch, &w)?;
            let due = self.progress.advance();
            if due {
                if let Some(loss) = cloning {
                    self.progress.metric("awr_loss", loss)?;
                }
                self.progress.metric("actor_loss", gradient)?;
            }
            // The last comparison decides; the earlier ones are for snapshots of unfinished training.
            if due || step + 1 == self.updates {
                self.choose()?;
            }
        }
        Ok(())
    }

    fn save(&self, out: &mut dyn Write) -> Outcome<()> {
        let mut out = StateWriter::new(out);
        self.progress.save(&mut out)?;
        out.number("divisor", self.divisor)?;
        out.integer("chosen", u64::from(self.chosen))?;
        if let Some(actor) = &self.cloning {
            actor.save(&mut out)?;
        }
        self.gradient.save(&mut out)
    }

    fn load(&mut self, from: &mut dyn Read) -> Outcome<()> {
        let mut from = StateReader::new(from);
        self.progress.load(&mut from)?;
        self.divisor = from.number("divisor")?;
        self.chosen = from.integer("chosen")? == 1;
        if let Some(actor) = &mut self.cloning {
            actor.load(&mut from)?;
        }
        self.gradient.load(&mut from)
    }
}

impl AutoExtract {
    /// The training batch of an update.
    fn batch<'h>(&self, host: &'h Host, step: u64) -> Outcome<Minibatch<'h>> {
        let dims = self.inputs.dims();
        let batch = Minibatch::draw_for(host, dims, "train", step, Goals::Policy)?;
        Ok(batch.seen_by(&self.inputs))
    }

    /// Weights of the rows of a batch: `[B]`.
    fn weights(&mut self, batch: &Minibatch<'_>) -> Outcome<Tensor> {
        let advantage = self.critic.advantage(batch)?.to_kind(Kind::Double);
        let advantage = Vec::<f64>::try_from(&advantage)
            .map_err(|e| Failure::invalid_argument(format!("the advantage: {e}")))?;
        let (beta, clip) = (self.hyper.temperature, self.hyper.clip);
        let weights = advantage.iter().map(|adv| losses::weight(*adv, beta, clip));
        Ok(Tensor::from_slice(&weights.collect::<Vec<_>>()).to_kind(self.inputs.dims().kind))
    }

    /// One step of weighted cloning, where there is a choice; gives the loss.
    fn clone_weighted(&mut self, batch: &Minibatch<'_>, w: &Tensor) -> Outcome<Option<f64>> {
        let Some(actor) = &mut self.cloning else {
            return Ok(None);
        };
        let (s, a) = (batch.state()?, batch.action()?);
        let loss = losses::cloning(actor, Some(w), &actor.mean(&s), &a);
        let value = self.progress.finite("awr_loss", &loss)?;
        actor.descend(&loss)?;
        Ok(Some(value))
    }

    /// One step up Q with a cloning term, weighted where both losses are summed; gives the loss.
    fn ascend(&mut self, batch: &Minibatch<'_>, w: &Tensor) -> Outcome<f64> {
        let (s, a) = (batch.state()?, batch.action()?);
        let actor = &mut self.gradient;
        let mu = actor.mean(&s);
        let action = actor.policy.proposal(&mu);
        let (q, dq_da) = self.critic.q_gradient(batch, &action)?;
        let q_pi = losses::value_of_policy(&q, &dq_da, &action);
        let n = match self.hyper.q_normalization {
            QNormalization::MeanAbsQ => {
                let mean = q.abs().mean(q.kind()).double_value(&[]);
                mean.max(SMALLEST_DIVISOR)
            }
            QNormalization::None | QNormalization::AdvantageStd => self.divisor,
        };
        let w = (self.hyper.mode == Mode::Sum).then_some(w);
        let cloning = losses::cloning(actor, w, &mu, &a);
        let loss = losses::ascent(&q_pi, n, self.hyper.alpha, &cloning);
        let value = self.progress.finite("actor_loss", &loss)?;
        actor.descend(&loss)?;
        Ok(value)
    }

    /// Compares the two policies on held-out states, where there is a choice.
    fn choose(&mut self) -> Outcome<()> {
        let Some(cloning) = &self.cloning else {
            return Ok(());
        };
        let judge = &mut self.judge;
        let scores = judge.compare(&self.host, &self.inputs, cloning, &self.gradient)?;
        self.chosen = scores.prefer_gradient();
        let chosen = f64::from(u8::from(self.chosen));
        for (name, value) in [
            ("score_cloning", scores.cloning),
            ("score_gradient", scores.gradient),
            ("score_difference_se", scores.difference_se),
            ("chosen_gradient", chosen),
        ] {
            self.progress.metric(name, value)?;
        }
        Ok(())
    }

    /// The policy that answers.
    fn actor(&mut self) -> &mut Actor {
        match &mut self.cloning {
            Some(cloning) if !self.chosen => cloning,
            _ => &mut self.gradient,
        }
    }
}

impl Provide for AutoExtract {
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        Some(self.actor())
    }
    fn policy_update(&mut self) -> Option<&mut dyn PolicyUpdate> {
        Some(self.actor())
    }
}

plugin_api::export!(INFO, learners = [AutoExtract], environments = []);

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod tests;
