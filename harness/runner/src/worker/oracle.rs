//! The `oracle` stage: exact values of the environment behind the same interfaces as a learned critic.

use envs::{BehaviourSpec, Functional, Oracle};
use plugin_api::{
    ActMode, Array, Critic, Failure, Outcome, Policy, Precision, Provide, Query, Reduce,
    StateValue, View,
};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Exact Q, V and pi* of one environment. Online and target network, min and mean are one and the same function.
pub(crate) struct ExactValues {
    oracle: Arc<dyn Oracle>,
    q: Functional,
    v: Functional,
    action_dim: usize,
    precision: Precision,
}

impl ExactValues {
    /// `params`: the oracle's hyperparameters; `behaviour`: the policy that made the data, if a recipe says.
    pub(crate) fn new(
        oracle: Arc<dyn Oracle>,
        params: &Map<String, Value>,
        behaviour: Option<&BehaviourSpec>,
        action_dim: usize,
        precision: Precision,
    ) -> Outcome<Self> {
        let functional = |name: &str| match params.get(name).and_then(Value::as_str) {
            Some("optimal") => Ok(Functional::Optimal),
            Some("behaviour") => behaviour
                .cloned()
                .map(Functional::Behaviour)
                .ok_or_else(|| {
                    Failure::unsupported(
                        "the dataset's recipe is not known, so its behaviour has no exact values",
                    )
                }),
            other => Err(Failure::invalid_argument(format!(
                "oracle: {name} is {other:?}"
            ))),
        };
        Ok(Self {
            oracle,
            q: functional("functional")?,
            v: functional("state_value")?,
            action_dim,
            precision,
        })
    }

    fn array(&self, values: Vec<f32>, shape: &[i64]) -> Array {
        match self.precision {
            Precision::F32 => Array::from_vec(values, shape),
            Precision::F64 => Array::from_vec(values.into_iter().map(f64::from).collect(), shape),
        }
    }
}

/// Rows of a view in single precision, in which observations and actions are kept.
fn single(view: View<'_>) -> Outcome<Vec<f32>> {
    match view.dtype() {
        plugin_api::Dtype::F32 => Ok(view.as_slice::<f32>()?.to_vec()),
        _ => Ok(view.as_slice::<f64>()?.iter().map(|&x| x as f32).collect()),
    }
}

fn width(view: View<'_>) -> usize {
    view.shape().get(1).map_or(1, |&n| n as usize)
}

fn failed(error: envs::Error) -> Failure {
    Failure::invalid_argument(error.to_string())
}

impl Critic for ExactValues {
    fn q(&mut self, query: &Query<'_>) -> Outcome<Array> {
        Ok(self.q_gradient(query)?.0)
    }

    fn q_gradient(&mut self, query: &Query<'_>) -> Outcome<(Array, Array)> {
        if query.reduce == Reduce::Member {
            return Err(Failure::unsupported("the exact critic is no ensemble"));
        }
        query
            .action
            .expect_shape("action", &[-1, self.action_dim as i64])?;
        let (observation, action) = (single(query.observation)?, single(query.action)?);
        let rows = action.len() / self.action_dim;
        let (mut q, mut gradient) = (Vec::with_capacity(rows), vec![0.0; action.len()]);
        let observations = observation.chunks_exact(width(query.observation));
        let actions = action.chunks_exact(self.action_dim);
        for ((s, a), g) in observations
            .zip(actions)
            .zip(gradient.chunks_exact_mut(self.action_dim))
        {
            q.push(self.oracle.q(&self.q, s, None, a, Some(g)).map_err(failed)? as f32);
        }
        let shape = [rows as i64, self.action_dim as i64];
        Ok((self.array(q, &shape[..1]), self.array(gradient, &shape)))
    }
}

impl StateValue for ExactValues {
    fn v(&mut self, observation: View<'_>, _goal: Option<View<'_>>) -> Outcome<Array> {
        let states = single(observation)?;
        let values = states
            .chunks_exact(width(observation))
            .map(|s| self.oracle.v(&self.v, s, None).map(|v| v as f32));
        let values: Vec<f32> = values.collect::<Result<_, _>>().map_err(failed)?;
        let shape = [values.len() as i64];
        Ok(self.array(values, &shape))
    }
}

impl Policy for ExactValues {
    fn act(
        &mut self,
        observation: View<'_>,
        _goal: Option<View<'_>>,
        _mode: ActMode,
    ) -> Outcome<Array> {
        let states = single(observation)?;
        let rows = states.len() / width(observation);
        let mut actions = vec![0.0; rows * self.action_dim];
        for (s, a) in states
            .chunks_exact(width(observation))
            .zip(actions.chunks_exact_mut(self.action_dim))
        {
            self.oracle.optimal_action(s, None, a).map_err(failed)?;
        }
        let shape = [rows as i64, self.action_dim as i64];
        Ok(self.array(actions, &shape))
    }
}

impl Provide for ExactValues {
    fn critic(&mut self) -> Option<&mut dyn Critic> {
        Some(self)
    }
    fn state_value(&mut self) -> Option<&mut dyn StateValue> {
        Some(self)
    }
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        Some(self)
    }
}
