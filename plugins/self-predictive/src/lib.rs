//! Latent self-prediction: a representation of observations, learned from transitions alone, whose own next value can be
//! predicted from it and the action. Equations and conventions: `README.md`.

mod hyper;
pub mod losses;
mod nets;

pub use hyper::Hyper;
pub use nets::Nets;

use nn::{Adam, Inputs, Minibatch, Progress, StateReader, StateWriter, lend};
use plugin_api::{
    Array, Encoder, Host, Learner, LearnerInfo, Outcome, Problem, Provide, Upstream, View,
};
use std::io::{Read, Write};
use tch::Tensor;

/// Facts of the library.
pub const INFO: plugin_api::PluginInfo = plugin_api::PluginInfo {
    id: "self-predictive",
    version: env!("CARGO_PKG_VERSION"),
    license: "MIT OR Apache-2.0",
    description: "A representation that predicts its own future",
    runtimes: &["libtorch 2.11.0"],
};

/// The learner.
pub struct SelfPredictive {
    host: Host,
    inputs: Inputs,
    hyper: Hyper,
    progress: Progress,
    nets: Nets,
    encoder_adam: Adam,
    heads_adam: Adam,
}

impl Learner for SelfPredictive {
    type Hyper = Hyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "self-predictive",
        version: "1.0.0",
        description: "a representation of observations whose next value is predicted from it and the action",
        requires: &["continuous-actions"],
        provides: &["encoder/1"],
        bitwise: true,
    };

    fn create(host: Host, problem: &Problem, hyper: Hyper, upstream: Upstream) -> Outcome<Self> {
        hyper.check()?;
        nn::single_thread();
        // Goals are no part of what is encoded.
        let problem = Problem {
            goal_dim: 0,
            ..problem.clone()
        };
        let (image, channels) = (hyper.image_encoder, &hyper.image_channels);
        let inputs = Inputs::create(&problem, &upstream, image, channels)?;
        let nets = Nets::create(&host, &inputs, &hyper)?;
        Ok(Self {
            host,
            inputs,
            progress: Progress::new(host, &problem),
            encoder_adam: Adam::new(&nets.online, hyper.adam(&problem)),
            heads_adam: Adam::new(&nets.heads, hyper.adam(&problem)),
            nets,
            hyper,
        })
    }

    fn update(&mut self, count: u64) -> Outcome<()> {
        let host = self.host;
        for _ in 0..count {
            let step = self.progress.next()?;
            let batch = Minibatch::draw(&host, self.inputs.dims(), "train", step)?;
            let terms = self.terms(&batch)?;
            self.progress.finite("loss", &terms.loss)?;
            self.descend(&terms.loss)?;
            let rate = self.hyper.target_rate;
            self.nets.target.follow(&self.nets.online, rate);
            if self.progress.advance() {
                self.report(&terms)?;
            }
        }
        Ok(())
    }

    fn save(&self, out: &mut dyn Write) -> Outcome<()> {
        let mut out = StateWriter::new(out);
        self.progress.save(&mut out)?;
        self.nets.save(&mut out)?;
        self.encoder_adam.save("encoder-adam", &mut out)?;
        self.heads_adam.save("heads-adam", &mut out)
    }

    fn load(&mut self, from: &mut dyn Read) -> Outcome<()> {
        let mut from = StateReader::new(from);
        self.progress.load(&mut from)?;
        self.nets.load(&mut from)?;
        self.encoder_adam.load("encoder-adam", &mut from)?;
        self.heads_adam.load("heads-adam", &mut from)
    }
}

/// The loss of a batch and its parts, each `[]`.
struct Terms {
    loss: Tensor,
    prediction: Tensor,
    variance: Tensor,
    covariance: Tensor,
    reward: Option<Tensor>,
    deviation: Tensor, // mean over dimensions of a code
}

impl SelfPredictive {
    /// `L = L_z + w_var L_var + w_cov L_cov + w_r L_r`
    fn terms(&self, batch: &Minibatch<'_>) -> Outcome<Terms> {
        let (h, nets) = (&self.hyper, &self.nets);
        let (s, a) = (batch.observation()?, batch.action()?);
        let z = nets.code(&s); // [B, E]
        let ends = batch.terminated()?.ne(0.0);
        let next = batch.next_state()?; // [B, S], anything where the episode ends
        let target = nets.target_code(&next.masked_fill(&ends.unsqueeze(-1), 0.0)); // [B, E]
        let goes_on = ends.logical_not().to_kind(z.kind());
        let prediction = losses::prediction(&nets.next_code(&z, &a), &target, &goes_on);
        let deviation = losses::deviation(&z);
        let (variance, covariance) = (losses::variance(&deviation), losses::covariance(&z));
        let loss = &prediction + h.variance_weight * &variance + h.covariance_weight * &covariance;
        let r = batch.reward()?;
        let reward = nets.reward(&z, &a).map(|h| losses::reward(&h, &r));
        let loss = match &reward {
            Some(term) => loss + h.reward_weight * term,
            None => loss,
        };
        Ok(Terms {
            loss,
            prediction,
            variance,
            covariance,
            reward,
            deviation: deviation.mean(z.kind()),
        })
    }

    /// One Adam step on all parameters.
    fn descend(&mut self, loss: &Tensor) -> Outcome<()> {
        let (encoder, heads) = (self.nets.online.live(), self.nets.heads.live());
        let all: Vec<&Tensor> = encoder.iter().chain(heads).collect();
        let count = encoder.len();
        let gradients = Tensor::run_backward(&[loss], &all, false, false);
        let (encoder, heads) = gradients.split_at(count);
        self.encoder_adam.apply(&mut self.nets.online, encoder)?;
        self.heads_adam.apply(&mut self.nets.heads, heads)
    }

    fn report(&self, terms: &Terms) -> Outcome<()> {
        let named = [
            ("prediction_loss", Some(&terms.prediction)),
            ("variance_loss", Some(&terms.variance)),
            ("covariance_loss", Some(&terms.covariance)),
            ("reward_loss", terms.reward.as_ref()),
            ("code_deviation", Some(&terms.deviation)),
        ];
        for (name, value) in named {
            if let Some(value) = value {
                self.progress.metric(name, value.double_value(&[]))?;
            }
        }
        Ok(())
    }
}

impl Encoder for SelfPredictive {
    fn encode(&mut self, observation: View<'_>) -> Outcome<Array> {
        let s = self.inputs.state(observation, None)?;
        let code = lend(&self.nets.answer(&s));
        code.view().expect_finite("code")?;
        Ok(code)
    }
}

impl Provide for SelfPredictive {
    fn encoder(&mut self) -> Option<&mut dyn Encoder> {
        Some(self)
    }
}

plugin_api::export!(INFO, learners = [SelfPredictive], environments = []);

#[cfg(test)]
mod tests;
