//! `discrete-bc`, `discrete-awr`, `discrete-pg-bc`: policies of one form by three losses.

use crate::actor::Actor;
use crate::frozen::FrozenCritic;
use crate::hyper::{AwrHyper, BcHyper, PgBcHyper, QNormalization};
use crate::losses;
use crate::space::Space;
use nn::{Minibatch, Progress, StateReader, StateWriter};
use plugin_api::{
    DiscretePolicy, Failure, Goals, Host, Learner, LearnerInfo, Outcome, Policy, Problem, Provide,
    Upstream,
};
use std::io::{Read, Write};
use tch::{Kind, Tensor};

/// The smallest divisor of Q.
const SMALLEST_DIVISOR: f64 = 1e-8;

/// What the three have in common.
struct Extraction {
    host: Host,
    space: Space,
    progress: Progress,
    actor: Actor,
}

impl Extraction {
    fn draw(&self, step: u64) -> Outcome<Minibatch<'_>> {
        Minibatch::draw_for(&self.host, self.space.dims, "train", step, Goals::Policy)
    }
}

macro_rules! policy_of_extraction {
    ($name:ident) => {
        impl Provide for $name {
            fn policy(&mut self) -> Option<&mut dyn Policy> {
                Some(&mut self.extraction.actor)
            }
            fn discrete_policy(&mut self) -> Option<&mut dyn DiscretePolicy> {
                Some(&mut self.extraction.actor)
            }
        }

        impl $name {
            /// The policy.
            pub fn actor(&mut self) -> &mut Actor {
                &mut self.extraction.actor
            }

            /// One step down `loss`, and its metrics where they are due.
            fn descend(
                &mut self,
                name: &str,
                loss: &Tensor,
                others: &[(&str, f64)],
            ) -> Outcome<()> {
                let e = &mut self.extraction;
                let value = e.progress.finite(name, loss)?;
                e.actor.descend(loss)?;
                if e.progress.advance() {
                    e.progress.metric(name, value)?;
                    for (name, value) in others {
                        e.progress.metric(name, *value)?;
                    }
                }
                Ok(())
            }
        }
    };
}

/// Cloning.
pub struct DiscreteBc {
    extraction: Extraction,
}

policy_of_extraction!(DiscreteBc);

impl Learner for DiscreteBc {
    type Hyper = BcHyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "discrete-bc",
        version: "1.0.0",
        description: "behavioural cloning with a categorical policy",
        requires: &["discrete-actions"],
        provides: &["policy/1", "policy-discrete/1"],
        bitwise: true,
    };

    fn create(host: Host, problem: &Problem, hyper: BcHyper, _: Upstream) -> Outcome<Self> {
        nn::single_thread();
        let space = Space::of(problem)?;
        let actor = Actor::create(host, space, &hyper.mlp()?, hyper.adam(problem)?)?;
        let progress = Progress::new(host, problem);
        Ok(Self {
            extraction: Extraction {
                host,
                space,
                progress,
                actor,
            },
        })
    }

    fn update(&mut self, count: u64) -> Outcome<()> {
        for _ in 0..count {
            let e = &self.extraction;
            let batch = e.draw(e.progress.next()?)?;
            let log_pi = e.actor.log_pi(&*batch.state()?);
            let loss = losses::cross_entropy(&log_pi, &e.space.taken(&batch)?);
            self.descend("bc_loss", &loss, &[])?;
        }
        Ok(())
    }

    fn save(&self, out: &mut dyn Write) -> Outcome<()> {
        let mut out = StateWriter::new(out);
        self.extraction.progress.save(&mut out)?;
        self.extraction.actor.save(&mut out)
    }

    fn load(&mut self, from: &mut dyn Read) -> Outcome<()> {
        let mut from = StateReader::new(from);
        self.extraction.progress.load(&mut from)?;
        self.extraction.actor.load(&mut from)
    }
}

/// Cloning, weighted by an exponential of the advantage.
pub struct DiscreteAwr {
    extraction: Extraction,
    critic: FrozenCritic,
    hyper: AwrHyper,
}

policy_of_extraction!(DiscreteAwr);

impl Learner for DiscreteAwr {
    type Hyper = AwrHyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "discrete-awr",
        version: "1.0.0",
        description: "advantage-weighted cross-entropy of a categorical policy on a frozen critic and state value",
        requires: &["discrete-actions", "q-all/1", "state-value/1"],
        provides: &["policy/1", "policy-discrete/1"],
        bitwise: true,
    };

    fn create(host: Host, problem: &Problem, hyper: AwrHyper, upstream: Upstream) -> Outcome<Self> {
        nn::require("temperature", &hyper.temperature, 0.0..=f64::MAX)?;
        nn::require("clip", &hyper.clip, 0.0..=f64::MAX)?;
        nn::single_thread();
        let space = Space::of(problem)?;
        let (network, reduce) = (hyper.critic_network, hyper.critic_reduce);
        let actor = Actor::create(host, space, &hyper.mlp()?, hyper.adam(problem)?)?;
        let progress = Progress::new(host, problem);
        Ok(Self {
            extraction: Extraction {
                host,
                space,
                progress,
                actor,
            },
            critic: FrozenCritic::bind(&upstream, space, network, reduce)?,
            hyper,
        })
    }

    fn update(&mut self, count: u64) -> Outcome<()> {
        for _ in 0..count {
            let e = &self.extraction;
            let batch = e.draw(e.progress.next()?)?;
            let advantage = self.critic.advantage(&batch)?.to_kind(Kind::Double);
            let advantage = Vec::<f64>::try_from(&advantage)
                .map_err(|e| Failure::invalid_argument(format!("the advantage: {e}")))?;
            let h = &self.hyper;
            let weigh = |adv: &f64| losses::weight(*adv, h.temperature, h.clip);
            let w = Tensor::from_slice(&advantage.iter().map(weigh).collect::<Vec<_>>());
            let w = w.to_kind(e.space.dims.kind);
            let log_pi = e.actor.log_pi(&*batch.state()?);
            let loss = losses::weighted_cross_entropy(&w, &log_pi, &e.space.taken(&batch)?);
            let mean = w.mean(w.kind()).double_value(&[]);
            self.descend("awr_loss", &loss, &[("weight_mean", mean)])?;
        }
        Ok(())
    }

    fn save(&self, out: &mut dyn Write) -> Outcome<()> {
        let mut out = StateWriter::new(out);
        self.extraction.progress.save(&mut out)?;
        self.extraction.actor.save(&mut out)
    }

    fn load(&mut self, from: &mut dyn Read) -> Outcome<()> {
        let mut from = StateReader::new(from);
        self.extraction.progress.load(&mut from)?;
        self.extraction.actor.load(&mut from)
    }
}

/// Ascent of the expected Q, near the data.
pub struct DiscretePgBc {
    extraction: Extraction,
    critic: FrozenCritic,
    hyper: PgBcHyper,
    divisor: f64, // of Q, where it is a constant of the stage
}

policy_of_extraction!(DiscretePgBc);

impl Learner for DiscretePgBc {
    type Hyper = PgBcHyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "discrete-pg-bc",
        version: "1.0.0",
        description: "ascent of the exactly expected value of a frozen critic plus behavioural cloning",
        requires: &["discrete-actions", "q-all/1"],
        provides: &["policy/1", "policy-discrete/1"],
        bitwise: true,
    };

    fn create(
        host: Host,
        problem: &Problem,
        hyper: PgBcHyper,
        upstream: Upstream,
    ) -> Outcome<Self> {
        nn::require("alpha", &hyper.alpha, 0.0..=f64::MAX)?;
        nn::single_thread();
        let space = Space::of(problem)?;
        let (network, reduce) = (hyper.critic_network, hyper.critic_reduce);
        let actor = Actor::create(host, space, &hyper.mlp()?, hyper.adam(problem)?)?;
        let progress = Progress::new(host, problem);
        Ok(Self {
            extraction: Extraction {
                host,
                space,
                progress,
                actor,
            },
            critic: FrozenCritic::bind(&upstream, space, network, reduce)?,
            divisor: 1.0,
            hyper,
        })
    }

    fn update(&mut self, count: u64) -> Outcome<()> {
        for _ in 0..count {
            let e = &self.extraction;
            let step = e.progress.next()?;
            if step == 0 && self.hyper.q_normalization == QNormalization::AdvantageStd {
                self.divisor = self.critic.advantage_std(&e.host)?;
            }
            let batch = e.draw(step)?;
            let q = self.critic.q_all(&batch)?;
            let log_pi = e.actor.log_pi(&*batch.state()?);
            let q_pi = losses::expected_q(&log_pi, &q);
            let n = match self.hyper.q_normalization {
                QNormalization::MeanAbsQ => {
                    let mean = q_pi.detach().abs().mean(q.kind()).double_value(&[]);
                    mean.max(SMALLEST_DIVISOR)
                }
                QNormalization::None | QNormalization::AdvantageStd => self.divisor,
            };
            let bc = losses::cross_entropy(&log_pi, &e.space.taken(&batch)?);
            let loss = losses::pg_bc(&q_pi, n, self.hyper.alpha, &bc);
            let others = [
                ("bc_loss", bc.double_value(&[])),
                ("q_mean", q_pi.mean(q.kind()).double_value(&[])),
            ];
            self.descend("actor_loss", &loss, &others)?;
        }
        Ok(())
    }

    fn save(&self, out: &mut dyn Write) -> Outcome<()> {
        let mut out = StateWriter::new(out);
        self.extraction.progress.save(&mut out)?;
        out.number("divisor", self.divisor)?;
        self.extraction.actor.save(&mut out)
    }

    fn load(&mut self, from: &mut dyn Read) -> Outcome<()> {
        let mut from = StateReader::new(from);
        self.extraction.progress.load(&mut from)?;
        self.divisor = from.number("divisor")?;
        self.extraction.actor.load(&mut from)
    }
}
