//! `discrete-bc`, `discrete-awr`, `discrete-pg-bc`: three losses of one policy.

use crate::extract::{Extraction, Loss, Rule};
use crate::frozen::FrozenCritic;
use crate::hyper::{AwrHyper, BcHyper, PgBcHyper, QNormalization};
use crate::losses;
use crate::space::Space;
use nn::{Minibatch, StateReader, StateWriter};
use plugin_api::{Failure, Host, LearnerInfo, Outcome, Upstream};
use tch::{Kind, Tensor};

/// The smallest divisor of Q.
const SMALLEST_DIVISOR: f64 = 1e-8;

/// `discrete-bc`.
pub type DiscreteBc = Extraction<Cloning>;
/// `discrete-awr`.
pub type DiscreteAwr = Extraction<WeightedCloning>;
/// `discrete-pg-bc`.
pub type DiscretePgBc = Extraction<Ascent>;

/// Cloning.
pub struct Cloning;

impl Rule for Cloning {
    type Hyper = BcHyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "discrete-bc",
        version: "1.0.0",
        description: "behavioural cloning with a categorical policy",
        requires: &["discrete-actions"],
        provides: &["policy/1", "policy-discrete/1"],
        bitwise: true,
    };

    const LOSS: &'static str = "bc_loss";

    fn bind(_space: Space, _hyper: BcHyper, _upstream: &Upstream) -> Outcome<Self> {
        Ok(Self)
    }

    fn loss(&mut self, _batch: &Minibatch<'_>, log_pi: &Tensor, a: &Tensor) -> Outcome<Loss> {
        Ok(Loss {
            total: losses::cross_entropy(log_pi, a),
            others: Vec::new(),
        })
    }
}

/// Cloning, weighted by an exponential of the advantage.
pub struct WeightedCloning {
    critic: FrozenCritic,
    kind: Kind,
    hyper: AwrHyper,
}

impl Rule for WeightedCloning {
    type Hyper = AwrHyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "discrete-awr",
        version: "1.0.0",
        description: "advantage-weighted cross-entropy of a categorical policy on a frozen critic and state value",
        requires: &["discrete-actions", "q-all/1", "state-value/1"],
        provides: &["policy/1", "policy-discrete/1"],
        bitwise: true,
    };

    const LOSS: &'static str = "awr_loss";

    fn bind(space: Space, hyper: AwrHyper, upstream: &Upstream) -> Outcome<Self> {
        nn::require("temperature", &hyper.temperature, 0.0..=f64::MAX)?;
        nn::require("clip", &hyper.clip, 0.0..=f64::MAX)?;
        let (network, reduce) = (hyper.critic_network, hyper.critic_reduce);
        Ok(Self {
            critic: FrozenCritic::bind(upstream, space, network, reduce)?,
            kind: space.dims.kind,
            hyper,
        })
    }

    fn loss(&mut self, batch: &Minibatch<'_>, log_pi: &Tensor, a: &Tensor) -> Outcome<Loss> {
        let advantage = self.critic.advantage(batch)?.to_kind(Kind::Double);
        let advantage = Vec::<f64>::try_from(&advantage)
            .map_err(|e| Failure::invalid_argument(format!("the advantage: {e}")))?;
        let (beta, clip) = (self.hyper.temperature, self.hyper.clip);
        let weights = advantage.iter().map(|adv| losses::weight(*adv, beta, clip));
        let w = Tensor::from_slice(&weights.collect::<Vec<_>>()).to_kind(self.kind);
        Ok(Loss {
            total: losses::weighted_cross_entropy(&w, log_pi, a),
            others: vec![("weight_mean", w.mean(w.kind()).double_value(&[]))],
        })
    }
}

/// Ascent of the expected Q, near the data.
pub struct Ascent {
    critic: FrozenCritic,
    hyper: PgBcHyper,
    divisor: f64, // of Q, where it is a constant of the stage
}

impl Rule for Ascent {
    type Hyper = PgBcHyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "discrete-pg-bc",
        version: "1.0.0",
        description: "ascent of the exactly expected value of a frozen critic plus behavioural cloning",
        requires: &["discrete-actions", "q-all/1"],
        provides: &["policy/1", "policy-discrete/1"],
        bitwise: true,
    };

    const LOSS: &'static str = "actor_loss";

    fn bind(space: Space, hyper: PgBcHyper, upstream: &Upstream) -> Outcome<Self> {
        nn::require("alpha", &hyper.alpha, 0.0..=f64::MAX)?;
        let (network, reduce) = (hyper.critic_network, hyper.critic_reduce);
        Ok(Self {
            critic: FrozenCritic::bind(upstream, space, network, reduce)?,
            hyper,
            divisor: 1.0,
        })
    }

    fn prepare(&mut self, host: &Host) -> Outcome<()> {
        if self.hyper.q_normalization == QNormalization::AdvantageStd {
            self.divisor = self.critic.advantage_std(host)?;
        }
        Ok(())
    }

    fn loss(&mut self, batch: &Minibatch<'_>, log_pi: &Tensor, a: &Tensor) -> Outcome<Loss> {
        let q = self.critic.q_all(batch)?;
        let q_pi = losses::expected_q(log_pi, &q);
        let n = match self.hyper.q_normalization {
            QNormalization::MeanAbsQ => {
                let mean = q_pi.detach().abs().mean(q.kind()).double_value(&[]);
                mean.max(SMALLEST_DIVISOR)
            }
            QNormalization::None | QNormalization::AdvantageStd => self.divisor,
        };
        let bc = losses::cross_entropy(log_pi, a);
        Ok(Loss {
            total: losses::pg_bc(&q_pi, n, self.hyper.alpha, &bc),
            others: vec![
                ("bc_loss", bc.double_value(&[])),
                ("q_mean", q_pi.mean(q.kind()).double_value(&[])),
            ],
        })
    }

    fn save(&self, out: &mut StateWriter<'_>) -> Outcome<()> {
        out.number("divisor", self.divisor)
    }

    fn load(&mut self, from: &mut StateReader<'_>) -> Outcome<()> {
        self.divisor = from.number("divisor")?;
        Ok(())
    }
}
