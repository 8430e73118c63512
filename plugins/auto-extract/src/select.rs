//! The choice between two policies on held-out states.

use crate::losses;
use nn::{Actor, CriticNetwork, Inputs, Minibatch, borrow, lend};
use plugin_api::{BatchRequest, CriticHandle, Failure, Goals, Host, Outcome, Query, Reduce};
use tch::{Kind, Tensor};

/// What policies are compared by.
pub struct Judge {
    /// The frozen critic, asked for all members.
    pub critic: CriticHandle<'static>,
    /// Which copy of it.
    pub network: CriticNetwork,
    /// Deviations over members that are subtracted.
    pub pessimism: f64,
    /// Held-out batches.
    pub batches: u64,
}

/// Scores of two policies on the same held-out states.
#[derive(Clone, Copy, Debug)]
pub struct Scores {
    /// Mean lower bound of Q at the actions of the weighted-cloning policy.
    pub cloning: f64,
    /// The same of the policy-gradient policy.
    pub gradient: f64,
    /// Standard error of the mean difference, states taken as independent.
    pub difference_se: f64,
}

impl Scores {
    /// Whether the policy gradient is chosen.
    pub fn prefer_gradient(&self) -> bool {
        self.gradient > self.cloning
    }
}

impl Judge {
    /// Compares two policies. The states are the same in every comparison.
    pub fn compare(
        &mut self,
        host: &Host,
        inputs: &Inputs,
        cloning: &Actor,
        gradient: &Actor,
    ) -> Outcome<Scores> {
        let request = BatchRequest {
            goals: Goals::Policy,
            held_out: true,
            ..BatchRequest::default()
        };
        let (mut of_cloning, mut of_gradient) = (Vec::new(), Vec::new());
        for step in 0..self.batches {
            let batch = Minibatch::draw_with(host, inputs.dims(), "held-out", step, request)?;
            let batch = batch.seen_by(inputs);
            of_cloning.push(self.values(&batch, cloning)?);
            of_gradient.push(self.values(&batch, gradient)?);
        }
        let (cloning, gradient) = (Tensor::cat(&of_cloning, 0), Tensor::cat(&of_gradient, 0));
        let difference = &gradient - &cloning;
        let count = difference.numel() as f64;
        let number = |x: Tensor| x.double_value(&[]);
        let scores = Scores {
            cloning: number(cloning.mean(Kind::Double)),
            gradient: number(gradient.mean(Kind::Double)),
            difference_se: number(difference.std(false)) / count.sqrt(),
        };
        if scores.cloning.is_finite() && scores.gradient.is_finite() {
            return Ok(scores);
        }
        Err(Failure::non_finite(format!(
            "the scores on held-out states are {} and {}",
            scores.cloning, scores.gradient
        )))
    }

    /// The lower bound of Q at a policy's actions, `[B]` in float64.
    fn values(&mut self, batch: &Minibatch<'_>, actor: &Actor) -> Outcome<Tensor> {
        let mean = actor.policy.mean(actor.params.frozen(), &*batch.state()?);
        let action = lend(&actor.policy.clip(&mean));
        let query = Query {
            observation: batch.raw().observation,
            goal: batch.raw().goal,
            action: action.view(),
            network: self.network.into(),
            reduce: Reduce::Member,
        };
        let q = self.critic.q(&query)?;
        q.expect_shape("q", &[-1, batch.rows()])?;
        let q = borrow("q", q, mean.kind())?.to_kind(Kind::Double);
        Ok(losses::lower_bound(&q, self.pessimism))
    }
}
