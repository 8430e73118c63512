//! The `oracle` stage: exact values of the environment behind the same interfaces as a learned critic.

use super::failure::Stop;
use super::measure::Reference;
use super::noise::{self, Dials, Noise};
use super::transform::Transform;
use envs::{BehaviourSpec, Functional, Oracle};
use plugin_api::{
    ActMode, Array, Critic, DiscreteCritic, Failure, Network, Outcome, Policy, Precision, Problem,
    Provide, Query, Reduce, StateValue, View,
};
use serde_json::{Map, Value};
use std::sync::Arc;

/// What an oracle stage is made from.
pub(crate) struct Setup<'a> {
    pub(crate) oracle: Arc<dyn Oracle>,
    /// The oracle's hyperparameters.
    pub(crate) params: &'a Map<String, Value>,
    /// The policy that made the data, if a recipe says.
    pub(crate) behaviour: Option<&'a BehaviourSpec>,
    /// Id of the environment.
    pub(crate) environment: &'a str,
    pub(crate) problem: &'a Problem,
    /// How states are shown to learners.
    pub(crate) transform: &'a Transform,
    /// Entries of a state that make a goal.
    pub(crate) goal_entries: &'a [usize],
}

/// Exact Q, V and pi* of one environment. Online and target network are one and the same function, and so are members
/// without noise. Noise, where it is asked for, reaches Q and its gradient, of every member differently; V and pi* stay
/// exact.
pub(crate) struct ExactValues {
    reference: Reference,
    q: Functional,
    v: Functional,
    noise: Option<Noise>,
    members: usize,
    transform: Transform,
    goal_entries: Vec<usize>,
    /// Entries of a state as the environment gives it.
    state_dim: usize,
    /// Entries of an action; 1 where actions are discrete.
    action_dim: usize,
    action_count: usize,
    precision: Precision,
}

fn functional(setup: &Setup<'_>, name: &str) -> Outcome<Functional> {
    let behaviour = || {
        setup.behaviour.cloned().ok_or_else(|| {
            Failure::unsupported(
                "the dataset's recipe is not known, so its behaviour has no exact values",
            )
        })
    };
    match setup.params.get(name).and_then(Value::as_str) {
        Some("optimal") => Ok(Functional::Optimal),
        Some("behaviour") => Ok(Functional::Behaviour(behaviour()?)),
        Some("expectile") => {
            let expectile = setup.params.get("expectile").and_then(Value::as_f64);
            let expectile = expectile.ok_or_else(|| {
                Failure::invalid_argument("oracle: the functional `expectile` needs `expectile`")
            })?;
            Ok(Functional::Expectile {
                expectile,
                behaviour: behaviour()?,
            })
        }
        other => Err(Failure::invalid_argument(format!(
            "oracle: {name} is {other:?}"
        ))),
    }
}

impl ExactValues {
    pub(crate) fn new(setup: Setup<'_>) -> Result<Self, Stop> {
        let (q, v) = (
            functional(&setup, "functional")?,
            functional(&setup, "state_value")?,
        );
        let spec_dims = envs::info(setup.environment)?;
        let reference = Reference::new(setup.oracle);
        let noise = Dials::of(setup.params)
            .map(|dials| {
                let mut environment = envs::make(setup.environment)?;
                Noise::draw(dials, &reference, &q, environment.as_mut())
            })
            .transpose()?;
        Ok(Self {
            reference,
            q,
            v,
            noise,
            members: noise::members(setup.params),
            transform: setup.transform.clone(),
            goal_entries: setup.goal_entries.to_vec(),
            state_dim: spec_dims.observation_dim,
            action_dim: setup.problem.action_dim.max(1),
            action_count: setup.problem.action_count,
            precision: setup.problem.precision,
        })
    }

    fn array(&self, values: Vec<f32>, shape: &[i64]) -> Array {
        match self.precision {
            Precision::F32 => Array::from_vec(values, shape),
            Precision::F64 => Array::from_vec(values.into_iter().map(f64::from).collect(), shape),
        }
    }

    /// The environment's own states and goals behind what learners see.
    fn states(&self, observation: View<'_>, goal: Option<View<'_>>) -> Outcome<Rows> {
        let state = self.transform.decode_all(&single(observation)?);
        let goal = match goal {
            Some(goal) => self
                .transform
                .decode_goals(&single(goal)?, &self.goal_entries),
            None => Vec::new(),
        };
        Ok(Rows {
            count: state.len() / self.state_dim,
            state,
            goal,
            state_dim: self.state_dim,
            goal_dim: self.goal_entries.len(),
        })
    }

    /// The smallest or the mean Q with its noise at one state and action; with `gradient`, also dQ/da.
    fn value(
        &self,
        (state, goal): (&[f32], &[f32]),
        action: &[f32],
        reduce: Reduce,
        mut gradient: Option<&mut [f32]>,
    ) -> Outcome<f32> {
        let q = self
            .reference
            .q(&self.q, state, goal, action, gradient.as_deref_mut())
            .map_err(failed)?;
        let added = self.noise.as_ref().map_or(0.0, |noise| {
            noise.perturb(state, goal, action, reduce, gradient)
        });
        Ok((q + added) as f32)
    }

    /// Q of every member with its noise at one state and action: `[M]`.
    fn values_of_members(
        &self,
        (state, goal): (&[f32], &[f32]),
        action: &[f32],
    ) -> Outcome<Vec<f32>> {
        let q = self.reference.q(&self.q, state, goal, action, None);
        let q = q.map_err(failed)?;
        Ok(match &self.noise {
            None => vec![q as f32; self.members],
            Some(noise) => {
                let errors = noise.of_members(state, goal, action).into_iter();
                errors.map(|error| (q + error) as f32).collect()
            }
        })
    }

    /// `Q(s, a)` of pairs: `[shape]`, or `[M, shape]` without a reduction.
    fn q_of<'a>(
        &self,
        pairs: impl Iterator<Item = ((&'a [f32], &'a [f32]), &'a [f32])>,
        reduce: Reduce,
        shape: &[i64],
    ) -> Outcome<Array> {
        if reduce != Reduce::Member {
            let values = pairs.map(|(at, action)| self.value(at, action, reduce, None));
            return Ok(self.array(values.collect::<Outcome<_>>()?, shape));
        }
        let values = pairs.map(|(at, action)| self.values_of_members(at, action));
        let values: Vec<Vec<f32>> = values.collect::<Outcome<_>>()?;
        let of_member = |i: usize| values.iter().map(move |of_pair| of_pair[i]);
        let all = (0..self.members).flat_map(of_member).collect();
        Ok(self.array(all, &[&[self.members as i64], shape].concat()))
    }
}

/// States and goals of the environment, row by row.
struct Rows {
    count: usize,
    state: Vec<f32>,
    goal: Vec<f32>,
    state_dim: usize,
    goal_dim: usize,
}

impl Rows {
    fn iter(&self) -> impl Iterator<Item = (&[f32], &[f32])> {
        (0..self.count).map(|i| {
            let goal = if self.goal.is_empty() {
                &[]
            } else {
                &self.goal[i * self.goal_dim..][..self.goal_dim]
            };
            (&self.state[i * self.state_dim..][..self.state_dim], goal)
        })
    }
}

/// Entries of a view in single precision, in which observations and actions are kept.
fn single(view: View<'_>) -> Outcome<Vec<f32>> {
    match view.dtype() {
        plugin_api::Dtype::F32 => Ok(view.as_slice::<f32>()?.to_vec()),
        _ => Ok(view.as_slice::<f64>()?.iter().map(|&x| x as f32).collect()),
    }
}

fn failed(stop: Stop) -> Failure {
    Failure::invalid_argument(stop.message)
}

impl Critic for ExactValues {
    fn q(&mut self, query: &Query<'_>) -> Outcome<Array> {
        query
            .action
            .expect_shape("action", &[-1, self.action_dim as i64])?;
        let rows = self.states(query.observation, query.goal)?;
        let action = single(query.action)?;
        let pairs = rows.iter().zip(action.chunks_exact(self.action_dim));
        self.q_of(pairs, query.reduce, &[rows.count as i64])
    }

    fn q_gradient(&mut self, query: &Query<'_>) -> Outcome<(Array, Array)> {
        if query.reduce == Reduce::Member {
            return Err(Failure::unsupported(
                "dQ/da is defined for the minimum or the mean over members",
            ));
        }
        query
            .action
            .expect_shape("action", &[-1, self.action_dim as i64])?;
        let rows = self.states(query.observation, query.goal)?;
        let action = single(query.action)?;
        let (mut q, mut gradient) = (Vec::with_capacity(rows.count), vec![0.0; action.len()]);
        let actions = action.chunks_exact(self.action_dim);
        let slopes = gradient.chunks_exact_mut(self.action_dim);
        for ((at, a), g) in rows.iter().zip(actions).zip(slopes) {
            q.push(self.value(at, a, query.reduce, Some(g))?);
        }
        let shape = [q.len() as i64, self.action_dim as i64];
        Ok((self.array(q, &shape[..1]), self.array(gradient, &shape)))
    }
}

impl DiscreteCritic for ExactValues {
    fn q_all(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        _network: Network,
        reduce: Reduce,
    ) -> Outcome<Array> {
        let rows = self.states(observation, goal)?;
        let actions: Vec<f32> = (0..self.action_count).map(|a| a as f32).collect();
        let pairs = rows
            .iter()
            .flat_map(|at| actions.chunks_exact(1).map(move |action| (at, action)));
        let shape = [rows.count as i64, self.action_count as i64];
        self.q_of(pairs, reduce, &shape)
    }
}

impl StateValue for ExactValues {
    fn v(&mut self, observation: View<'_>, goal: Option<View<'_>>) -> Outcome<Array> {
        let rows = self.states(observation, goal)?;
        let values: Vec<f32> = rows
            .iter()
            .map(|(s, g)| self.reference.v(&self.v, s, g).map(|v| v as f32))
            .collect::<Result<_, _>>()
            .map_err(failed)?;
        let shape = [values.len() as i64];
        Ok(self.array(values, &shape))
    }
}

impl Policy for ExactValues {
    fn act(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        _mode: ActMode,
    ) -> Outcome<Array> {
        let rows = self.states(observation, goal)?;
        let mut actions = vec![0.0; rows.count * self.action_dim];
        let slots = actions.chunks_exact_mut(self.action_dim);
        for ((s, g), a) in rows.iter().zip(slots) {
            self.reference.action(s, g, a).map_err(failed)?;
        }
        let shape = [rows.count as i64, self.action_dim as i64];
        Ok(self.array(actions, &shape))
    }
}

impl Provide for ExactValues {
    fn critic(&mut self) -> Option<&mut dyn Critic> {
        (self.action_count == 0).then_some(self as &mut dyn Critic)
    }
    fn discrete_critic(&mut self) -> Option<&mut dyn DiscreteCritic> {
        (self.action_count > 0).then_some(self as &mut dyn DiscreteCritic)
    }
    fn state_value(&mut self) -> Option<&mut dyn StateValue> {
        Some(self)
    }
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        Some(self)
    }
}
