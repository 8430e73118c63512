//! What is ascended: the frozen critic's value under a reduction over its members, and its gradient in the action.

use crate::hyper::{CriticReduce, Hyper};
use crate::step;
use plugin_api::{
    Array, BatchRequest, CriticHandle, Failure, Goals, Host, Outcome, Precision, Problem, Query,
    Reduce, StateValueHandle, Upstream, View,
};

/// Batches that the standard deviation of the advantage is estimated from.
const SPREAD_BATCHES: u64 = 32;

/// A state-action batch.
#[derive(Clone, Copy)]
pub(crate) struct Point<'a> {
    pub(crate) observation: View<'a>,
    pub(crate) goal: Option<View<'a>>,
    pub(crate) action: View<'a>,
}

/// The critic, asked in one way throughout.
pub(crate) struct Ascent {
    critic: CriticHandle<'static>,
    value: Option<StateValueHandle<'static>>,
    hyper: Hyper,
    problem: Problem,
    members: Option<usize>,
    rows: u64,
}

impl Ascent {
    pub(crate) fn bind(upstream: &Upstream, hyper: &Hyper, problem: &Problem) -> Outcome<Self> {
        let with_value = upstream.has(StateValueHandle::ID);
        Ok(Self {
            critic: upstream.critic()?,
            value: with_value.then(|| upstream.state_value()).transpose()?,
            hyper: hyper.clone(),
            problem: problem.clone(),
            members: None,
            rows: 0,
        })
    }

    /// Rows of dQ/da so far.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    fn query<'a>(&self, point: Point<'a>, reduce: Reduce) -> Query<'a> {
        Query {
            observation: point.observation,
            goal: point.goal,
            action: point.action,
            network: self.hyper.critic_network.into(),
            reduce,
        }
    }

    /// dQ/da of every row, `[B, A]`, finite.
    pub(crate) fn gradient(&mut self, point: Point<'_>) -> Outcome<Vec<f64>> {
        let gradient = match self.hyper.critic_reduce {
            CriticReduce::Min => self.reduced(point, Reduce::Min)?,
            CriticReduce::Mean => self.reduced(point, Reduce::Mean)?,
            CriticReduce::LowerBound => self.of_lower_bound(point)?,
        };
        match gradient.iter().position(|g| !g.is_finite()) {
            None => Ok(gradient),
            Some(i) => Err(Failure::non_finite(format!(
                "dQ/da is {} at element {i}",
                gradient[i]
            ))),
        }
    }

    fn reduced(&mut self, point: Point<'_>, reduce: Reduce) -> Outcome<Vec<f64>> {
        let shape = [point.observation.shape()[0], self.problem.action_dim as i64];
        let query = self.query(point, reduce);
        let (_, dq_da) = self.critic.q_gradient(&query)?;
        dq_da.expect_shape("dq_da", &shape)?;
        self.rows += shape[0] as u64;
        dq_da.to_f64()
    }

    /// One member has no deviation; two are bounded by mean and minimum, exactly. Of more, the critic gives values but no
    /// gradients of single members, so those that the deviation needs are central differences.
    fn of_lower_bound(&mut self, point: Point<'_>) -> Outcome<Vec<f64>> {
        let members = match self.members {
            Some(members) => members,
            None => {
                let query = self.query(point, Reduce::Member);
                let members = self.critic.q(&query)?.shape()[0] as usize;
                *self.members.insert(members)
            }
        };
        match members {
            1 => self.reduced(point, Reduce::Mean),
            2 => {
                let mean = self.reduced(point, Reduce::Mean)?;
                let min = self.reduced(point, Reduce::Min)?;
                Ok(step::lower_bound_of_two(&mean, &min, self.hyper.pessimism))
            }
            _ => self.differences(point),
        }
    }

    fn differences(&mut self, point: Point<'_>) -> Outcome<Vec<f64>> {
        let p = &self.problem;
        // The cube root of the rounding error balances it against the error of the formula.
        let relative = match p.precision {
            Precision::F32 => 5e-3,
            Precision::F64 => 5e-6,
        };
        let (h, a) = (relative * (p.action_high - p.action_low), p.action_dim);
        let mut gradient = self.reduced(point, Reduce::Mean)?;
        let action = point.action.to_f64()?;
        let q = self.values_of_members(point, action.clone())?;
        for i in 0..a {
            let mut at = |h: f64| {
                let mut moved = action.clone();
                moved.iter_mut().skip(i).step_by(a).for_each(|x| *x += h);
                self.values_of_members(point, moved)
            };
            let (above, below) = (at(h)?, at(-h)?);
            for (row, q) in q.iter().enumerate() {
                let pairs = above[row].iter().zip(&below[row]);
                let g: Vec<f64> = pairs.map(|(x, y)| (x - y) / (2.0 * h)).collect();
                gradient[row * a + i] -= self.hyper.pessimism * step::deviation_slope(q, &g);
            }
        }
        Ok(gradient)
    }

    /// `Q_i` of every row at other actions, `[B][M]`.
    fn values_of_members(&mut self, point: Point<'_>, action: Vec<f64>) -> Outcome<Vec<Vec<f64>>> {
        let action = Array::from_f64(action, point.action.shape(), self.problem.precision);
        let point = Point {
            action: action.view(),
            ..point
        };
        let query = self.query(point, Reduce::Member);
        let q = self.critic.q(&query)?;
        let rows = point.observation.shape()[0];
        q.expect_shape("q", &[-1, rows])?;
        let (q, rows) = (q.to_f64()?, rows as usize);
        let of_row = |row: usize| q.iter().skip(row).step_by(rows).copied().collect();
        Ok((0..rows).map(of_row).collect())
    }

    /// Standard deviation of Q(s, a) - V(s), or of Q where no V is bound, over batches of a stream of its own. Members are
    /// reduced by their minimum, or their mean where that is ascended. Errors when it is not positive.
    pub(crate) fn advantage_std(&mut self, host: &Host) -> Outcome<f64> {
        let reduce = match self.hyper.critic_reduce {
            CriticReduce::Mean => Reduce::Mean,
            CriticReduce::Min | CriticReduce::LowerBound => Reduce::Min,
        };
        let request = BatchRequest {
            goals: match self.problem.goal_dim {
                0 => Goals::None,
                _ => Goals::Value,
            },
            ..BatchRequest::default()
        };
        let mut all = Vec::new();
        for step in 0..SPREAD_BATCHES {
            let batch = host.batch_with("normalizer", step, request)?;
            let point = Point {
                observation: batch.observation,
                goal: batch.goal,
                action: batch.action,
            };
            let query = self.query(point, reduce);
            let mut advantage = self.critic.q(&query)?.to_f64()?;
            if let Some(value) = &mut self.value {
                let v = value.v(batch.observation, batch.goal)?.to_f64()?;
                advantage.iter_mut().zip(v).for_each(|(q, v)| *q -= v);
            }
            all.extend(advantage);
        }
        let std = step::deviation(&all);
        if std.is_finite() && std > 0.0 {
            return Ok(std);
        }
        Err(Failure::non_finite(format!(
            "the standard deviation of the critic's advantage is {std}, expected a positive number"
        )))
    }
}
