//! Behavioural cloning by flow matching: a policy of any shape, sampled by integrating a learned velocity. Equations and
//! conventions: `README.md`.

mod hyper;
pub mod losses;

pub use hyper::Hyper;

use nn::{Adam, Dims, Layout, Minibatch, Mlp, ParamSet, Progress, StateReader, StateWriter, lend};
use plugin_api::{
    ActMode, Array, Goals, Host, Learner, LearnerInfo, Outcome, Policy, Problem, Provide, Upstream,
    View,
};
use std::io::{Read, Write};
use tch::Tensor;

/// Facts of the library.
pub const INFO: plugin_api::PluginInfo = plugin_api::PluginInfo {
    id: "flow-bc",
    version: env!("CARGO_PKG_VERSION"),
    license: "MIT OR Apache-2.0",
    description: "Behavioural cloning by flow matching",
    runtimes: &["libtorch 2.11.0"],
};

/// The learner.
pub struct FlowBc {
    host: Host,
    dims: Dims,
    hyper: Hyper,
    bounds: (f64, f64),
    progress: Progress,
    velocity: Mlp,
    params: ParamSet,
    adam: Adam,
}

impl Learner for FlowBc {
    type Hyper = Hyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "flow-bc",
        version: "1.0.0",
        description: "behavioural cloning by flow matching: a policy of any shape, without a density",
        requires: &["continuous-actions"],
        provides: &["policy/1"],
        bitwise: true,
    };

    fn create(host: Host, problem: &Problem, hyper: Hyper, _: Upstream) -> Outcome<Self> {
        hyper.check()?;
        nn::single_thread();
        let dims = Dims::continuous(problem)?;
        let mut layout = Layout::new();
        let form = hyper.mlp(dims.state_action() + 1, dims.action);
        let velocity = Mlp::declare(&mut layout, "velocity", &form);
        let params = ParamSet::create(layout, &host, dims.kind)?;
        Ok(Self {
            host,
            dims,
            bounds: (problem.action_low, problem.action_high),
            progress: Progress::new(host, problem),
            velocity,
            adam: Adam::new(&params, hyper.adam(problem)),
            params,
            hyper,
        })
    }

    fn update(&mut self, count: u64) -> Outcome<()> {
        for _ in 0..count {
            let step = self.progress.next()?;
            let batch = Minibatch::draw_for(&self.host, self.dims, "train", step, Goals::Policy)?;
            let loss = self.loss(&batch, step)?;
            let value = self.progress.finite("flow_loss", &loss)?;
            self.adam.descend(&mut self.params, &loss)?;
            if self.progress.advance() {
                self.progress.metric("flow_loss", value)?;
            }
        }
        Ok(())
    }

    fn save(&self, out: &mut dyn Write) -> Outcome<()> {
        let mut out = StateWriter::new(out);
        self.progress.save(&mut out)?;
        self.params.save("online", &mut out)?;
        self.adam.save("adam", &mut out)
    }

    fn load(&mut self, from: &mut dyn Read) -> Outcome<()> {
        let mut from = StateReader::new(from);
        self.progress.load(&mut from)?;
        self.params.load("online", &mut from)?;
        self.adam.load("adam", &mut from)
    }
}

impl FlowBc {
    /// `L` of a batch, with the noise and the times of update `step`.  -> `[]`
    fn loss(&self, batch: &Minibatch<'_>, step: u64) -> Outcome<Tensor> {
        let (s, a) = (batch.state()?, batch.action()?);
        let x_0 = self.normal("noise", step, batch.rows())?;
        let t = self.host.uniform("time", step, batch.rows() as usize)?;
        let t = Tensor::from_slice(&t).to_kind(self.dims.kind).view([-1, 1]);
        let weights = self.params.live();
        Ok(losses::flow_matching(
            &self.velocity,
            weights,
            &s,
            &a,
            &x_0,
            &t,
        ))
    }

    /// Standard normal numbers of the host: `[rows, A]`.
    fn normal(&self, stream: &str, position: u64, rows: i64) -> Outcome<Tensor> {
        let count = (rows * self.dims.action) as usize;
        let noise = Tensor::from_slice(&self.host.normal(stream, position, count)?);
        Ok(noise.to_kind(self.dims.kind).view([rows, self.dims.action]))
    }
}

impl Policy for FlowBc {
    fn act(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        mode: ActMode,
    ) -> Outcome<Array> {
        let s = self.dims.join_state(observation, goal)?;
        let rows = s.size()[0];
        let x_0 = match mode {
            ActMode::Sampled(position) => self.normal("act", position, rows)?,
            ActMode::Greedy => {
                Tensor::zeros([rows, self.dims.action], (s.kind(), tch::Device::Cpu))
            }
        };
        let weights = self.params.frozen();
        let x_1 = losses::euler(&self.velocity, weights, &s, &x_0, self.hyper.flow_steps);
        let action = lend(&x_1.clamp(self.bounds.0, self.bounds.1));
        action.view().expect_finite("action")?;
        Ok(action)
    }
}

impl Provide for FlowBc {
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        Some(self)
    }
}

plugin_api::export!(INFO, learners = [FlowBc], environments = []);

#[cfg(test)]
mod tests;
