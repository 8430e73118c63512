//! Contrastive reinforcement learning: a critic and a state value that tell a row's own future from that of others.
//! Equations and conventions: `README.md`.

mod hyper;
pub mod losses;
pub mod nets;

pub use hyper::{Answer, Hyper, Negatives, Offset};

use nets::Nets;
use nn::{Adam, Dims, EnsembleCritic, Minibatch, Progress, StateReader, StateWriter, lend};
use plugin_api::{
    Array, Critic, Failure, Goals, Host, Learner, LearnerInfo, Network, Outcome, Problem, Provide,
    Query, Reduce, StateValue, Upstream, View,
};
use std::io::{Read, Write};
use tch::Tensor;

/// Facts of the library.
pub const INFO: plugin_api::PluginInfo = plugin_api::PluginInfo {
    id: "crl",
    version: env!("CARGO_PKG_VERSION"),
    license: "MIT OR Apache-2.0",
    description: "Contrastive reinforcement learning",
    runtimes: &["libtorch 2.11.0"],
};

/// The learner.
pub struct Crl {
    host: Host,
    dims: Dims,
    hyper: Hyper,
    constant: f64, // subtracted from answers
    progress: Progress,
    nets: Nets,
    q_adam: Adam,
    v_adam: Adam,
}

impl Learner for Crl {
    type Hyper = Hyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "crl",
        version: "1.0.0",
        description: "contrastive reinforcement learning: how much likelier a goal is in a row's own future than in others'",
        requires: &["goals", "continuous-actions"],
        provides: &["critic/1", "state-value/1"],
        bitwise: true,
    };

    fn create(host: Host, problem: &Problem, hyper: Hyper, _: Upstream) -> Outcome<Self> {
        hyper.check(problem)?;
        if problem.batch_size == 1 {
            host.warn("batches of one row have no negatives: nothing is learned from them");
        }
        nn::single_thread();
        let dims = Dims::continuous(problem)?;
        let nets = Nets::create(&host, dims, &hyper)?;
        Ok(Self {
            host,
            dims,
            constant: match hyper.offset {
                Offset::Kept => 0.0,
                Offset::Removed => hyper.constant(problem.batch_size),
            },
            progress: Progress::new(host, problem),
            q_adam: Adam::new(&nets.q, hyper.adam(problem)),
            v_adam: Adam::new(&nets.v, hyper.adam(problem)),
            nets,
            hyper,
        })
    }

    fn update(&mut self, count: u64) -> Outcome<()> {
        for _ in 0..count {
            let step = self.progress.next()?;
            let batch = Minibatch::draw_for(&self.host, self.dims, "train", step, Goals::Future)?;
            let q_loss = losses::critic_loss(&self.nets, &batch, &self.hyper)?;
            let q_value = self.progress.finite("q_loss", &q_loss)?;
            self.q_adam.descend(&mut self.nets.q, &q_loss)?;
            let v_loss = losses::value_loss(&self.nets, &batch, &self.hyper)?;
            let v_value = self.progress.finite("v_loss", &v_loss)?;
            self.v_adam.descend(&mut self.nets.v, &v_loss)?;
            if self.progress.advance() {
                self.progress.metric("q_loss", q_value)?;
                self.progress.metric("v_loss", v_value)?;
            }
        }
        Ok(())
    }

    fn save(&self, out: &mut dyn Write) -> Outcome<()> {
        let mut out = StateWriter::new(out);
        self.progress.save(&mut out)?;
        self.nets.q.save("online", &mut out)?;
        self.nets.v.save("online", &mut out)?;
        self.q_adam.save("critic-adam", &mut out)?;
        self.v_adam.save("value-adam", &mut out)
    }

    fn load(&mut self, from: &mut dyn Read) -> Outcome<()> {
        let mut from = StateReader::new(from);
        self.progress.load(&mut from)?;
        self.nets.q.load("online", &mut from)?;
        self.nets.v.load("online", &mut from)?;
        self.q_adam.load("critic-adam", &mut from)?;
        self.v_adam.load("value-adam", &mut from)
    }
}

impl Crl {
    /// What is answered for `f_i(s, a, g)`: `[M, B]`.
    fn members(&self, query: &Query<'_>, action: &Tensor) -> Outcome<Tensor> {
        if query.network == Network::Target {
            return Err(Failure::unsupported(
                "crl has no target copy: ask for the online network",
            ));
        }
        let s = self.dims.observation(query.observation)?;
        let g = self.goal(query.goal, s.size()[0])?;
        let x = Tensor::cat(&[&*s, action], 1);
        let f = self.nets.critic.rows(self.nets.q.frozen(), &x, &g);
        Ok(losses::answer(&f, self.constant, &self.hyper))
    }

    fn goal<'a>(&self, goal: Option<View<'a>>, rows: i64) -> Outcome<nn::Borrowed<'a>> {
        let goal = self.dims.goal(goal, rows)?;
        goal.ok_or_else(|| Failure::invalid_argument("the problem has no goals"))
    }
}

impl Critic for Crl {
    fn q(&mut self, query: &Query<'_>) -> Outcome<Array> {
        let rows = self.dims.observation(query.observation)?.size()[0];
        let action = self.dims.action(query.action, rows)?;
        let q = self.members(query, &action)?;
        Ok(lend(&EnsembleCritic::reduce(&q, query.reduce)))
    }

    fn q_gradient(&mut self, query: &Query<'_>) -> Outcome<(Array, Array)> {
        if query.reduce == Reduce::Member {
            return Err(Failure::unsupported(
                "dQ/da is defined for the minimum or the mean over members",
            ));
        }
        let rows = self.dims.observation(query.observation)?.size()[0];
        let action = self.dims.action(query.action, rows)?;
        let action = action.detach().set_requires_grad(true);
        let q = EnsembleCritic::reduce(&self.members(query, &action)?, query.reduce);
        let gradient = Tensor::run_backward(&[q.sum(q.kind())], &[&action], false, false);
        Ok((lend(&q), lend(&gradient[0])))
    }
}

impl StateValue for Crl {
    fn v(&mut self, observation: View<'_>, goal: Option<View<'_>>) -> Outcome<Array> {
        let s = self.dims.observation(observation)?;
        let g = self.goal(goal, s.size()[0])?;
        let f = self.nets.value.rows(self.nets.v.frozen(), &s, &g);
        Ok(lend(&losses::answer(&f, self.constant, &self.hyper)))
    }
}

impl Provide for Crl {
    fn critic(&mut self) -> Option<&mut dyn Critic> {
        Some(self)
    }
    fn state_value(&mut self) -> Option<&mut dyn StateValue> {
        Some(self)
    }
}

plugin_api::export!(INFO, learners = [Crl], environments = []);

#[cfg(test)]
mod tests;
