//! The critic and the state value of an earlier stage, asked about batches.

use crate::batch::{Dims, Minibatch};
use crate::choices::{CriticNetwork, CriticReduce};
use crate::views::{Borrowed, borrow, lend};
use plugin_api::{
    CriticHandle, Failure, Goals, Host, Outcome, Query, StateValueHandle, Upstream, View,
};
use tch::{Kind, Tensor};

/// Batches that a constant of the stage is estimated from.
const SPREAD_BATCHES: u64 = 32;

/// A trained critic, and V where one is bound. No gradient reaches their weights.
pub struct FrozenCritic {
    critic: CriticHandle<'static>,
    value: Option<StateValueHandle<'static>>,
    network: CriticNetwork,
    reduce: CriticReduce,
    dims: Dims,
}

impl FrozenCritic {
    /// The bound critic, asked in one way throughout.
    pub fn bind(
        upstream: &Upstream,
        dims: Dims,
        network: CriticNetwork,
        reduce: CriticReduce,
    ) -> Outcome<Self> {
        let with_value = upstream.has(StateValueHandle::ID);
        Ok(Self {
            critic: upstream.critic()?,
            value: with_value.then(|| upstream.state_value()).transpose()?,
            network,
            reduce,
            dims,
        })
    }

    fn query<'a>(&self, batch: &Minibatch<'a>, action: View<'a>) -> Query<'a> {
        Query {
            observation: batch.raw().observation,
            goal: batch.raw().goal,
            action,
            network: self.network.into(),
            reduce: self.reduce.into(),
        }
    }

    /// `Q(s, a) - V(s)` of the data's actions, or `Q(s, a)` where no V is bound: `[B]`.
    pub fn advantage(&mut self, batch: &Minibatch<'_>) -> Outcome<Tensor> {
        let query = self.query(batch, batch.raw().action);
        let q = borrow("q", self.critic.q(&query)?, self.dims.kind)?.copy();
        let Some(value) = &mut self.value else {
            return Ok(q);
        };
        let v = value.v(batch.raw().observation, batch.raw().goal)?;
        Ok(q - &*borrow("v", v, self.dims.kind)?)
    }

    /// `Q(s, a)` `[B]` and `dQ/da` `[B, A]` at `action`, as constants. Valid until the critic is asked again.
    pub fn q_gradient(
        &mut self,
        batch: &Minibatch<'_>,
        action: &Tensor,
    ) -> Outcome<(Borrowed<'_>, Borrowed<'_>)> {
        let (kind, action) = (self.dims.kind, lend(action));
        let query = Query {
            action: action.view(),
            ..self.query(batch, batch.raw().action)
        };
        let (q, dq_da) = self.critic.q_gradient(&query)?;
        q.expect_shape("q", &[batch.rows()])?;
        dq_da.expect_shape("dq_da", &[batch.rows(), self.dims.action])?;
        Ok((borrow("q", q, kind)?, borrow("dq_da", dq_da, kind)?))
    }

    /// Standard deviation of [`FrozenCritic::advantage`] over batches of a stream of its own (with the goals of policies,
    /// where there are goals): a constant of the stage.
    /// Errors when it is not positive.
    pub fn advantage_std(&mut self, host: &Host) -> Outcome<f64> {
        let mut all = Vec::new();
        for step in 0..SPREAD_BATCHES {
            let batch = Minibatch::draw_for(host, self.dims, "normalizer", step, Goals::Policy)?;
            all.push(self.advantage(&batch)?.to_kind(Kind::Double));
        }
        let std = Tensor::cat(&all, 0).std(false).double_value(&[]);
        if std.is_finite() && std > 0.0 {
            return Ok(std);
        }
        Err(Failure::non_finite(format!(
            "the standard deviation of the critic's advantage is {std}, expected a positive number"
        )))
    }
}
