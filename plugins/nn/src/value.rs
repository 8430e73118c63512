//! An ensemble critic with a target copy, and a state value: what value learners by temporal differences own.

use crate::choices::CriticNetwork;
use crate::critic::EnsembleCritic;
use crate::image::StateNet;
use crate::inputs::Inputs;
use crate::mlp::MlpOptions;
use crate::params::{Layout, ParamSet};
use crate::state::{StateReader, StateWriter};
use crate::views::lend;
use plugin_api::{Array, Host, Network, Outcome, Query, View};

/// Structures and parameters; answers `critic/1` and `state-value/1`.
pub struct ValueNets {
    /// `Q_i(s, a)`
    pub critic: EnsembleCritic,
    /// `V(s)`
    pub value: StateNet,
    /// Parameters of the online critic.
    pub q: ParamSet,
    /// Parameters of the target critic.
    pub q_target: ParamSet,
    /// Parameters of the state value.
    pub v: ParamSet,
    inputs: Inputs,
}

impl ValueNets {
    /// Fresh networks of one form; the target critic starts equal to the online one. `form.input`, `form.output` and
    /// `form.members` are set here.
    pub fn create(
        host: &Host,
        inputs: impl Into<Inputs>,
        form: &MlpOptions,
        members: i64,
    ) -> Outcome<Self> {
        let inputs = inputs.into();
        let kind = inputs.dims().kind;
        let (mut q, mut v) = (Layout::new(), Layout::new());
        let ensemble = MlpOptions {
            members: Some(members),
            ..form.clone()
        };
        let single = MlpOptions {
            output: 1,
            members: None,
            ..form.clone()
        };
        let critic = EnsembleCritic::declare(&mut q, "critic", &inputs, &ensemble);
        let value = StateNet::declare(&mut v, "value", &inputs, &single);
        let q = ParamSet::create(q, host, kind)?;
        Ok(Self {
            critic,
            value,
            q_target: q.duplicate(),
            v: ParamSet::create(v, host, kind)?,
            q,
            inputs,
        })
    }

    /// The critic's parameters of one copy.
    pub fn weights(&self, network: CriticNetwork) -> &ParamSet {
        match network {
            CriticNetwork::Online => &self.q,
            CriticNetwork::Target => &self.q_target,
        }
    }

    /// Answers `critic/1`'s `q`.
    pub fn answer_q(&self, query: &Query<'_>) -> Outcome<Array> {
        self.critic.answer(self.asked(query.network), query)
    }

    /// Answers `critic/1`'s `q_gradient`.
    pub fn answer_gradient(&self, query: &Query<'_>) -> Outcome<(Array, Array)> {
        self.critic
            .answer_gradient(self.asked(query.network), query)
    }

    fn asked(&self, network: Network) -> &[tch::Tensor] {
        match network {
            Network::Online => self.q.frozen(),
            Network::Target => self.q_target.frozen(),
        }
    }

    /// Answers `state-value/1`.
    pub fn answer_v(&self, observation: View<'_>, goal: Option<View<'_>>) -> Outcome<Array> {
        let s = self.inputs.state(observation, goal)?;
        let v = self.value.forward(self.v.frozen(), &s);
        Ok(lend(&v.squeeze_dim(-1)))
    }

    /// Writes every parameter.
    pub fn save(&self, out: &mut StateWriter<'_>) -> Outcome<()> {
        self.q.save("online", out)?;
        self.q_target.save("target", out)?;
        self.v.save("online", out)
    }

    /// Restores what `save` wrote.
    pub fn load(&mut self, from: &mut StateReader<'_>) -> Outcome<()> {
        self.q.load("online", from)?;
        self.q_target.load("target", from)?;
        self.v.load("online", from)
    }
}
