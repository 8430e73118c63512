//! Values and a policy over discrete actions, each of which stands for a quadrant of the continuous ones.

use super::critic::{MEMBER_OFFSETS, reduced_offset};
use super::{State, array};
use crate::world::{ACTION_COUNT, World};
use manifest::random::Family;
use plugin_api::{
    ActMode, Array, DiscreteCritic, DiscretePolicy, Network, Outcome, Policy, Provide, Reduce,
    StateValue, View,
};

const CENTRES: [[f64; 2]; ACTION_COUNT] = [[-0.5, -0.5], [0.5, -0.5], [-0.5, 0.5], [0.5, 0.5]];
const INVERSE_TEMPERATURE: f64 = 3.0;

fn all(state: &State) -> [f64; ACTION_COUNT] {
    CENTRES.map(|centre| state.q(&centre).0)
}

/// The quadratic critic at the centres of the quadrants, with two members a constant apart.
pub(super) struct AllValues {
    pub(super) world: World,
}

impl DiscreteCritic for AllValues {
    fn q_all(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        _network: Network,
        reduce: Reduce,
    ) -> Outcome<Array> {
        let states = State::read(self.world, &observation, goal)?;
        let with = |offset: f64| -> Vec<f64> {
            states
                .iter()
                .flat_map(|s| all(s).map(|q| q + offset))
                .collect()
        };
        let (count, k) = (states.len() as i64, ACTION_COUNT as i64);
        if reduce == Reduce::Member {
            let members = MEMBER_OFFSETS.map(with).concat();
            let shape = [MEMBER_OFFSETS.len() as i64, count, k];
            return Ok(array(members, &shape, observation.dtype()));
        }
        let q = with(reduced_offset(reduce));
        Ok(array(q, &[count, k], observation.dtype()))
    }
}

impl StateValue for AllValues {
    fn v(&mut self, observation: View<'_>, goal: Option<View<'_>>) -> Outcome<Array> {
        let states = State::read(self.world, &observation, goal)?;
        let v = states.iter().map(State::value).collect();
        Ok(array(v, &[states.len() as i64], observation.dtype()))
    }
}

impl Provide for AllValues {
    fn discrete_critic(&mut self) -> Option<&mut dyn DiscreteCritic> {
        Some(self)
    }
    fn state_value(&mut self) -> Option<&mut dyn StateValue> {
        Some(self)
    }
}

/// A softmax of those values.
pub(super) struct Softmax {
    pub(super) world: World,
}

impl Softmax {
    fn rows(
        &self,
        observation: &View<'_>,
        goal: Option<View<'_>>,
    ) -> Outcome<Vec<[f64; ACTION_COUNT]>> {
        let log_probs = |s: &State| {
            let logits = all(s).map(|q| INVERSE_TEMPERATURE * q);
            let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = logits.iter().map(|l| (l - highest).exp()).sum();
            logits.map(|l| l - highest - total.ln())
        };
        let states = State::read(self.world, observation, goal)?;
        Ok(states.iter().map(log_probs).collect())
    }
}

impl Policy for Softmax {
    fn act(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        mode: ActMode,
    ) -> Outcome<Array> {
        let rows = self.rows(&observation, goal)?;
        let mut draws = match mode {
            ActMode::Greedy => None,
            ActMode::Sampled(position) => {
                Some(Family::new(0, &["conformance", "upstream-policy"]).at(position))
            }
        };
        let mut actions = Vec::new();
        for row in &rows {
            let chosen = match &mut draws {
                None => (0..ACTION_COUNT)
                    .max_by(|a, b| row[*a].total_cmp(&row[*b]))
                    .unwrap_or_default(),
                Some(draws) => {
                    let mut left = draws.uniform();
                    let stays = |p: &f64| {
                        left -= p.exp();
                        left < 0.0
                    };
                    row.iter().position(stays).unwrap_or(ACTION_COUNT - 1)
                }
            };
            actions.push(chosen as f64);
        }
        Ok(array(actions, &[rows.len() as i64, 1], observation.dtype()))
    }
}

impl DiscretePolicy for Softmax {
    fn log_probs(&mut self, observation: View<'_>, goal: Option<View<'_>>) -> Outcome<Array> {
        let rows = self.rows(&observation, goal)?;
        let shape = [rows.len() as i64, ACTION_COUNT as i64];
        Ok(array(rows.concat(), &shape, observation.dtype()))
    }
}

impl Provide for Softmax {
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        Some(self)
    }
    fn discrete_policy(&mut self) -> Option<&mut dyn DiscretePolicy> {
        Some(self)
    }
}
