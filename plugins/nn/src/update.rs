//! `policy-update/1` of an [`Actor`]: gradient steps in evaluation that start from the trained policy.

use crate::actor::Actor;
use crate::adam::{Adam, AdamOptions};
use crate::choices::{Schedule, require};
use crate::params::ParamSet;
use crate::policy::GaussianPolicy;
use crate::views::borrow;
use plugin_api::{Failure, Outcome, PolicyUpdate, View};
use tch::Tensor;

/// The trained policy that updates start from and return to, and their optimiser.
pub(crate) struct Improvement {
    pub(crate) offline: ParamSet,
    options: AdamOptions,
    adam: Adam,
}

/// `KL(pi_off || pi)` in each state, for diagonal Gaussians whose deviations do not depend on the state: with a constant
/// deviation `|mu_off - mu|^2 / (2 sigma^2)`, with a learned one the whole formula.
/// `mu_off: [B, A]`, `mu: [B, A]`, `sigma_off: [A]`, `sigma: [A] -> [B]`
pub fn kl(mu_off: &Tensor, sigma_off: &Tensor, mu: &Tensor, sigma: &Tensor) -> Tensor {
    let kind = mu.kind();
    let sum = |x: Tensor| x.sum_dim_intlist([-1i64].as_slice(), false, kind);
    let distance = sum(((mu_off - mu) / sigma).square()) * 0.5; // [B]
    let ratio = sigma_off / sigma;
    // Zero, exactly, where the deviations are equal.
    let spread = sum((ratio.square() - 1.0) * 0.5 - ratio.log()); // []
    distance + spread
}

/// What one step ascends: `mean_b <dq_da_b, mu(s_b)> - kl_weight mean_b KL(pi_off || pi)(s_b)`, and the mean KL.
/// `dq_da: [B, A]`, `state: [B, S + G]` -> `[]`, `[]`
fn objective(
    policy: &GaussianPolicy,
    (live, offline): (&ParamSet, &ParamSet),
    state: &Tensor,
    dq_da: &Tensor,
    kl_weight: f64,
) -> (Tensor, Tensor) {
    let kind = state.kind();
    let mu = policy.mean(live.live(), state);
    let action = policy.proposal(&mu);
    // Its derivative in the parameters is the vector-Jacobian product of dq_da through mu.
    let ascent = (dq_da * action)
        .sum_dim_intlist([1i64].as_slice(), false, kind)
        .mean(kind);
    let mu_off = policy.mean(offline.frozen(), state);
    let (sigma_off, sigma) = (policy.std(offline.frozen()), policy.std(live.live()));
    let kl = kl(&mu_off, &sigma_off, &mu, &sigma).mean(kind);
    (ascent - kl_weight * &kl, kl)
}

fn not_begun() -> Failure {
    Failure::invalid_argument("a policy update was asked for before its begin")
}

impl Actor {
    /// The parameters of the trained policy, whatever was done since in evaluation.
    pub(crate) fn offline(&self) -> &ParamSet {
        self.improvement
            .as_ref()
            .map_or(&self.params, |i| &i.offline)
    }

    /// What a step of `policy-update/1` ascends, and the mean KL from the trained policy; errors before `begin`.
    /// `state: [B, S + G]`, `dq_da: [B, A]` -> `[]`, `[]`
    pub fn objective(
        &self,
        state: &Tensor,
        dq_da: &Tensor,
        kl_weight: f64,
    ) -> Outcome<(Tensor, Tensor)> {
        let improvement = self.improvement.as_ref().ok_or_else(not_begun)?;
        let params = (&self.params, &improvement.offline);
        Ok(objective(&self.policy, params, state, dq_da, kl_weight))
    }

    fn restore(&mut self) {
        if let Some(improvement) = &self.improvement {
            let mut flat = self.params.flat().shallow_clone();
            flat.copy_(improvement.offline.flat());
        }
    }
}

impl PolicyUpdate for Actor {
    fn begin(&mut self, learning_rate: f64) -> Outcome<()> {
        require("learning_rate", &learning_rate, 0.0..=f64::MAX)?;
        self.restore();
        let options = AdamOptions::new(learning_rate, Schedule::Constant, 0);
        self.improvement = Some(Improvement {
            offline: self.params.duplicate(),
            adam: Adam::new(&self.params, options),
            options,
        });
        Ok(())
    }

    fn step(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        dq_da: View<'_>,
        kl_weight: f64,
    ) -> Outcome<f64> {
        require("kl_weight", &kl_weight, 0.0..=f64::MAX)?;
        let dims = self.inputs.dims();
        let state = self.inputs.state(observation, goal)?;
        dq_da.expect_shape("dq_da", &[state.size()[0], dims.action])?;
        dq_da.expect_finite("dq_da")?;
        let dq_da = borrow("dq_da", dq_da, dims.kind)?;
        let (objective, kl) = self.objective(&state, &dq_da, kl_weight)?;
        let kl = kl.double_value(&[]);
        if !kl.is_finite() {
            let message = format!("the divergence from the offline policy is {kl}");
            return Err(Failure::non_finite(message));
        }
        let improvement = self.improvement.as_mut().ok_or_else(not_begun)?;
        improvement.adam.descend(&mut self.params, &-objective)?;
        Ok(kl)
    }

    fn reset(&mut self) -> Outcome<()> {
        self.restore();
        if let Some(improvement) = &mut self.improvement {
            improvement.adam = Adam::new(&self.params, improvement.options);
        }
        Ok(())
    }
}
