//! A critic known in closed form.

use crate::batch::Dims;
use crate::critic::EnsembleCritic;
use crate::views::lend;
use plugin_api::{Array, Critic, Network, Outcome, Provide, Query, StateValue, View};
use tch::Tensor;

/// Two members `Q_i(s, a) = w |(a - c_i s')|^2 + 0.1 sum(s)` with `s'` the first `A` entries of `s`, `c = (0.3, -0.4)`,
/// `w = -1` online and `-0.5` in the target network, and `V(s) = -0.2 + 0.5 s_0`. Needs `S >= A`.
pub struct KnownCritic {
    dims: Dims,
    /// Calls of `q` and `q_gradient` so far.
    pub calls: usize,
    /// Whether `state-value/1` is offered.
    pub with_value: bool,
}

impl KnownCritic {
    /// A critic for a stage of these sizes.
    pub fn new(dims: Dims) -> Self {
        Self {
            dims,
            calls: 0,
            with_value: true,
        }
    }

    fn members(&self, s: &Tensor, a: &Tensor, network: Network) -> Tensor {
        let w = if network == Network::Online {
            -1.0
        } else {
            -0.5
        };
        let (kind, target) = (s.kind(), s.narrow(1, 0, self.dims.action));
        let sum = |x: Tensor| x.sum_dim_intlist([1i64].as_slice(), false, kind);
        let member = |c: f64| w * sum((a - c * &target).square()) + 0.1 * sum(s.shallow_clone());
        Tensor::stack(&[member(0.3), member(-0.4)], 0)
    }
}

impl Critic for KnownCritic {
    fn q(&mut self, query: &Query<'_>) -> Outcome<Array> {
        self.calls += 1;
        let s = self.dims.join_state(query.observation, query.goal)?;
        let a = self.dims.action(query.action, s.size()[0])?;
        let q = self.members(&s, &a, query.network);
        Ok(lend(&EnsembleCritic::reduce(&q, query.reduce)))
    }

    fn q_gradient(&mut self, query: &Query<'_>) -> Outcome<(Array, Array)> {
        self.calls += 1;
        let s = self.dims.join_state(query.observation, query.goal)?;
        let a = self.dims.action(query.action, s.size()[0])?;
        let a = a.detach().set_requires_grad(true);
        let q = EnsembleCritic::reduce(&self.members(&s, &a, query.network), query.reduce);
        let gradient = Tensor::run_backward(&[q.sum(q.kind())], &[&a], false, false);
        Ok((lend(&q), lend(&gradient[0])))
    }
}

impl StateValue for KnownCritic {
    fn v(&mut self, observation: View<'_>, goal: Option<View<'_>>) -> Outcome<Array> {
        let s = self.dims.join_state(observation, goal)?;
        Ok(lend(&(s.select(1, 0) * 0.5 - 0.2)))
    }
}

impl Provide for KnownCritic {
    fn critic(&mut self) -> Option<&mut dyn Critic> {
        Some(self)
    }
    fn state_value(&mut self) -> Option<&mut dyn StateValue> {
        if self.with_value { Some(self) } else { None }
    }
}
