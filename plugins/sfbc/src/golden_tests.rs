//! Choices among given candidates against an independent implementation: `tests/golden/learners/test_time.py`.

use crate::Sfbc;
use nn::Dims;
use nn::testing::{Case, Driver, FakeHost, Golden, KnownCritic};
use plugin_api::serve::Instance;
use plugin_api::{
    ActMode, Array, Critic, Dtype, Failure, Outcome, Policy, Precision, Provide, View,
};

/// Where the case was sampled.
const POSITION: u64 = 3;
const CANDIDATES: usize = 6;

/// Gives the candidates of a case in the place of random ones, below the known critic.
struct Scripted {
    critic: KnownCritic,
    observation: Vec<f64>, // [B, S], as a view gives them
    candidates: Vec<f64>,  // [B, N, A]
    sampled: bool,
}

impl Policy for Scripted {
    fn act(
        &mut self,
        observation: View<'_>,
        _goal: Option<View<'_>>,
        mode: ActMode,
    ) -> Outcome<Array> {
        let ActMode::Sampled(position) = mode else {
            return Err(Failure::unsupported("candidates are samples"));
        };
        let width = observation.shape()[1] as usize;
        let states: Vec<&[f64]> = self.observation.chunks(width).collect();
        let a = self.candidates.len() / (states.len() * CANDIDATES);
        let mut actions = Vec::new();
        for (row, s) in observation.to_f64()?.chunks(width).enumerate() {
            let state = states.iter().position(|known| *known == s);
            // One state with all candidates, or all states with one candidate.
            let candidate = match self.sampled {
                false => row,
                true => (position - POSITION * CANDIDATES as u64) as usize,
            };
            let start = (state.expect("a state of the case") * CANDIDATES + candidate) * a;
            actions.extend_from_slice(&self.candidates[start..start + a]);
        }
        let precision = match observation.dtype() {
            Dtype::F32 => Precision::F32,
            _ => Precision::F64,
        };
        let shape = [observation.shape()[0], a as i64];
        Ok(Array::from_f64(actions, &shape, precision))
    }
}

impl Provide for Scripted {
    fn critic(&mut self) -> Option<&mut dyn Critic> {
        Some(&mut self.critic)
    }
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        Some(self)
    }
}

fn chosen(case: &Case, host: &FakeHost, mode: ActMode) -> Vec<f64> {
    let data = host.data();
    let rows = data.rows() as i64;
    let states = host.array(&data.observation, &[rows, data.observation_dim as i64]);
    let goals = host.array(&data.goal, &[rows, data.goal_dim as i64]);
    let dims = Dims::continuous(&host.problem(0)).expect("continuous");
    let mut base = Instance::new(Scripted {
        critic: KnownCritic::new(dims),
        observation: states.view().to_f64().expect("floats"),
        candidates: case.parameter("candidates").to_vec(),
        sampled: mode != ActMode::Greedy,
    });
    let mut sfbc =
        Driver::<Sfbc>::bound(host, 0, &case.hyperparameters, &mut base).expect("creates");
    let mut policy = sfbc.policy().expect("offers a policy");
    let goal = (data.goal_dim > 0).then(|| goals.view());
    let action = policy.act(states.view(), goal, mode).expect("acts");
    action.to_f64().expect("floats")
}

#[test]
fn chosen_candidates_equal_the_reference() {
    let text = include_str!("../../../tests/golden/learners/sfbc.json");
    let golden: Golden = serde_json::from_str(text).expect("parses");
    for case in &golden.cases {
        let host = case.host();
        case.check_answer("greedy", &chosen(case, &host, ActMode::Greedy));
        let mode = ActMode::Sampled(POSITION);
        case.check_answer("sampled", &chosen(case, &host, mode));
    }
    assert!(!golden.cases.is_empty());
}
