//! A categorical policy with its parameters and optimiser.

use crate::losses;
use crate::space::Space;
use nn::{Adam, AdamOptions, Layout, Mlp, MlpOptions, ParamSet, StateReader, StateWriter, lend};
use plugin_api::{ActMode, Array, DiscretePolicy, Host, Outcome, Policy, Precision, View};
use tch::{Kind, Tensor};

/// `pi(a|s) = softmax(z(s))_a`; answers `policy/1` and `policy-discrete/1`.
pub struct Actor {
    host: Host,
    space: Space,
    net: Mlp,
    /// Its parameters.
    pub params: ParamSet,
    adam: Adam,
}

impl Actor {
    /// A fresh actor; `form.input` and `form.output` are set here.
    pub fn create(host: Host, space: Space, form: &MlpOptions, adam: AdamOptions) -> Outcome<Self> {
        let mut layout = Layout::new();
        let form = MlpOptions {
            input: space.dims.state(),
            output: space.actions,
            ..form.clone()
        };
        let net = Mlp::declare(&mut layout, "policy", &form);
        let params = ParamSet::create(layout, &host, space.dims.kind)?;
        Ok(Self {
            host,
            space,
            net,
            adam: Adam::new(&params, adam),
            params,
        })
    }

    /// `log pi(.|s)` with a graph to the parameters: `[B, S + G] -> [B, K]`.
    pub fn log_pi(&self, state: &Tensor) -> Tensor {
        let logits = self.net.forward(self.params.live(), state);
        logits.log_softmax(-1, state.kind())
    }

    /// `log pi(.|s)` of a question, without a graph.
    fn answer(&self, observation: View<'_>, goal: Option<View<'_>>) -> Outcome<Tensor> {
        let state = self.space.dims.join_state(observation, goal)?;
        let logits = self.net.forward(self.params.frozen(), &state);
        Ok(logits.log_softmax(-1, state.kind()))
    }

    /// One Adam step down the gradient of the scalar `loss`.
    pub fn descend(&mut self, loss: &Tensor) -> Outcome<()> {
        self.adam.descend(&mut self.params, loss)
    }

    /// Writes parameters and optimiser.
    pub fn save(&self, out: &mut StateWriter<'_>) -> Outcome<()> {
        self.params.save("online", out)?;
        self.adam.save("adam", out)
    }

    /// Restores what `save` wrote.
    pub fn load(&mut self, from: &mut StateReader<'_>) -> Outcome<()> {
        self.params.load("online", from)?;
        self.adam.load("adam", from)
    }
}

/// The most probable action, the first of equal ones.  `log_pi: [K]`
fn most_probable(log_pi: &[f64]) -> usize {
    let mut best = 0;
    for (i, value) in log_pi.iter().enumerate() {
        if *value > log_pi[best] {
            best = i;
        }
    }
    best
}

/// The action that a uniform number in `[0, 1)` points at: the first whose cumulated probability exceeds it.  `log_pi: [K]`
fn pointed_at(log_pi: &[f64], uniform: f64) -> usize {
    let weights: Vec<f64> = log_pi.iter().map(|l| libm::exp(*l)).collect();
    let goal = uniform * weights.iter().sum::<f64>();
    let mut cumulated = 0.0;
    for (i, weight) in weights.iter().enumerate() {
        cumulated += weight;
        if cumulated > goal {
            return i;
        }
    }
    most_probable(log_pi) // rounding left the sum below the goal
}

impl Policy for Actor {
    fn act(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        mode: ActMode,
    ) -> Outcome<Array> {
        let log_pi = lend(&self.answer(observation, goal)?);
        log_pi.view().expect_finite("log pi")?;
        let log_pi = log_pi.view().to_f64()?;
        let rows = log_pi.chunks_exact(self.space.actions as usize);
        let count = rows.len();
        let actions: Vec<f64> = match mode {
            ActMode::Greedy => rows.map(|row| most_probable(row) as f64).collect(),
            ActMode::Sampled(position) => {
                let uniforms = self.host.uniform("act", position, count)?;
                let pairs = rows.zip(uniforms);
                pairs.map(|(row, u)| pointed_at(row, u) as f64).collect()
            }
        };
        let precision = match self.space.dims.kind {
            Kind::Double => Precision::F64,
            _ => Precision::F32,
        };
        Ok(Array::from_f64(actions, &[count as i64, 1], precision))
    }

    fn log_prob(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        action: View<'_>,
    ) -> Outcome<Array> {
        let log_pi = self.answer(observation, goal)?;
        let action = self.space.indices(action, log_pi.size()[0])?;
        Ok(lend(&losses::taken(&log_pi, &action)))
    }
}

impl DiscretePolicy for Actor {
    fn log_probs(&mut self, observation: View<'_>, goal: Option<View<'_>>) -> Outcome<Array> {
        Ok(lend(&self.answer(observation, goal)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uniform_number_points_at_actions_by_their_probability() {
        let log_pi = [0.2f64.ln(), 0.5f64.ln(), 0.3f64.ln()];
        let mut counts = [0; 3];
        for i in 0..1000 {
            counts[pointed_at(&log_pi, (f64::from(i) + 0.5) / 1000.0)] += 1;
        }
        assert_eq!(counts, [200, 500, 300]);
        assert_eq!(most_probable(&log_pi), 1);
        assert_eq!(most_probable(&[0.0, 0.0]), 0);
    }
}
