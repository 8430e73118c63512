//! The learner: it has nothing to train and nothing to save.

use crate::hyper::{Hyper, Selection};
use crate::select;
use plugin_api::{
    ActMode, Array, CriticHandle, Host, Learner, LearnerInfo, Outcome, Policy, PolicyHandle,
    Problem, Provide, Query, TestTime, TestTimeCounts, Upstream, View,
};
use std::io::{Read, Write};

/// The learner.
pub struct Sfbc {
    host: Host,
    problem: Problem,
    hyper: Hyper,
    critic: CriticHandle<'static>,
    behaviour: PolicyHandle<'static>,
}

/// A state that is asked about: its observation and goal, each as often as there are candidates.
struct Repeated {
    numbers: Vec<f64>, // of observation and goal, once
    observation: Array,
    goal: Option<Array>,
}

impl Learner for Sfbc {
    type Hyper = Hyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "sfbc",
        version: "1.0.0",
        description: "the best of N actions of a behaviour policy under a critic, without training",
        requires: &["continuous-actions", "critic/1", "policy/1"],
        provides: &["policy/1", "test-time/1"],
        bitwise: true,
    };

    fn create(host: Host, problem: &Problem, hyper: Hyper, upstream: Upstream) -> Outcome<Self> {
        hyper.check()?;
        problem.expect_continuous()?;
        Ok(Self {
            host,
            problem: problem.clone(),
            hyper,
            critic: upstream.critic()?,
            behaviour: upstream.policy()?,
        })
    }

    fn update(&mut self, _count: u64) -> Outcome<()> {
        Ok(())
    }

    fn save(&self, _out: &mut dyn Write) -> Outcome<()> {
        Ok(())
    }

    fn load(&mut self, _from: &mut dyn Read) -> Outcome<()> {
        Ok(())
    }
}

impl Sfbc {
    /// Row `row` of a batch, `N` times.
    fn repeat(&self, row: usize, observation: &[f64], goal: Option<&[f64]>) -> Repeated {
        let (p, n) = (&self.problem, self.hyper.candidates);
        let part = |all: &[f64], size: usize| all[row * size..(row + 1) * size].to_vec();
        let copies = |once: &[f64]| {
            let shape = [n as i64, once.len() as i64];
            Array::from_f64(once.repeat(n), &shape, p.precision)
        };
        let observation = part(observation, p.observation_dim);
        let goal = goal.map(|goal| part(goal, p.goal_dim));
        Repeated {
            observation: copies(&observation),
            goal: goal.as_deref().map(copies),
            numbers: [observation, goal.unwrap_or_default()].concat(),
        }
    }

    /// The candidates of one state, `[N, A]`, drawn at a position that is a function of the state.
    fn candidates_of(&mut self, state: &Repeated) -> Outcome<Vec<f64>> {
        let shape = self.shape();
        let mode = ActMode::Sampled(select::position_of(&state.numbers));
        let goal = state.goal.as_ref().map(Array::view);
        let actions = self.behaviour.act(state.observation.view(), goal, mode)?;
        actions.expect_shape("the candidates", &shape)?;
        actions.to_f64()
    }

    /// The candidates of every state of a batch, `[N, B, A]`, drawn at positions that are functions of `position`.
    fn candidates_at(
        &mut self,
        position: u64,
        observation: View<'_>,
        goal: Option<View<'_>>,
    ) -> Outcome<Vec<f64>> {
        let n = self.hyper.candidates;
        let shape = [observation.shape()[0], self.problem.action_dim as i64];
        let mut all = Vec::new();
        for i in 0..n {
            let mode = ActMode::Sampled(select::position_at(position, i, n));
            let actions = self.behaviour.act(observation, goal, mode)?;
            actions.expect_shape("the candidates", &shape)?;
            all.extend(actions.to_f64()?);
        }
        Ok(all)
    }

    fn shape(&self) -> [i64; 2] {
        [self.hyper.candidates as i64, self.problem.action_dim as i64]
    }

    /// The index of the chosen candidate of one state. `uniform` is asked where chance decides.
    fn choose(
        &mut self,
        state: &Repeated,
        candidates: &[f64],
        uniform: impl FnOnce(&Host) -> Outcome<f64>,
    ) -> Outcome<usize> {
        let action = Array::from_f64(candidates.to_vec(), &self.shape(), self.problem.precision);
        let query = Query {
            observation: state.observation.view(),
            goal: state.goal.as_ref().map(Array::view),
            action: action.view(),
            network: self.hyper.critic_network.into(),
            reduce: self.hyper.critic_reduce.into(),
        };
        let q = self.critic.q(&query)?;
        q.expect_shape("q", &[self.hyper.candidates as i64])?;
        let q = q.to_f64()?;
        select::expect_finite(&q)?;
        Ok(match self.hyper.selection {
            Selection::Argmax => select::argmax(&q),
            Selection::Softmax => {
                let alpha = self.hyper.inverse_temperature;
                select::softmax(&q, alpha, uniform(&self.host)?)
            }
        })
    }
}

impl Policy for Sfbc {
    fn act(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        mode: ActMode,
    ) -> Outcome<Array> {
        let rows = self.problem.expect_state(observation, goal)?;
        let (n, a) = (self.hyper.candidates, self.problem.action_dim);
        let drawn = match mode {
            ActMode::Greedy => None,
            ActMode::Sampled(p) => Some((p, self.candidates_at(p, observation, goal)?)),
        };
        let observation = observation.to_f64()?;
        let goal = goal.map(|goal| goal.to_f64()).transpose()?;
        let mut actions = Vec::with_capacity(rows * a);
        for row in 0..rows {
            let state = self.repeat(row, &observation, goal.as_deref());
            let (candidates, position, at) = match &drawn {
                None => {
                    let position = select::position_of(&state.numbers);
                    (self.candidates_of(&state)?, position, 0)
                }
                Some((position, all)) => {
                    let of_row = |i: usize| {
                        let start = (i * rows + row) * a;
                        all[start..start + a].iter().copied()
                    };
                    ((0..n).flat_map(of_row).collect(), *position, row)
                }
            };
            let chosen = self.choose(&state, &candidates, |host| {
                Ok(host.uniform("select", position, at + 1)?[at])
            })?;
            actions.extend_from_slice(&candidates[chosen * a..(chosen + 1) * a]);
        }
        let shape = [rows as i64, a as i64];
        Ok(Array::from_f64(actions, &shape, self.problem.precision))
    }
}

impl TestTime for Sfbc {
    fn begin_episode(&mut self, _episode: u64) -> Outcome<()> {
        Ok(())
    }

    fn counts(&self) -> TestTimeCounts {
        TestTimeCounts::default()
    }
}

impl Provide for Sfbc {
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        Some(self)
    }
    fn test_time(&mut self) -> Option<&mut dyn TestTime> {
        Some(self)
    }
}
