//! The values of an earlier stage, asked about batches.

use crate::losses;
use crate::space::Space;
use nn::{CriticNetwork, CriticReduce, Minibatch, borrow};
use plugin_api::{DiscreteCriticHandle, Failure, Goals, Host, Outcome, StateValueHandle, Upstream};
use tch::{Kind, Tensor};

/// Batches that a constant of the stage is estimated from.
const SPREAD_BATCHES: u64 = 32;

/// A trained critic of all actions, and V where one is bound. No gradient reaches their weights.
pub struct FrozenCritic {
    critic: DiscreteCriticHandle<'static>,
    value: Option<StateValueHandle<'static>>,
    network: CriticNetwork,
    reduce: CriticReduce,
    space: Space,
}

impl FrozenCritic {
    /// The bound critic, asked in one way throughout.
    pub fn bind(
        upstream: &Upstream,
        space: Space,
        network: CriticNetwork,
        reduce: CriticReduce,
    ) -> Outcome<Self> {
        let with_value = upstream.has(StateValueHandle::ID);
        Ok(Self {
            critic: upstream.discrete_critic()?,
            value: with_value.then(|| upstream.state_value()).transpose()?,
            network,
            reduce,
            space,
        })
    }

    /// `Q(s, .)`: `[B, K]`, a constant.
    pub fn q_all(&mut self, batch: &Minibatch<'_>) -> Outcome<Tensor> {
        let raw = batch.raw();
        let (network, reduce) = (self.network.into(), self.reduce.into());
        let q = self
            .critic
            .q_all(raw.observation, raw.goal, network, reduce)?;
        q.expect_shape("q", &[batch.rows(), self.space.actions])?;
        Ok(borrow("q", q, self.space.dims.kind)?.copy())
    }

    /// `Q(s, a) - V(s)` of the data's actions, or `Q(s, a)` where no V is bound: `[B]`.
    pub fn advantage(&mut self, batch: &Minibatch<'_>) -> Outcome<Tensor> {
        let q = losses::taken(&self.q_all(batch)?, &self.space.taken(batch)?);
        let Some(value) = &mut self.value else {
            return Ok(q);
        };
        let v = value.v(batch.raw().observation, batch.raw().goal)?;
        v.expect_shape("v", &[batch.rows()])?;
        Ok(q - &*borrow("v", v, self.space.dims.kind)?)
    }

    /// Standard deviation of [`FrozenCritic::advantage`] over batches of a stream of its own: a constant of the stage.
    /// Errors when it is not positive.
    pub fn advantage_std(&mut self, host: &Host) -> Outcome<f64> {
        let mut all = Vec::new();
        for step in 0..SPREAD_BATCHES {
            let dims = self.space.dims;
            let batch = Minibatch::draw_for(host, dims, "normalizer", step, Goals::Policy)?;
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
