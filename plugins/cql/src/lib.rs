//! CQL: a critic that is held down outside the data, and the policy of maximum entropy under it, learned together. Equations and conventions: `README.md`.

mod hyper;
pub mod losses;
mod policy;

pub use hyper::Hyper;
pub use losses::{Nets, Noise};
pub use policy::SquashedGaussian;

use losses::Conservatism;
use nn::{
    Adam, AdamOptions, EnsembleCritic, Inputs, Layout, Minibatch, ParamSet, Progress, StateReader,
    StateWriter, lend,
};
use plugin_api::{
    ActMode, Array, BatchRequest, Critic, Goals, Host, Learner, LearnerInfo, Network, Outcome,
    Policy, Problem, Provide, Query, Upstream, View,
};
use std::io::{Read, Write};
use tch::Tensor;

/// Facts of the library.
pub const INFO: plugin_api::PluginInfo = plugin_api::PluginInfo {
    id: "cql",
    version: env!("CARGO_PKG_VERSION"),
    license: "MIT OR Apache-2.0",
    description: "CQL: conservative Q-learning",
    runtimes: &["libtorch 2.11.0"],
};

/// The learner.
pub struct Cql {
    host: Host,
    inputs: Inputs,
    hyper: Hyper,
    progress: Progress,
    nets: Nets,
    pi_adam: Adam,
    q_adam: Adam,
    alpha_adam: Adam,
}

/// Losses of an update.
struct Losses {
    critic: f64,
    conservatism: f64,
    actor: f64,
    alpha: f64,
}

impl Learner for Cql {
    type Hyper = Hyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "cql",
        version: "1.0.0",
        description: "CQL: a critic held down outside the data, and the policy of maximum entropy under it, learned together",
        requires: &["continuous-actions"],
        provides: &["critic/1", "policy/1"],
        bitwise: true,
    };

    fn create(host: Host, problem: &Problem, hyper: Hyper, upstream: Upstream) -> Outcome<Self> {
        hyper.check()?;
        nn::single_thread();
        let inputs = Inputs::create(
            problem,
            &upstream,
            hyper.image_encoder,
            &hyper.image_channels,
        )?;
        let kind = inputs.dims().kind;
        let form = (hyper.policy(), (hyper.log_std_min, hyper.log_std_max));
        let (mut pi, mut q, mut alpha) = (Layout::new(), Layout::new(), Layout::new());
        let policy = SquashedGaussian::declare(&mut pi, "policy", &inputs, problem, form);
        let critic = EnsembleCritic::declare(&mut q, "critic", &inputs, &hyper.critic());
        alpha.scalar("log_alpha".into(), 0.0);
        let (pi, q) = (
            ParamSet::create(pi, &host, kind)?,
            ParamSet::create(q, &host, kind)?,
        );
        let log_alpha = ParamSet::create(alpha, &host, kind)?;
        let adam = |rate| AdamOptions::new(rate, hyper.schedule, problem.updates);
        Ok(Self {
            host,
            progress: Progress::new(host, problem),
            pi_adam: Adam::new(&pi, adam(hyper.learning_rate)),
            q_adam: Adam::new(&q, adam(hyper.critic_learning_rate)),
            alpha_adam: Adam::new(&log_alpha, adam(hyper.learning_rate)),
            nets: Nets {
                policy,
                pi,
                critic,
                q_target: q.duplicate(),
                q,
                log_alpha,
                discount: problem.discount,
            },
            inputs,
            hyper,
        })
    }

    fn update(&mut self, count: u64) -> Outcome<()> {
        let host = self.host;
        for _ in 0..count {
            let step = self.progress.next()?;
            let batch = self.batch(&host, step)?;
            let noise = self.noise(batch.rows(), step)?;
            let losses = self.step(&batch, &noise)?;
            if self.progress.advance() {
                self.progress.metric("q_loss", losses.critic)?;
                self.progress.metric("cql_loss", losses.conservatism)?;
                self.progress.metric("actor_loss", losses.actor)?;
                self.progress.metric("alpha", losses.alpha)?;
            }
        }
        Ok(())
    }

    fn save(&self, out: &mut dyn Write) -> Outcome<()> {
        let mut out = StateWriter::new(out);
        self.progress.save(&mut out)?;
        self.nets.pi.save("online", &mut out)?;
        self.nets.q.save("online", &mut out)?;
        self.nets.q_target.save("target", &mut out)?;
        self.nets.log_alpha.save("online", &mut out)?;
        self.pi_adam.save("policy-adam", &mut out)?;
        self.q_adam.save("critic-adam", &mut out)?;
        self.alpha_adam.save("alpha-adam", &mut out)
    }

    fn load(&mut self, from: &mut dyn Read) -> Outcome<()> {
        let mut from = StateReader::new(from);
        self.progress.load(&mut from)?;
        self.nets.pi.load("online", &mut from)?;
        self.nets.q.load("online", &mut from)?;
        self.nets.q_target.load("target", &mut from)?;
        self.nets.log_alpha.load("online", &mut from)?;
        self.pi_adam.load("policy-adam", &mut from)?;
        self.q_adam.load("critic-adam", &mut from)?;
        self.alpha_adam.load("alpha-adam", &mut from)
    }
}

impl Cql {
    /// The training batch of an update.
    fn batch<'h>(&self, host: &'h Host, step: u64) -> Outcome<Minibatch<'h>> {
        let request = BatchRequest {
            goals: Goals::Value,
            next_action: false,
            held_out: false,
        };
        let batch = Minibatch::draw_with(host, self.inputs.dims(), "train", step, request)?;
        Ok(batch.seen_by(&self.inputs))
    }

    /// What an update draws for `rows` transitions.
    fn noise(&self, rows: i64, step: u64) -> Outcome<Noise> {
        let (dims, n) = (self.inputs.dims(), self.hyper.cql_actions);
        let tensor = |values: &[f64], shape: &[i64]| {
            Tensor::from_slice(values).to_kind(dims.kind).view(shape)
        };
        let normal = |stream: &str, shape: &[i64]| -> Outcome<Tensor> {
            let count = shape.iter().product::<i64>() as usize;
            Ok(tensor(&self.host.normal(stream, step, count)?, shape))
        };
        let (one, many) = ([rows, dims.action], [rows, n, dims.action]);
        let count = many.iter().product::<i64>() as usize;
        Ok(Noise {
            policy: normal("action", &one)?,
            target: normal("next-action", &one)?,
            uniform: tensor(&self.host.uniform("cql-uniform", step, count)?, &many),
            current: normal("cql-action", &many)?,
            next: normal("cql-next-action", &many)?,
        })
    }

    /// One update: all losses at the present parameters, then a step each of temperature, policy and critic; the target follows.
    fn step(&mut self, batch: &Minibatch<'_>, noise: &Noise) -> Outcome<Losses> {
        let (nets, hyper) = (&mut self.nets, &self.hyper);
        let entropy = hyper.target_entropy * self.inputs.dims().action as f64;
        let (actor_loss, log_pi) = losses::actor_loss(nets, batch, &noise.policy)?;
        let alpha_loss = losses::temperature_loss(nets, &log_pi, entropy);
        let y = losses::target(nets, batch, &noise.target)?;
        let (actions, log_p) = losses::drawn(nets, batch, noise)?;
        let how = hyper.conservatism();
        let (q_loss, r) = losses::critic_loss(nets, batch, &y, (&actions, &log_p), how)?;
        let losses = Losses {
            critic: self.progress.finite("q_loss", &q_loss)?,
            conservatism: self.progress.finite("cql_loss", &r)?,
            actor: self.progress.finite("actor_loss", &actor_loss)?,
            alpha: libm::exp(nets.log_alpha.frozen()[0].double_value(&[0])),
        };
        // Frozen and live parameters are one memory: no step before every gradient is taken.
        let pi = Tensor::run_backward(&[&actor_loss], nets.pi.live(), false, false);
        let q = Tensor::run_backward(&[&q_loss], nets.q.live(), false, false);
        self.alpha_adam.descend(&mut nets.log_alpha, &alpha_loss)?;
        self.pi_adam.apply(&mut nets.pi, &pi)?;
        self.q_adam.apply(&mut nets.q, &q)?;
        nets.q_target.follow(&nets.q, hyper.target_rate);
        Ok(losses)
    }

    fn asked(&self, network: Network) -> &[Tensor] {
        match network {
            Network::Online => self.nets.q.frozen(),
            Network::Target => self.nets.q_target.frozen(),
        }
    }
}

impl Hyper {
    fn conservatism(&self) -> Conservatism {
        Conservatism {
            cql_alpha: self.cql_alpha,
            temperature: self.cql_temperature,
            importance_sampling: self.importance_sampling,
        }
    }
}

impl Policy for Cql {
    fn act(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        mode: ActMode,
    ) -> Outcome<Array> {
        let state = self.inputs.state(observation, goal)?;
        let (policy, weights) = (&self.nets.policy, self.nets.pi.frozen());
        let gaussian = policy.distribution(weights, &state);
        let action = match mode {
            ActMode::Greedy => policy.mode(&gaussian),
            ActMode::Sampled(position) => {
                let noise = self.host.normal("act", position, gaussian.mu.numel())?;
                let noise = Tensor::from_slice(&noise).to_kind(gaussian.mu.kind());
                policy.sample(&gaussian, &noise.view_as(&gaussian.mu)).0
            }
        };
        let action = lend(&action);
        action.view().expect_finite("action")?;
        Ok(action)
    }

    fn log_prob(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        action: View<'_>,
    ) -> Outcome<Array> {
        let state = self.inputs.state(observation, goal)?;
        let action = self.inputs.dims().action(action, state.size()[0])?;
        let (policy, weights) = (&self.nets.policy, self.nets.pi.frozen());
        let gaussian = policy.distribution(weights, &state);
        Ok(lend(&policy.log_prob(&gaussian, &action)))
    }
}

impl Critic for Cql {
    fn q(&mut self, query: &Query<'_>) -> Outcome<Array> {
        self.nets.critic.answer(self.asked(query.network), query)
    }

    fn q_gradient(&mut self, query: &Query<'_>) -> Outcome<(Array, Array)> {
        let weights = self.asked(query.network);
        self.nets.critic.answer_gradient(weights, query)
    }
}

impl Provide for Cql {
    fn critic(&mut self) -> Option<&mut dyn Critic> {
        Some(self)
    }
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        Some(self)
    }
}

plugin_api::export!(INFO, learners = [Cql], environments = []);

#[cfg(test)]
mod tests;
