//! The update loop of value learners by temporal differences.

use crate::adam::Adam;
use crate::batch::Minibatch;
use crate::hyper::ValueHyper;
use crate::inputs::Inputs;
use crate::progress::Progress;
use crate::state::{StateReader, StateWriter};
use crate::value::ValueNets;
use plugin_api::{BatchRequest, Host, Outcome, Problem, Upstream};
use tch::Tensor;

/// What a value learner minimises.
pub trait ValueLosses {
    /// What its batches hold.
    const REQUEST: BatchRequest;

    /// The hyperparameters of networks and optimisers.
    fn common(&self) -> &ValueHyper;

    /// Whether V takes its step before the loss of Q is computed, or both losses are those of the parameters before.
    fn value_first(&self) -> bool;

    /// `L_V` of a batch.  -> `[]`
    fn value_loss(&self, nets: &ValueNets, batch: &Minibatch<'_>) -> Outcome<Tensor>;

    /// `L_Q` of a batch under the discount `gamma`.  -> `[]`
    fn critic_loss(&self, nets: &ValueNets, batch: &Minibatch<'_>, gamma: f64) -> Outcome<Tensor>;
}

/// Critic and state value in training by the losses `L`.
pub struct ValueTrainer<L> {
    /// The losses with their hyperparameters.
    pub losses: L,
    /// Structures and parameters.
    pub nets: ValueNets,
    /// The benchmark's.
    pub discount: f64,
    host: Host,
    inputs: Inputs,
    progress: Progress,
    q_adam: Adam,
    v_adam: Adam,
}

impl<L: ValueLosses> ValueTrainer<L> {
    /// Fresh networks; errors naming the first hyperparameter that is out of range.
    pub fn create(host: Host, problem: &Problem, upstream: &Upstream, losses: L) -> Outcome<Self> {
        let hyper = losses.common();
        hyper.check()?;
        let inputs = hyper.inputs(problem, upstream)?;
        let nets = ValueNets::create(&host, &inputs, &hyper.mlp(), hyper.ensemble)?;
        Ok(Self {
            discount: problem.discount,
            progress: Progress::new(host, problem),
            q_adam: Adam::new(&nets.q, hyper.adam(problem)),
            v_adam: Adam::new(&nets.v, hyper.adam(problem)),
            host,
            inputs,
            nets,
            losses,
        })
    }

    /// The training batch of an update.
    pub fn batch<'h>(&self, host: &'h Host, step: u64) -> Outcome<Minibatch<'h>> {
        let batch = Minibatch::draw_with(host, self.inputs.dims(), "train", step, L::REQUEST)?;
        Ok(batch.seen_by(&self.inputs))
    }

    /// Runs updates: V, Q, and the target that follows.
    pub fn update(&mut self, count: u64) -> Outcome<()> {
        let host = self.host;
        for _ in 0..count {
            let batch = self.batch(&host, self.progress.next()?)?;
            let v_loss = self.losses.value_loss(&self.nets, &batch)?;
            let v_value = self.progress.finite("v_loss", &v_loss)?;
            let value_first = self.losses.value_first();
            if value_first {
                self.v_adam.descend(&mut self.nets.v, &v_loss)?;
            }
            let q_loss = self.losses.critic_loss(&self.nets, &batch, self.discount)?;
            let q_value = self.progress.finite("q_loss", &q_loss)?;
            self.q_adam.descend(&mut self.nets.q, &q_loss)?;
            if !value_first {
                self.v_adam.descend(&mut self.nets.v, &v_loss)?;
            }
            let rate = self.losses.common().target_rate;
            self.nets.q_target.follow(&self.nets.q, rate);
            if self.progress.advance() {
                self.progress.metric("v_loss", v_value)?;
                self.progress.metric("q_loss", q_value)?;
            }
        }
        Ok(())
    }

    /// Writes counter, parameters and optimisers.
    pub fn save(&self, out: &mut StateWriter<'_>) -> Outcome<()> {
        self.progress.save(out)?;
        self.nets.save(out)?;
        self.q_adam.save("critic-adam", out)?;
        self.v_adam.save("value-adam", out)
    }

    /// Restores what `save` wrote.
    pub fn load(&mut self, from: &mut StateReader<'_>) -> Outcome<()> {
        self.progress.load(from)?;
        self.nets.load(from)?;
        self.q_adam.load("critic-adam", from)?;
        self.v_adam.load("value-adam", from)
    }
}
