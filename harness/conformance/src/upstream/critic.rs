//! A critic that is quadratic in the action.

use super::{State, array, rows};
use crate::world::{ACTION_DIM, World};
use plugin_api::{Array, Critic, Failure, Outcome, Provide, Query, Reduce, StateValue, View};

pub(super) const MEMBER_OFFSETS: [f64; 2] = [0.0, 0.05];

/// `Q(s, a) = V(s) - |a - best(s)|^2` with two members a constant apart.
pub(super) struct QuadraticCritic {
    pub(super) world: World,
}

impl QuadraticCritic {
    fn each(&self, query: &Query<'_>) -> Outcome<Vec<(f64, Vec<f64>)>> {
        let states = State::read(self.world, &query.observation, query.goal)?;
        let actions = rows(&query.action, "action", ACTION_DIM)?;
        let one = |(s, a): (&State, &Vec<f64>)| s.q(a);
        Ok(states.iter().zip(&actions).map(one).collect())
    }
}

pub(super) fn reduced_offset(reduce: Reduce) -> f64 {
    match reduce {
        Reduce::Min | Reduce::Member => MEMBER_OFFSETS[0],
        Reduce::Mean => MEMBER_OFFSETS.iter().sum::<f64>() / MEMBER_OFFSETS.len() as f64,
    }
}

impl Critic for QuadraticCritic {
    fn q(&mut self, query: &Query<'_>) -> Outcome<Array> {
        let rows = self.each(query)?;
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
        let rows = self.each(query)?;
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
    fn v(&mut self, observation: View<'_>, goal: Option<View<'_>>) -> Outcome<Array> {
        let states = State::read(self.world, &observation, goal)?;
        let v = states.iter().map(State::value).collect();
        Ok(array(v, &[states.len() as i64], observation.dtype()))
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
