//! `discrete-iql`: values of all actions and a state value by expectile regression.

use crate::hyper::{Form, IqlHyper};
use crate::losses;
use crate::space::Space;
use nn::{
    Adam, CriticNetwork, EnsembleCritic, Layout, Minibatch, Mlp, MlpOptions, ParamSet, Progress,
    StateReader, StateWriter, lend,
};
use plugin_api::{
    Array, DiscreteCritic, Goals, Host, Learner, LearnerInfo, Network, Outcome, Problem, Provide,
    Reduce, StateValue, Upstream, View,
};
use std::io::{Read, Write};
use tch::Tensor;

/// The learner.
pub struct DiscreteIql {
    host: Host,
    pub(crate) space: Space,
    discount: f64,
    hyper: IqlHyper,
    progress: Progress,
    critic: Mlp,
    value: Mlp,
    /// Parameters of the online critic.
    pub q: ParamSet,
    pub(crate) q_target: ParamSet,
    /// Parameters of the state value.
    pub v: ParamSet,
    q_adam: Adam,
    v_adam: Adam,
}

impl Learner for DiscreteIql {
    type Hyper = IqlHyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "discrete-iql",
        version: "1.0.0",
        description: "implicit Q-learning over discrete actions",
        requires: &["discrete-actions"],
        provides: &["q-all/1", "state-value/1"],
        bitwise: true,
    };

    fn create(host: Host, problem: &Problem, hyper: IqlHyper, _: Upstream) -> Outcome<Self> {
        nn::require("expectile", &hyper.expectile, 0.0..=1.0)?;
        nn::require("target_rate", &hyper.target_rate, 0.0..=1.0)?;
        nn::require("ensemble", &hyper.ensemble, 1..)?;
        nn::single_thread();
        let (space, form) = (Space::of(problem)?, hyper.mlp()?);
        let sized = |output, members| MlpOptions {
            input: space.dims.state(),
            output,
            members,
            ..form.clone()
        };
        let (mut q, mut v) = (Layout::new(), Layout::new());
        let members = Some(hyper.ensemble);
        let critic = Mlp::declare(&mut q, "critic", &sized(space.actions, members));
        let value = Mlp::declare(&mut v, "value", &sized(1, None));
        let q = ParamSet::create(q, &host, space.dims.kind)?;
        let v = ParamSet::create(v, &host, space.dims.kind)?;
        let adam = hyper.adam(problem)?;
        Ok(Self {
            host,
            space,
            discount: problem.discount,
            progress: Progress::new(host, problem),
            critic,
            value,
            q_target: q.duplicate(),
            q_adam: Adam::new(&q, adam),
            v_adam: Adam::new(&v, adam),
            q,
            v,
            hyper,
        })
    }

    fn update(&mut self, count: u64) -> Outcome<()> {
        for _ in 0..count {
            let (step, dims) = (self.progress.next()?, self.space.dims);
            let batch = Minibatch::draw_for(&self.host, dims, "train", step, Goals::Value)?;
            let v_loss = self.value_loss(&batch)?;
            let v_value = self.progress.finite("v_loss", &v_loss)?;
            self.v_adam.descend(&mut self.v, &v_loss)?;
            let q_loss = self.critic_loss(&batch)?;
            let q_value = self.progress.finite("q_loss", &q_loss)?;
            self.q_adam.descend(&mut self.q, &q_loss)?;
            self.q_target.follow(&self.q, self.hyper.target_rate);
            if self.progress.advance() {
                self.progress.metric("v_loss", v_value)?;
                self.progress.metric("q_loss", q_value)?;
            }
        }
        Ok(())
    }

    fn save(&self, out: &mut dyn Write) -> Outcome<()> {
        let mut out = StateWriter::new(out);
        self.progress.save(&mut out)?;
        self.q.save("online", &mut out)?;
        self.q_target.save("target", &mut out)?;
        self.v.save("online", &mut out)?;
        self.q_adam.save("critic-adam", &mut out)?;
        self.v_adam.save("value-adam", &mut out)
    }

    fn load(&mut self, from: &mut dyn Read) -> Outcome<()> {
        let mut from = StateReader::new(from);
        self.progress.load(&mut from)?;
        self.q.load("online", &mut from)?;
        self.q_target.load("target", &mut from)?;
        self.v.load("online", &mut from)?;
        self.q_adam.load("critic-adam", &mut from)?;
        self.v_adam.load("value-adam", &mut from)
    }
}

impl DiscreteIql {
    fn weights(&self, network: Network) -> &ParamSet {
        match network {
            Network::Online => &self.q,
            Network::Target => &self.q_target,
        }
    }

    /// `V`: `[B, S + G] -> [B]`
    fn value_of(&self, weights: &[Tensor], state: &Tensor) -> Tensor {
        self.value.forward(weights, state).squeeze_dim(-1)
    }

    pub(crate) fn value_loss(&self, batch: &Minibatch<'_>) -> Outcome<Tensor> {
        let (s, a) = (batch.state()?, self.space.taken(batch)?);
        let network: CriticNetwork = self.hyper.value_network;
        let weights = self.weights(network.into()).frozen();
        let members = losses::taken(&self.critic.forward(weights, &s), &a); // [M, B]
        let q = EnsembleCritic::reduce(&members, self.hyper.value_reduce.into());
        let v = self.value_of(self.v.live(), &s);
        Ok(losses::value_loss(&q, &v, self.hyper.expectile))
    }

    pub(crate) fn critic_loss(&self, batch: &Minibatch<'_>) -> Outcome<Tensor> {
        let (s, a) = (batch.state()?, self.space.taken(batch)?);
        let r = batch.reward()?;
        let y = if batch.all_terminated()? {
            &*r * 1.0
        } else {
            let next_v = self.value_of(self.v.frozen(), &*batch.next_state()?);
            losses::target(&r, &*batch.terminated()?, &next_v, self.discount)
        };
        let q = losses::taken(&self.critic.forward(self.q.live(), &s), &a); // [M, B]
        Ok(losses::critic_loss(&y, &q))
    }
}

impl DiscreteCritic for DiscreteIql {
    fn q_all(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        network: Network,
        reduce: Reduce,
    ) -> Outcome<Array> {
        let s = self.space.dims.join_state(observation, goal)?;
        let members = self.critic.forward(self.weights(network).frozen(), &s); // [M, B, K]
        Ok(lend(&EnsembleCritic::reduce(&members, reduce)))
    }
}

impl StateValue for DiscreteIql {
    fn v(&mut self, observation: View<'_>, goal: Option<View<'_>>) -> Outcome<Array> {
        let s = self.space.dims.join_state(observation, goal)?;
        Ok(lend(&self.value_of(self.v.frozen(), &s)))
    }
}

impl Provide for DiscreteIql {
    fn discrete_critic(&mut self) -> Option<&mut dyn DiscreteCritic> {
        Some(self)
    }
    fn state_value(&mut self) -> Option<&mut dyn StateValue> {
        Some(self)
    }
}
