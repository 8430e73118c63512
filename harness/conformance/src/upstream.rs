//! Synthetic earlier stages for learners that require them: a quadratic critic with its state value, a linear policy.

use crate::problem::{ACTION_DIM, OBSERVATION_DIM};
use manifest::random::Family;
use plugin_api::{
    ActMode, Array, Critic, Dtype, Failure, Outcome, Policy, Provide, Query, Reduce, StateValue,
    View,
};
use plugin_host::{Bound, Served};

/// The best action is `GAIN s`.
const GAIN: [[f64; OBSERVATION_DIM]; ACTION_DIM] = [[0.3, -0.2, 0.1], [-0.1, 0.2, 0.25]];
const VALUE: [f64; OBSERVATION_DIM] = [0.5, -0.25, 0.1];
const MEMBER_OFFSETS: [f64; 2] = [0.0, 0.05];
const POLICY_STD: f64 = 0.2;

/// Elements of a float view, widened.
pub(crate) fn numbers(view: &View<'_>) -> Outcome<Vec<f64>> {
    match view.dtype() {
        Dtype::F32 => Ok(view
            .as_slice::<f32>()?
            .iter()
            .map(|&x| f64::from(x))
            .collect()),
        Dtype::F64 => Ok(view.as_slice::<f64>()?.to_vec()),
        Dtype::I64 => Err(Failure::invalid_argument("expected floats, found integers")),
    }
}

/// An array of the element type of `like`.
pub(crate) fn array(values: Vec<f64>, shape: &[i64], like: Dtype) -> Array {
    match like {
        Dtype::F32 => Array::from_vec(values.iter().map(|&x| x as f32).collect(), shape),
        Dtype::F64 | Dtype::I64 => Array::from_vec(values, shape),
    }
}

fn rows(view: &View<'_>, name: &str, width: usize) -> Outcome<Vec<Vec<f64>>> {
    view.expect_shape(name, &[-1, width as i64])?;
    Ok(numbers(view)?.chunks(width).map(<[f64]>::to_vec).collect())
}

fn best(s: &[f64]) -> Vec<f64> {
    let dot = |w: &[f64; OBSERVATION_DIM]| w.iter().zip(s).map(|(w, s)| w * s).sum();
    GAIN.iter().map(dot).collect()
}

/// `Q(s, a) = v.s - |a - W s|^2` with two members a constant apart, `V(s) = v.s`.
pub(crate) struct QuadraticCritic;

impl QuadraticCritic {
    fn each(query: &Query<'_>) -> Outcome<Vec<(f64, Vec<f64>)>> {
        let observations = rows(&query.observation, "observation", OBSERVATION_DIM)?;
        let actions = rows(&query.action, "action", ACTION_DIM)?;
        let one = |(s, a): (&Vec<f64>, &Vec<f64>)| {
            let offset: Vec<f64> = a.iter().zip(best(s)).map(|(a, b)| a - b).collect();
            let distance: f64 = offset.iter().map(|d| d * d).sum();
            let gradient = offset.iter().map(|d| -2.0 * d).collect();
            (value(s) - distance, gradient)
        };
        Ok(observations.iter().zip(&actions).map(one).collect())
    }
}

fn value(s: &[f64]) -> f64 {
    VALUE.iter().zip(s).map(|(w, s)| w * s).sum()
}

fn reduced_offset(reduce: Reduce) -> f64 {
    match reduce {
        Reduce::Min | Reduce::Member => MEMBER_OFFSETS[0],
        Reduce::Mean => MEMBER_OFFSETS.iter().sum::<f64>() / MEMBER_OFFSETS.len() as f64,
    }
}

impl Critic for QuadraticCritic {
    fn q(&mut self, query: &Query<'_>) -> Outcome<Array> {
        let rows = Self::each(query)?;
        let (count, dtype) = (rows.len() as i64, query.observation.dtype());
        if query.reduce == Reduce::Member {
            let members = MEMBER_OFFSETS
                .iter()
                .flat_map(|offset| rows.iter().map(move |(q, _)| q + offset))
                .collect();
            return Ok(array(members, &[MEMBER_OFFSETS.len() as i64, count], dtype));
        }
        let offset = reduced_offset(query.reduce);
        let q = rows.iter().map(|(q, _)| q + offset).collect();
        Ok(array(q, &[count], dtype))
    }

    fn q_gradient(&mut self, query: &Query<'_>) -> Outcome<(Array, Array)> {
        if query.reduce == Reduce::Member {
            return Err(Failure::unsupported("the gradient needs a reduction"));
        }
        let rows = Self::each(query)?;
        let (count, dtype) = (rows.len() as i64, query.observation.dtype());
        let offset = reduced_offset(query.reduce);
        let q = rows.iter().map(|(q, _)| q + offset).collect();
        let gradient = rows.into_iter().flat_map(|(_, g)| g).collect();
        Ok((
            array(q, &[count], dtype),
            array(gradient, &[count, ACTION_DIM as i64], dtype),
        ))
    }
}

impl StateValue for QuadraticCritic {
    fn v(&mut self, observation: View<'_>, _goal: Option<View<'_>>) -> Outcome<Array> {
        let rows = rows(&observation, "observation", OBSERVATION_DIM)?;
        let v = rows.iter().map(|s| value(s)).collect();
        Ok(array(v, &[rows.len() as i64], observation.dtype()))
    }
}

impl Provide for QuadraticCritic {
    fn critic(&mut self) -> Option<&mut dyn Critic> {
        Some(self)
    }
    fn state_value(&mut self) -> Option<&mut dyn StateValue> {
        Some(self)
    }
}

/// A diagonal Gaussian around `W s`, clipped to [-1, 1].
pub(crate) struct LinearPolicy;

impl Policy for LinearPolicy {
    fn act(
        &mut self,
        observation: View<'_>,
        _goal: Option<View<'_>>,
        mode: ActMode,
    ) -> Outcome<Array> {
        let rows = rows(&observation, "observation", OBSERVATION_DIM)?;
        let mut noise = match mode {
            ActMode::Greedy => None,
            ActMode::Sampled(position) => {
                Some(Family::new(0, &["conformance", "upstream-policy"]).at(position))
            }
        };
        let mut actions = Vec::new();
        for mean in rows.iter().flat_map(|s| best(s)) {
            let draw = noise.as_mut().map_or(0.0, |n| POLICY_STD * n.normal());
            actions.push((mean + draw).clamp(-1.0, 1.0));
        }
        let shape = [rows.len() as i64, ACTION_DIM as i64];
        Ok(array(actions, &shape, observation.dtype()))
    }

    fn log_prob(
        &mut self,
        observation: View<'_>,
        _goal: Option<View<'_>>,
        action: View<'_>,
    ) -> Outcome<Array> {
        let observations = rows(&observation, "observation", OBSERVATION_DIM)?;
        let actions = rows(&action, "action", ACTION_DIM)?;
        let constant = -0.5 * std::f64::consts::TAU.ln() - POLICY_STD.ln();
        let one = |(s, a): (&Vec<f64>, &Vec<f64>)| -> f64 {
            let scaled = a.iter().zip(best(s)).map(|(a, m)| (a - m) / POLICY_STD);
            scaled.map(|z| constant - 0.5 * z * z).sum()
        };
        let log_prob = observations.iter().zip(&actions).map(one).collect();
        Ok(array(
            log_prob,
            &[observations.len() as i64],
            observation.dtype(),
        ))
    }

    fn distribution(
        &mut self,
        observation: View<'_>,
        _goal: Option<View<'_>>,
    ) -> Outcome<(Array, Array)> {
        let rows = rows(&observation, "observation", OBSERVATION_DIM)?;
        let shape = [rows.len() as i64, ACTION_DIM as i64];
        let mean: Vec<f64> = rows.iter().flat_map(|s| best(s)).collect();
        let std = vec![POLICY_STD; mean.len()];
        Ok((
            array(mean, &shape, observation.dtype()),
            array(std, &shape, observation.dtype()),
        ))
    }
}

impl Provide for LinearPolicy {
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        Some(self)
    }
}

/// Live synthetic stages; must outlive whatever their interfaces are bound to.
pub(crate) struct Stages {
    critic: Served<QuadraticCritic>,
    policy: Served<LinearPolicy>,
}

impl Stages {
    pub(crate) fn new() -> Self {
        Self {
            critic: Served::new(QuadraticCritic),
            policy: Served::new(LinearPolicy),
        }
    }

    /// What the runner would bind: every interface of each stage that offers one of `requires`. Gives back the
    /// requirements that no synthetic stage meets.
    pub(crate) fn bind(&mut self, requires: &[String]) -> Result<Vec<Bound>, Vec<String>> {
        let value: Vec<Bound> = ["critic/1", "state-value/1"]
            .iter()
            .filter_map(|id| self.critic.bind("value", id))
            .collect();
        let policy: Vec<Bound> = self.policy.bind("policy", "policy/1").into_iter().collect();
        let mut bound = Vec::new();
        let mut missing = requires.to_vec();
        for stage in [value, policy] {
            let before = missing.len();
            missing.retain(|id| stage.iter().all(|b| b.interface_id != *id));
            if missing.len() < before {
                bound.extend(stage);
            }
        }
        if missing.is_empty() {
            return Ok(bound);
        }
        Err(missing)
    }
}
