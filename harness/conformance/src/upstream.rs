//! Synthetic earlier stages for learners that require them: a quadratic critic with its state value, a linear policy that
//! can be updated, their counterparts for discrete actions, and an encoder.

mod critic;
mod discrete;
mod policy;

use crate::world::{ACTION_DIM, GOAL_DIM, OBSERVATION_DIM, World};
use critic::QuadraticCritic;
use discrete::{AllValues, Softmax};
use plugin_api::{Array, Dtype, Encoder, Failure, Outcome, Provide, View};
use plugin_host::{Bound, Served};
use policy::LinearPolicy;

/// The best action is `GAIN s`, a little towards the goal where there is one.
const GAIN: [[f64; OBSERVATION_DIM]; ACTION_DIM] = [[0.3, -0.2, 0.1], [-0.1, 0.2, 0.25]];
const VALUE: [f64; OBSERVATION_DIM] = [0.5, -0.25, 0.1];

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

/// Rows of `[B, width]`.
fn rows(view: &View<'_>, name: &str, width: usize) -> Outcome<Vec<Vec<f64>>> {
    view.expect_shape(name, &[-1, width as i64])?;
    Ok(numbers(view)?.chunks(width).map(<[f64]>::to_vec).collect())
}

/// A state: observation and goal; the goal is empty where the problem has none.
struct State {
    observation: Vec<f64>,
    goal: Vec<f64>,
}

impl State {
    /// The states of a batch. Errors where goals are missing, or given and not part of the problem.
    fn read(world: World, observation: &View<'_>, goal: Option<View<'_>>) -> Outcome<Vec<Self>> {
        let observations = rows(observation, "observation", OBSERVATION_DIM)?;
        let goals = match (goal, world.has_goals()) {
            (None, false) => vec![Vec::new(); observations.len()],
            (Some(goal), true) => {
                goal.expect_shape("goal", &[observations.len() as i64, GOAL_DIM as i64])?;
                rows(&goal, "goal", GOAL_DIM)?
            }
            (goal, _) => {
                return Err(Failure::invalid_argument(format!(
                    "a goal is {} on a problem with {}",
                    if goal.is_some() { "given" } else { "missing" },
                    world.name()
                )));
            }
        };
        let pairs = observations.into_iter().zip(goals);
        Ok(pairs
            .map(|(observation, goal)| Self { observation, goal })
            .collect())
    }

    fn best(&self) -> Vec<f64> {
        let dot = |w: &[f64; OBSERVATION_DIM]| -> f64 {
            w.iter().zip(&self.observation).map(|(w, s)| w * s).sum()
        };
        let pull = |j: usize| 0.1 * self.goal.get(j).copied().unwrap_or_default();
        GAIN.iter()
            .enumerate()
            .map(|(j, w)| dot(w) + pull(j))
            .collect()
    }

    fn value(&self) -> f64 {
        let value: f64 = VALUE
            .iter()
            .zip(&self.observation)
            .map(|(w, s)| w * s)
            .sum();
        let miss = self.goal.iter().zip(&self.observation);
        value - 0.1 * miss.map(|(g, s)| (g - s) * (g - s)).sum::<f64>()
    }

    /// `V(s) - |a - best(s)|^2` and its gradient in the action.
    fn q(&self, action: &[f64]) -> (f64, Vec<f64>) {
        let offset: Vec<f64> = action.iter().zip(self.best()).map(|(a, b)| a - b).collect();
        let distance: f64 = offset.iter().map(|d| d * d).sum();
        (
            self.value() - distance,
            offset.iter().map(|d| -2.0 * d).collect(),
        )
    }
}

/// Two fixed features of an observation.
struct Features;

impl Encoder for Features {
    fn encode(&mut self, observation: View<'_>) -> Outcome<Array> {
        let rows = rows(&observation, "observation", OBSERVATION_DIM)?;
        let code: Vec<f64> = rows.iter().flat_map(|s| [s[0] + s[1], s[2]]).collect();
        let shape = [rows.len() as i64, 2];
        Ok(array(code, &shape, observation.dtype()))
    }
}

impl Provide for Features {
    fn encoder(&mut self) -> Option<&mut dyn Encoder> {
        Some(self)
    }
}

/// Live synthetic stages; must outlive whatever their interfaces are bound to.
pub(crate) struct Stages {
    discrete: bool,
    critic: Served<QuadraticCritic>,
    policy: Served<LinearPolicy>,
    all_values: Served<AllValues>,
    softmax: Served<Softmax>,
    encoder: Served<Features>,
}

/// What synthetic stages offer.
pub(crate) const INTERFACES: [&str; 7] = [
    "critic/1",
    "state-value/1",
    "policy/1",
    "q-all/1",
    "policy-discrete/1",
    "policy-update/1",
    "encoder/1",
];

fn everything<P: Provide + 'static>(stage: &mut Served<P>, role: &str) -> Vec<Bound> {
    let bound = |id: &&str| stage.bind(role, id);
    INTERFACES.iter().filter_map(bound).collect()
}

impl Stages {
    pub(crate) fn new(world: World) -> Self {
        Self {
            discrete: world.is_discrete(),
            critic: Served::new(QuadraticCritic { world }),
            policy: Served::new(LinearPolicy::new(world)),
            all_values: Served::new(AllValues { world }),
            softmax: Served::new(Softmax { world }),
            encoder: Served::new(Features),
        }
    }

    /// What the runner would bind: every interface of each stage that offers one of `requires`. Gives back the
    /// requirements that no synthetic stage meets.
    pub(crate) fn bind(&mut self, requires: &[String]) -> Result<Vec<Bound>, Vec<String>> {
        let (value, policy) = if self.discrete {
            (
                everything(&mut self.all_values, "value"),
                everything(&mut self.softmax, "policy"),
            )
        } else {
            (
                everything(&mut self.critic, "value"),
                everything(&mut self.policy, "policy"),
            )
        };
        let encoder = everything(&mut self.encoder, "encoder");
        let mut bound = Vec::new();
        let mut missing = requires.to_vec();
        for stage in [value, policy, encoder] {
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
