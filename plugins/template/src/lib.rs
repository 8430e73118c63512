//! `template`: filtered cloning. A policy copies those actions of the data that a trained critic finds better than usual.

pub mod losses;

use nn::{
    Activation, Actor, ActorOptions, AdamOptions, CriticNetwork, CriticReduce, Dims, FrozenCritic,
    Init, LayerNorm, MeanKind, Minibatch, PolicyOptions, Progress, Schedule, StateReader,
    StateWriter, StdKind,
};
use plugin_api::{
    Goals, Host, Learner, LearnerInfo, Outcome, PluginInfo, Policy, Problem, Provide, Upstream,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};

/// Facts of the library.
pub const INFO: PluginInfo = PluginInfo {
    id: "template",
    version: env!("CARGO_PKG_VERSION"),
    license: "MIT OR Apache-2.0",
    description: "Cloning of the better actions",
    runtimes: &["libtorch 2.11.0"],
};

/// Hyperparameters: each with a sentence and a default, as a manifest's `params` sets them.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hyper {
    /// Least advantage Q(s, a) - V(s) of an action that is copied.
    pub threshold: f64,
    /// Step size of Adam.
    #[schemars(range(min = 0.0))]
    pub learning_rate: f64,
    /// Units of each hidden layer; none is a linear policy.
    pub hidden: Vec<i64>,
}

impl Default for Hyper {
    fn default() -> Self {
        Self {
            threshold: 0.0,
            learning_rate: 1e-3,
            hidden: vec![64, 64],
        }
    }
}

/// The learner: everything that training needs between two updates.
pub struct Template {
    host: Host,
    dims: Dims,
    hyper: Hyper,
    progress: Progress,
    critic: FrozenCritic,
    actor: Actor,
}

impl Learner for Template {
    type Hyper = Hyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "template",
        version: "0.1.0", // raise it when results change
        description: "cloning of the actions that a critic finds better than usual",
        requires: &["critic/1", "state-value/1"],
        provides: &["policy/1"],
        bitwise: true,
    };

    fn create(host: Host, problem: &Problem, hyper: Hyper, upstream: Upstream) -> Outcome<Self> {
        nn::single_thread();
        let dims = Dims::continuous(problem)?;
        let policy = PolicyOptions {
            hidden: hyper.hidden.clone(),
            activation: Activation::Relu,
            layer_norm: LayerNorm::None,
            init: Init::TorchLinear,
            output_scale: 1.0,
            mean: MeanKind::Tanh,
            std: StdKind::Constant,
            std_value: 1.0,
            log_std_min: -5.0,
            log_std_max: 2.0,
        };
        let adam = AdamOptions::new(hyper.learning_rate, Schedule::Constant, problem.updates);
        let (network, reduce) = (CriticNetwork::Online, CriticReduce::Min);
        Ok(Self {
            host,
            dims,
            progress: Progress::new(host, problem),
            critic: FrozenCritic::bind(&upstream, dims, network, reduce)?,
            actor: Actor::create(host, problem, ActorOptions { policy, adam })?,
            hyper,
        })
    }

    fn update(&mut self, count: u64) -> Outcome<()> {
        for _ in 0..count {
            let step = self.progress.next()?; // stops here when the host asks to
            let batch = Minibatch::draw_for(&self.host, self.dims, "train", step, Goals::Policy)?;
            let (s, a) = (batch.state()?, batch.action()?);
            let f = losses::filter(&self.critic.advantage(&batch)?, self.hyper.threshold);
            let loss = losses::filtered_cloning(&f, &self.actor.mean(&s), &a);
            let value = self.progress.finite("loss", &loss)?; // a NaN ends the stage by name
            self.actor.descend(&loss)?;
            if self.progress.advance() {
                self.progress.metric("loss", value)?;
                self.progress
                    .metric("copied", f.mean(f.kind()).double_value(&[]))?;
            }
        }
        Ok(())
    }

    fn save(&self, out: &mut dyn Write) -> Outcome<()> {
        let mut out = StateWriter::new(out);
        self.progress.save(&mut out)?;
        self.actor.save(&mut out)
    }

    fn load(&mut self, from: &mut dyn Read) -> Outcome<()> {
        let mut from = StateReader::new(from);
        self.progress.load(&mut from)?;
        self.actor.load(&mut from)
    }
}

impl Provide for Template {
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        Some(&mut self.actor)
    }
}

plugin_api::export!(INFO, learners = [Template], environments = []);
