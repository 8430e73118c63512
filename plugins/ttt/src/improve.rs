//! One update: states, actions of the policy there, the critic's gradient at them, and a step of `policy-update/1`.

use crate::hyper::{Hyper, QNormalization};
use crate::visited::Visited;
use plugin_api::{
    ActMode, Array, BatchRequest, Code, CriticHandle, Failure, Goals, Host, Outcome, PolicyHandle,
    PolicyUpdateHandle, Problem, Query,
};

/// Updates of one episode are addressed by the lower bits of a position, the episode by the upper ones.
const EPISODE_BITS: u32 = 32;

/// The base policy, the way it is updated, and what the updates cost so far.
pub(crate) struct Improver {
    pub(crate) host: Host,
    pub(crate) problem: Problem,
    pub(crate) hyper: Hyper,
    pub(crate) critic: CriticHandle<'static>,
    pub(crate) policy: PolicyHandle<'static>,
    pub(crate) update: PolicyUpdateHandle<'static>,
    pub(crate) gradients: u64,
    pub(crate) updates: u64,
}

/// States of an update, `[B, S]` and `[B, G]`.
struct States {
    observation: Array,
    goal: Option<Array>,
}

impl Improver {
    /// Update `number` of `episode`.
    pub(crate) fn improve(&mut self, visited: &Visited, episode: u64, number: u64) -> Outcome<()> {
        let position = (episode << EPISODE_BITS) | number;
        let states = self.states(visited, position)?;
        self.step(&states).map_err(|mut failure| {
            if failure.code == Code::NonFinite {
                failure.message += &format!(" in update {number} of episode {episode}");
            }
            failure
        })
    }

    /// One step of the policy at these states.
    fn step(&mut self, states: &States) -> Outcome<()> {
        let dq_da = self.gradient(states)?;
        let (observation, goal) = (states.observation.view(), states.goal.as_ref());
        let (goal, beta) = (goal.map(Array::view), self.hyper.beta);
        let kl = self.update.step(observation, goal, dq_da.view(), beta)?;
        self.updates += 1;
        if kl.is_finite() {
            return Ok(());
        }
        let message = format!("the divergence from the offline policy is {kl}");
        Err(Failure::non_finite(message))
    }

    /// The first `data_share B` rows of a batch of the data, then visited states drawn uniformly with replacement.
    fn states(&self, visited: &Visited, position: u64) -> Outcome<States> {
        let p = &self.problem;
        let (s, g) = (p.observation_dim, p.goal_dim);
        let from_data = (self.hyper.data_share * p.batch_size as f64).round() as usize;
        let (mut observation, mut goal) = (Vec::new(), Vec::new());
        if from_data > 0 {
            let request = BatchRequest {
                goals: if g > 0 { Goals::Policy } else { Goals::None },
                ..BatchRequest::default()
            };
            let batch = self.host.batch_with("data", position, request)?;
            observation.extend_from_slice(&batch.observation.to_f64()?[..from_data * s]);
            if let Some(goals) = batch.goal {
                goal.extend_from_slice(&goals.to_f64()?[..from_data * g]);
            }
        }
        let from_visits = p.batch_size - from_data;
        for uniform in self.host.uniform("visited", position, from_visits)? {
            let state = visited.at(uniform);
            observation.extend_from_slice(&state[..s]);
            goal.extend_from_slice(&state[s..]);
        }
        let array = |numbers, width: usize| {
            Array::from_f64(numbers, &[p.batch_size as i64, width as i64], p.precision)
        };
        Ok(States {
            observation: array(observation, s),
            goal: (g > 0).then(|| array(goal, g)),
        })
    }

    /// dQ/da at the policy's greedy actions, divided by the normaliser: `[B, A]`.
    fn gradient(&mut self, states: &States) -> Outcome<Array> {
        let (p, h) = (&self.problem, &self.hyper);
        let (observation, goal) = (states.observation.view(), states.goal.as_ref());
        let goal = goal.map(Array::view);
        let shape = [p.batch_size as i64, p.action_dim as i64];
        let action = self.policy.act(observation, goal, ActMode::Greedy)?;
        action.expect_shape("the base policy's action", &shape)?;
        // The policy's view ends with the next call of its instance; the critic may be another interface of the same one.
        let action = Array::from_f64(action.to_f64()?, &shape, p.precision);
        let query = Query {
            observation,
            goal,
            action: action.view(),
            network: h.critic_network.into(),
            reduce: h.critic_reduce.into(),
        };
        let (q, dq_da) = self.critic.q_gradient(&query)?;
        dq_da.expect_shape("dq_da", &shape)?;
        dq_da.expect_finite("dQ/da")?;
        let mut dq_da = dq_da.to_f64()?;
        if h.q_normalization == QNormalization::MeanAbsQ {
            let q = q.to_f64()?;
            let mean = q.iter().map(|q| q.abs()).sum::<f64>() / q.len() as f64;
            let divisor = mean.max(1e-8);
            dq_da.iter_mut().for_each(|g| *g /= divisor);
        }
        self.gradients += p.batch_size as u64;
        Ok(Array::from_f64(dq_da, &shape, p.precision))
    }
}
