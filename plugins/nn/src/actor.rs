//! A Gaussian policy with its parameters and optimiser: what every policy learner owns.

use crate::adam::{Adam, AdamOptions};
use crate::batch::Dims;
use crate::choices::{require, require_units};
use crate::inputs::Inputs;
use crate::params::{Layout, ParamSet};
use crate::policy::{GaussianPolicy, PolicyOptions};
use crate::state::{StateReader, StateWriter};
use crate::update::Improvement;
use crate::views::lend;
use plugin_api::{ActMode, Array, Host, Outcome, Policy, Problem, View};
use tch::Tensor;

/// The form of an actor.
#[derive(Clone, Debug)]
pub struct ActorOptions {
    /// The policy.
    pub policy: PolicyOptions,
    /// Its optimiser.
    pub adam: AdamOptions,
}

/// A policy in training; answers `policy/1`.
pub struct Actor {
    /// Its structure.
    pub policy: GaussianPolicy,
    /// Its parameters.
    pub params: ParamSet,
    pub(crate) improvement: Option<Improvement>,
    pub(crate) inputs: Inputs,
    adam: Adam,
    host: Host,
}

impl Actor {
    /// A fresh actor that takes in observations as they are; errors when a hyperparameter is out of range.
    pub fn create(host: Host, problem: &Problem, options: ActorOptions) -> Outcome<Self> {
        Self::with_inputs(host, problem, &Dims::continuous(problem)?.into(), options)
    }

    /// A fresh actor; errors when a hyperparameter is out of range.
    pub fn with_inputs(
        host: Host,
        problem: &Problem,
        inputs: &Inputs,
        options: ActorOptions,
    ) -> Outcome<Self> {
        let (form, adam) = (&options.policy, &options.adam);
        require_units("hidden", &form.hidden)?;
        require("learning_rate", &adam.learning_rate, 0.0..=f64::MAX)?;
        require("output_scale", &form.output_scale, 0.0..=f64::MAX)?;
        require("std_value", &form.std_value, f64::MIN_POSITIVE..=f64::MAX)?;
        require(
            "log_std_max",
            &form.log_std_max,
            form.log_std_min..=f64::MAX,
        )?;
        let mut layout = Layout::new();
        let policy = GaussianPolicy::declare(
            &mut layout,
            "policy",
            inputs,
            problem,
            options.policy.clone(),
        );
        let params = ParamSet::create(layout, &host, inputs.dims().kind)?;
        let adam = Adam::new(&params, options.adam);
        Ok(Self {
            policy,
            params,
            improvement: None,
            inputs: inputs.clone(),
            adam,
            host,
        })
    }

    /// `mu(s)` with a graph to the parameters.
    pub fn mean(&self, state: &Tensor) -> Tensor {
        self.policy.mean(self.params.live(), state)
    }

    /// One Adam step down the gradient of the scalar `loss`.
    pub fn descend(&mut self, loss: &Tensor) -> Outcome<()> {
        self.adam.descend(&mut self.params, loss)
    }

    /// Writes parameters and optimiser.
    pub fn save(&self, out: &mut StateWriter<'_>) -> Outcome<()> {
        self.offline().save("online", out)?;
        self.adam.save("adam", out)
    }

    /// Restores what `save` wrote.
    pub fn load(&mut self, from: &mut StateReader<'_>) -> Outcome<()> {
        self.improvement = None;
        self.params.load("online", from)?;
        self.adam.load("adam", from)
    }
}

impl Policy for Actor {
    fn act(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        mode: ActMode,
    ) -> Outcome<Array> {
        let state = self.inputs.state(observation, goal)?;
        let weights = self.params.frozen();
        let mean = self.policy.mean(weights, &state);
        let action = match mode {
            ActMode::Greedy => mean,
            ActMode::Sampled(position) => {
                let noise = self.host.normal("act", position, mean.numel())?;
                let noise = Tensor::from_slice(&noise).to_kind(mean.kind());
                &mean + noise.view_as(&mean) * self.policy.std(weights)
            }
        };
        let action = lend(&self.policy.clip(&action));
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
        let weights = self.params.frozen();
        let mean = self.policy.mean(weights, &state);
        Ok(lend(&self.policy.log_prob(weights, &mean, &action)))
    }

    fn distribution(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
    ) -> Outcome<(Array, Array)> {
        let state = self.inputs.state(observation, goal)?;
        let weights = self.params.frozen();
        let mean = self.policy.mean(weights, &state);
        let std = self.policy.std(weights).expand_as(&mean);
        Ok((lend(&mean), lend(&std)))
    }
}
