//! Ensembles of critics and the answers of `critic/1`.

use crate::image::Front;
use crate::inputs::Inputs;
use crate::mlp::{Mlp, MlpOptions};
use crate::params::Layout;
use crate::views::lend;
use plugin_api::{Array, Failure, Outcome, Query, Reduce};
use tch::Tensor;

/// `M` critics `Q_i(s, a)` of one form, evaluated together.
pub struct EnsembleCritic {
    front: Front,
    net: Mlp,
    inputs: Inputs,
}

impl EnsembleCritic {
    /// Declares the parameters under `name`. `options.input` and `options.output` are set here, `options.members` must be.
    /// Members share the convolutions that read images.
    pub fn declare(
        layout: &mut Layout,
        name: &str,
        inputs: impl Into<Inputs>,
        options: &MlpOptions,
    ) -> Self {
        let inputs = inputs.into();
        let front = Front::declare(layout, name, &inputs, options);
        let options = MlpOptions {
            input: front.width() + inputs.dims().action,
            output: 1,
            ..options.clone()
        };
        assert!(options.members.is_some(), "an ensemble states its members");
        Self {
            net: Mlp::declare(layout, name, &options),
            front,
            inputs,
        }
    }

    /// `Q_i(s, a)` of every member: `[B, S + G]`, `[B, A] -> [M, B]`.
    pub fn members(&self, weights: &[Tensor], state: &Tensor, action: &Tensor) -> Tensor {
        let state = self.front.forward(weights, state);
        let input = Tensor::cat(&[&state, action], 1);
        self.net.forward(weights, &input).squeeze_dim(-1)
    }

    /// `[M, B] -> [B]`. The gradient of the minimum is that of the smaller member.
    pub fn reduce(q: &Tensor, reduce: Reduce) -> Tensor {
        match reduce {
            Reduce::Min if q.requires_grad() => q.min_dim(0, false).0,
            Reduce::Min => q.amin([0i64], false),
            Reduce::Mean => q.mean_dim([0i64].as_slice(), false, q.kind()),
            Reduce::Member => q.shallow_clone(),
        }
    }

    /// Answers `critic/1`'s `q` with these weights.
    pub fn answer(&self, weights: &[Tensor], query: &Query<'_>) -> Outcome<Array> {
        let state = self.inputs.state(query.observation, query.goal)?;
        let action = self.inputs.dims().action(query.action, state.size()[0])?;
        let q = self.members(weights, &state, &action);
        Ok(lend(&Self::reduce(&q, query.reduce)))
    }

    /// Answers `critic/1`'s `q_gradient`; `weights` must be frozen, so that only the action is differentiated.
    pub fn answer_gradient(
        &self,
        weights: &[Tensor],
        query: &Query<'_>,
    ) -> Outcome<(Array, Array)> {
        if query.reduce == Reduce::Member {
            return Err(Failure::unsupported(
                "dQ/da is defined for the minimum or the mean over members",
            ));
        }
        let state = self.inputs.state(query.observation, query.goal)?;
        let action = self.inputs.dims().action(query.action, state.size()[0])?;
        let action = action.detach().set_requires_grad(true);
        let q = Self::reduce(&self.members(weights, &state, &action), query.reduce);
        let gradient = Tensor::run_backward(&[q.sum(q.kind())], &[&action], false, false);
        Ok((lend(&q), lend(&gradient[0])))
    }
}
