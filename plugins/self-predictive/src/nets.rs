//! The encoder with its target copy, and the predictions that train it.

use crate::hyper::Hyper;
use nn::{Inputs, Layout, Mlp, ParamSet, StateNet, StateReader, StateWriter};
use plugin_api::{Host, Outcome};
use tch::Tensor;

/// Structures and parameters.
pub struct Nets {
    phi: StateNet,
    dynamics: Mlp,
    reward: Option<Mlp>,
    /// Parameters of the encoder.
    pub online: ParamSet,
    /// Parameters of its slowly moving copy.
    pub target: ParamSet,
    /// Parameters of the predictions.
    pub heads: ParamSet,
}

impl Nets {
    /// Fresh networks; the target starts equal to the encoder.
    pub fn create(host: &Host, inputs: &Inputs, hyper: &Hyper) -> Outcome<Self> {
        let dims = inputs.dims();
        let (mut encoder, mut heads) = (Layout::new(), Layout::new());
        let phi = StateNet::declare(&mut encoder, "phi", inputs, &hyper.encoder());
        let mut head = |name: &str, output: i64| {
            let form = hyper.prediction(dims.action, output);
            Mlp::declare(&mut heads, name, &form)
        };
        let dynamics = head("dynamics", hyper.latent);
        let reward = (hyper.reward_weight > 0.0).then(|| head("reward", 1));
        let online = ParamSet::create(encoder, host, dims.kind)?;
        Ok(Self {
            phi,
            dynamics,
            reward,
            target: online.duplicate(),
            online,
            heads: ParamSet::create(heads, host, dims.kind)?,
        })
    }

    /// `phi(s)` with a graph to the parameters: `[B, S] -> [B, E]`.
    pub fn code(&self, s: &Tensor) -> Tensor {
        self.phi.forward(self.online.live(), s)
    }

    /// `phi(s)` as a constant: `[B, S] -> [B, E]`.
    pub fn answer(&self, s: &Tensor) -> Tensor {
        self.phi.forward(self.online.frozen(), s)
    }

    /// `phi'(s)` as a constant: `[B, S] -> [B, E]`.
    pub fn target_code(&self, s: &Tensor) -> Tensor {
        self.phi.forward(self.target.frozen(), s)
    }

    /// `z + f(z, a)`: `[B, E]`, `[B, A] -> [B, E]`.
    pub fn next_code(&self, z: &Tensor, a: &Tensor) -> Tensor {
        let input = Tensor::cat(&[z, a], 1);
        z + self.dynamics.forward(self.heads.live(), &input)
    }

    /// `h(z, a)`, where rewards are predicted: `[B, E]`, `[B, A] -> [B, 1]`.
    pub fn reward(&self, z: &Tensor, a: &Tensor) -> Option<Tensor> {
        let input = || Tensor::cat(&[z, a], 1);
        let net = self.reward.as_ref()?;
        Some(net.forward(self.heads.live(), &input()))
    }

    /// Writes every parameter.
    pub fn save(&self, out: &mut StateWriter<'_>) -> Outcome<()> {
        self.online.save("online", out)?;
        self.target.save("target", out)?;
        self.heads.save("online", out)
    }

    /// Restores what `save` wrote.
    pub fn load(&mut self, from: &mut StateReader<'_>) -> Outcome<()> {
        self.online.load("online", from)?;
        self.target.load("target", from)?;
        self.heads.load("online", from)
    }
}
