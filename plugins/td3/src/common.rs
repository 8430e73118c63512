//! What the three learners share: hyperparameters, networks, and the loop of updates.

use nn::{
    Actor, ActorHyper, Adam, AdamOptions, EnsembleCritic, Init, Inputs, LayerNorm, Layout,
    Minibatch, MlpOptions, ParamSet, Progress, StateReader, StateWriter,
};
use plugin_api::{Array, BatchRequest, Host, Network, Outcome, Problem, Query, Upstream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

/// Hyperparameters that the learners share, to be flattened into theirs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Common {
    /// Updates of the critic for one of the policy and the targets.
    #[schemars(range(min = 1))]
    pub policy_delay: u64,
    /// Standard deviation of the noise on the target policy's action, in halves of the action range.
    #[schemars(range(min = 0.0))]
    pub target_noise: f64,
    /// Largest absolute noise on the target policy's action, in halves of the action range.
    #[schemars(range(min = 0.0))]
    pub target_noise_clip: f64,
    /// Share of the online networks mixed into the targets whenever the policy is updated.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub target_rate: f64,
    /// Members of the critic.
    #[schemars(range(min = 1))]
    pub ensemble: i64,
    /// Step size of the critic's Adam.
    #[schemars(range(min = 0.0))]
    pub critic_learning_rate: f64,
    /// Where the critic's hidden layers are normalised.
    pub critic_layer_norm: LayerNorm,
}

impl Default for Common {
    fn default() -> Self {
        Self {
            policy_delay: 2,
            target_noise: 0.2,
            target_noise_clip: 0.5,
            target_rate: 0.005,
            ensemble: 2,
            critic_learning_rate: 3e-4,
            critic_layer_norm: LayerNorm::None,
        }
    }
}

/// Defaults of policy and optimiser: layers start as PyTorch's do. The critic has the same hidden layers.
pub fn actor() -> ActorHyper {
    ActorHyper {
        init: Init::TorchLinear,
        output_scale: 1.0,
        ..ActorHyper::default()
    }
}

impl Common {
    /// Errors naming the first hyperparameter that is out of range.
    fn check(&self) -> Outcome<()> {
        nn::require("policy_delay", &self.policy_delay, 1..)?;
        nn::require("target_noise", &self.target_noise, 0.0..=f64::MAX)?;
        nn::require("target_noise_clip", &self.target_noise_clip, 0.0..=f64::MAX)?;
        nn::require("target_rate", &self.target_rate, 0.0..=1.0)?;
        nn::require("ensemble", &self.ensemble, 1..)?;
        let rate = &self.critic_learning_rate;
        nn::require("critic_learning_rate", rate, 0.0..=f64::MAX)
    }

    /// The form of the critic's members; the input is set by the critic.
    fn critic(&self, actor: &ActorHyper) -> MlpOptions {
        MlpOptions {
            input: 0,
            hidden: actor.hidden.clone(),
            output: 1,
            activation: actor.activation,
            layer_norm: self.critic_layer_norm,
            init: actor.init,
            output_scale: 1.0,
            members: Some(self.ensemble),
        }
    }
}

/// Networks with their parameters and targets.
pub struct Nets {
    /// `mu(s)` with its optimiser.
    pub actor: Actor,
    /// Parameters of the target policy.
    pub mu_target: ParamSet,
    /// `Q_i(s, a)`
    pub critic: EnsembleCritic,
    /// Parameters of the online critic.
    pub q: ParamSet,
    /// Parameters of the target critic.
    pub q_target: ParamSet,
    /// Discount factor.
    pub discount: f64,
    /// Half of the action range.
    pub half_range: f64,
}

/// What a learner minimises.
pub trait Losses {
    /// What its batches hold.
    const REQUEST: BatchRequest;

    /// The hyperparameters of networks and updates.
    fn common(&self) -> &Common;

    /// Those of the policy and its optimiser.
    fn actor(&self) -> &ActorHyper;

    /// Errors naming the first hyperparameter of its own that is out of range.
    fn check(&self) -> Outcome<()>;

    /// The target `y` of a batch; `standard` is N(0, 1) `[B, A]`.  -> `[B]`
    fn target(&self, nets: &Nets, batch: &Minibatch<'_>, standard: &Tensor) -> Outcome<Tensor>;

    /// `L_mu` of a batch.  -> `[]`
    fn actor_loss(&self, nets: &Nets, batch: &Minibatch<'_>) -> Outcome<Tensor>;
}

/// Policy and critic in training by the losses `L`.
pub struct Trainer<L> {
    /// The losses with their hyperparameters.
    pub losses: L,
    /// Networks.
    pub nets: Nets,
    pub(crate) inputs: Inputs,
    host: Host,
    progress: Progress,
    q_adam: Adam,
}

impl<L: Losses> Trainer<L> {
    /// Fresh networks; errors naming the first hyperparameter that is out of range.
    pub fn create(host: Host, problem: &Problem, upstream: &Upstream, losses: L) -> Outcome<Self> {
        losses.check()?;
        let (hyper, form) = (losses.common(), losses.actor());
        hyper.check()?;
        let inputs = form.inputs(problem, upstream)?;
        let actor = form.create(host, problem, &inputs)?;
        let mut layout = Layout::new();
        let critic = EnsembleCritic::declare(&mut layout, "critic", &inputs, &hyper.critic(form));
        let q = ParamSet::create(layout, &host, inputs.dims().kind)?;
        let adam = AdamOptions::new(hyper.critic_learning_rate, form.schedule, problem.updates);
        Ok(Self {
            host,
            progress: Progress::new(host, problem),
            q_adam: Adam::new(&q, adam),
            nets: Nets {
                mu_target: actor.params.duplicate(),
                actor,
                critic,
                q_target: q.duplicate(),
                q,
                discount: problem.discount,
                half_range: 0.5 * (problem.action_high - problem.action_low),
            },
            inputs,
            losses,
        })
    }

    /// The training batch of an update.
    pub fn batch<'h>(&self, host: &'h Host, step: u64) -> Outcome<Minibatch<'h>> {
        let batch = Minibatch::draw_with(host, self.inputs.dims(), "train", step, L::REQUEST)?;
        Ok(batch.seen_by(&self.inputs))
    }

    /// Runs updates: the critic at each; policy and targets at every `policy_delay`-th.
    pub fn update(&mut self, count: u64) -> Outcome<()> {
        let host = self.host;
        for _ in 0..count {
            let step = self.progress.next()?;
            let batch = self.batch(&host, step)?;
            let q_loss = self.update_critic(&batch, step)?;
            let delay = self.losses.common().policy_delay;
            let due = (step + 1).is_multiple_of(delay);
            let actor_loss = if due {
                Some(self.update_policy(&batch)?)
            } else {
                None
            };
            if self.progress.advance() {
                self.progress.metric("q_loss", q_loss)?;
                if let Some(loss) = actor_loss {
                    self.progress.metric("actor_loss", loss)?;
                }
            }
        }
        Ok(())
    }

    /// N(0, 1) for the target policy's action in an update, `[B, A]`.
    fn standard_noise(&self, batch: &Minibatch<'_>, step: u64) -> Outcome<Tensor> {
        let dims = self.inputs.dims();
        let (rows, entries) = (batch.rows(), dims.action);
        let noise = self
            .host
            .normal("target-noise", step, (rows * entries) as usize)?;
        let noise = Tensor::from_slice(&noise).to_kind(dims.kind);
        Ok(noise.view([rows, entries]))
    }

    /// One step of the critic; returns its loss.
    fn update_critic(&mut self, batch: &Minibatch<'_>, step: u64) -> Outcome<f64> {
        let noise = self.standard_noise(batch, step)?;
        let y = self.losses.target(&self.nets, batch, &noise)?;
        let loss = crate::losses::critic_loss(&self.nets, batch, &y)?;
        let value = self.progress.finite("q_loss", &loss)?;
        self.q_adam.descend(&mut self.nets.q, &loss)?;
        Ok(value)
    }

    /// One step of the policy, after which all targets follow; returns its loss.
    fn update_policy(&mut self, batch: &Minibatch<'_>) -> Outcome<f64> {
        let loss = self.losses.actor_loss(&self.nets, batch)?;
        let value = self.progress.finite("actor_loss", &loss)?;
        let (nets, rate) = (&mut self.nets, self.losses.common().target_rate);
        nets.actor.descend(&loss)?;
        nets.mu_target.follow(&nets.actor.params, rate);
        nets.q_target.follow(&nets.q, rate);
        Ok(value)
    }

    /// Writes everything that training goes on from.
    pub fn save(&self, out: &mut StateWriter<'_>) -> Outcome<()> {
        self.progress.save(out)?;
        self.nets.actor.save(out)?;
        self.nets.mu_target.save("target", out)?;
        self.nets.q.save("online", out)?;
        self.nets.q_target.save("target", out)?;
        self.q_adam.save("critic-adam", out)
    }

    /// Restores what `save` wrote.
    pub fn load(&mut self, from: &mut StateReader<'_>) -> Outcome<()> {
        self.progress.load(from)?;
        self.nets.actor.load(from)?;
        self.nets.mu_target.load("target", from)?;
        self.nets.q.load("online", from)?;
        self.nets.q_target.load("target", from)?;
        self.q_adam.load("critic-adam", from)
    }
}

impl Nets {
    fn asked(&self, network: Network) -> &[Tensor] {
        match network {
            Network::Online => self.q.frozen(),
            Network::Target => self.q_target.frozen(),
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
}
