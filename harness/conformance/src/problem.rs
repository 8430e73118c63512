//! The synthetic data that learners are given: 48 fixed transitions and 16 held-out ones, batches of 16.

use crate::world::{ACTION_DIM, GOAL_DIM, OBSERVATION_DIM, World};
use manifest::random::{Family, Stream};
use plugin_api::{Failure, Goals, Outcome};
use plugin_host::{BatchBuffers, BatchRequest, Random, Services};

/// B
pub(crate) const BATCH_SIZE: usize = 16;
/// Updates that the learner is told it has.
pub(crate) const BUDGET: u64 = 12;
/// All transitions.
pub(crate) const ROWS: usize = 64;
const TRAINING_ROWS: usize = 48;
const EPISODE_ROWS: usize = 16;

/// A column of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Observation,
    Action,
    Reward,
    NextObservation,
    Goal,
    NextAction,
}

impl Column {
    pub(crate) const ALL: [Self; 6] = [
        Self::Observation,
        Self::Action,
        Self::Reward,
        Self::NextObservation,
        Self::Goal,
        Self::NextAction,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Observation => "observation",
            Self::Action => "action",
            Self::Reward => "reward",
            Self::NextObservation => "next_observation",
            Self::Goal => "goal",
            Self::NextAction => "next_action",
        }
    }
}

/// A change of every batch, all numbers staying finite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Another next observation where the row is terminated: it carries no meaning there.
    EndObservations,
    /// Another next action where the row is not terminated.
    NextActions,
}

struct Row {
    observation: [f32; OBSERVATION_DIM],
    action: [f32; ACTION_DIM],
    reward: f32,
    terminated: f32,
    next_observation: [f32; OBSERVATION_DIM],
}

impl Row {
    /// The action as the problem has it: as it is, or the index of its quadrant.
    fn action(&self, world: World) -> Vec<f32> {
        if world.is_discrete() {
            let bit = |j: usize| f32::from(u8::from(self.action[j] > 0.0));
            return vec![bit(0) + 2.0 * bit(1)];
        }
        self.action.to_vec()
    }

    fn goal(&self) -> &[f32] {
        &self.observation[..GOAL_DIM]
    }
}

/// Transitions of a linear system under random actions; every sixteenth is terminal.
fn transitions() -> Vec<Row> {
    let mut stream = Stream::new(0, &["conformance", "transitions"]);
    let make = |i: usize| {
        let mut row = Row {
            observation: [0.0; OBSERVATION_DIM],
            action: [0.0; ACTION_DIM],
            reward: 0.0,
            terminated: f32::from(u8::from(is_end(i))),
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

fn is_end(row: usize) -> bool {
    row % EPISODE_ROWS == EPISODE_ROWS - 1
}

/// A recorded metric: name, update, value.
pub(crate) type Metric = (String, u64, f64);

/// What the host does beside what it is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conduct {
    pub(crate) seed: u64,
    pub(crate) batch_size: usize,
    /// One element of this column is NaN in every batch that has it.
    pub(crate) poison: Option<Column>,
    pub(crate) change: Option<Change>,
    /// The host asks to stop.
    pub(crate) cancel: bool,
}

/// The host of the synthetic problem. Batches and noise are functions of (seed, stream, step or position, request).
pub(crate) struct Synthetic {
    world: World,
    conduct: Conduct,
    rows: Vec<Row>,
    /// What minibatches were asked for, in order.
    pub(crate) requests: Vec<BatchRequest>,
    /// Metrics reported, in order.
    pub(crate) metrics: Vec<Metric>,
}

impl Synthetic {
    pub(crate) fn new(world: World, conduct: Conduct) -> Self {
        Self {
            world,
            conduct,
            rows: transitions(),
            requests: Vec::new(),
            metrics: Vec::new(),
        }
    }

    fn draw(draws: &mut Stream, request: BatchRequest) -> usize {
        let (first, count) = if request.held_out {
            (TRAINING_ROWS, ROWS - TRAINING_ROWS)
        } else {
            (0, TRAINING_ROWS)
        };
        loop {
            let row = first + draws.below(count as u64) as usize;
            // The end of an episode has no successor, and under goals it need not be terminal.
            if !(request.next_action && request.goals != Goals::None && is_end(row)) {
                return row;
            }
        }
    }

    /// The row whose state is the goal of `row`.
    fn goal_of(row: usize, rule: Goals, draws: &mut Stream) -> usize {
        let end = row | (EPISODE_ROWS - 1);
        let choice = draws.uniform();
        match rule {
            Goals::Policy => row + draws.below((end - row + 1) as u64) as usize,
            Goals::Value if choice < 0.2 => row,
            Goals::Value if choice < 0.5 => draws.below(TRAINING_ROWS as u64) as usize,
            Goals::None | Goals::Value | Goals::Future => {
                let mut goal = row;
                while goal < end && draws.uniform() < 0.8 {
                    goal += 1;
                }
                goal
            }
        }
    }

    fn push(&self, out: &mut BatchBuffers, index: usize, goal: Option<usize>, next_action: bool) {
        let row = &self.rows[index];
        out.observation.extend(row.observation);
        out.action.extend(row.action(self.world));
        out.next_observation.extend(row.next_observation);
        out.row.push(index as i64);
        let (reward, terminated) = match goal {
            None => (row.reward, row.terminated),
            Some(goal) if goal == index => (0.0, 1.0),
            Some(_) => (-1.0, 0.0),
        };
        out.reward.push(reward);
        out.terminated.push(terminated);
        if let Some(goal) = goal {
            out.goal.extend(self.rows[goal].goal());
        }
        if !next_action {
            return;
        }
        if terminated == 1.0 {
            out.next_action.extend(vec![0.0; self.world.action_width()]);
        } else {
            out.next_action
                .extend(self.rows[index + 1].action(self.world));
        }
    }

    fn change(&self, out: &mut BatchBuffers) {
        let width = self.world.action_width();
        for row in 0..out.terminated.len() {
            let terminated = out.terminated[row] == 1.0;
            match self.conduct.change {
                Some(Change::EndObservations) if terminated => {
                    out.next_observation[row * OBSERVATION_DIM..][..OBSERVATION_DIM]
                        .iter_mut()
                        .for_each(|x| *x = 0.5 - *x);
                }
                Some(Change::NextActions) if !terminated && !out.next_action.is_empty() => {
                    for a in &mut out.next_action[row * width..][..width] {
                        *a = if self.world.is_discrete() {
                            (*a + 1.0) % super::world::ACTION_COUNT as f32
                        } else {
                            -0.5 * *a - 0.1
                        };
                    }
                }
                _ => {}
            }
        }
    }

    fn spoil(&self, out: &mut BatchBuffers) {
        // The next observation of a terminal row carries no meaning, so a live row is chosen.
        let row = out.terminated.iter().position(|t| *t == 0.0).unwrap_or(0);
        let width = self.world.action_width();
        let element = match self.conduct.poison {
            None => None,
            Some(Column::Observation) => out.observation.get_mut(row * OBSERVATION_DIM),
            Some(Column::Action) => out.action.get_mut(row * width),
            Some(Column::Reward) => out.reward.get_mut(row),
            Some(Column::NextObservation) => out.next_observation.get_mut(row * OBSERVATION_DIM),
            Some(Column::Goal) => out.goal.get_mut(row * GOAL_DIM),
            Some(Column::NextAction) => out.next_action.get_mut(row * width),
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
        request: BatchRequest,
        out: &mut BatchBuffers,
    ) -> Outcome<()> {
        out.clear();
        let family = Family::new(self.conduct.seed, &["conformance", "batch", stream]);
        let mut draws = family.at(step);
        for _ in 0..self.conduct.batch_size {
            let index = Self::draw(&mut draws, request);
            let goal = match request.goals {
                Goals::None => None,
                rule => Some(Self::goal_of(index, rule, &mut draws)),
            };
            self.push(out, index, goal, request.next_action);
        }
        self.change(out);
        self.spoil(out);
        self.requests.push(request);
        Ok(())
    }

    fn random(
        &mut self,
        stream: &str,
        position: u64,
        kind: Random,
        out: &mut [f64],
    ) -> Outcome<()> {
        let family = Family::new(self.conduct.seed, &["conformance", "noise", stream]);
        let mut draws = family.at(position);
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
        self.conduct.cancel
    }
}
