//! The learner: what it learns while it acts is never saved.

use crate::hyper::{Hyper, Reset};
use crate::improve::Improver;
use crate::visited::Visited;
use plugin_api::{
    ActMode, Array, Host, Learner, LearnerInfo, Outcome, Policy, Problem, Provide, TestTime,
    TestTimeCounts, Upstream, View,
};
use std::io::{Read, Write};

/// The learner.
pub struct Ttt {
    improver: Improver,
    visited: Visited,
    episode: Option<Episode>, // none before the first
}

/// The running episode.
struct Episode {
    index: u64,
    steps: u64,
    updates: u64,
}

impl Learner for Ttt {
    type Hyper = Hyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "ttt",
        version: "1.0.0",
        description: "a policy that is updated on the states it meets while it acts, with a frozen critic",
        requires: &[
            "continuous-actions",
            "critic/1",
            "policy/1",
            "policy-update/1",
        ],
        provides: &["policy/1", "test-time/1"],
        bitwise: true,
    };

    fn create(host: Host, problem: &Problem, hyper: Hyper, upstream: Upstream) -> Outcome<Self> {
        hyper.check()?;
        problem.expect_continuous()?;
        let width = problem.observation_dim + problem.goal_dim;
        Ok(Self {
            visited: Visited::new(width, hyper.memory),
            improver: Improver {
                host,
                problem: problem.clone(),
                critic: upstream.critic()?,
                policy: upstream.policy()?,
                update: upstream.policy_update()?,
                gradients: 0,
                updates: 0,
                hyper,
            },
            episode: None,
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

impl Ttt {
    /// Stores the state of one step in the environment and updates the policy where a round of updates is due.
    fn visit(&mut self, observation: View<'_>, goal: Option<View<'_>>) -> Outcome<()> {
        let Some(episode) = &mut self.episode else {
            return Ok(());
        };
        let mut state = observation.to_f64()?;
        if let Some(goal) = goal {
            state.extend(goal.to_f64()?);
        }
        self.visited.push(&state);
        episode.steps += 1;
        let hyper = &self.improver.hyper;
        if !episode.steps.is_multiple_of(hyper.interval) {
            return Ok(());
        }
        for _ in 0..hyper.updates_per_step {
            let (index, number) = (episode.index, episode.updates);
            self.improver.improve(&self.visited, index, number)?;
            episode.updates += 1;
        }
        Ok(())
    }
}

impl Policy for Ttt {
    fn act(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        mode: ActMode,
    ) -> Outcome<Array> {
        let rows = self.improver.problem.expect_state(observation, goal)?;
        // A batch of another size is a question about the policy, not a step in the environment.
        if rows == 1 {
            self.visit(observation, goal)?;
        }
        let p = &self.improver.problem;
        let shape = [rows as i64, p.action_dim as i64];
        let action = self.improver.policy.act(observation, goal, mode)?;
        action.expect_shape("the base policy's action", &shape)?;
        Ok(Array::from_f64(action.to_f64()?, &shape, p.precision))
    }

    fn log_prob(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        action: View<'_>,
    ) -> Outcome<Array> {
        let p = &self.improver.problem;
        let rows = p.expect_state(observation, goal)?;
        let log_prob = self.improver.policy.log_prob(observation, goal, action)?;
        let numbers = log_prob.to_f64()?;
        Ok(Array::from_f64(numbers, &[rows as i64], p.precision))
    }

    fn distribution(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
    ) -> Outcome<(Array, Array)> {
        let p = &self.improver.problem;
        let rows = p.expect_state(observation, goal)?;
        let shape = [rows as i64, p.action_dim as i64];
        let (mean, std) = self.improver.policy.distribution(observation, goal)?;
        let copy = |numbers| Array::from_f64(numbers, &shape, p.precision);
        Ok((copy(mean.to_f64()?), copy(std.to_f64()?)))
    }
}

impl TestTime for Ttt {
    fn begin_episode(&mut self, episode: u64) -> Outcome<()> {
        let improver = &mut self.improver;
        match (&self.episode, improver.hyper.reset) {
            (None, _) => improver.update.begin(improver.hyper.learning_rate)?,
            (Some(_), Reset::Episode) => {
                improver.update.reset()?;
                self.visited.clear();
            }
            (Some(_), Reset::Never) => {}
        }
        self.episode = Some(Episode {
            index: episode,
            steps: 0,
            updates: 0,
        });
        Ok(())
    }

    fn counts(&self) -> TestTimeCounts {
        TestTimeCounts {
            sequential: true,
            critic_gradients: self.improver.gradients,
            policy_updates: self.improver.updates,
        }
    }
}

impl Provide for Ttt {
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        Some(self)
    }
    fn test_time(&mut self) -> Option<&mut dyn TestTime> {
        Some(self)
    }
}
