//! The learner: it has nothing to train and nothing to save.

use crate::ascent::{Ascent, Point};
use crate::hyper::{Hyper, Normalization};
use crate::step;
use plugin_api::{
    ActMode, Array, Host, Learner, LearnerInfo, Outcome, Policy, PolicyHandle, Problem, Provide,
    TestTime, TestTimeCounts, Upstream, View,
};
use std::io::{Read, Write};

/// The learner.
pub struct Opex {
    host: Host,
    problem: Problem,
    hyper: Hyper,
    base: PolicyHandle<'static>,
    ascent: Ascent,
    divisor: Option<f64>, // of the gradient, once estimated
}

impl Learner for Opex {
    type Hyper = Hyper;

    const INFO: LearnerInfo = LearnerInfo {
        id: "opex",
        version: "1.0.0",
        description: "a policy whose actions move along the critic's gradient while it acts, without training",
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
            base: upstream.policy()?,
            ascent: Ascent::bind(&upstream, &hyper, problem)?,
            divisor: None,
            hyper,
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

impl Opex {
    /// The divisor of the gradient, a constant of the stage that is estimated when it is first needed.
    fn divisor(&mut self) -> Outcome<f64> {
        if let Some(divisor) = self.divisor {
            return Ok(divisor);
        }
        let divisor = match self.hyper.normalization {
            Normalization::AdvantageStd => self.ascent.advantage_std(&self.host)?,
            Normalization::None | Normalization::Sign | Normalization::L2 => 1.0,
        };
        Ok(*self.divisor.insert(divisor))
    }
}

impl Policy for Opex {
    fn act(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        mode: ActMode,
    ) -> Outcome<Array> {
        let rows = self.problem.expect_state(observation, goal)?;
        let divisor = self.divisor()?;
        let (p, h) = (&self.problem, &self.hyper);
        let shape = [rows as i64, p.action_dim as i64];
        let action = self.base.act(observation, goal, mode)?;
        action.expect_shape("the base policy's action", &shape)?;
        let mut action = Array::from_f64(action.to_f64()?, &shape, p.precision);
        for _ in 0..h.steps {
            let point = Point {
                observation,
                goal,
                action: action.view(),
            };
            let mut gradient = self.ascent.gradient(point)?;
            for row in gradient.chunks_exact_mut(p.action_dim) {
                step::normalise(row, h.normalization, divisor);
            }
            let bounds = (p.action_low, p.action_high);
            let moved = action.view().to_f64()?.into_iter().zip(gradient);
            let moved = moved.map(|(a, g)| step::ascend(a, g, h.beta, bounds));
            action = Array::from_f64(moved.collect(), &shape, p.precision);
        }
        Ok(action)
    }
}

impl TestTime for Opex {
    fn begin_episode(&mut self, _episode: u64) -> Outcome<()> {
        Ok(())
    }

    fn counts(&self) -> TestTimeCounts {
        TestTimeCounts {
            critic_gradients: self.ascent.rows(),
            ..TestTimeCounts::default()
        }
    }
}

impl Provide for Opex {
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        Some(self)
    }
    fn test_time(&mut self) -> Option<&mut dyn TestTime> {
        Some(self)
    }
}
