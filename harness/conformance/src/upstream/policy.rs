//! A linear policy that can be updated.

use super::{State, array, rows};
use crate::world::{ACTION_DIM, World};
use manifest::random::Family;
use plugin_api::{ActMode, Array, Failure, Outcome, Policy, PolicyUpdate, Provide, View};

const POLICY_STD: f64 = 0.2;

/// A diagonal Gaussian around `best(s) + shift`, clipped to [-1, 1]. Updates move the shift by plain gradient ascent.
pub(super) struct LinearPolicy {
    world: World,
    shift: [f64; ACTION_DIM],
    learning_rate: Option<f64>,
}

impl LinearPolicy {
    pub(super) fn new(world: World) -> Self {
        Self {
            world,
            shift: [0.0; ACTION_DIM],
            learning_rate: None,
        }
    }

    fn means(&self, observation: &View<'_>, goal: Option<View<'_>>) -> Outcome<Vec<Vec<f64>>> {
        let states = State::read(self.world, observation, goal)?;
        let mean = |s: &State| {
            s.best()
                .iter()
                .zip(self.shift)
                .map(|(m, d)| m + d)
                .collect()
        };
        Ok(states.iter().map(mean).collect())
    }
}

impl Policy for LinearPolicy {
    fn act(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        mode: ActMode,
    ) -> Outcome<Array> {
        let rows = self.means(&observation, goal)?;
        let mut noise = match mode {
            ActMode::Greedy => None,
            ActMode::Sampled(position) => {
                Some(Family::new(0, &["conformance", "upstream-policy"]).at(position))
            }
        };
        let mut actions = Vec::new();
        for mean in rows.iter().flatten() {
            let draw = noise.as_mut().map_or(0.0, |n| POLICY_STD * n.normal());
            actions.push((mean + draw).clamp(-1.0, 1.0));
        }
        let shape = [rows.len() as i64, ACTION_DIM as i64];
        Ok(array(actions, &shape, observation.dtype()))
    }

    fn log_prob(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        action: View<'_>,
    ) -> Outcome<Array> {
        let means = self.means(&observation, goal)?;
        let actions = rows(&action, "action", ACTION_DIM)?;
        let constant = -0.5 * std::f64::consts::TAU.ln() - POLICY_STD.ln();
        let one = |(m, a): (&Vec<f64>, &Vec<f64>)| -> f64 {
            let scaled = a.iter().zip(m).map(|(a, m)| (a - m) / POLICY_STD);
            scaled.map(|z| constant - 0.5 * z * z).sum()
        };
        let log_prob = means.iter().zip(&actions).map(one).collect();
        Ok(array(log_prob, &[means.len() as i64], observation.dtype()))
    }

    fn distribution(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
    ) -> Outcome<(Array, Array)> {
        let rows = self.means(&observation, goal)?;
        let shape = [rows.len() as i64, ACTION_DIM as i64];
        let mean: Vec<f64> = rows.concat();
        let std = vec![POLICY_STD; mean.len()];
        Ok((
            array(mean, &shape, observation.dtype()),
            array(std, &shape, observation.dtype()),
        ))
    }
}

impl PolicyUpdate for LinearPolicy {
    fn begin(&mut self, learning_rate: f64) -> Outcome<()> {
        self.shift = [0.0; ACTION_DIM];
        self.learning_rate = Some(learning_rate);
        Ok(())
    }

    fn step(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        dq_da: View<'_>,
        kl_weight: f64,
    ) -> Outcome<f64> {
        let Some(rate) = self.learning_rate else {
            return Err(Failure::invalid_argument("a step before begin"));
        };
        let count = State::read(self.world, &observation, goal)?.len();
        dq_da.expect_shape("dq_da", &[count as i64, ACTION_DIM as i64])?;
        let variance = POLICY_STD * POLICY_STD;
        let kl = self.shift.iter().map(|d| d * d).sum::<f64>() / (2.0 * variance);
        for row in rows(&dq_da, "dq_da", ACTION_DIM)? {
            for (d, g) in self.shift.iter_mut().zip(row) {
                *d += rate * (g - kl_weight * *d / variance) / count as f64;
            }
        }
        Ok(kl)
    }

    fn reset(&mut self) -> Outcome<()> {
        self.shift = [0.0; ACTION_DIM];
        Ok(())
    }
}

impl Provide for LinearPolicy {
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        Some(self)
    }
    fn policy_update(&mut self) -> Option<&mut dyn PolicyUpdate> {
        Some(self)
    }
}
