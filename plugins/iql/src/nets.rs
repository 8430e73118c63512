//! The networks of IQL: an ensemble critic with a target copy, and a state value.

use crate::hyper::Hyper;
use nn::{CriticNetwork, Dims, EnsembleCritic, Layout, Mlp, ParamSet};
use plugin_api::{Host, Outcome};

/// Structures and parameters.
pub struct Nets {
    /// `Q_i(s, a)`
    pub critic: EnsembleCritic,
    /// `V(s)`
    pub value: Mlp,
    /// Parameters of the online critic.
    pub q: ParamSet,
    /// Parameters of the target critic.
    pub q_target: ParamSet,
    /// Parameters of the state value.
    pub v: ParamSet,
}

impl Nets {
    /// Fresh networks; the target critic starts equal to the online one.
    pub fn create(host: &Host, dims: Dims, hyper: &Hyper) -> Outcome<Self> {
        let (mut q, mut v) = (Layout::new(), Layout::new());
        let form = hyper.mlp(dims.state_action(), Some(hyper.ensemble));
        let critic = EnsembleCritic::declare(&mut q, "critic", dims, &form);
        let value = Mlp::declare(&mut v, "value", &hyper.mlp(dims.state(), None));
        let q = ParamSet::create(q, host, dims.kind)?;
        Ok(Self {
            critic,
            value,
            q_target: q.duplicate(),
            v: ParamSet::create(v, host, dims.kind)?,
            q,
        })
    }

    /// The critic's parameters of one copy.
    pub fn weights(&self, network: CriticNetwork) -> &ParamSet {
        match network {
            CriticNetwork::Online => &self.q,
            CriticNetwork::Target => &self.q_target,
        }
    }
}
