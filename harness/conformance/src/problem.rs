//! The synthetic problem that learners are given: 64 fixed transitions, S = 3, A = 2, batches of 16.

use manifest::random::{Family, Stream};
use plugin_api::{Failure, Outcome, Precision, Problem};
use plugin_host::{BatchBuffers, BatchRequest, Random, Services};

/// S
pub(crate) const OBSERVATION_DIM: usize = 3;
/// A
pub(crate) const ACTION_DIM: usize = 2;
/// B
pub(crate) const BATCH_SIZE: usize = 16;
/// Updates that the learner is told it has.
pub(crate) const BUDGET: u64 = 12;
const ROWS: usize = 64;

/// What a learner is created for.
pub(crate) fn problem(batch_size: usize, precision: Precision) -> Problem {
    Problem {
        precision,
        observation_dim: OBSERVATION_DIM,
        action_dim: ACTION_DIM,
        action_count: 0,
        goal_dim: 0,
        action_low: -1.0,
        action_high: 1.0,
        discount: 0.99,
        batch_size,
        updates: BUDGET,
        row_count: ROWS,
        observation_shape: [0; 3],
    }
}

/// A column of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Observation,
    Action,
    Reward,
    NextObservation,
}

impl Column {
    pub(crate) const ALL: [Self; 4] = [
        Self::Observation,
        Self::Action,
        Self::Reward,
        Self::NextObservation,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Observation => "observation",
            Self::Action => "action",
            Self::Reward => "reward",
            Self::NextObservation => "next_observation",
        }
    }
}

struct Row {
    observation: [f32; OBSERVATION_DIM],
    action: [f32; ACTION_DIM],
    reward: f32,
    terminated: f32,
    next_observation: [f32; OBSERVATION_DIM],
}

/// Transitions of a linear system under random actions; every sixteenth is terminal.
fn transitions() -> Vec<Row> {
    let mut stream = Stream::new(0, &["conformance", "transitions"]);
    let make = |i: usize| {
        let mut row = Row {
            observation: [0.0; OBSERVATION_DIM],
            action: [0.0; ACTION_DIM],
            reward: 0.0,
            terminated: if i % 16 == 15 { 1.0 } else { 0.0 },
            next_observation: [0.0; OBSERVATION_DIM],
        };
        stream.fill_normal(&mut row.observation);
        for (j, a) in row.action.iter_mut().enumerate() {
            let mean = 0.5 * f64::from(row.observation[j]);
            *a = (mean + 0.3 * stream.normal()).clamp(-0.99, 0.99) as f32;
        }
        row.reward = -row.action.iter().map(|a| a * a).sum::<f32>() + row.observation[0];
        for (j, next) in row.next_observation.iter_mut().enumerate() {
            *next = 0.9 * row.observation[j] + 0.1 * row.action[j % ACTION_DIM];
        }
        row
    };
    (0..ROWS).map(make).collect()
}

/// A recorded metric: name, update, value.
pub(crate) type Metric = (String, u64, f64);

/// The host of the synthetic problem. Batches and noise are functions of (seed, stream, step or position).
pub(crate) struct Synthetic {
    seed: u64,
    batch_size: usize,
    poison: Option<Column>,
    cancel: bool,
    rows: Vec<Row>,
    /// Minibatches handed out.
    pub(crate) batches: u64,
    /// Metrics reported, in order.
    pub(crate) metrics: Vec<Metric>,
}

impl Synthetic {
    /// With `poison`, one element of that column is NaN in every batch. With `cancel`, the host asks to stop.
    pub(crate) fn new(seed: u64, batch_size: usize, poison: Option<Column>, cancel: bool) -> Self {
        Self {
            seed,
            batch_size,
            poison,
            cancel,
            rows: transitions(),
            batches: 0,
            metrics: Vec::new(),
        }
    }

    fn push(out: &mut BatchBuffers, row: &Row, index: usize) {
        out.observation.extend(row.observation);
        out.action.extend(row.action);
        out.reward.push(row.reward);
        out.terminated.push(row.terminated);
        out.next_observation.extend(row.next_observation);
        out.row.push(index as i64);
    }

    fn spoil(&self, out: &mut BatchBuffers) {
        // The next observation of a terminal row carries no meaning, so a live row is chosen.
        let row = out.terminated.iter().position(|t| *t == 0.0).unwrap_or(0);
        let element = match self.poison {
            None => None,
            Some(Column::Observation) => out.observation.get_mut(row * OBSERVATION_DIM),
            Some(Column::Action) => out.action.get_mut(row * ACTION_DIM),
            Some(Column::Reward) => out.reward.get_mut(row),
            Some(Column::NextObservation) => out.next_observation.get_mut(row * OBSERVATION_DIM),
        };
        if let Some(element) = element {
            *element = f32::NAN;
        }
    }
}

impl Services for Synthetic {
    fn batch(
        &mut self,
        stream: &str,
        step: u64,
        _request: BatchRequest,
        out: &mut BatchBuffers,
    ) -> Outcome<()> {
        out.observation.clear();
        out.action.clear();
        out.reward.clear();
        out.terminated.clear();
        out.next_observation.clear();
        out.row.clear();
        let mut draws = Family::new(self.seed, &["conformance", "batch", stream]).at(step);
        for _ in 0..self.batch_size {
            let index = draws.below(ROWS as u64) as usize;
            Self::push(out, &self.rows[index], index);
        }
        self.spoil(out);
        self.batches += 1;
        Ok(())
    }

    fn random(
        &mut self,
        stream: &str,
        position: u64,
        kind: Random,
        out: &mut [f64],
    ) -> Outcome<()> {
        let mut draws = Family::new(self.seed, &["conformance", "noise", stream]).at(position);
        for x in out {
            *x = match kind {
                Random::Uniform => draws.uniform(),
                Random::Normal => draws.normal(),
            };
        }
        Ok(())
    }

    fn log(&mut self, _warning: bool, _text: &str) {}

    fn metric(&mut self, name: &str, update: u64, value: f64) -> Outcome<()> {
        self.metrics.push((name.to_owned(), update, value));
        if value.is_finite() {
            return Ok(());
        }
        Err(Failure::non_finite(format!(
            "metric {name} is {value} after update {update}"
        )))
    }

    fn cancelled(&mut self) -> bool {
        self.cancel
    }
}
